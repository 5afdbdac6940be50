// From configuration and plan to the setups of the agents: which part of the memory and which limits each one gets.
// Tested by test/pipeline/classes.test.ts.

import type { PlacementMaker } from '../assembly/placement.js';
import type { PortSetup } from '../assembly/port-setup.js';
import type { Clock } from '../base/clock.js';
import { seriesMetadata } from '../config/series-metadata.js';
import { formOf } from '../config/encoding.js';
import { filenameOf } from '../config/auto-filename.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { makeLayout } from '../detector/layout.js';
import type { EncodeKernel } from '../encode/encode-kernel.js';
import type { EncoderSetup } from '../encode/frame-encoder.js';
import type { Layout } from '../detector/layout.js';
import type { MemoryMap } from '../memory/memory-map.js';
import type { MessageSink } from '../stream/output/message-sink.js';
import type { PreviewSink } from '../stream/output/preview/preview-sink.js';
import type { StreamEvent } from '../contract/series.js';
import type { StreamerSetup } from '../stream/setup.js';
import type { PacketSource } from '../udp/packet-source.js';

/** What every agent is given. */
export interface Wiring {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly map: MemoryMap;
  readonly buffer: ArrayBufferLike;
  /** Time of the service, and the date of what leaves the process. */
  readonly clock: Clock;
}

/** Layouts by bit depth and rows; the same object for the same settings. */
function layouts(config: ServiceConfig): (dynamicRange: number, readNRows: number) => Layout {
  const known = new Map<string, Layout>();
  return (dynamicRange, readNRows) => {
    const key = `${dynamicRange}/${readNRows}`;
    let layout = known.get(key);
    if (layout === undefined) {
      layout = makeLayout(config.detector, { dynamicRange, readNRows: readNRows === 0 ? null : readNRows });
      known.set(key, layout);
    }
    return layout;
  };
}

/** Indices of the ports that receive. */
export function activePorts(config: ServiceConfig): number[] {
  const { udpPorts, portsOff } = config.detector;
  return udpPorts.map((_, index) => index).filter((index) => !portsOff.includes(udpPorts[index]));
}

/** The setup of one port's assembler. `port` is an index into `udp_ports`. */
export function portSetup(
  { config, plan, map, buffer, clock }: Wiring,
  port: number,
  source: PacketSource,
  makePlacement: PlacementMaker,
): PortSetup {
  return {
    port,
    activePorts: activePorts(config),
    buffer,
    map,
    source,
    clock,
    overtakeFrames: config.overtakeFrames,
    startWindowMs: config.startWindowMs,
    drainMs: config.drainMs,
    maxOwedFrames: plan.maxOwedFrames,
    enforceSource: config.enforceSource,
    share: config.share,
    makePlacement,
    dynamicRange: config.detector.dynamicRange,
    readNRows: config.detector.readNRows ?? 0,
    layoutFor: layouts(config),
  };
}

/** The setup of one encoder, by its index. */
export function encoderSetup(
  { config, map, buffer, clock }: Wiring,
  encoder: number,
  kernel: EncodeKernel,
): EncoderSetup {
  return {
    buffer,
    map,
    encoder,
    activePorts: activePorts(config),
    kernel,
    form: formOf(config),
    clock,
    dynamicRange: config.detector.dynamicRange,
    readNRows: config.detector.readNRows ?? 0,
    layoutFor: layouts(config),
  };
}

/** The setup of the streamer. */
export function streamerSetup(
  { config, plan, map, buffer, clock }: Wiring,
  sink: MessageSink,
  firstMessageNumber: number,
  report: (event: StreamEvent) => void,
): StreamerSetup {
  return {
    buffer,
    map,
    ports: activePorts(config).map((index) => ({ index, udpPort: config.detector.udpPorts[index] })),
    sink,
    limits: { ...config, discardIncomplete: config.incompleteFrames === 'discard', maxOwedFrames: plan.maxOwedFrames },
    auto: config.series === 'auto',
    autoFrames: config.frames,
    autoFilename: (series) =>
      config.autoFilename === null
        ? ''
        : filenameOf(config.autoFilename, { detector: config.name, series, wall: clock.wall() }),
    form: formOf(config),
    metadata: (layout, request) => seriesMetadata(config, layout, request),
    dynamicRange: config.detector.dynamicRange,
    readNRows: config.detector.readNRows ?? 0,
    firstMessageNumber,
    share: config.share,
    layoutFor: layouts(config),
    report,
  };
}

/** What the streamer is given for live viewers. */
export function previewSetup({ config }: Wiring, sink: PreviewSink | null): Pick<StreamerSetup, 'preview'> {
  const { preview } = config;
  if (sink === null || preview === null) return {};
  return { preview: { sink, rateHz: preview.rateHz, asSent: preview.form === 'as_sent' } };
}
