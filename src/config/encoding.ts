// Forms of a configuration: how frames leave, how many threads make the forms, and how far these may be ahead of the
// streamer. Comes in: the configuration, the layout, sizes, the rate. Goes out: threads, slots, bytes; null = frames
// leave as they lie.

import { mebibyte } from '../base/units.js';
import type { Compression } from '../contract/compressions.js';
import { bitsBytes, leavesAsItLies, walkOf } from '../detector/frame-form.js';
import type { FrameForm } from '../detector/frame-form.js';
import { chunkBound } from '../memory/form-slots.js';
import type { EncodingSizes } from '../memory/memory-map.js';
import { busyLimit, processorCost } from './processor-load.js';
import type { ServiceConfig } from './service-config.js';

/** Slots of an encoder: two at least, so that it works while a form leaves; more as far as this reaches for all. */
const slotsLeast = 2;
const slotsMost = 16;
const formBytesWanted = 64 * mebibyte;
/** The rate that is taken where none is given, as for the ring. */
const defaultRateHz = 1000;

/** How frames leave. */
export interface SentForm extends FrameForm {
  readonly encoding: Compression;
  readonly masked: boolean;
  /** Null = the missing value. */
  readonly maskValue: number | null;
}

export type FormConfig = Pick<ServiceConfig, 'compression' | 'turn' | 'mirror' | 'roi' | 'mask' | 'maskValue'>;

export const formOf = ({ compression: encoding, turn, mirror, roi, mask, maskValue }: FormConfig): SentForm => ({
  encoding,
  turn,
  mirror,
  roi,
  masked: mask !== null,
  maskValue,
});

/** Is it more than compressed: has it other pixels than the frame? */
export const altersPixels = (form: SentForm): boolean => form.masked || !leavesAsItLies(form);

/** What becomes of the pixels of a frame before it leaves, in words and in order. */
export const formSteps = ({ roi, turn, mirror, mask, maskValue }: FormConfig): string[] => [
  ...(mask === null ? [] : [`pixels of ${mask} are ${maskValue ?? 'missing'}`]),
  ...(roi === null
    ? []
    : [`cut to rows ${roi[0]} to ${roi[0] + roi[2] - 1}, columns ${roi[1]} to ${roi[1] + roi[3] - 1}`]),
  ...(turn === 0 ? [] : [`turned by ${turn}° anticlockwise`]),
  ...(mirror ? ['mirrored'] : []),
];

/** Which threads make forms, and where. */
export interface EncodingPlan {
  readonly threads: number;
  /** Of the images that leave. */
  readonly shape: readonly [rows: number, columns: number];
  /** For forms of all threads together. */
  readonly slots: number;
  /** Of the slots, each for the largest form that a frame may have. */
  readonly bytes: number;
  /** What all threads have to do, in cores; null = the rate is not known. */
  readonly load: number | null;
}

/** A frame as the detector has it. */
interface FrameSizes {
  readonly shape: readonly [rows: number, columns: number];
  readonly pixelBytes: number;
  /** Of the deepest pixels that may be armed. */
  readonly pixelBytesMost: number;
}

/** @param rateHz of this instance's frames, null = unknown */
export function planEncoding(
  config: FormConfig & Pick<ServiceConfig, 'encoderThreads'>,
  frame: FrameSizes,
  rateHz: number | null,
  cores: number,
): { readonly plan: EncodingPlan; readonly sizes: EncodingSizes } | null {
  const form = formOf(config);
  const alters = altersPixels(form);
  const compresses = form.encoding !== 'none';
  if (!alters && !compresses) return null;
  const { shape } = walkOf(form, frame.shape);
  const pixels = shape[0] * shape[1];
  const perGigabyte = (alters ? processorCost.arrangeGigabyte : 0) + (compresses ? processorCost.encodeGigabyte : 0);
  const loadAt = (rate: number): number => ((rate * pixels * frame.pixelBytes) / 1e9) * perGigabyte;
  const needed = Math.ceil(loadAt(rateHz ?? defaultRateHz) / busyLimit);
  const threads = config.encoderThreads ?? Math.max(1, Math.min(cores, needed));
  const formBytes = pixels * frame.pixelBytesMost;
  const slotBytes = Math.ceil((compresses ? chunkBound(formBytes) : formBytes) / 128) * 128;
  const each = Math.min(slotsMost, Math.max(slotsLeast, Math.floor(formBytesWanted / slotBytes / threads)));
  const slots = each * threads;
  return {
    plan: { threads, shape, slots, bytes: slots * slotBytes, load: rateHz === null ? null : loadAt(rateHz) },
    sizes: {
      encoders: threads,
      slots,
      slotBytes,
      alteredBytes: alters && compresses ? formBytes : 0,
      maskBytes: form.masked ? bitsBytes(pixels) : 0,
    },
  };
}
