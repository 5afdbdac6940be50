// A frame, or a part of it, made small enough to be looked at: blocks of n × n pixels become their mean, and what is no
// value is kept apart from zero: gaps, missing pixels, blocks that lack some. Pure; runs in the thread of
// preview-thread.ts, whose bytes go to viewers as they are. The browser reads them with src/page/preview-bytes.ts.

import { assert } from '../../base/assert.js';
import type { Span } from '../../detector/geometry.js';
import { pixelState } from '../../detector/pixel-states.js';
import { pixelBytes } from '../../detector/pixel-type.js';
import { blockHolds } from '../../page/preview-bytes.js';
import type { PartTotal, PreviewHead } from '../../page/preview-bytes.js';
import { pixelsOf } from '../frame.js';
import type { ToldFrame } from '../frame.js';

/** Longest side of a preview, blocks. */
export const previewLimit = 1024;

/** A part of a frame, wished for by a viewer; what lies outside the frame is cut off. */
export interface PreviewRequest {
  /** First and last row and column; null = all. */
  readonly rows: Span | null;
  readonly columns: Span | null;
  /** Blocks along the longer side, at most. */
  readonly size: number;
  /** Compressed, as the viewer takes it. */
  readonly gzip?: boolean;
}

/** A frame to look at, in C order. */
export interface Preview extends Pick<
  PreviewHead,
  'top' | 'left' | 'rows' | 'columns' | 'factor' | 'height' | 'width' | 'total'
> {
  /** Mean of the pixels of each block that have a value; 0 where none has. With factor 1 the pixels themselves. */
  readonly values: Float32Array | Uint8Array | Uint16Array | Uint32Array;
  /** `blockHolds` of each block. */
  readonly holds: Uint8Array;
}

const arrays = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;

/** The preview of a frame whose part lies at least partly inside; null otherwise. */
export function makePreview(frame: ToldFrame, request: PreviewRequest): Preview | null {
  const [frameRows, frameColumns] = frame.shape;
  const rows = clip(request.rows, frameRows);
  const columns = clip(request.columns, frameColumns);
  if (rows === null || columns === null) return null;
  const height = rows[1] - rows[0] + 1;
  const width = columns[1] - columns[0] + 1;
  const factor = Math.ceil(Math.max(height, width) / request.size);
  const blocks = new Blocks(frame, [rows[0], columns[0], height, width], factor);
  for (let row = 0; row < height; row++) blocks.add(row);
  return {
    top: rows[0],
    left: columns[0],
    rows: height,
    columns: width,
    factor,
    height: blocks.height,
    width: blocks.width,
    values: blocks.values(),
    holds: blocks.holds,
    total: blocks.total(),
  };
}

/** Sums up rows of pixels, one after the other. */
class Blocks {
  readonly height: number;
  readonly width: number;
  readonly #frame: ToldFrame;
  readonly #source: Uint8Array | Uint16Array | Uint32Array;
  readonly #part: readonly [top: number, left: number, rows: number, columns: number];
  readonly #factor: number;
  readonly #sums: Float64Array;
  readonly #valued: Uint32Array;
  #largest = -1;
  #saturated = 0;
  #missing = 0;
  /** `blockHolds` of each block. */
  readonly holds: Uint8Array;

  constructor(frame: ToldFrame, part: readonly [number, number, number, number], factor: number) {
    const { pixels, type, shape, states } = frame;
    assert(pixels.length === shape[0] * shape[1] * pixelBytes[type], 'pixels fill the shape');
    assert(states.length === shape[0] * shape[1], 'every pixel has a state');
    this.#frame = frame;
    this.#source = pixelsOf(frame);
    this.#part = part;
    this.#factor = factor;
    this.height = Math.ceil(part[2] / factor);
    this.width = Math.ceil(part[3] / factor);
    this.#sums = new Float64Array(this.height * this.width);
    this.#valued = new Uint32Array(this.height * this.width);
    this.holds = new Uint8Array(this.height * this.width);
  }

