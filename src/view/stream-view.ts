// Streamer and encoders as the control plane sees them: words, counters and histograms in shared memory, under outside
// names.
// Tested by test/view/shared-view.test.ts.

import type { SeriesState } from '../contract/series.js';
import { streamCounterTable } from '../memory/counters.js';
import type { StreamCounter } from '../memory/counters.js';
import { frameHistogramTable, histogramsAt } from '../memory/histogram.js';
import type { FrameHistogram, Histogram, HistogramReading } from '../memory/histogram.js';
import { EncoderWords, encoderFigures } from '../memory/encoder-words.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PreviewWords } from '../memory/preview-words.js';
import { SocketWords, together } from '../memory/socket-words.js';
import type { Underway } from '../memory/socket-words.js';
import { StreamWords, seriesStep } from '../memory/stream-words.js';
import { added, addedEncoders, addedPreview, addedReadings, addedSockets } from './plane-totals.js';
import type { PlaneTotals } from './plane-totals.js';
import type { DataSocket, EncoderDone, PreviewStatus, ServiceView } from './service-view.js';

type ConsumerGauge = 'consumers' | 'dataSockets' | 'preview' | 'underway';

/** Images by what became of them. */
export interface ImageCounts {
  readonly frames: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
}

export class StreamView {
  readonly words: StreamWords;
  readonly #sockets: readonly SocketWords[];
  readonly #preview: PreviewWords;
  #dataEndpoints: readonly string[] = [];
  #previewEndpoint = '';
  readonly encoders: readonly EncoderWords[];
  readonly #ring: number;
  readonly #counters: Float64Array;
  readonly #histograms: Readonly<Record<FrameHistogram, Histogram>>;
  readonly #before: PlaneTotals;

  constructor(buffer: ArrayBufferLike, map: MemoryMap, before: PlaneTotals) {
    this.#before = before;
    this.words = new StreamWords(buffer, map.streamWords);
    this.#preview = new PreviewWords(buffer, map.previewWords);
    const sockets = map.sizes.sockets ?? 1;
    this.#sockets = Array.from({ length: sockets }, (_, index) => new SocketWords(buffer, map.socketWords, index));
    this.encoders = (map.encoding?.words ?? []).map((at) => new EncoderWords(buffer, at));
    this.#ring = map.sizes.slots;
    this.#counters = new Float64Array(buffer, map.streamCounters, streamCounterTable.length);
    this.#histograms = histogramsAt(buffer, map.frameHistograms, frameHistogramTable);
  }

  state(): SeriesState {
    const { step, auto } = this.words;
    // An auto series is open when its receivers are: what came before was not of any series.
    const preparing = auto && step < seriesStep.open;
    return step === seriesStep.idle || preparing ? 'idle' : step >= seriesStep.stopping ? 'closing' : 'open';
  }

  /**
   * No series goes on, and no end of one waits for a consumer. An automatic one that waits for its first packet is
   * none.
   */
  get calm(): boolean {
    const { auto, first, highest, headerSent, endPending } = this.words;
    const state = this.state();
    const waits = state === 'open' && auto && first === 0 && highest === 0 && !headerSent;
    return !endPending && (state === 'idle' || waits);
  }

  /** A series has begun, or an automatic one waits for its first packet. */
  get inSeries(): boolean {
    return this.words.step !== seriesStep.idle;
  }

  /** Since the start of the process. */
  counters(): Readonly<Record<StreamCounter, number>> {
    const now = Object.fromEntries(streamCounterTable.map((entry, index) => [entry.id, this.#counters[index]]));
    return added(now as Record<StreamCounter, number>, this.#before.stream);
  }

  /** Since the start of the process, by outcome. */
  images(): ImageCounts {
    const counters = this.counters();
    return {
      frames: counters.images,
      complete: counters.complete,
      marked: sum(counters, 'marked'),
      discarded: sum(counters, 'discarded'),
    };
  }

  histograms(): Readonly<Record<FrameHistogram, HistogramReading>> {
    const { assembly, handover, total } = this.#histograms;
    const now = { assembly: assembly.read(), handover: handover.read(), total: total.read() };
    return addedReadings(now, this.#before.frames);
  }

  /** @param data with commas between; '' = not bound yet @param preview '' = there is none */
  noteEndpoints(data: string, preview: string): void {
    this.#dataEndpoints = data === '' ? [] : data.split(',');
    this.#previewEndpoint = preview;
  }

  sockets(): DataSocket[] {
    const now = this.#dataEndpoints.map((endpoint, index): DataSocket => {
      const { peers, disconnects, messages, underway, blockedSeconds } = this.#sockets[index];
      return { endpoint, consumers: peers, disconnects, messages, underway, blocked_seconds: blockedSeconds };
    });
    return addedSockets(now, this.#before.sockets);
  }

  /** What was handed over to all sockets, and not acknowledged; null = not known. */
  get underway(): Underway | null {
    return together(this.#sockets.map(({ underway }) => underway));
  }

  preview(): PreviewStatus | null {
    const endpoint = this.#previewEndpoint;
    if (endpoint === '') return null;
    const { subscribers, shown, sent, skipped, refused } = this.#preview;
    return addedPreview({ endpoint, subscribers, shown, sent, skipped, refused }, this.#before.preview);
  }

  /** Consumers that are connected, and what is on its way to them. */
  consumers(): Pick<ReturnType<ServiceView['gauges']>, ConsumerGauge> {
    const { words, underway } = this;
    return { consumers: words.peers, dataSockets: this.sockets(), preview: this.preview(), underway };
  }

  /** Consumers, and the sockets that have none. */
  served(): { readonly consumers: number; readonly unserved: readonly string[] } {
    const unserved = this.sockets().filter(({ consumers }) => consumers === 0);
    return { consumers: this.words.peers, unserved: unserved.map(({ endpoint }) => endpoint) };
  }

  encoded(): EncoderDone[] {
    const now = this.encoders.map((words, encoder) => ({
      encoder,
      figures: Object.fromEntries(encoderFigures.map((name) => [name, words.figure(name)])) as EncoderDone['figures'],
    }));
    return addedEncoders(now, this.#before.encoders);
  }

  /** Slots of the ring: all, in use now, most in use at once since arming. */
  slots(): { readonly ringSlots: number; readonly ringSlotsUsed: number; readonly ringSlotsUsedMax: number } {
    const { next, highest, slotsUsedMax } = this.words;
    const ring = this.#ring;
    return {
      ringSlots: ring,
      ringSlotsUsed: next === 0 ? 0 : Math.max(0, Math.min(ring, highest - next + 1)),
      ringSlotsUsedMax: slotsUsedMax,
    };
  }
}

function sum(counters: Readonly<Record<StreamCounter, number>>, outcome: 'marked' | 'discarded'): number {
  return Object.entries(counters).reduce(
    (total, [name, value]) => (name.startsWith(outcome) ? total + value : total),
    0,
  );
}
