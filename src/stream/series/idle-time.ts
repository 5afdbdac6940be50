// After how long a silence an automatic series ends: `series_idle_ms`, and longer where the detector's frames come more
// slowly than that.

/** So many frame periods of silence are an end. */
const periodsOfSilence = 3;
/** The middle one of so many last periods counts: a pause between two acquisitions is not the detector's period. */
const periodsKept = 9;
/** Silence is never longer than so many `series_idle_ms`: an end must come. */
const longest = 10;

/** Times in ms. */
export class IdleTime {
  readonly #leastMs: number;
  readonly #periods: number[] = [];
  #highest = 0;
  #at = 0;
  /** Of the series at hand. */
  #first = 0;
  /** Frame periods of single-frame series, told once. */
  fellApartMs: number | null = null;

  /** @param seriesIdleMs as configured */
  constructor(seriesIdleMs: number) {
    this.#leastMs = seriesIdleMs;
  }

  /** A series has its first packets: one that had only a single frame before it says how slowly they come. */
  begin(first: number, now: number): void {
    const gap = now - this.#at;
    const step = first - this.#highest;
    this.fellApartMs = null;
    if (
      this.#highest === this.#first &&
      this.#first !== 0 &&
      step > 0 &&
      gap / step <= (longest / periodsOfSilence) * this.#leastMs
    ) {
      this.fellApartMs = Math.round(gap / step);
      this.#note(gap / step);
    }
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
    const sorted = [...this.#periods].sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1] ?? 0;
    return Math.max(this.#leastMs, Math.min(periodsOfSilence * middle, longest * this.#leastMs));
  }

  #note(period: number): void {
    this.#periods.push(period);
    if (this.#periods.length > periodsKept) this.#periods.shift();
  }
}
