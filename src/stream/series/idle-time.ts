// After how long a silence an automatic series ends: `series_idle_ms`, and longer where the detector's frames come more
// slowly than that.

/** So many frame periods of silence are an end. */
const periodsOfSilence = 3;
/** The middle one of so many last periods counts: a pause between two acquisitions is not the detector's period. */
const periodsKept = 9;
/** Frames that stand alone come regularly when one pause differs from the next by no more than this share. */
const regular = 0.1;
/** Silence is never longer than so many `series_idle_ms`: an end must come. */
const longest = 10;
/** The pause between two beginnings is at least this share of `series_idle_ms` where silence ended the first series. */
const leastPause = 0.5;

/** Frames came so slowly that series had a single one. `waits`: the series at hand waits for the next, nevertheless. */
export interface FellApart {
  readonly periodMs: number;
  readonly waits: boolean;
}

/** Times in ms. */
export class IdleTime {
  readonly #leastMs: number;
  readonly #periods: number[] = [];
  /** How long a silence ends a series. Asked in each turn, so it is worked out when a period is noted. */
  #ms: number;
  #highest = 0;
  #at = 0;
  /** Of the series at hand. */
  #first = 0;
  /** The last pause between two series of which the first had a single frame, per frame; 0 = it had more. */
  #alone = 0;
  /** Of the series before, told once. */
  fellApart: FellApart | null = null;

  /** @param seriesIdleMs as configured */
  constructor(seriesIdleMs: number) {
    this.#leastMs = this.#ms = seriesIdleMs;
  }

  /** A series has its first packets: one that had only a single frame before it says how slowly they come. */
  begin(first: number, now: number): void {
    const step = first - this.#highest;
    const pause = now - this.#at;
    // After a shorter pause it was no silence that ended the series before: its numbers jumped.
    const single =
      this.#highest === this.#first && this.#first !== 0 && step > 0 && pause >= leastPause * this.#leastMs;
    const period = single ? pause / step : 0;
    const waits = period <= (longest / periodsOfSilence) * this.#leastMs;
    if (single && waits) this.#note(period);
    // One longer pause may be that between two single exposures.
    const told = single && (waits || Math.abs(period - this.#alone) <= regular * period);
    this.fellApart = told ? { periodMs: Math.round(period), waits } : null;
    this.#alone = period;
    this.#first = this.#highest = first;
    this.#at = now;
  }

  /** The newest frame of the series is this one. */
  observe(highest: number, now: number): void {
    if (highest <= this.#highest) return;
    if (now > this.#at) this.#note((now - this.#at) / (highest - this.#highest));
    this.#highest = highest;
    this.#at = now;
  }

  /** How long a silence ends a series. */
  get ms(): number {
    return this.#ms;
  }

  /** Most detectors are so fast that their middle period need not be known, frame after frame. */
  readonly #isShort = (period: number): boolean => periodsOfSilence * period <= this.#leastMs;

  #byMiddle(): number {
    const sorted = this.#periods.toSorted((a, b) => a - b);
    const middle = sorted[sorted.length >> 1];
    return Math.max(this.#leastMs, Math.min(periodsOfSilence * middle, longest * this.#leastMs));
  }

  #note(period: number): void {
    this.#periods.push(period);
    if (this.#periods.length > periodsKept) this.#periods.shift();
    this.#ms = this.#periods.every(this.#isShort) ? this.#leastMs : this.#byMiddle();
  }
}
