// Room that stays for a while, so that sentences that come and go do not move what lies below them each time.
// Tested by test/threads/page-data.test.ts.

/** Room that is not needed any more is kept for so long, ms. */
const keptMs = 10_000;

export class SteadyRoom {
  readonly #box: HTMLElement;
  #height = 0;
  #neededAt = 0;

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  /** After every change of what is in the box. */
  settle(): void {
    this.#box.style.minHeight = '';
    const needed = this.#box.offsetHeight;
    const now = performance.now();
    if (needed >= this.#height || now - this.#neededAt > keptMs) {
      this.#height = needed;
      this.#neededAt = now;
    } else this.#box.style.minHeight = `${this.#height}px`;
    document.body.classList.toggle('alarmed', this.#height > 0);
  }
}
