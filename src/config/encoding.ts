// Encoders of a configuration: how many threads compress, and how far they may be ahead of the streamer. Comes in: the
// configuration, sizes, the rate. Goes out: threads, slots, bytes; null = frames leave as they lie.

import { chunkBound } from '../memory/form-slots.js';
import { busyLimit, processorCost } from './processor-load.js';
import { mebibyte } from './ring-length.js';
import type { ServiceConfig } from './service-config.js';

/** Slots of an encoder: two at least, so that it works while a form leaves; more as far as this reaches for all. */
const slotsLeast = 2;
const slotsMost = 16;
const formBytesWanted = 64 * mebibyte;
/** The rate that is taken where none is given, as for the ring. */
const defaultRateHz = 1000;

/** Who makes forms, and where. */
export interface EncodingPlan {
  readonly threads: number;
  /** For forms of all threads together. */
  readonly slots: number;
  /** Of the slots, each for the largest chunk that a frame may become. */
  readonly bytes: number;
}

/**
 * @param frameBytes of a frame as it is sent @param largestBytes of the largest that may be armed @param rateHz of this
 * instance's frames, null = unknown
 */
export function planEncoding(
  { compression, encoderThreads }: ServiceConfig,
  frameBytes: number,
  largestBytes: number,
  rateHz: number | null,
  cores: number,
): EncodingPlan | null {
  if (compression === 'none') return null;
  const load = (((rateHz ?? defaultRateHz) * frameBytes) / 1e9) * processorCost.encodeGigabyte;
  const threads = encoderThreads ?? Math.max(1, Math.min(cores, Math.ceil(load / busyLimit)));
  const slotBytes = Math.ceil(chunkBound(largestBytes) / 128) * 128;
  const each = Math.min(slotsMost, Math.max(slotsLeast, Math.floor(formBytesWanted / slotBytes / threads)));
  return { threads, slots: each * threads, bytes: each * threads * slotBytes };
}
