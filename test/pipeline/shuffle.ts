// A random order that a seed gives again.

import { mix32 } from '../../simulators/detector/pattern.js';

/** The items in another order, the same for the same seed. */
export function shuffle<T>(items: readonly T[], seed: number): T[] {
  const shuffled = [...items];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = (mix32(seed + at * 7919) >>> 0) % (at + 1);
    [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
  }
  return shuffled;
}
