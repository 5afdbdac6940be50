// How many frames the ring holds: as asked for, or as the limits, a burst and the rate need. A ring that cannot hold
// what the limits promise, or does not fit into memory, is refused.
// Tested by test/config/plan.test.ts.

import { exitCode, OperatorError } from '../base/errors.js';
import { mebibyte } from '../base/units.js';
import type { Layout } from '../detector/layout.js';
import { mapMemory, memoryLimitBytes, type MemorySizes } from '../memory/memory-map.js';
import { maximumOf } from './schema.js';
import type { ServiceConfig } from './service-config.js';

/** The default ring stays within this while the frame rate is unknown. */
const defaultRingBytes = 512 * mebibyte;
const defaultRingRateHz = 1000;
const defaultRingFramesLeast = 64;
/** So much memory is nothing: small frames come thousands at a time. */
const defaultRingBytesLeast = 32 * mebibyte;

/**
 * Frames of the ring: as asked, or enough for the limits at the rate (an unknown rate is taken as 1000 Hz), for a
 * burst, and for what costs little. But for a rate that was given, 512 MiB are enough.
 * @param slotBytes memory of one slot, records of its ports included
 */
export function ringLength(config: ServiceConfig, burstFrames: number, slotBytes: number): number {
  const { ring } = config;
  const rateHz = ownRateHz(config);
  if (ring !== null && 'frames' in ring) return ring.frames;
  if (ring !== null) return Math.ceil((ring.milliseconds * (rateHz ?? defaultRingRateHz)) / 1000);
  const affordable = Math.floor(defaultRingBytes / slotBytes);
  const wanted = Math.max(
    burstFrames,
    Math.floor(defaultRingBytesLeast / slotBytes),
    rateHz === null ? framesNeeded(config, defaultRingRateHz) : 0,
  );
  return Math.min(
    maximumOf('ring_frames'),
    Math.max(defaultRingFramesLeast, Math.min(affordable, wanted), rateHz === null ? 0 : framesNeeded(config, rateHz)),
  );
}

/**
 * Shared memory that one slot more takes. Sizes are rounded up to 128 bytes, so 128 slots more are exactly 128 times
 * one.
 */
export function slotCost(sizes: Omit<MemorySizes, 'slots'>): number {
  return (mapMemory({ ...sizes, slots: 256 }).totalBytes - mapMemory({ ...sizes, slots: 128 }).totalBytes) / 128;
}

/** Frames of a burst that come to this instance. */
export function ownBurst({ share }: ServiceConfig, { profile }: Layout): number {
  return Math.ceil(profile.burstFrames / share.stride);
}

/** Frames per second that this instance takes of the detector's. */
export function ownRateHz({ frameRateHz, share }: ServiceConfig): number | null {
  return frameRateHz === null ? null : frameRateHz / share.stride;
}

/** What the limits promise: two frame time-outs, and a start window, at this rate. */
function framesNeeded(config: ServiceConfig, rateHz: number): number {
  return Math.ceil((Math.max(2 * config.frameTimeoutMs, config.startWindowMs) * rateHz) / 1000);
}

export function refuseShortRing(config: ServiceConfig, ringFrames: number): void {
  const { frameRateHz, frameTimeoutMs, startWindowMs } = config;
  const rateHz = ownRateHz(config);
  if (rateHz === null) return;
  const needed = framesNeeded(config, rateHz);
  if (ringFrames >= needed) return;
  const ringMs = round((ringFrames * 1000) / rateHz);
  const reason =
    2 * frameTimeoutMs >= startWindowMs
      ? `2 × frame_timeout_ms: ${frameTimeoutMs}`
      : `start_window_ms: ${startWindowMs}`;
  refuse(
    config,
    `the ring of ${ringFrames} frames holds ${ringMs} ms at frame_rate_hz: ` +
      `${frameRateHz}${config.share.stride === 1 ? '' : ` / ${config.share.stride} instances`}, but ${reason} needs ` +
      `${needed} frames. Raise the ring (ring_frames: ${needed}), or lower ` +
      `${reason.replace(/^2 × /, '').replace(/:.*/, '')}`,
  );
}

/** An image is closed before its slot is used again, and a number that needs no witness lies within the ring. */
export function refuseFarOvertaking(config: ServiceConfig, ringFrames: number): void {
  const { overtakeFrames } = config;
  if (overtakeFrames < ringFrames) return;
  refuse(
    config,
    `overtake_frames: ${overtakeFrames}, but the ring has ${ringFrames} frames, and overtake_frames must be less. ` +
      `Lower it, or raise the ring (ring_frames: ${overtakeFrames + 1})`,
  );
}

export function refuseLargeRing(config: ServiceConfig, memory: MemorySizes, totalBytes: number): void {
  if (totalBytes <= memoryLimitBytes) return;
  const fits = Math.max(0, memory.slots - Math.ceil((totalBytes - memoryLimitBytes) / slotCost(memory)) - 1);
  refuse(
    config,
    `the ring of ${memory.slots} frames of ${memory.frameBytes} bytes needs ${totalBytes} bytes of shared memory, ` +
      `but there are ${memoryLimitBytes}. Use ring_frames: ${fits} with frame_timeout_ms${timeoutFor(config, fits)} ` +
      'and start_window_ms that fit it, or a lower dynamic_range_max',
  );
}

/** The longest time-out of which such a ring holds two; nothing without a rate. */
function timeoutFor(config: ServiceConfig, frames: number): string {
  const rateHz = ownRateHz(config);
  return rateHz === null ? '' : `: ${Math.max(1, Math.floor((frames * 1000) / rateHz / 2))}`;
}

function refuse(config: ServiceConfig, message: string): never {
  throw new OperatorError(`${config.name}: ${message}`, exitCode.usage);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
