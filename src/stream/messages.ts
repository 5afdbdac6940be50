// The messages of the stream as bytes: header, image, series_end. Contract: docs/stream.md; every field that a consumer of the
// standard needs comes first, our extra fields after it. Called by the streamer only when a message is about to be handed over.

import { assert } from '../base/assert.js';
import type { SeriesSummary } from './series-types.js';

const encoder = new TextEncoder();

/** Missing packets of one port image, as inclusive ranges of packet numbers. */
export interface MissingPackets {
  readonly udpPort: number;
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** What an image message says about its frame. */
export interface ImageFacts {
  /** 0-based in the series, and the detector's own number. */
  readonly frameIndex: number;
  readonly frameNumber: number;
  readonly missingPackets: number;
  readonly missing: readonly MissingPackets[];
  /** Why the frame is not complete; null = it is. */
  readonly reason: string | null;
  readonly discard: boolean;
  /** Fields of the packet header, already JSON: `,"timestamp":123`. */
  readonly headerFields: string;
}

/** Part 0 of a `header` message; part 1, if any, is the metadata as it came. */
export function headerMessage(msgNumber: number, filename: string): Uint8Array {
  return encoder.encode(`{"htype":"header","msg_number":${msgNumber},"filename":${JSON.stringify(filename)}}`);
}

/** Part 0 of the `image` messages of a series, all in the same memory: each is valid until the next is made. */
export class ImageMessages {
  /** The constant middle. */
  readonly #shape: string;
  #bytes = new Uint8Array(1024);

  /** @param shape rows, columns @param type of a pixel, as numpy calls it */
  constructor(shape: readonly [number, number], type: string) {
    this.#shape = `"shape":[${shape[0]},${shape[1]}],"type":"${type}","compression":"none"`;
  }

  make(msgNumber: number, facts: ImageFacts): Uint8Array {
    let text = `{"htype":"image","msg_number":${msgNumber},"frame":${facts.frameIndex},${this.#shape},"frame_number":${facts.frameNumber},"complete":${facts.reason === null},"missing_packets":${facts.missingPackets}`;
    if (facts.reason !== null) {
      const missing = facts.missing.map((port) => `"${port.udpPort}":[${port.ranges.map(([first, last]) => `[${first},${last}]`).join(',')}]`);
      text += `,"reason":"${facts.reason}","missing":{${missing.join(',')}}`;
    }
    text += `${facts.headerFields}${facts.discard ? ',"discard":true' : ''}}`;
    // All of it is ASCII: a character is a byte.
    if (text.length > this.#bytes.length) this.#bytes = new Uint8Array(2 * text.length);
    const { read, written } = encoder.encodeInto(text, this.#bytes);
    assert(read === text.length, 'an image message did not fit into its bytes');
    return this.#bytes.subarray(0, written);
  }
}

/** The `series_end` message. */
export function seriesEndMessage(msgNumber: number, summary: SeriesSummary): Uint8Array {
  const { frames, complete, marked, discarded, unsent, aborted, incomplete, truncated, warnings } = summary;
  const ledger = Object.fromEntries(summary.ledger.map(({ udp_port: udpPort, ...counts }) => [udpPort, counts]));
  const fields = { htype: 'series_end', msg_number: msgNumber, frames, complete, marked, discarded, unsent, ...(aborted === undefined ? {} : { aborted }), ...(summary.shared === undefined ? {} : { shared: { stride: summary.shared.stride, offset: summary.shared.offset, frames: summary.shared.frames } }), incomplete, truncated, warnings, ledger };
  return encoder.encode(JSON.stringify(fields));
}
