// How far the detector has come in a series: the highest frame, the last sign of it, and which frames were seen too
// long ago.
// Tested by test/pipeline/series.test.ts.

import { earlierOf, laterOf, noFrame } from '../../detector/frame-share.js';
import type { OwnNumber } from '../../detector/frame-share.js';
import { portCounter } from '../../memory/counters.js';
import type { SeriesWords } from '../../memory/series-words.js';
import type { ReadPort } from './frame-reader.js';
import type { SeenTimes } from './seen-times.js';

/** A port with its counters: now, when the series was opened, when it ended. */
export interface SeriesPort extends ReadPort {
  readonly counters: Float64Array;
  readonly seriesBase: Float64Array;
  readonly seriesEnd: Float64Array;
}

/** What the progress of a series is seen by. */
export interface ProgressDeps {
  readonly words: SeriesWords;
  readonly ports: readonly SeriesPort[];
  readonly seenTimes: SeenTimes;
  readonly frameTimeoutMs: number;
  readonly ring: number;
}

/** Times in ms. */
export class SeriesProgress {
  readonly #words: SeriesWords;
  readonly #ports: readonly SeriesPort[];
  readonly #seenTimes: SeenTimes;
  readonly #frameTimeoutMs: number;
  readonly #ring: number;
  /** Highest frame number seen on any port. */
  highest = noFrame;
  /** Most slots of the ring that were in use at once. */
  slotsUsedMax = 0;
  #seenPackets = 0;
  #lastSeenAt = -1;
  #giveUp = noFrame;

  constructor({ words, ports, seenTimes, frameTimeoutMs, ring }: ProgressDeps) {
    this.#words = words;
    this.#ports = ports;
    this.#seenTimes = seenTimes;
    this.#frameTimeoutMs = frameTimeoutMs;
    this.#ring = ring;
    seenTimes.clear();
  }

  /** @param next next frame to send @param last last frame of the series */
  observe(next: OwnNumber, last: OwnNumber, now: number): void {
    let seen = 0;
    for (const { words, counters, seriesBase } of this.#ports) {
      this.highest = laterOf(this.highest, words.newestSeen);
      for (const counter of [portCounter.accepted, portCounter.ringFull])
        seen += counters[counter] - seriesBase[counter];
    }
    if (seen !== this.#seenPackets) {
      this.#seenPackets = seen;
      this.#lastSeenAt = now;
    }
    if (last !== 0) this.highest = earlierOf(this.highest, last);
    if (this.highest !== 0) this.#seenTimes.note(this.highest, now);
    const giveUp = this.#seenTimes.seenBy(now - this.#frameTimeoutMs);
    if (giveUp > this.#giveUp) {
      this.#giveUp = giveUp;
      this.#words.setGiveUp(giveUp);
    }
    if (next !== 0) this.slotsUsedMax = Math.max(this.slotsUsedMax, Math.min(this.#ring, this.highest - next + 1));
  }

  /** What receivers noticed, bits of `portEvent` of all ports. */
  get events(): number {
    return this.#ports.reduce((events, { words }) => events | words.events, 0);
  }

  /** Packets seen on all ports. */
  get seenPackets(): number {
    return this.#seenPackets;
  }

  /** How long no packet of the series has come; 0 before the first. */
  silentMs(now: number): number {
    return this.#lastSeenAt < 0 ? 0 : now - this.#lastSeenAt;
  }
}
