// What was counted before the data plane that runs now, so that every counter counts on when another takes its place.
// Comes in: figures of data planes that have ended. Goes out: the same with what was counted since. By UDP port: one
// that another data plane had keeps its count.

import type { PortCounter, StreamCounter } from '../memory/counters.js';
import { streamCounterTable } from '../memory/counters.js';
import type { FrameHistogram, HistogramReading, PortHistogram } from '../memory/histogram.js';
import type { DataSocket, EncoderDone, PreviewStatus, ServiceView } from './service-view.js';

type Figures<Id extends string> = Readonly<Record<Id, number>>;

export interface PortTotals {
  readonly counters: Figures<PortCounter>;
  readonly histograms: Readonly<Record<PortHistogram, HistogramReading>>;
}

/** Since the start of the process, of data planes that are gone. */
export interface PlaneTotals {
  readonly ports: ReadonlyMap<number, PortTotals>;
  readonly stream: Figures<StreamCounter>;
  /** Absent = nothing was measured. */
  readonly frames?: Readonly<Record<FrameHistogram, HistogramReading>>;
  readonly encoders: readonly EncoderDone[];
  /** Sockets of the stream, by their index. */
  readonly sockets: readonly DataSocket[];
  /** Null = there was no preview. */
  readonly preview: PreviewStatus | null;
}

export const noTotals: PlaneTotals = {
  ports: new Map(),
  stream: Object.fromEntries(streamCounterTable.map(({ id }) => [id, 0])) as Figures<StreamCounter>,
  encoders: [],
  sockets: [],
  preview: null,
};

/** Figures of two times together; one that is not known (NaN) before is nothing, one that is not known now stays so. */
export function added<Id extends string>(now: Figures<Id>, before: Figures<Id> | undefined): Record<Id, number> {
  if (before === undefined) return now;
  const known = (value: number): number => (Number.isNaN(value) ? 0 : value);
  return Object.fromEntries((Object.keys(now) as Id[]).map((id) => [id, now[id] + known(before[id])])) as Record<
    Id,
    number
  >;
}

export function addedReading(now: HistogramReading, before: HistogramReading | undefined): HistogramReading {
  if (before === undefined) return now;
  return { counts: now.counts.map((count, bucket) => count + before.counts[bucket]), sum: now.sum + before.sum };
}

export function addedReadings<Id extends string>(
  now: Readonly<Record<Id, HistogramReading>>,
  before: Readonly<Record<Id, HistogramReading>> | undefined,
): Readonly<Record<Id, HistogramReading>> {
  return Object.fromEntries(
    (Object.keys(now) as Id[]).map((id) => [id, addedReading(now[id], before?.[id])]),
  ) as Record<Id, HistogramReading>;
}

/** Encoders are counted by their index. */
export function addedEncoders(now: readonly EncoderDone[], before: readonly EncoderDone[]): EncoderDone[] {
  return now.map(({ encoder, figures }) => ({
    encoder,
    figures: added(figures, before.find((one) => one.encoder === encoder)?.figures),
  }));
}

/** Sockets of the stream are counted by their index, too. */
export function addedSockets(now: readonly DataSocket[], before: readonly DataSocket[]): DataSocket[] {
  return now.map((socket, index) => {
    const { disconnects = 0, messages = 0, blocked_seconds: blocked = 0 } = before[index] ?? {};
    return {
      ...socket,
      disconnects: socket.disconnects + disconnects,
      messages: socket.messages + messages,
      blocked_seconds: socket.blocked_seconds + blocked,
    };
  });
}

export function addedPreview(now: PreviewStatus, before: PreviewStatus | null): PreviewStatus {
  const { shown = 0, sent = 0, skipped = 0, refused = 0 } = before ?? {};
  const { endpoint, subscribers } = now;
  return {
    endpoint,
    subscribers,
    shown: now.shown + shown,
    sent: now.sent + sent,
    skipped: now.skipped + skipped,
    refused: now.refused + refused,
  };
}

/** Ports that are remembered; PSI's client chooses their numbers, and may choose others each time. */
const portsMost = 1024;

function newest(
  before: PlaneTotals['ports'],
  now: readonly (readonly [number, PortTotals])[],
): ReadonlyMap<number, PortTotals> {
  const ports = new Map(before);
  for (const [udpPort, totals] of now) {
    ports.delete(udpPort);
    ports.set(udpPort, totals);
  }
  return new Map([...ports].slice(-portsMost));
}

/** What a view has counted, with what data planes before it had. */
export function totalsOf(
  view: Pick<
    ServiceView,
    'portCounters' | 'portFigures' | 'streamCounters' | 'frameHistograms' | 'encoders' | 'gauges'
  >,
  before: PlaneTotals,
): PlaneTotals {
  const histograms = new Map(view.portFigures().map((port) => [port.udpPort, port.histograms]));
  const ports = view.portCounters().flatMap(({ udpPort, counters }): [number, PortTotals][] => {
    const measured = histograms.get(udpPort);
    return measured === undefined ? [] : [[udpPort, { counters, histograms: measured }]];
  });
  const encoders = view.encoders();
  const { dataSockets, preview } = view.gauges();
  return {
    ports: newest(before.ports, ports),
    stream: view.streamCounters(),
    frames: view.frameHistograms(),
    encoders: [...encoders, ...before.encoders.slice(encoders.length)],
    preview: preview ?? before.preview,
    sockets: [...dataSockets, ...before.sockets.slice(dataSockets.length)],
  };
}
