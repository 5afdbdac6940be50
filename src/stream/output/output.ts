// Where a series goes: the seam between the series, which decides when (../series), and what leaves the process. Comes
// in: the beginning of a series, its frames in order, its end. Goes out: whatever an output makes of them. The series,
// its order and its ledger belong to the service; an output has its form and its receivers. One output holds frames
// until they are taken (maxiv/maxiv-output.ts); others follow it (preview/preview-output.ts).
// Tested by test/stream/output/maxiv/maxiv-output.test.ts.

import type { Compression } from '../../contract/compressions.js';
import type { FrameReason } from '../../contract/frame-reasons.js';
import type { SeriesSummary } from '../../contract/series.js';
import type { FrameForm } from '../../detector/frame-form.js';
import type { FrameIndex, FrameNumber, OwnNumber } from '../../detector/frame-share.js';
import type { MessageSink } from './message-sink.js';

/**
 * What an output sends of a frame. Plain: the frame as it lies in its slot. Another form is made before its frames
 * reach the output, by a room of its own between assembly and stream; "ready" then means that the form is there.
 */
export interface Form extends FrameForm {
  readonly encoding: Compression;
}

export const plain: Form = { encoding: 'none', turn: 0, mirror: false, roi: null };

/** The same for all images of a series; to an output it is told of frames as they lie in their slots. */
export interface ImageShape {
  readonly shape: readonly [rows: number, columns: number];
  /** Of a pixel, as numpy calls it. */
  readonly type: string;
  /** Names of the values of the packet header that an image carries. */
  readonly headerKeys: readonly string[];
  /** Seconds as a JSON number; null = not known. */
  readonly exposureTime: string | null;
}

/** What a series begins with. */
export interface SeriesHead {
  readonly filename: string;
  /** JSON. */
  readonly metadata: string;
  /** Its message has this number; null = the next one. */
  readonly number: number | null;
}

/** Missing packets of one port image, as inclusive ranges of packet numbers. */
export interface MissingPackets {
  readonly udpPort: number;
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** What is known of a frame besides its pixels. */
export interface ImageFacts {
  readonly frameIndex: FrameIndex;
  readonly frameNumber: FrameNumber;
  readonly missingPackets: number;
  readonly missing: readonly MissingPackets[];
  /** Why the frame is not complete; null = it is. */
  readonly reason: FrameReason | null;
  readonly discard: boolean;
  /** Values of the packet header, in the order of the profile's `headerFields`; empty when no packet came. */
  readonly headerValues: readonly (number | bigint)[];
}

/** A frame that is ready to go: made once, offered until it is taken. The bytes stay as they are until then. */
export interface FrameToSend {
  readonly facts: ImageFacts;
  /** In the output's form. */
  readonly pixels: Uint8Array;
  /** The frame as it lies in the ring, for outputs of another form. */
  readonly raw?: { readonly own: OwnNumber; readonly bytes: number; read(): Uint8Array };
  /** Its message has this number; null = the next one. */
  readonly number: number | null;
}

/**
 * Offers answer whether the output has taken over, or begun; false = nothing was taken: offer the same again. `taken`
 * runs when it was handed over, with that time in ms: at once or in a later `settle`. One offer at a time.
 */
export interface Output {
  readonly name: string;
  /**
   * Lossless: it keeps the slot of a frame until the frame is handed over, and the series waits for it. One that does
   * not hold may skip frames, and must never be waited for.
   */
  readonly holds: boolean;
  readonly form: Form;
  /** Something was begun and is not handed over yet: nothing may be offered. */
  readonly busy: boolean;
  /** The series that follows has images like this. */
  prepare(images: ImageShape): void;
  /** @param taken with the number of its message */
  begin(head: SeriesHead, taken: (number: number) => void, now: number): boolean;
  /** @param taken with the JSON that describes the frame as it lies in its slot */
  image(frame: FrameToSend, taken: (now: number, json: Uint8Array) => void, now: number): boolean;
  /** @param number its message has this number; absent = the next one */
  end(summary: SeriesSummary, taken: (now: number) => void, now: number, number?: number): boolean;
  /** First thing in each turn: what became of what was begun? */
  settle(now: number): void;
  /** The slot of the frame that was begun is needed: what is left of it is kept elsewhere. */
  keep(now: number): void;
}

/** The output that holds: the series is open for its consumer and counts by its numbers. */
export interface HoldingOutput extends Output {
  readonly holds: true;
  /** Where its messages go, and what is known there of consumers. */
  readonly sink: MessageSink;
  /** A message is ready and no consumer takes it. */
  readonly blocked: boolean;
  /** Messages that were handed over. */
  readonly taken: number;
  /** Number that the next message will carry. */
  readonly next: number;
  /** A series that is over and whose end no consumer took yet: it goes out before the next one begins. */
  owedEnd: SeriesSummary | null;
  /** Offer the end that is owed, if any; true when nothing is owed any more. */
  settleOwedEnd(now: number): boolean;
  /** The next message carries this number, if it is not beyond it already. */
  skipTo(number: number): void;
}
