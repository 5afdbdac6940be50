// The frames of one series on their way out, in order: as long as the next one is closed on every port and zmq takes
// it. Keeps the tally of what was sent.
// Tested by test/pipeline/series.test.ts.

import { frameIndexOf, frameNumberOf } from '../../detector/frame-share.js';
import type { FrameShare } from '../../detector/frame-share.js';
import { incompleteCounter, streamCounter } from '../../memory/counters.js';
import type { StreamCounter } from '../../memory/counters.js';
import type { LastFrame } from '../../memory/last-frame.js';
import type { SeriesWords } from '../../memory/series-words.js';
import type { FrameReader } from './frame-reader.js';
import type { FrameTimes } from './frame-times.js';
import { IncompleteRanges } from './ledger.js';
import type { ImageFacts, ImageMessages } from '../output/maxiv/messages.js';
import type { Outbox } from '../output/maxiv/outbox.js';
import type { SeriesSummary } from '../../contract/series.js';

/** Viewers get a new frame at most this often, in ms. */
const lastFrameIntervalMs = 100;
/** Frames handed over in one turn at most, so that commands are never far. */
const framesPerTurn = 16;

const encoder = new TextEncoder();

/** What a sender works with. */
export interface FrameSenderDeps {
  readonly words: SeriesWords;
  readonly reader: FrameReader;
  readonly outbox: Outbox;
  readonly lastFrame: LastFrame;
  readonly times: FrameTimes;
  readonly counters: Float64Array;
  /** Incomplete frames are sent with `discard`. */
  readonly discardIncomplete: boolean;
  readonly share: FrameShare;
  /**
   * Number of the series' header, where instances share the frames: it fixes those of the images. Null = the next ones.
   */
  readonly base: number | null;
}

/**
 * Frame numbers are own ones (detector/frame-share.ts), 0 = not known; indices are 0-based in the series; times in ms.
 */
export class FrameSender {
  readonly #deps: FrameSenderDeps;
  readonly #messages: ImageMessages;
  #lastFrameAt = -Infinity;
  /** The next frame to send: everything below it is released. */
  next = 0;
  /** When something was handed over, or dropped, last. */
  progressAt = 0;
  sent = 0;
  complete = 0;
  marked = 0;
  discarded = 0;
  unsent = 0;
  readonly incomplete = new IncompleteRanges();

  constructor(deps: FrameSenderDeps, messages: ImageMessages) {
    this.#deps = deps;
    this.#messages = messages;
  }

  /** Frames by what became of them, as in the summary. */
  get sums(): Pick<SeriesSummary, 'frames' | 'complete' | 'marked' | 'discarded' | 'unsent'> {
    const { sent, complete, marked, discarded, unsent } = this;
    return { frames: sent, complete, marked, discarded, unsent };
  }

  /**
   * Send what can be sent.
   * @param first first frame of the series
   * @param last last frame of the series, 0 = not known
   */
  send(first: number, last: number, now: number): void {
    const { outbox, reader, discardIncomplete, share, base } = this.#deps;
    for (let budget = framesPerTurn; budget > 0 && !outbox.busy; budget--) {
      const own = this.next;
      if ((last !== 0 && own > last) || !reader.ready(own)) return;
      const facts = reader.facts(
        own,
        frameIndexOf(share, own, first),
        frameNumberOf(share, own, first),
        discardIncomplete,
      );
      const pixels = reader.pixels(own);
      if (base !== null) outbox.skipTo(base + 1 + facts.frameIndex);
      let json: Uint8Array | null = null;
      const taken = outbox.offer(
        'images',
        (msgNumber) => {
          json = this.#messages.make(msgNumber, facts);
          return [json, pixels];
        },
        (handedOver) => this.#handedOver(own, facts, json as Uint8Array, pixels, own === last, handedOver),
        now,
      );
      if (!taken) return;
    }
  }

  /**
   * Give up all frames up to `last`; they take no numbers. One that is half-sent is sent: its slot will be used again.
   */
  drop(last: number, now: number): void {
    this.#deps.outbox.keep(now);
    if (this.#deps.outbox.busy || last === 0 || this.next > last) return;
    const frames = last + 1 - this.next;
    this.unsent += frames;
    const { counters } = this.#deps;
    counters[streamCounter.unsent] = counters[streamCounter.unsent] + frames;
    this.#release(last + 1);
    this.progressAt = now;
  }

  #handedOver(
    own: number,
    facts: ImageFacts,
    json: Uint8Array,
    pixels: Uint8Array,
    isLast: boolean,
    now: number,
  ): void {
    this.sent++;
    if (facts.reason === null) {
      this.complete++;
      this.#count('complete');
    } else {
      this.incomplete.add(facts.frameIndex);
      if (facts.discard) this.discarded++;
      else this.marked++;
      this.#count(incompleteCounter(facts.reason, facts.discard));
    }
    if (now - this.#lastFrameAt >= lastFrameIntervalMs || isLast) {
      this.#lastFrameAt = now;
      this.#deps.lastFrame.store({ json, places: encoder.encode(JSON.stringify(this.#deps.reader.places())), pixels });
    }
    this.progressAt = now;
    const { first, closed } = this.#deps.reader.times(own);
    this.#deps.times.note(first, closed, now);
    this.#release(own + 1);
  }

  /** From here on the receivers may write to the slots of all frames below. */
  #release(next: number): void {
    this.next = next;
    this.#deps.words.setNext(next);
  }

  #count(counter: StreamCounter): void {
    const { counters } = this.#deps;
    counters[streamCounter[counter]] = counters[streamCounter[counter]] + 1;
  }
}
