// What scenarios got after their seeds had become known: low rates, tails that are not filled, detectors that count
// from 0, frames that leave compressed, cut, turned, mirrored, masked, several sockets, several connections. Comes in:
// a scenario, and draws of its own, so that a world which has none of it stays what it was.

import type { Random } from '../../src/base/random.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { turns } from '../../src/detector/frame-form.js';
import { makeLayout } from '../../src/detector/layout.js';
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
  const altered = random.chance(0.3);
  const { mask, form } = drawForm(random, makeLayout(config.detector).shape);
  const several = random.chance(0.3);
  const sockets = 2 + random.integer(3);
  const slowSocket = calm || random.chance(0.5) ? -1 : random.integer(sockets);
  const watched = random.chance(0.3);
  const preview = { rateHz: random.pick([10, 50, 300, 1000]), asSent: random.chance(0.5) };
  const parallel = !calm && scenario.wire !== null && config.share.stride === 1 && !several && random.chance(0.4);
  const consumerConnections = 2 + random.integer(3);
  return {
    firstFrame: fromZero ? 0 : null,
    scenario: {
      ...scenario,
      ...(slow ? { framePeriodMs: period, framesMost: Math.min(scenario.framesMost, slowFramesMost) } : {}),
      config: {
        ...config,
        ...(cutTail ? { fillTailFrames } : {}),
        ...(compressed ? { compression: 'bslz4' } : {}),
        ...(several ? { dataPorts: Array.from({ length: sockets }, () => 0) } : {}),
        ...(altered ? form : {}),
        ...(parallel ? { consumerConnections } : {}),
        ...(compressed || altered ? { encoderThreads } : {}),
      },
      formSlots,
      mask: altered ? mask : null,
      slowSocket,
      preview: watched ? preview : null,
    },
  };
}

/** Of frames of this shape; `mask` is what would lie in the file. */
function drawForm(
  random: Random,
  [rows, columns]: readonly [number, number],
): { readonly mask: Uint8Array | null; readonly form: Partial<ServiceConfig> } {
  const turn = random.pick(turns);
  const mirror = random.chance(0.5);
  const [row, column] = [random.integer(rows), random.integer(columns)];
  const cut: [number, number, number, number] = [
    row,
    column,
    1 + random.integer(rows - row),
    1 + random.integer(columns - column),
  ];
  const roi = random.chance(0.5) ? cut : null;
  const masked = random.chance(0.4) || (turn === 0 && !mirror && roi === null);
  const share = random.pick([0, 0.01, 0.3]);
  const maskValue = random.pick([null, 0, 7, 255]);
  if (!masked) return { mask: null, form: { turn, mirror, roi } };
  const mask = Uint8Array.from({ length: rows * columns }, () => Number(random.chance(share)));
  return { mask, form: { turn, mirror, roi, mask: '/data/mask.npy', maskValue } };
}
