// The detectors this service knows.

import { eiger } from './eiger.js';
import type { DetectorProfile } from './profile.js';

/** Profiles by the value of the configuration key `detector`. */
export const profiles: Readonly<Record<string, DetectorProfile>> = { eiger };
