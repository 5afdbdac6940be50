// Histograms in shared memory: a sum and one count per bucket, 64-bit floats with one writer each, that only increase.
// The tables below are all there are; metrics and their documentation are made from them. Writers: receivers and
// streamer; reader: main.
//
//   float 0      sum of all observations
//         1 …    observations by bucket: at most the first bound, at most the second, …, above the last

/** One histogram. `metric` and `labels` name it in Prometheus. */
export interface HistogramRow {
  readonly id: string;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly help: string;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
}

/** Seconds: from a tenth of a millisecond to what time-outs allow. */
const secondsBounds = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5] as const;

const latencyHelp =
  'Time of a frame in the service: handover = from closed to handed to zmq, total = from its first packet to handed ' +
  'to zmq';

/** Histograms of one port, written by its receiver. */
export const portHistogramTable = [
  {
    id: 'batchPackets',
    metric: 'vdcu_udp_receive_batch_packets',
    labels: {},
    help: 'Datagrams found in the socket at once; large batches = the receiver came late',
    bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  },
] as const satisfies readonly HistogramRow[];

/** Histograms of the streamer, one observation per frame. */
export const frameHistogramTable = [
  {
    id: 'assembly',
    metric: 'vdcu_frame_assembly_seconds',
    labels: {},
    help: 'Time from the first packet of a frame until its last port image was closed',
    bounds: secondsBounds,
  },
  {
    id: 'handover',
    metric: 'vdcu_frame_latency_seconds',
    labels: { stage: 'handover' },
    help: latencyHelp,
    bounds: secondsBounds,
  },
  {
    id: 'total',
    metric: 'vdcu_frame_latency_seconds',
    labels: { stage: 'total' },
    help: latencyHelp,
    bounds: secondsBounds,
  },
] as const satisfies readonly HistogramRow[];

export type PortHistogram = (typeof portHistogramTable)[number]['id'];
export type FrameHistogram = (typeof frameHistogramTable)[number]['id'];

const floats = ({ bounds }: HistogramRow): number => bounds.length + 2;

/** Bytes of all histograms of a table. */
export const histogramBytes = (table: readonly HistogramRow[]): number =>
  table.reduce((sum, row) => sum + floats(row) * 8, 0);

/** What a histogram holds: observations by bucket (not accumulated), the last one above all bounds. */
export interface HistogramReading {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** One histogram in memory. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #values: Float64Array;

  constructor(buffer: ArrayBufferLike, offset: number, row: HistogramRow) {
    this.#bounds = row.bounds;
    this.#values = new Float64Array(buffer, offset, floats(row));
  }

  /** Count one observation. Allocates nothing. */
  observe(value: number): void {
    const bounds = this.#bounds;
    const values = this.#values;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]) bucket++;
    values[bucket + 1] = values[bucket + 1] + 1;
    values[0] = values[0] + value;
  }

  /** The present state. An observation that is being made may be counted and not yet in the sum. */
  read(): HistogramReading {
    return { counts: Array.from(this.#values.subarray(1)), sum: this.#values[0] };
  }
}

/** The histograms of a table that begin at `offset`, by id. */
export function histogramsAt<Id extends string>(
  buffer: ArrayBufferLike,
  offset: number,
  table: readonly (HistogramRow & { readonly id: Id })[],
): Readonly<Record<Id, Histogram>> {
  let at = offset;
  const histograms: Partial<Record<Id, Histogram>> = {};
  for (const row of table) {
    histograms[row.id] = new Histogram(buffer, at, row);
    at += floats(row) * 8;
  }
  return histograms as Record<Id, Histogram>;
}
