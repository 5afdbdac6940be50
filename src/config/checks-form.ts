// Forms that no frame can have: a cut that is not within, a value that pixels cannot have. Comes in: options, and the
// profile of the detector. Goes out: problems.
// Tested by test/config/checks.test.ts.

import { gapped } from '../detector/layout.js';
import { pixelBytes } from '../detector/pixel-type.js';
import type { DetectorProfile } from '../detector/profile.js';
import { show } from './problem.js';
import type { Problem } from './problem.js';
import type { Options } from './schema.js';

export function roiWithinFrame({ roi, modules, gap_pixels }: Options, profile: DetectorProfile): Problem[] {
  if (roi === undefined) return [];
  const { portImage, unitPorts } = profile;
  const lengthOf = (axis: 'rows' | 'columns', units: number): number =>
    gapped(units * unitPorts[axis] * portImage[axis] - 1, gap_pixels, profile, axis) + 1;
  const frame = [lengthOf('rows', modules[0]), lengthOf('columns', modules[1])] as const;
  const [row, column, rows, columns] = roi;
  const ends = [
    ['rows', row, rows, frame[0]],
    ['columns', column, columns, frame[1]],
  ] as const;
  return ends
    .filter(([, first, count, all]) => first + count > all)
    .map(([what, first, count, all]) => ({
      path: ['roi'],
      message:
        `${show(roi)} ends behind the frame: ${what} ${first} to ${first + count - 1} of 0 to ${all - 1}. A frame ` +
        `has ${frame[0]} × ${frame[1]} pixels before it is turned; give [row, column, rows, columns] within it`,
    }));
}

export function maskValueOfMask({ mask, mask_value }: Options): Problem[] {
  if (mask_value === undefined || mask !== undefined) return [];
  return [
    {
      path: ['mask_value'],
      message: `${mask_value} without mask, so no pixel would have it. Add mask, or remove mask_value`,
    },
  ];
}

export function valueOfPixels({ mask_value, dynamic_range }: Options, { depths }: DetectorProfile): Problem[] {
  const problem = maskValueProblem(mask_value ?? null, pixelBytes[depths[dynamic_range].pixelType]);
  return problem === null ? [] : [{ path: ['mask_value'], message: problem }];
}

/** Why pixels of so many bytes cannot have this value; null = they can. */
export function maskValueProblem(value: number | null, bytes: number): string | null {
  const largest = 2 ** (8 * bytes) - 1;
  return value === null || value <= largest
    ? null
    : `${value} is more than a pixel of ${8 * bytes} bit holds. Give 0 to ${largest}, or leave it out: then it is ` +
        'the missing value of each pixel type';
}