  /** Add a row of the part, counted from its top. */
  add(row: number): void {
    const [top, left, , columns] = this.#part;
    const factor = this.#factor;
    const { states, saturation, shape } = this.#frame;
    const source = this.#source;
    const sums = this.#sums;
    const valued = this.#valued;
    const holds = this.holds;
    let largest = this.#largest;
    let from = (top + row) * shape[1] + left;
    let block = Math.floor(row / factor) * this.width;
    for (let column = 0; column < columns; block++) {
      // Summed up aside: one store for each block and row.
      let sum = 0;
      let withValue = 0;
      let held = 0;
      for (const end = Math.min(columns, column + factor); column < end; column++, from++) {
        const state = states[from];
        if (state !== pixelState.value) {
          held |= heldBy[state];
          if (state === pixelState.missing) this.#missing++;
          continue;
        }
        const value = source[from];
        sum += value;
        withValue++;
        if (value > largest) largest = value;
        held |= blockHolds.value;
        if (value !== saturation) continue;
        held |= blockHolds.saturated;
        this.#saturated++;
      }
      sums[block] = sums[block] + sum;
      valued[block] = valued[block] + withValue;
      holds[block] = holds[block] | held;
    }
    this.#largest = largest;
  }

  /** Of all rows added. */
  total(): PartTotal {
    const values = this.#valued.reduce((sum, count) => sum + count, 0);
    return {
      values,
      sum: this.#sums.reduce((sum, block) => sum + block, 0),
      largest: values === 0 ? null : this.#largest,
      saturated: this.#saturated,
      missing: this.#missing,
    };
  }

  values(): Preview['values'] {
    if (this.#factor === 1) return new arrays[this.#frame.type](this.#sums);
    const values = new Float32Array(this.#sums.length);
    for (let block = 0; block < values.length; block++) {
      const valued = this.#valued[block];
      values[block] = valued === 0 ? 0 : this.#sums[block] / valued;
    }
    return values;
  }
}

/** What a block holds with a pixel of this state that is no value. */
const heldBy: Readonly<Record<number, number>> = {
  [pixelState.missing]: blockHolds.missing,
  [pixelState.unread]: blockHolds.unread,
  [pixelState.gap]: 0,
  [pixelState.masked]: blockHolds.masked,
};

function clip(span: Span | null, length: number): Span | null {
  if (span === null) return [0, length - 1];
  const clipped: Span = [Math.max(0, span[0]), Math.min(length - 1, span[1])];
  return clipped[0] <= clipped[1] ? clipped : null;
}

/** Keys of the image message that viewers show. */
const shownKeys = [
  'msg_number',
  'frame',
  'frame_number',
  'shape',
  'type',
  'complete',
  'missing_packets',
  'reason',
  'discard',
] as const;

const names = new Map<unknown, string>([
  [Float32Array, 'float32'],
  [Uint8Array, 'uint8'],
  [Uint16Array, 'uint16'],
  [Uint32Array, 'uint32'],
]);

/**
 * A preview as bytes, all numbers little endian: length of the JSON (uint32), JSON padded with spaces to a multiple of
 * 4, values, `holds`.
 * @param count which of the frames this is, as the service counts those it keeps for viewers
 * @param message JSON object of the frame's image message
 */
export function encodePreview(
  preview: Preview,
  count: number,
  message: Readonly<Record<string, unknown>>,
): Uint8Array<ArrayBuffer> {
  const { values, holds, ...part } = preview;
  const frame = Object.fromEntries(shownKeys.filter((key) => key in message).map((key) => [key, message[key]]));
  const text = new TextEncoder().encode(
    JSON.stringify({ count, frame, ...part, values: names.get(values.constructor) }),
  );
  const jsonBytes = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(4 + jsonBytes + values.byteLength + holds.length).fill(0x20, 4, 4 + jsonBytes);
  new DataView(bytes.buffer).setUint32(0, jsonBytes, true);
  bytes.set(text, 4);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4 + jsonBytes);
  bytes.set(holds, 4 + jsonBytes + values.byteLength);
  return bytes;
}
