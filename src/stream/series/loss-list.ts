// Which packets the frames of a series lack, for questions after its end: the same that each image message says of its
// frame, bounded. Comes in: the facts of incomplete frames, in order. Goes out: ranges, and from which frame on there
// was no more room.

import { lossRangesKept } from '../../contract/series.js';
import type { SeriesLoss } from '../../contract/series.js';
import type { ImageFacts } from '../output/output.js';

export class LossList {
  readonly #numbers: number[] = [];
  #unlistedFrom: number | null = null;

  /** A frame is listed whole or not at all, and none behind one that is not. */
  add({ frameIndex, missing }: Pick<ImageFacts, 'frameIndex' | 'missing'>): void {
    if (this.#unlistedFrom !== null) return;
    const wanted = missing.reduce((sum, { ranges }) => sum + ranges.length, 0);
    if (this.#numbers.length / 4 + wanted > lossRangesKept || frameIndex >= 2 ** 32) {
      this.#unlistedFrom = frameIndex;
      return;
    }
    for (const { udpPort, ranges } of missing)
      for (const [first, last] of ranges) this.#numbers.push(frameIndex, udpPort, first, last);
  }

  get all(): SeriesLoss {
    return { ranges: Uint32Array.from(this.#numbers), unlisted_from: this.#unlistedFrom };
  }
}
