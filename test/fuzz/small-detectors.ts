// The detectors of the service in miniature: the same families with the same rules, header fields and bit depths, but
// port images of some hundred pixels, so that a simulated second costs milliseconds. Real sizes stand beside them.

import { eiger } from '../../src/detector/eiger.js';
import { gotthard2 } from '../../src/detector/gotthard2.js';
import { jungfrau } from '../../src/detector/jungfrau.js';
import { moench } from '../../src/detector/moench.js';
import { mythen3 } from '../../src/detector/mythen3.js';
import type { DetectorFamily, DetectorProfile, Extent } from '../../src/detector/profile.js';
import { families } from '../../src/detector/profiles.js';

/** By how much sizes shrink. */
interface Divisors {
  readonly rows: number;
  readonly columns: number;
  readonly payloadBytes: number;
}

function shrunk(family: DetectorFamily, divisors: Divisors): DetectorFamily {
  const extent = ({ rows, columns }: Extent): Extent => ({
    rows: rows / divisors.rows,
    columns: columns / divisors.columns,
  });
  const shrink = (values: Partial<DetectorProfile>): Partial<DetectorProfile> => ({
    ...values,
    ...(values.portImage === undefined ? {} : { portImage: extent(values.portImage) }),
    ...(values.module === undefined ? {} : { module: extent(values.module) }),
    ...(values.chip === undefined ? {} : { chip: extent(values.chip) }),
    ...(values.payloadBytes === undefined ? {} : { payloadBytes: values.payloadBytes / divisors.payloadBytes }),
    ...(values.gaps === undefined
      ? {}
      : {
          gaps: {
            chip: values.gaps.chip,
            moduleRows: Math.min(3, values.gaps.moduleRows),
            moduleColumns: Math.min(5, values.gaps.moduleColumns),
          },
        }),
  });
  return {
    choices: family.choices,
    values: { ...family.values, ...shrink(family.values), otherDatagrams: {} },
    variants: family.variants.map(({ when, then }) => ({ when, then: shrink(then) })),
  };
}

/**
 * Port images: Eiger 8 × 16, Jungfrau 8 × 16 (or 4 × 16), Moench 8 × 8 (or 4 × 8), Mythen3 and Gotthard2 40 channels.
 */
const smallFamilies: Readonly<Record<string, DetectorFamily>> = {
  small_eiger: shrunk(eiger, { rows: 32, columns: 32, payloadBytes: 64 }),
  small_jungfrau: shrunk(jungfrau, { rows: 64, columns: 64, payloadBytes: 256 }),
  small_moench: shrunk(moench, { rows: 50, columns: 50, payloadBytes: 400 }),
  small_mythen3: shrunk(mythen3, { rows: 1, columns: 32, payloadBytes: 32 }),
  small_gotthard2: shrunk(gotthard2, { rows: 1, columns: 32, payloadBytes: 32 }),
};

/** Make them known in this process. May be called again. */
export function addSmallDetectors(): void {
  Object.assign(families, smallFamilies);
}
