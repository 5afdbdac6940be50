// A series that several instances share: what this one says of its part, and what it is told of the whole. Where the
// series ends no instance knows by itself; whoever stops it asks all, and tells all (docs/scaling.md). Of a series that
// is not shared it says only that.
// Tested by test/pipeline/shared.test.ts.

import { earlierOf, frameIndexOf, laterOf, noFrame, ownFrames } from '../../detector/frame-share.js';
import type { FrameShare } from '../../detector/frame-share.js';
import type { FirstFrame } from './first-frame.js';
import type { ReadPort } from './frame-reader.js';
import type { ArmRequest, HaltedSeries, SeriesStop, SeriesSummary } from '../../contract/series.js';

/** Frame counts are those of the whole series; message numbers those of all instances. */
export class SeriesShare {
  readonly #share: FrameShare;
  readonly #request: ArmRequest;
  readonly #ports: readonly ReadPort[];
  readonly #firstFrame: FirstFrame;
  /** Frames of the whole series, as it ended; null = not known yet. */
  allFrames: number | null = null;
  #withdrawn = false;
  #haltedAt = -1;

  constructor(share: FrameShare, request: ArmRequest, ports: readonly ReadPort[], firstFrame: FirstFrame) {
    this.#share = share;
    this.#request = request;
    this.#ports = ports;
    this.#firstFrame = firstFrame;
  }

  /** Several instances share the frames. */
  get shared(): boolean {
    return this.#share.stride > 1;
  }

  /** The header is handed over by the first instance. */
  get sendsHeader(): boolean {
    return this.#share.offset === 0;
  }

  /** Is the `series_end` handed over by this instance? The last one does that. */
  get sendsEnd(): boolean {
    const { stride, offset } = this.#share;
    return !this.#withdrawn && offset === stride - 1;
  }

  /** Number of the `series_end`, whoever sends it; null = as it comes. */
  get endNumber(): number | null {
    const { msgNumberBase, frames } = this.#request;
    return !this.shared || msgNumberBase === null || this.#withdrawn
      ? null
      : msgNumberBase + 1 + (this.allFrames ?? frames);
  }

  /** Where the whole series ends no other instance has to say, or all have been told. */
  get knowsEnd(): boolean {
    return !this.shared || this.allFrames !== null;
  }

  /** All instances were told where the series ends: this one has its part up to there, whatever it saw. */
  get toldEnd(): boolean {
    return this.shared && this.allFrames !== null;
  }

  /** Frames of this instance, up to the end as far as that is known; null = until silence. */
  get framesAsked(): number | null {
    const { frames } = this.#request;
    return frames === 0 ? null : ownFrames(this.#share, this.allFrames ?? frames);
  }

  /** All frames that were asked for have come, or silence stands for them. */
  reachedEnd(): void {
    this.allFrames ??= this.#request.frames;
  }

  /** What this instance has, once it accepts no more packets. @param over the series has an end already */
  halted(over: boolean): HaltedSeries {
    return {
      msg_number_base: this.#request.msgNumberBase ?? 0,
      frames: this.allFrames ?? this.#framesSeen(),
      ended: this.allFrames !== null || over,
    };
  }

  /**
   * The end of the whole series, of which this instance has halted its part.
   * @param halted what it said; null = it is not halted
   * @param headerSent its header was handed over, by whichever instance @param sent images that it has handed over
   * @returns null = done, else why not
   */
  finishAt(
    { frames, withdraw }: SeriesStop,
    halted: HaltedSeries | null,
    headerSent: boolean,
    sent: number,
  ): string | null {
    if (halted === null)
      return 'the series is not halted: halt it on every instance first (vdcu stop --endpoints does that)';
    if (halted.ended) return null;
    if (frames < halted.frames || frames > this.#request.frames)
      return (
        `frames: ${frames} is not possible: frame index ${halted.frames - 1} was seen here, and ` +
        `${this.#request.frames} frames were asked for`
      );
    const announced = headerSent && this.sendsHeader;
    if (withdraw && (frames > 0 || announced || sent > 0))
      return (
        `withdraw is not possible: ${announced ? 'the header was handed over' : 'images were sent'}. Give the number ` +
        'of frames'
      );
    this.allFrames = frames;
    this.#withdrawn = withdraw;
    return null;
  }

  /**
   * Has this instance, which has halted its part, waited longer than `limitMs` to be told the end? Counts from the
   * first call.
   */
  waitedForEnd(now: number, limitMs: number): boolean {
    if (this.#haltedAt < 0) this.#haltedAt = now;
    return now - this.#haltedAt >= limitMs;
  }

  /** Its part of the summary. */
  get summary(): Pick<SeriesSummary, 'shared'> {
    const { stride, offset } = this.#share;
    const { msgNumberBase, frames } = this.#request;
    if (!this.shared || msgNumberBase === null) return {};
    return { shared: { stride, offset, frames: this.allFrames ?? frames, msg_number_base: msgNumberBase } };
  }

  #framesSeen(): number {
    const first = this.#firstFrame.number;
    // Read anew: a receiver may have seen one more before its answer.
    let highest = this.#ports.map(({ words }) => words.newestSeen).reduce(laterOf, noFrame);
    if (this.#firstFrame.last !== 0) highest = earlierOf(highest, this.#firstFrame.last);
    return highest === 0 || first === 0 ? 0 : frameIndexOf(this.#share, highest, first) + 1;
  }
}
