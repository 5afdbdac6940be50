// What live viewers see: the messages of the stream, latest only. An output that does not hold: it copies a frame now
// and then, only while there are viewers, and the stream never waits for it. Comes in: each message when it was handed
// over to the consumer, with its number. Goes out: the same to a PUB socket, frames at most so often, the last of a
// burst included.

import { previewFrames } from '../../../config/send-queue.js';
import type { SeriesSummary } from '../../../contract/series.js';
import { walkOf } from '../../../detector/frame-form.js';
import type { OwnNumber } from '../../../detector/frame-share.js';
import type { PreviewWords } from '../../../memory/preview-words.js';
import { ImageMessages, headerMessage, seriesEndMessage } from '../maxiv/messages.js';
import type { Form, FrameToSend, ImageFacts, ImageShape, Output, SeriesHead } from '../output.js';
import type { PreviewSink } from './preview-sink.js';

const encoder = new TextEncoder();

/** Copies take at most so many bytes in a ms (200 MB/s), as for the page's viewers. */
const bytesInMs = 200_000;

export interface PreviewOptions {
  readonly form: Form;
  /** Frames in a second at most. */
  readonly rateHz: number;
  readonly words: PreviewWords;
  /** Frames leave as they lie in the ring, whatever the form of the stream. */
  readonly lying: boolean;
  /** Bring a frame here that was released; false = its slot was given to another. */
  readonly copyLater: (own: OwnNumber, into: Uint8Array) => boolean;
}

/** A frame that is later than the last one shown. */
interface Later {
  readonly own: OwnNumber;
  readonly facts: ImageFacts;
  readonly number: number;
  readonly bytes: number;
}

/** Times in ms. */
export class PreviewOutput implements Output {
  readonly name = 'preview';
  readonly holds = false;
  readonly busy = false;
  readonly form: Form;
  readonly sink: PreviewSink;
  readonly #options: PreviewOptions;
  #images: ImageMessages | null = null;
  #later: Later | null = null;
  /** What was later when the next series was made: its message, and a copy, for its slot is given away now. */
  #kept: { readonly json: Uint8Array; readonly pixels: Uint8Array } | null = null;
  /** The end of a series whose last frame waits for room: it must not come before that. */
  #end: readonly Uint8Array[] | null = null;
  #shownAt = -Infinity;
  readonly #buffers: Uint8Array[] = [];

  constructor(sink: PreviewSink, options: PreviewOptions) {
    this.sink = sink;
    this.form = options.form;
    this.#options = options;
  }

  prepare(images: ImageShape): void {
    this.#keepLater();
    this.#images = new ImageMessages({ ...images, shape: walkOf(this.form, images.shape).shape }, this.form.encoding);
  }

  /** @param head with the number that it was handed over with */
  begin({ filename, metadata, number }: SeriesHead, _taken: unknown, _now: number): boolean {
    this.#over();
    this.sink.send([headerMessage(number ?? 0, filename), encoder.encode(metadata)], true);
    return true;
  }

  image({ facts, number, pixels, raw }: FrameToSend, _taken: unknown, now: number): boolean {
    // Of a series whose header another instance hands over.
    if (this.#end !== null) this.#over();
    if (this.sink.subscribers === 0 || raw === undefined) {
      this.#later = this.#kept = null;
      return true;
    }
    if (this.#waits) this.#options.words.skip(1);
    this.#kept = null;
    const { lying } = this.#options;
    const bytes = lying ? raw.bytes : pixels.length;
    this.#later = { own: raw.own, facts, number: number ?? 0, bytes };
    if (this.#due(now, bytes)) this.#show((into) => (into.set(lying ? raw.read() : pixels), true), now);
    return true;
  }

  /** @param summary with the number that it was handed over with */
  end(summary: SeriesSummary, _taken: unknown, now: number, number = 0): boolean {
    // The series before had its header elsewhere, and this one no image here: its end still waits.
    if (this.#end !== null) this.#over();
    this.#end = [seriesEndMessage(number, summary)];
    this.#finish(now);
    return true;
  }

  settle(now: number): void {
    this.sink.poll();
    const { subscribers, refused } = this.sink;
    this.#options.words.publish(subscribers, refused);
    if (this.#end !== null) this.#finish(now);
    else if (this.#waits && this.#due(now, this.#later?.bytes ?? this.#kept?.pixels.length ?? 0)) this.#showLater(now);
  }

  keep(): void {
    // No slot is held here.
  }

  get #waits(): boolean {
    return this.#later !== null || this.#kept !== null;
  }

  #due(now: number, bytes: number): boolean {
    return now - this.#shownAt >= Math.max(1000 / this.#options.rateHz, bytes / bytesInMs);
  }

  /** The last frame of a series, as soon as a viewer has room for it, then its end. */
  #finish(now: number): void {
    this.#showLater(now);
    if (!this.#waits || this.sink.subscribers === 0) this.#over();
  }

  /** A frame that waits is not shown any more; an end that waits for it goes out. */
  #over(): void {
    if (this.#waits) this.#options.words.skip(1);
    this.#later = this.#kept = null;
    if (this.#end !== null) this.sink.send(this.#end, true);
    this.#end = null;
  }

  #showLater(now: number): void {
    const own = this.#later?.own;
    if (own !== undefined) return this.#show((into) => this.#options.copyLater(own, into), now);
    const kept = this.#kept;
    if (kept === null || this.sink.free === 0) return;
    this.#kept = null;
    this.#send(kept.json, kept.pixels, now);
  }

  /** The next series may be far away: a frame that waits is shown meanwhile. Its copy is made while it is there. */
  #keepLater(): void {
    const later = this.#later;
    const images = this.#images;
    if (later === null || images === null) return;
    this.#later = null;
    if (this.sink.subscribers === 0) return;
    const pixels = this.#buffer(later.bytes, previewFrames);
    if (pixels === null || !this.#options.copyLater(later.own, pixels)) return this.#options.words.skip(1);
    this.#kept = { json: images.make(later.number, later.facts).slice(), pixels };
  }

  /** Show the latest frame, if a viewer can take it; `copy` brings its bytes, and says whether they are whole. */
  #show(copy: (into: Uint8Array) => boolean, now: number): void {
    const later = this.#later;
    const images = this.#images;
    if (later === null || images === null) return;
    const into = this.sink.free === 0 ? null : this.#buffer(later.bytes, previewFrames - 1);
    // All are busy with an earlier one: it is shown when one of them is not.
    if (into === null) return;
    this.#later = null;
    if (!copy(into)) return this.#options.words.skip(1);
    // The next message is written where this one was.
    this.#send(images.make(later.number, later.facts).slice(), into, now);
  }

  #send(json: Uint8Array, pixels: Uint8Array, now: number): void {
    this.#shownAt = now;
    const taken = this.sink.send([json, pixels], false);
    this.#options.words.show(taken, this.sink.subscribers - taken);
  }

  /** One of the first `most` buffers, of this length, that nothing is sent from any more; null = there is none. */
  #buffer(bytes: number, most: number): Uint8Array | null {
    for (let index = 0; index < most; index++) {
      const buffer = this.#buffers[index];
      if (buffer !== undefined && this.sink.uses(buffer)) continue;
      if (buffer === undefined || buffer.buffer.byteLength < bytes) this.#buffers[index] = new Uint8Array(bytes);
      return this.#buffers[index].subarray(0, bytes);
    }
    return null;
  }
}
