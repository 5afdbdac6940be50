// What the streamer's thread sends with: its sink, by the way to send that this machine has, and the preview's socket.
// Tested by test/service/ways.test.ts.

import { systemClock } from '../base/clock.js';
import { OperatorError, exitCode } from '../base/errors.js';
import { wayOutFacts } from '../config/ways.js';
import type { WayOutName } from '../config/ways.js';
import type { StreamEvent } from '../contract/series.js';
import type { Wake } from '../runtime/agent.js';
import type { MessageSink } from '../stream/output/message-sink.js';
import type { PreviewSink } from '../stream/output/preview/preview-sink.js';
import { SocketsSink } from '../stream/output/sockets-sink.js';
import { waysOut } from '../stream/output/ways-out.js';
import type { WayOut } from '../stream/output/ways-out.js';
import { LinuxSockets } from '../stream/output/zmtp/linux-sockets.js';
import { zmtpUnavailable } from '../stream/output/zmtp/probe.js';
import { PubSink } from '../stream/output/zmtp/pub-sink.js';
import { choose } from './choose-way.js';
import type { Wiring } from './wiring.js';

/** The streamer's sink and how it leaves. */
export interface SinkBackend {
  readonly sink: MessageSink;
  readonly way: WayOutName;
  readonly notes: string[];
}

/**
 * The sink of the streamer's thread: a socket, or several as one.
 * @throws OperatorError as `choose`, or when the way that can be had lets in peers that the configuration does not
 */
export async function makeSink(
  { config, plan }: Pick<Wiring, 'config' | 'plan'>,
  wake: Wake,
  report: (event: StreamEvent) => void,
  ways: Readonly<Record<WayOutName, WayOut>> = waysOut,
): Promise<SinkBackend> {
  const { made, ...chosen } = await choose('send', config.send, ways, (row) =>
    row.prepare({ config, plan, wake, report }),
  );
  if (config.consumerSource.length > 0 && !wayOutFacts[chosen.way].knowsSource)
    throw new OperatorError(
      `consumer_source cannot be kept here: send: ${chosen.way} lets in every peer, and ` +
        `${chosen.notes.join('; ')}. Mend that, or remove consumer_source and keep others away from the data port ` +
        'with a firewall (docs/operating.md#portable-ways).',
      exitCode.environment,
    );
  const sockets = config.dataPorts.map(made);
  return { ...chosen, sink: sockets.length === 1 ? sockets[0] : new SocketsSink(sockets) };
}

/** Subscribers of the preview at most, and what the kernel is asked to hold for each: two frames, within limits. */
const previewSeats = 8;
const previewBuffer = { least: 2 ** 20, most: 16 * 2 ** 20 } as const;

/** The preview's socket; null = none is wanted. @throws OperatorError when it cannot be had here */
export function makePreview({ config, plan }: Wiring): PreviewSink | null {
  if (config.preview === null) return null;
  const missing = zmtpUnavailable();
  if (missing !== null)
    throw new OperatorError(
      `preview cannot be had here: ${missing}. Remove it (docs/operating.md#portable-ways).`,
      exitCode.environment,
    );
  return new PubSink(new LinuxSockets(), {
    host: config.dataHost,
    port: config.preview.port,
    seats: previewSeats,
    sendBufferBytes: Math.min(previewBuffer.most, Math.max(previewBuffer.least, 2 * plan.detector.frameBytes)),
    stuckMs: config.consumerTimeoutMs,
    now: () => systemClock.now(),
  });
}
