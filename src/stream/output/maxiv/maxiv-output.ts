// MAX IV's zmq stream as an output: header, images, series_end, each a message with a number, into a sink. A message
// that was refused is kept as it was made, so a consumer that takes nothing costs no second text of the same frame.

import type { SeriesSummary } from '../../../contract/series.js';
import { leavesAsItLies, walkOf } from '../../../detector/frame-form.js';
import { assert } from '../../../base/assert.js';
import type { MessageSink } from '../message-sink.js';
import { plain } from '../output.js';
import type { Form, FrameToSend, HoldingOutput, ImageShape, Output, SeriesHead } from '../output.js';
import { ImageMessages, headerMessage, seriesEndMessage } from './messages.js';
import { Outbox } from './outbox.js';

const encoder = new TextEncoder();
const nothing = (): void => undefined;

/** A message as it was made: of what, and for which number. */
interface Made {
  readonly of: object;
  readonly number: number;
  readonly parts: readonly Uint8Array[];
}

export interface MaxivOptions {
  readonly sink: MessageSink;
  readonly counters: Float64Array;
  /** Number of the first message: above any that an earlier process used. */
  readonly first: number;
  /** Plain unless given. */
  readonly form?: Form;
  /** Outputs that do not hold: told of each message that was handed over, with its number. */
  readonly followers?: readonly Output[];
}

export class MaxivOutput implements HoldingOutput {
  readonly name = 'maxiv';
  readonly holds = true;
  readonly form: Form;
  readonly sink: MessageSink;
  readonly #outbox: Outbox;
  readonly #followers: readonly Output[];
  #images: ImageMessages | null = null;
  /** What is said of frames as they lie; null = the same. */
  #lying: ImageMessages | null = null;
  #made: Made | null = null;
  owedEnd: SeriesSummary | null = null;

  constructor({ sink, counters, first, form = plain, followers = [] }: MaxivOptions) {
    this.sink = sink;
    this.#followers = followers;
    this.form = form;
    this.#outbox = new Outbox(sink, counters, first);
  }

  get busy(): boolean {
    return this.#outbox.busy;
  }

  get blocked(): boolean {
    return this.#outbox.blocked;
  }

  get taken(): number {
    return this.#outbox.taken;
  }

  get next(): number {
    return this.#outbox.next;
  }

  skipTo(number: number): void {
    this.#outbox.skipTo(number);
  }

  prepare(images: ImageShape): void {
    const { encoding } = this.form;
    this.#images = new ImageMessages({ ...images, shape: walkOf(this.form, images.shape).shape }, encoding);
    const same = encoding === 'none' && leavesAsItLies(this.form);
    this.#lying = same ? null : new ImageMessages(images);
    this.#made = null;
    for (const follower of this.#followers) follower.prepare(images);
  }

  begin({ filename, metadata, number }: SeriesHead, taken: (number: number) => void, now: number): boolean {
    if (number !== null) this.skipTo(number);
    const own = this.next;
    const parts = [headerMessage(own, filename), encoder.encode(metadata)];
    const handedOver = (at: number): void => {
      for (const follower of this.#followers) follower.begin({ filename, metadata, number: own }, nothing, at);
      taken(own);
    };
    return this.#outbox.offer('headers', parts, handedOver, now);
  }

  image(frame: FrameToSend, taken: (now: number, json: Uint8Array) => void, now: number): boolean {
    const images = this.#images;
    assert(images !== null, 'an image was offered before its series was prepared');
    if (frame.number !== null) this.skipTo(frame.number);
    const number = this.next;
    const parts = this.#parts(frame, () => [images.make(number, frame.facts), frame.pixels]);
    const lying = this.#lying;
    const told = (): Uint8Array => (lying === null ? parts[0] : lying.make(number, frame.facts));
    const handedOver = (at: number): void => {
      for (const follower of this.#followers) follower.image({ ...frame, number }, nothing, at);
      taken(at, told());
    };
    return this.#outbox.offer('images', parts, handedOver, now);
  }

  end(summary: SeriesSummary, taken: (now: number) => void, now: number): boolean {
    const parts = this.#parts(summary, (number) => [seriesEndMessage(number, summary)]);
    const handedOver = (at: number): void => {
      for (const follower of this.#followers) follower.end(summary, nothing, at, this.next - 1);
      taken(at);
    };
    return this.#outbox.offer('seriesEnds', parts, handedOver, now);
  }

  settleOwedEnd(now: number): boolean {
    if (this.owedEnd !== null && !this.busy) this.end(this.owedEnd, () => (this.owedEnd = null), now);
    return this.owedEnd === null;
  }

  settle(now: number): void {
    this.#outbox.settle(now);
    for (const follower of this.#followers) follower.settle(now);
  }

  keep(now: number): void {
    this.#outbox.keep(now);
  }

  /** The message of this, for the number that it will have: as it was made, or made now. */
  #parts(of: object, make: (number: number) => readonly Uint8Array[]): readonly Uint8Array[] {
    const number = this.next;
    if (this.#made?.of !== of || this.#made.number !== number) this.#made = { of, number, parts: make(number) };
    return this.#made.parts;
  }
}
