// How long frames took, as histograms: one observation per frame, when it was handed to zmq.
// Tested by test/pipeline/frame-times.test.ts.

import { frameHistogramTable, histogramsAt } from '../../memory/histogram.js';
import type { FrameHistogram, Histogram } from '../../memory/histogram.js';

/** Times in ms of the service's clock. */
export class FrameTimes {
  readonly #histograms: Readonly<Record<FrameHistogram, Histogram>>;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#histograms = histogramsAt(buffer, offset, frameHistogramTable);
  }

  /**
   * Note a frame. A turn has one time for all it does, so what happens within one takes 0.
   * @param first its first packet; Infinity = none came
   * @param closed its last port image was closed
   */
  note(first: number, closed: number, handedOver: number): void {
    const { assembly, handover, total } = this.#histograms;
    handover.observe(Math.max(0, handedOver - closed) / 1000);
    if (first === Infinity) return;
    assembly.observe(Math.max(0, closed - first) / 1000);
    total.observe(Math.max(0, handedOver - first) / 1000);
  }
}
