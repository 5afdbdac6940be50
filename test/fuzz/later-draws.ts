// What scenarios got after their seeds had become known: low rates, tails that are not filled, detectors that count
// from 0, frames that leave compressed. Comes in: a scenario, and draws of its own, so that a world which has none of
// it stays what it was.

import type { Random } from '../../src/base/random.js';
import type { Scenario } from './scenario.js';

/** Frames of an acquisition at a low rate at most: virtual time passes in small steps. */
const slowFramesMost = 14;

/** The first frame number of the detector where it counts from 0, else null; and the scenario as it is played. */
export function drawLater(
  random: Random,
  scenario: Scenario,
): { readonly scenario: Scenario; readonly firstFrame: number | null } {
  const { config, auto, calm } = scenario;
  // Around the idle time: below one frame per series_idle_ms an automatic series has a single one.
  const slow = auto && random.chance(0.12);
  const period = random.pick([0.4, 0.9, 1.1, 2, 3]) * config.seriesIdleMs;
  const fillTailFrames = random.pick([0, 1, 4]);
  const cutTail = !calm && random.chance(0.3);
  const fromZero = random.chance(0.15);
  // Slots are few in the pipeline's plan anyway: frames of these detectors are small, and encoders may be slow.
  const compressed = random.chance(0.35);
  const encoderThreads = 1 + random.integer(3);
  const formSlots = random.pick([1, 1, 2, 5]);
  return {
    firstFrame: fromZero ? 0 : null,
    scenario: {
      ...scenario,
      ...(slow ? { framePeriodMs: period, framesMost: Math.min(scenario.framesMost, slowFramesMost) } : {}),
      config: {
        ...config,
        ...(cutTail ? { fillTailFrames } : {}),
        ...(compressed ? { compression: 'bslz4', encoderThreads } : {}),
      },
      formSlots,
    },
  };
}
