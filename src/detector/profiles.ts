// The detectors this service knows, and the values that hold for given settings.
// Tested by test/detector/bijection.test.ts.

import { OperatorError, exitCode } from '../base/errors.js';
import { eiger } from './eiger.js';
import { gotthard2 } from './gotthard2.js';
import { jungfrau } from './jungfrau.js';
import { moench } from './moench.js';
import { mythen3 } from './mythen3.js';
import type { DetectorFamily, DetectorProfile, ProfileChoice } from './profile.js';

/** Detector types by the value of the configuration key `detector`. */
export const families: Readonly<Record<string, DetectorFamily>> = { eiger, jungfrau, moench, mythen3, gotthard2 };

/**
 * The profile of a detector as configured.
 * @throws OperatorError (usage) for a detector or bit depth that is not known
 */
export function profileOf(detector: string, choice: ProfileChoice): DetectorProfile {
  const family = families[detector];
  if (family === undefined)
    throw new OperatorError(
      `detector: "${detector}" is not known; use one of ${Object.keys(families).join(', ')}`,
      exitCode.usage,
    );
  if (family.values.depths[choice.dynamicRange] === undefined) {
    throw new OperatorError(
      `dynamic_range: ${choice.dynamicRange} is not a bit depth of ${detector}; use one of ` +
        `${Object.keys(family.values.depths).join(', ')}`,
      exitCode.usage,
    );
  }
  return family.variants.reduce(
    (profile, { when, then }) => (fits(choice, when) ? { ...profile, ...then } : profile),
    family.values,
  );
}

function fits(choice: ProfileChoice, when: Partial<ProfileChoice>): boolean {
  return Object.entries(when).every(([key, value]) => choice[key as keyof ProfileChoice] === value);
}
