// Which of our ways to receive and to send a thread uses: of those that the configuration allows, the first that this
// machine has. What is not as fast as it could be is said in a note. The ways themselves are rows in udp/ways-in.ts and
// stream/output/ways-out.ts.

import { compiledPlacement, loadPlacementKernel } from '../assembly/compiled-placement.js';
import { PortAssembler } from '../assembly/port-assembler.js';
import { ReceivePause } from '../assembly/receive-pause.js';
import { ReceiverAgent } from '../assembly/receiver-agent.js';
import { AssertionFailed } from '../base/assert.js';
import { systemClock } from '../base/clock.js';
import { OperatorError, exitCode } from '../base/errors.js';
import { allowed, choices, wayOutFacts } from '../config/ways.js';
import type { WayInName, WayOutName } from '../config/ways.js';
import type { StreamEvent } from '../contract/series.js';
import type { Wake } from '../runtime/agent.js';
import { sharpenSleeps, sleepMicroseconds } from '../runtime/thread.js';
import type { MessageSink } from '../stream/output/message-sink.js';
import type { PreviewSink } from '../stream/output/preview/preview-sink.js';
import { SocketsSink } from '../stream/output/sockets-sink.js';
import { waysOut } from '../stream/output/ways-out.js';
import type { WayOut } from '../stream/output/ways-out.js';
import { LinuxSockets } from '../stream/output/zmtp/linux-sockets.js';
import { zmtpUnavailable } from '../stream/output/zmtp/probe.js';
import { PubSink } from '../stream/output/zmtp/pub-sink.js';
import { waysIn } from '../udp/ways-in.js';
import type { PortGroup } from '../udp/ways-in.js';
import { portSetup } from './wiring.js';
import type { Wiring } from './wiring.js';

/**
 * A receiver or streamer waits so long for the next thing at most, in ms, so that it sees commands and its stop word.
 */
export const blockingWaitMs = 10;

/** The way that is used. */
export interface Chosen<Name, Made> {
  readonly way: Name;
  /** What it made. */
  readonly made: Made;
  /** Sentences for the operator about what is slower than it could be. */
  readonly notes: string[];
}

/**
 * The first of the allowed ways that makes what is wanted.
 * @param key the option @param asked its value @param make what the way makes, or why it cannot, in a sentence
 * @throws OperatorError when the configuration insists on what this machine does not have
 */
export async function choose<Name extends string, Way extends { readonly without: string | null }, Made extends object>(
  key: 'receive' | 'send',
  asked: 'auto' | NoInfer<Name>,
  ways: Readonly<Record<Name, Way>>,
  make: (way: Way) => Made | string | Promise<Made | string>,
): Promise<Chosen<Name, Made>> {
  const notes: string[] = [];
  for (const name of allowed(ways, asked)) {
    const made = await make(ways[name]);
    if (typeof made !== 'string') return { way: name, made, notes };
    if (asked === name)
      throw new OperatorError(
        `${key}: ${name} cannot be had here: ${made}. Use ${key}: ${choices(ways).at(-1)}, or auto, which takes ` +
          'what works (docs/operating.md#portable-ways).',
        exitCode.environment,
      );
    notes.push(`${ways[name].without}: ${made}`);
  }
  throw new AssertionFailed('the last way can always be had');
}

/** A receiver thread's agent and how it waits. */
export interface ReceiverBackend extends Pick<PortGroup, 'wait'> {
  readonly agent: ReceiverAgent;
  readonly way: WayInName;
  readonly notes: string[];
}

/** What a receiver is made of. */
export interface ReceiverWish {
  readonly name: string;
  /** Indices into `udp_ports`. */
  readonly ports: readonly number[];
  readonly wiring: Wiring;
  readonly memory: WebAssembly.Memory;
  readonly wake: Wake;
  /** Readable when a command was given. */
  readonly wakeDescriptor: number;
}

/** @throws OperatorError as `choose`, or when the build left the kernel out */
export async function makeReceiver(wish: ReceiverWish): Promise<ReceiverBackend> {
  const { name, ports, wiring, memory, wake, wakeDescriptor } = wish;
  const { config, map } = wiring;
  const setup = { ports, config, map, buffer: memory.buffer, waitMs: blockingWaitMs, wakeDescriptor, wake };
  const { way, made, notes } = await choose(
    'receive',
    config.receive,
    waysIn,
    (row) => row.unavailable() ?? row.open(setup),
  );
  const makePlacement = compiledPlacement(loadPlacementKernel(memory));
  const receiverPorts = made.sources.map((source, index) => ({
    source,
    assembler: new PortAssembler(portSetup(wiring, ports[index], source, makePlacement)),
  }));
  const blocks = made.wait !== null;
  if (blocks) sharpenSleeps(1000);
  const rest = blocks ? { pause: new ReceivePause(ports.length), sleep: sleepMicroseconds } : null;
  const agent = new ReceiverAgent(name, receiverPorts, () => systemClock.now(), rest);
  return { agent, way, notes, wait: made.wait };
}

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
