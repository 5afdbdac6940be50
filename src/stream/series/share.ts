// This instance's part of a series, and where it ends. Where several instances share the series: what this one says of
// its part, and what it is told of the whole. No instance knows by itself where the whole ends; the program that stops
// it asks all, and tells all (docs/scaling.md).
// Tested by test/pipeline/shared.test.ts.

import { earlierOf, frameIndexOf, laterOf, noFrame, ownBehind, ownFrames } from '../../detector/frame-share.js';
import type { FrameShare, OwnNumber } from '../../detector/frame-share.js';
import type { FirstFrame } from './first-frame.js';
import type { ReadPort } from './frame-reader.js';
import type { SeriesTail } from './tail.js';
import type { ArmRequest, HaltedSeries, SeriesStop, SeriesSummary } from '../../contract/series.js';

/** Frame counts are those of the whole series; message numbers those of all instances. */
export class SeriesShare {
  readonly #share: FrameShare;
  readonly #request: ArmRequest;
  readonly #ports: readonly ReadPort[];
  /** Frames of the whole series, as it ended; null = not known yet. */
  #allFrames: number | null = null;
  #withdrawn = false;
  #haltedAt = -1;

  constructor(share: FrameShare, request: ArmRequest, ports: readonly ReadPort[]) {
    this.#share = share;
    this.#request = request;
    this.#ports = ports;
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

  /** Number of the header, which fixes those of all messages of all instances; null = they come as they come. */
  get base(): number | null {
    return this.shared ? this.#request.msgNumberBase : null;
  }

  /** Number of the `series_end`, which one of the instances sends; null = as it comes. */
  get endNumber(): number | null {
    const { base } = this;
    return base === null || this.#withdrawn ? null : base + 1 + this.#frames;
  }

  /** From frame to frame of this instance, in ms; null = not known. */
  get framePeriodMs(): number | null {
    const { framePeriodMs } = this.#request;
    return framePeriodMs === null ? null : framePeriodMs * this.#share.stride;
  }

  /** Frames of this instance, up to the end as far as that is known; null = until silence. */
  get framesAsked(): number | null {
    return this.#request.frames === 0 ? null : ownFrames(this.#share, this.#frames);
  }

  /** All frames that were asked for have come, or silence stands for them. */
  reachedEnd(): void {
    this.#allFrames ??= this.#request.frames;
  }

  /** All its frames have come, or this instance was told where it ends. */
  get ended(): boolean {
    return this.#allFrames !== null;
  }

  /**
   * Its receivers have stopped: is it known where the series ends? A shared one waits to be told; `lost` = it was not
   * told for `limitMs`, counted from the first call.
   */
  endKnown(now: number, limitMs: number): 'known' | 'waits' | 'lost' {
    if (!this.shared || this.ended) return 'known';
    if (this.#haltedAt < 0) this.#haltedAt = now;
    return now - this.#haltedAt < limitMs ? 'waits' : 'lost';
  }

  /**
   * The last frame, once the end is known. Before, ports may have begun frames beyond it: they are not of the series.
   * @param highest frame that was seen
   */
  lastFrame(first: OwnNumber, highest: OwnNumber, tail: SeriesTail): OwnNumber {
    const { framesAsked } = this;
    if (framesAsked === null) return highest;
    const end = ownBehind(first, framesAsked - 1);
    // One that was told the end has its part up to there, whatever it saw.
    const whole = (this.shared && this.ended) || tail.fills(end - highest);
    return whole ? end : earlierOf(highest, end);
  }

  /** What this instance has, once it accepts no more packets. @param over the series has an end already */
  halted(firstFrame: FirstFrame, over: boolean): HaltedSeries {
    return {
      msg_number_base: this.#request.msgNumberBase ?? 0,
      frames: this.#allFrames ?? this.#framesSeen(firstFrame),
      ended: this.ended || over,
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
    this.#allFrames = frames;
    this.#withdrawn = withdraw;
    return null;
  }

  /** Its part of the summary. */
  get summary(): Pick<SeriesSummary, 'shared'> {
    const { stride, offset } = this.#share;
    const { base } = this;
    return base === null ? {} : { shared: { stride, offset, frames: this.#frames, msg_number_base: base } };
  }

  /** Frames of the whole series: as it ended, else as asked for. */
  get #frames(): number {
    return this.#allFrames ?? this.#request.frames;
  }

  #framesSeen({ number: first, last }: FirstFrame): number {
    // Read anew: a receiver may have seen one more before its answer.
    let highest = this.#ports.map(({ words }) => words.newestSeen).reduce(laterOf, noFrame);
    if (last !== 0) highest = earlierOf(highest, last);
    return highest === 0 || first === 0 ? 0 : frameIndexOf(this.#share, highest, first) + 1;
  }
}
