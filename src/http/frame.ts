// The last frame for viewers. Comes in: what the streamer keeps of it. Goes out: pixels, and for each whether it is a
// value at all.

import { pixelBytes } from '../detector/pixel-type.js';
import type { PixelType } from '../detector/pixel-type.js';
import { pixelState } from '../detector/pixel-states.js';
import type { MissingByPort, PixelStates, StatesOfFrame } from '../detector/pixel-states.js';
import type { LastSent } from '../view/service-view.js';

/** A frame in C order, little endian. */
export interface Frame {
  readonly pixels: Uint8Array;
  readonly type: PixelType;
  readonly shape: readonly [rows: number, columns: number];
}

/** A frame, and what each of its pixels is. */
export interface ToldFrame extends Frame, StatesOfFrame {}

/** Pixels with what their message says about them. */
export function frameOf({ header, pixels }: Pick<LastSent, 'header' | 'pixels'>): Frame {
  return { pixels, type: header['type'] as PixelType, shape: header['shape'] as Frame['shape'] };
}

/**
 * The same with the state of each pixel; valid until the next is asked for.
 * @param masked not 0 = the mask covers this pixel, C order; null = no mask
 */
export function toldFrame(
  last: Pick<LastSent, 'header' | 'places' | 'pixels'>,
  states: PixelStates,
  masked: Uint8Array | null = null,
): ToldFrame {
  const told = states.of(last.places, (last.header['missing'] ?? {}) as MissingByPort);
  return {
    ...frameOf(last),
    ...(masked === null ? told : { ...told, states: covered(told.states, masked) }),
  };
}

function covered(states: Uint8Array, masked: Uint8Array): Uint8Array {
  return states.map((state, pixel) => (state === pixelState.value && masked[pixel] !== 0 ? pixelState.masked : state));
}

const arrays = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;

/** The pixels as numbers; copied only when they do not begin at a multiple of their size. */
export function pixelsOf({ pixels, type }: Pick<Frame, 'pixels' | 'type'>): Uint8Array | Uint16Array | Uint32Array {
  const bytes = pixels.byteOffset % pixelBytes[type] === 0 ? pixels : pixels.slice();
  return new arrays[type](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / pixelBytes[type]);
}
