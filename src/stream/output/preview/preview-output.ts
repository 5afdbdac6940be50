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
import type { ImageFacts } from '../maxiv/messages.js';
import type { Form, FrameToSend, ImageShape, Output, SeriesHead } from '../output.js';
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
  /** The end of a series whose last frame waits for room: it must not come before that. */
  #end: readonly Uint8Array[] | null = null;
  #shownAt = -Infinity;
  readonly #buffers: Uint8Array[] = [];

  constructor(sink: PreviewSink, options: PreviewOptions) {
    this.sink = sink;
    this.form = options.form;
    this.#options = options;
  }

  prepare({ shape, type, headerKeys, exposureTime }: ImageShape): void {
    const { encoding } = this.form;
    this.#over();
    this.#images = new ImageMessages(walkOf(this.form, shape).shape, type, headerKeys, exposureTime, encoding);
  }

  /** @param head with the number that it was handed over with */
  begin({ filename, metadata, number }: SeriesHead, _taken: unknown, _now: number): boolean {
    this.#over();
    this.sink.send([headerMessage(number ?? 0, filename), encoder.encode(metadata)], true);
    return true;
  }

  image({ facts, number, pixels, raw }: FrameToSend, _taken: unknown, now: number): boolean {
    if (this.sink.subscribers === 0 || raw === undefined) {
      this.#later = null;
      return true;
    }
    if (this.#later !== null) this.#options.words.skip(1);
    const { lying } = this.#options;
    const bytes = lying ? raw.bytes : pixels.length;
    this.#later = { own: raw.own, facts, number: number ?? 0, bytes };
    if (this.#due(now, bytes)) this.#show((into) => (into.set(lying ? raw.read() : pixels), true), now);
    return true;
  }

  /** @param summary with the number that it was handed over with */
  end(summary: SeriesSummary, _taken: unknown, now: number, number = 0): boolean {
    // Nothing comes after it.
    this.#end = [seriesEndMessage(number, summary)];
    this.#finish(now);
    return true;
  }

  settle(now: number): void {
    this.sink.poll();
    const { subscribers, refused } = this.sink;
    this.#options.words.publish(subscribers, refused);
    if (this.#end !== null) this.#finish(now);
    else if (this.#later !== null && this.#due(now, this.#later.bytes)) this.#showLater(now);
  }

  keep(): void {
    // No slot is held here.
  }

  #due(now: number, bytes: number): boolean {
    return now - this.#shownAt >= Math.max(1000 / this.#options.rateHz, bytes / bytesInMs);
  }

  /** The last frame of a series, as soon as a viewer has room for it, then its end. */
  #finish(now: number): void {
    this.#showLater(now);
    if (this.#later === null || this.sink.subscribers === 0) this.#over();
  }

  /** A frame that waits is not shown any more; an end that waits for it goes out. */
  #over(): void {
    if (this.#later !== null) this.#options.words.skip(1);
    this.#later = null;
    if (this.#end !== null) this.sink.send(this.#end, true);
    this.#end = null;
  }

  #showLater(now: number): void {
    const own = this.#later?.own;
    if (own !== undefined) this.#show((into) => this.#options.copyLater(own, into), now);
  }

  /** Show the latest frame, if a viewer can take it; `copy` brings its bytes, and says whether they are whole. */
  #show(copy: (into: Uint8Array) => boolean, now: number): void {
    const later = this.#later;
    const images = this.#images;
    if (later === null || images === null) return;
    const into = this.sink.free === 0 ? null : this.#buffer(later.bytes);
    // All are busy with an earlier one: it is shown when one of them is not.
    if (into === null) return;
    this.#later = null;
    if (!copy(into)) return this.#options.words.skip(1);
    this.#shownAt = now;
    // The next message is written where this one was.
    const json = images.make(later.number, later.facts).slice();
    const taken = this.sink.send([json, into], false);
    this.#options.words.show(taken, this.sink.subscribers - taken);
  }

  /** Memory of this length that nothing is sent from any more; null = there is none. */
  #buffer(bytes: number): Uint8Array | null {
    for (let index = 0; index < previewFrames; index++) {
      const buffer = this.#buffers[index];
      if (buffer !== undefined && this.sink.uses(buffer)) continue;
      if (buffer === undefined || buffer.buffer.byteLength < bytes) this.#buffers[index] = new Uint8Array(bytes);
      return this.#buffers[index].subarray(0, bytes);
    }
    return null;
  }
}
