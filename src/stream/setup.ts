// What a streamer is made of, and what it makes of that once for all series: readers of the ports' memory, the output
// that holds, times and limits.
// Tested by test/pipeline/series.test.ts.

import type { SeriesMetadata } from '../config/series-metadata.js';
import type { ArmRequest, StreamEvent } from '../contract/series.js';
import type { FrameShare, OwnNumber } from '../detector/frame-share.js';
import type { Layout } from '../detector/layout.js';
import { portCountersAt, streamCounterTable } from '../memory/counters.js';
import { LastFrame } from '../memory/last-frame.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import { PreviewWords } from '../memory/preview-words.js';
import { SentFrames } from '../memory/sent-frames.js';
import { SeriesWords } from '../memory/series-words.js';
import { SlotRecords } from '../memory/slot-records.js';
import { MaxivOutput } from './output/maxiv/maxiv-output.js';
import type { MessageSink } from './output/message-sink.js';
import { plain } from './output/output.js';
import type { Form } from './output/output.js';
import { PreviewOutput } from './output/preview/preview-output.js';
import type { PreviewSink } from './output/preview/preview-sink.js';
import { Forms } from './series/forms.js';
import { FrameReader } from './series/frame-reader.js';
import { FrameTimes } from './series/frame-times.js';
import { IdleTime } from './series/idle-time.js';
import type { SeriesPort } from './series/progress.js';
import { SeenTimes } from './series/seen-times.js';
import type { SeriesDeps, SeriesLimits } from './series/setup.js';
import { ShownFrames } from './series/shown-frames.js';

/** Everything a streamer is made of. */
export interface StreamerSetup {
  readonly buffer: ArrayBufferLike;
  readonly map: MemoryMap;
  /** Ports that receive: index into `udp_ports`, and number. */
  readonly ports: readonly { readonly index: number; readonly udpPort: number }[];
  readonly sink: MessageSink;
  /** For live viewers; absent = there is no preview. */
  readonly preview?: { readonly sink: PreviewSink; readonly rateHz: number; readonly asSent: boolean };
  readonly limits: SeriesLimits;
  /** Open a series by itself while a consumer is connected. */
  readonly auto: boolean;
  /** Frames of an auto series, 0 = until silence. */
  readonly autoFrames: number;
  /** File name of an auto series by its number, when its header is made; '' = none. */
  autoFilename(series: number): string;
  /** How frames leave. */
  readonly form: Form;
  /** The second part of a series' header. */
  metadata(layout: Layout, request: ArmRequest): SeriesMetadata;
  readonly dynamicRange: number;
  /** 0 = all rows. */
  readonly readNRows: number;
  readonly firstMessageNumber: number;
  /** Number of the last series of earlier processes; 0 unless given: they are not known. */
  readonly seriesBefore?: number;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  layoutFor(dynamicRange: number, readNRows: number): Layout;
  report(event: StreamEvent): void;
  /** A command was given: receivers that sleep shall look at it. Absent where they never sleep long. */
  wakeReceivers?(): void;
}

/** What all series of this streamer work with. */
export function seriesDeps(setup: StreamerSetup): SeriesDeps {
  const { buffer, map, limits } = setup;
  const counters = new Float64Array(buffer, map.streamCounters, streamCounterTable.length);
  const ports = setup.ports.map((port) => seriesPort(setup, port));
  const sent = new SentFrames({ buffer, map, ports });
  const reader = new FrameReader(buffer, map, ports, sent);
  const forms = map.encoding === null ? null : new Forms(buffer, map.encoding);
  const lastFrame = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes, map.lastTextBytes);
  return {
    limits,
    ring: map.sizes.slots,
    words: new SeriesWords(buffer, map.seriesWords, () => setup.wakeReceivers?.()),
    ports,
    reader,
    forms,
    output: new MaxivOutput({
      sink: setup.sink,
      counters,
      first: setup.firstMessageNumber,
      form: setup.form,
      followers: previews(setup, forms, (own, into) => {
        const slot = own % map.sizes.slots;
        if (!sent.holds(slot)) return false;
        reader.copy(own, into);
        return sent.holds(slot);
      }),
    }),
    shown: new ShownFrames(sent, lastFrame, reader, map.sizes.slots),
    counters,
    seenTimes: new SeenTimes(limits.maxOwedFrames + 2 * map.sizes.slots),
    times: new FrameTimes(buffer, map.frameHistograms),
    idle: new IdleTime(limits.seriesIdleMs),
    share: setup.share,
    autoFilename: (id) => setup.autoFilename(id),
    metadata: (layout, request) => setup.metadata(layout, request),
    report: (event) => setup.report(event),
  };
}

/** The output for live viewers, if there is one. @param copyLying a frame that was released, while its slot has it */
function previews(
  { preview, form, buffer, map }: StreamerSetup,
  forms: Forms | null,
  copyLying: (own: OwnNumber, into: Uint8Array) => boolean,
): PreviewOutput[] {
  if (preview === undefined) return [];
  const { sink, rateHz, asSent } = preview;
  const words = new PreviewWords(buffer, map.previewWords);
  // Without encoders frames leave as they lie.
  if (!asSent || forms === null)
    return [new PreviewOutput(sink, { form: plain, rateHz, words, lying: true, copyLater: copyLying })];
  const copyLater = (own: OwnNumber, into: Uint8Array): boolean => forms.copy(own, into);
  return [new PreviewOutput(sink, { form, rateHz, words, lying: false, copyLater })];
}

function seriesPort({ buffer, map }: StreamerSetup, { index, udpPort }: StreamerSetup['ports'][number]): SeriesPort {
  const { now, seriesBase, seriesEnd } = portCountersAt(buffer, map.portCounters[index]);
  return {
    index,
    udpPort,
    records: new SlotRecords(buffer, map.slotRecords[index], map.sizes.slots, map.sizes.packets),
    words: new PortWords(buffer, map.portWords[index]),
    counters: now,
    seriesBase,
    seriesEnd,
  };
}
