// hot path. Has every port closed the frame that goes out next? The port that closes it last wakes the streamer: each
// port publishes what it has closed before it looks at the others, so at least one of two that close at the same time
// sees both.
// Tested by test/pipeline/closing.test.ts.

import type { PortWords } from '../memory/port-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import type { ImageCloser } from './image-closer.js';

export class FrameCompletion {
  readonly #series: SeriesWords;
  readonly #closer: ImageCloser;
  readonly #others: readonly PortWords[];
  /** Index of the one that was found behind last: it is asked first next time. */
  #behind = 0;

  /** @param others words of all other ports that receive */
  constructor(series: SeriesWords, closer: ImageCloser, others: readonly PortWords[]) {
    this.#series = series;
    this.#closer = closer;
    this.#others = others;
  }

  reached(): boolean {
    const { next } = this.#series;
    if (!this.#closer.hasClosed(next)) return false;
    const others = this.#others;
    for (let asked = 0; asked < others.length; asked++) {
      const behind = others[this.#behind];
      if (behind.closeNext <= next) return false;
      this.#behind = (this.#behind + 1) % others.length;
    }
    return true;
  }
}
