// How far the detector has come in a series: the highest frame, the last sign of it, and which frames were seen too
// long ago.
// Tested by test/pipeline/series.test.ts.

import { earlierOf, laterOf, noFrame, ownBehind } from '../../detector/frame-share.js';
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
  /** Of a port image. */
  readonly expectedPackets: number;
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
  /** The next to send, and the highest when it became that. */
  #next = noFrame;
  #sentAt = noFrame;
  /** When the ring held all frames for the last time: the highest, and the packets of each port. */
  #aheadTo = noFrame;
  readonly #aheadPackets: Float64Array;
  readonly #packetsOf: Float64Array;
  readonly #expectedPackets: number;

  constructor({ words, ports, seenTimes, frameTimeoutMs, ring, expectedPackets }: ProgressDeps) {
    this.#words = words;
    this.#ports = ports;
    this.#seenTimes = seenTimes;
    this.#frameTimeoutMs = frameTimeoutMs;
    this.#ring = ring;
    this.#expectedPackets = expectedPackets;
    this.#aheadPackets = new Float64Array(ports.length);
    this.#packetsOf = new Float64Array(ports.length);
    seenTimes.clear();
  }

  /** @param next next frame to send @param last last frame of the series */
  observe(next: OwnNumber, last: OwnNumber, now: number): void {
    let seen = 0;
    for (let index = 0; index < this.#ports.length; index++) {
      const { words, counters, seriesBase } = this.#ports[index];
      this.highest = laterOf(this.highest, words.newestSeen);
      const { accepted, ringFull } = portCounter;
      const packets = counters[accepted] - seriesBase[accepted] + counters[ringFull] - seriesBase[ringFull];
      this.#packetsOf[index] = packets;
      seen += packets;
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
    if (next !== this.#next) {
      this.#next = next;
      this.#sentAt = this.highest;
    }
    // Nothing counts that lies before the first frame.
    if (next !== 0 && this.#aheadTo === 0) this.#aheadTo = ownBehind(next, -1);
    if (next !== 0 && this.highest - next < this.#ring) {
      this.#aheadTo = laterOf(this.highest, ownBehind(next, -1));
      this.#aheadPackets.set(this.#packetsOf);
    }
    if (next !== 0) this.slotsUsedMax = Math.max(this.slotsUsedMax, Math.min(this.#ring, this.highest - next + 1));
  }

  /** Of the frames that were seen since the ring did not hold all: did most come on no port, their numbers left out? */
  get mostlySkipped(): boolean {
    const images = this.#packetsOf.map((packets, port) => (packets - this.#aheadPackets[port]) / this.#expectedPackets);
    // One more is still coming in.
    return 2 * (Math.max(...images) + 1) < this.highest - this.#aheadTo;
  }

  /** Has nothing been sent while the most of the frames came that are left to send? @param next next frame to send */
  stands(next: OwnNumber): boolean {
    return next === this.#next && 2 * (this.highest - this.#sentAt) > this.highest - next;
  }

  /** What receivers noticed, bits of `portEvent` of all ports. */
  get events(): number {
    let events = 0;
    for (const { words } of this.#ports) events |= words.events;
    return events;
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
