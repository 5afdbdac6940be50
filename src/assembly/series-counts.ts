// hot path. One port's counters by series: their values when it was opened and when it ended. Images that came behind
// the end of a series are kept for the next one, and count there.
// Tested by test/pipeline/auto-series.test.ts.

import { noFrame } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import { portCounter } from '../memory/counters.js';
import type { PortCounters } from '../memory/counters.js';
import type { PortWords } from '../memory/port-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import type { PacketSource } from '../udp/packet-source.js';
import { verdictCounter } from './packet-check.js';
import type { PortImages } from './port-images.js';

const wrongByItself: readonly number[] = [
  ...verdictCounter.slice(1),
  portCounter.foreignSource,
  portCounter.foreignSecondSource,
  portCounter.secondSource,
  portCounter.foreignUnarmed,
];

/** What it counts, and where. */
export interface CountedPort {
  readonly counters: PortCounters;
  readonly source: PacketSource;
  readonly images: PortImages;
  readonly words: PortWords;
  readonly series: SeriesWords;
}

/** Above it nothing is kept. */
const nothing = Infinity as OwnNumber;

export class SeriesCounts {
  readonly #now: Float64Array;
  readonly #base: Float64Array;
  readonly #end: Float64Array;
  readonly #source: PacketSource;
  readonly #images: PortImages;
  readonly #words: PortWords;
  readonly #series: SeriesWords;
  /** Images of later frames are the next series', from the end of one that has all its frames until that is open. */
  #keptAbove = nothing;
  /** The series has its first frame. */
  #begun = false;

  constructor({ counters, source, images, words, series }: CountedPort) {
    this.#now = counters.now;
    this.#base = counters.seriesBase;
    this.#end = counters.seriesEnd;
    this.#source = source;
    this.#images = images;
    this.#words = words;
    this.#series = series;
  }

  /** @param waited packets have waited in the socket for this series */
  open(waited: boolean): void {
    this.#countSocketDrops();
    this.#base.set(this.#now);
    this.#without(this.#base);
    this.#keptAbove = nothing;
    // What the socket had no room for meanwhile is its loss.
    if (waited) this.#base[portCounter.socketDropped] = this.#end[portCounter.socketDropped];
  }

  /** An automatic series may have waited for long: what was wrong by itself before its first frame is not of it. */
  beginFrames(): void {
    if (this.#begun) return;
    this.#begun = true;
    if (!this.#series.auto) return;
    for (const counter of wrongByItself) this.#base[counter] = this.#now[counter];
    this.#words.forgetWrong();
    this.#images.forgetBadNumbers();
  }

  /** All frames up to this one were sent: what comes behind is the next series'. */
  keepAbove(last: OwnNumber): void {
    this.#keptAbove = last;
  }

  /** @param last frame of the series */
  end(last: OwnNumber): void {
    if (this.#keptAbove === nothing && last !== 0) this.#images.dropBeyond(last);
    this.#countSocketDrops();
    this.#end.set(this.#now);
    this.#without(this.#end);
  }

  /** No series follows at once: what was begun behind the end is of none. */
  dropKept(): void {
    this.#images.dropBeyond(this.#keptAbove);
    this.#keptAbove = nothing;
  }

  /**
   * Another series begins. @param keep what has come behind the end of the last one is its
   * @returns images of it have come
   */
  forget(expectedPackets: number, keep: boolean): boolean {
    if (!keep) this.dropKept();
    const begun = this.#images.forget(expectedPackets, this.#keptAbove);
    this.#keptAbove = begun ? noFrame : nothing;
    this.#begun = false;
    return begun;
  }

  /** Packets of images that are kept count in another series than these figures are of. */
  #without(figures: Float64Array): void {
    const { accepted, expected } = this.#images.tally(this.#keptAbove);
    figures[portCounter.accepted] -= accepted;
    figures[portCounter.expected] -= expected;
  }

  #countSocketDrops(): void {
    const drops = this.#source.kernelDrops();
    this.#now[portCounter.socketDropped] = drops === null ? Number.NaN : drops;
  }
}
