// The frames of one series on their way out, in order: as long as the next one is closed on every port and the output
// takes it. It counts what was sent.

import { frameIndexOf, frameNumberOf, noFrame, ownBehind } from '../../detector/frame-share.js';
import type { FrameShare, OwnNumber } from '../../detector/frame-share.js';
import { incompleteCounter, streamCounter } from '../../memory/counters.js';
import type { StreamCounter } from '../../memory/counters.js';
import type { SeriesWords } from '../../memory/series-words.js';
import type { Forms } from './forms.js';
import type { FrameReader } from './frame-reader.js';
import type { FrameTimes } from './frame-times.js';
import type { ShownFrames } from './shown-frames.js';
import { IncompleteRanges } from './ledger.js';
import { LossList } from './loss-list.js';
import type { FrameToSend, Output } from '../output/output.js';
import type { SeriesSummary } from '../../contract/series.js';

/** Frames handed over in one turn at most, so that commands are never far. */
const framesPerTurn = 16;

/** What a sender works with. */
export interface FrameSenderDeps {
  readonly words: SeriesWords;
  readonly reader: FrameReader;
  /** What encoders make of frames; null = they leave as they lie. */
  readonly forms: Forms | null;
  readonly output: Output;
  readonly shown: ShownFrames;
  readonly times: FrameTimes;
  readonly counters: Float64Array;
  /** Incomplete frames are sent with `discard`. */
  readonly discardIncomplete: boolean;
  readonly share: FrameShare;
  /** Number of the series. */
  readonly series: number;
  /**
   * Number of the series' header, where instances share the frames: it fixes those of the images. Null = the next ones.
   */
  readonly base: number | null;
}

/** Times in ms. */
export class FrameSender {
  readonly #deps: FrameSenderDeps;
  #made: { readonly own: OwnNumber; readonly first: OwnNumber; readonly frame: FrameToSend } | null = null;
  /** The next frame to send: everything below it is released. */
  next = noFrame;
  /** When something was handed over, or dropped, last. */
  progressAt = 0;
  sent = 0;
  complete = 0;
  marked = 0;
  discarded = 0;
  unsent = 0;
  /** The output did not take the last frame that was ready. */
  blocked = false;
  /** In this turn, all that was ready was handed over: of the next frame the wake word will tell. */
  waits = false;
  readonly incomplete = new IncompleteRanges();
  readonly loss = new LossList();

  constructor(deps: FrameSenderDeps) {
    this.#deps = deps;
  }

  /** Frames by what became of them, as in the summary. */
  get sums(): Pick<SeriesSummary, 'frames' | 'complete' | 'marked' | 'discarded' | 'unsent'> {
    const { sent, complete, marked, discarded, unsent } = this;
    return { frames: sent, complete, marked, discarded, unsent };
  }

  /**
   * Send what can be sent.
   * @param first first frame of the series
   * @param last last frame of the series
   */
  send(first: OwnNumber, last: OwnNumber, now: number): void {
    const { output } = this.#deps;
    this.blocked = output.busy;
    for (let budget = framesPerTurn; budget > 0 && !output.busy; budget--) {
      const own = this.next;
      if (last !== 0 && own > last) return;
      if (!this.#ready(own)) {
        this.waits = true;
        return;
      }
      const frame = this.#frame(own, first);
      const taken = output.image(frame, (at, json) => this.#handedOver(own, frame, json, at), now);
      this.blocked = !taken || output.busy;
      if (!taken) return;
    }
  }

  /**
   * Give up all frames up to `last`; they take no numbers. One that is half-sent is sent: its slot will be used again.
   */
  drop(last: OwnNumber, now: number): void {
    const { counters, output } = this.#deps;
    output.keep(now);
    if (output.busy || last === 0 || this.next > last) return;
    const after = ownBehind(last, 1);
    const frames = after - this.next;
    this.unsent += frames;
    counters[streamCounter.unsent] = counters[streamCounter.unsent] + frames;
    this.#release(after);
    this.progressAt = now;
  }

  /** Has every port closed this frame, and is its form there? */
  #ready(own: OwnNumber): boolean {
    const { reader, forms } = this.#deps;
    return reader.ready(own) && (forms === null || forms.ready(own));
  }

  /** A frame that is ready, made once: while it is not taken nothing of it changes, and it is offered over and over. */
  #frame(own: OwnNumber, first: OwnNumber): FrameToSend {
    const { reader, forms, discardIncomplete, share, base } = this.#deps;
    const made = this.#made;
    if (made !== null && made.own === own && made.first === first) return made.frame;
    const index = frameIndexOf(share, own, first);
    const facts = reader.facts(own, index, frameNumberOf(share, own, first), discardIncomplete);
    const number = base === null ? null : base + 1 + index;
    const raw = { own, bytes: reader.frameBytes, read: () => reader.pixels(own) };
    const frame = { facts, pixels: forms === null ? raw.read() : forms.bytes(own), number, raw };
    this.#made = { own, first, frame };
    return frame;
  }

  #handedOver(own: OwnNumber, { facts }: FrameToSend, json: Uint8Array, now: number): void {
    this.sent++;
    if (facts.reason === null) {
      this.complete++;
      this.#count('complete');
    } else {
      this.incomplete.add(facts.frameIndex);
      this.loss.add(facts);
      if (facts.discard) this.discarded++;
      else this.marked++;
      this.#count(incompleteCounter(facts.reason, facts.discard));
    }
    this.#deps.shown.note(own, this.#deps.series, facts, json, now);
    this.progressAt = now;
    const { first, closed } = this.#deps.reader.times(own);
    this.#deps.times.note(first, closed, now);
    this.#release(ownBehind(own, 1));
  }

  /** From here on the receivers may write to the slots of all frames below. */
  #release(next: OwnNumber): void {
    this.next = next;
    this.#deps.words.setNext(next);
  }

  #count(counter: StreamCounter): void {
    const { counters } = this.#deps;
    counters[streamCounter[counter]] = counters[streamCounter[counter]] + 1;
  }
}
