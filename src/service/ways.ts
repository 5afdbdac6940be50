// Which of our ways to receive and to send a thread uses: what the configuration asks for, as far as this machine has
// it. What is not as fast as it could be is said in a note.
// Tested by test/threads/portable.test.ts.

import { compiledPlacement, loadPlacementKernel } from '../assembly/compiled-placement.js';
import { PortAssembler } from '../assembly/port-assembler.js';
import { ReceiverAgent } from '../assembly/receiver-agent.js';
import { OperatorError, exitCode } from '../base/errors.js';
import { withinNetworks } from '../config/networks.js';
import { systemClock } from '../base/clock.js';
import { Landing } from '../memory/landing.js';
import { ffiUnavailable } from '../runtime/ffi.js';
import { keepFreedMemory, sharpenSleeps, sleepMicroseconds } from '../runtime/thread.js';
import type { MessageSink } from '../stream/output/message-sink.js';
import { loadLibzmq } from '../stream/output/libzmq/libzmq.js';
import { LibzmqSink } from '../stream/output/libzmq/libzmq-sink.js';
import { LinuxSockets } from '../stream/output/zmtp/linux-sockets.js';
import { zmtpUnavailable } from '../stream/output/zmtp/probe.js';
import { PubSink } from '../stream/output/zmtp/pub-sink.js';
import type { PreviewSink } from '../stream/output/preview/preview-sink.js';
import { ZmtpSink } from '../stream/output/zmtp/zmtp-sink.js';
import type { StreamEvent } from '../contract/series.js';
import { SocketsSink } from '../stream/output/sockets-sink.js';
import { ZmqSink } from '../stream/output/zmq-sink.js';
import { DgramSource } from '../udp/dgram-source.js';
import type { PacketSource } from '../udp/packet-source.js';
import { readUdpSocket } from '../udp/proc-net-udp.js';
import { recvmmsgUnavailable } from '../udp/recvmmsg-probe.js';
import { RecvmmsgSource } from '../udp/recvmmsg-source.js';
import { ReceivePause } from '../assembly/receive-pause.js';
import { makeSenderWord } from '../udp/source-filter.js';
import { SourceGroup } from '../udp/source-group.js';
import { portSetup } from './wiring.js';
import type { Wiring } from './wiring.js';

/**
 * A receiver or streamer waits so long for the next thing at most, in ms, so that it sees commands and its stop word.
 */
export const blockingWaitMs = 10;

/** What the C library keeps of freed memory: some messages are queued and freed all the time. */
const keptFreeBytes = 8 * 2 ** 20;
const keptFreeMessages = 4;

/** A receiver thread's agent and how it waits. */
export interface ReceiverBackend {
  readonly agent: ReceiverAgent;
  /** What receives: `recvmmsg` blocks the thread, `dgram` needs its event loop. */
  readonly receive: 'recvmmsg' | 'dgram';
  /** Sentences for the operator about what is slower than it could be. */
  readonly notes: string[];
  /**
   * Sleeps until a port has something or a command is given; null = the event loop does. Made after the start.
   * @param wakeDescriptor rings at a command
   */
  group(wakeDescriptor: number): SourceGroup | null;
}

/** How the thread's agent is asked to look again; only where the event loop drives it. */
export interface Wake {
  wake(): void;
  turnNow(): void;
}

/**
 * The receiver of these ports (indices into `udp_ports`).
 * @throws OperatorError when the configuration insists on what this machine does not have, or the build left the kernel
 * out
 */
export function makeReceiver(
  name: string,
  ports: readonly number[],
  wiring: Wiring,
  memory: WebAssembly.Memory,
  wake: Wake,
): ReceiverBackend {
  const { config } = wiring;
  const notes: string[] = [];
  const missing = config.receive === 'dgram' ? null : recvmmsgUnavailable();
  if (missing !== null) {
    if (config.receive === 'recvmmsg')
      throw new OperatorError(
        `receive: recvmmsg cannot be had here: ${missing}. Use receive: dgram, or auto, which takes what works ` +
          '(docs/operating.md#portable-ways).',
        exitCode.environment,
      );
    notes.push(
      'packets are received by node:dgram, at most some 50000 packets of 4 kB per second and port, since recvmmsg ' +
        `cannot be had: ${missing}`,
    );
  }
  const receive = config.receive === 'dgram' || missing !== null ? 'dgram' : 'recvmmsg';
  const makePlacement = compiledPlacement(loadPlacementKernel(memory));
  const blocking: RecvmmsgSource[] = [];
  const receiverPorts = ports.map((port) => {
    let source: PacketSource;
    if (receive === 'recvmmsg') {
      const batched = recvmmsgSource(port, wiring, memory, ports.length);
      blocking.push(batched);
      source = batched;
    } else {
      source = dgramSource(port, wiring, wake);
    }
    return { source, assembler: new PortAssembler(portSetup(wiring, port, source, makePlacement)) };
  });
  if (receive === 'recvmmsg') sharpenSleeps(1000);
  const now = (): number => systemClock.now();
  const agent = new ReceiverAgent(
    name,
    receiverPorts,
    now,
    receive === 'recvmmsg' ? { pause: new ReceivePause(ports.length), sleep: sleepMicroseconds } : null,
  );
  return {
    agent,
    receive,
    notes,
    group: (wakeDescriptor) => (receive === 'dgram' ? null : new SourceGroup(blocking, wakeDescriptor)),
  };
}

function recvmmsgSource(
  port: number,
  { config, plan, map }: Wiring,
  memory: WebAssembly.Memory,
  portsOfThread: number,
): RecvmmsgSource {
  const { landingPackets, packetBytes, coalescedBuffers = 0 } = plan.memory;
  return new RecvmmsgSource({
    buffer: memory.buffer,
    landing: new Landing(memory.buffer, map.landing[port], landingPackets, packetBytes, coalescedBuffers),
    structuresAt: map.kernelStructures[port],
    host: config.udpHosts[port],
    udpPort: config.detector.udpPorts[port],
    sources: config.udpSources,
    receiveBufferBytes: config.receiveBufferBytes,
    waitMs: portsOfThread === 1 ? blockingWaitMs : 0,
    coalesce: coalescedBuffers > 0,
  });
}

function dgramSource(port: number, { config, plan, map, buffer }: Wiring, wake: Wake): DgramSource {
  return new DgramSource({
    landing: new Landing(buffer, map.landing[port], plan.memory.landingPackets, plan.memory.packetBytes),
    host: config.udpHosts[port],
    udpPort: config.detector.udpPorts[port],
    receiveBufferBytes: config.receiveBufferBytes,
    senderWord: makeSenderWord(config.udpSources),
    wake: (full) => (full ? wake.turnNow() : wake.wake()),
    readSocket: readUdpSocket,
  });
}

/** The sink and whether the thread may block while it waits. */
export interface SinkBackend {
  readonly sink: MessageSink;
  readonly send: 'zmtp' | 'libzmq' | 'zeromq.js';
  readonly notes: string[];
}

/** A socket on this port. */
type MakeSocket = (port: number) => MessageSink;

/**
 * The sink of the streamer's thread: a socket, or several as one. @throws OperatorError when the configuration insists
 * on what this machine does not have
 */
export async function makeSink(wiring: Wiring, wake: Wake, report: (event: StreamEvent) => void): Promise<SinkBackend> {
  const { make, ...backend } = await wayOut(wiring, wake, report);
  const sockets = wiring.config.dataPorts.map(make);
  return { ...backend, sink: sockets.length === 1 ? sockets[0] : new SocketsSink(sockets) };
}

async function wayOut(
  { config, plan }: Wiring,
  wake: Wake,
  report: (event: StreamEvent) => void,
): Promise<Omit<SinkBackend, 'sink'> & { readonly make: MakeSocket }> {
  const options = {
    host: config.dataHost,
    highWaterMark: plan.highWaterMark,
    connections: config.consumerConnections,
    timeoutMs: config.consumerTimeoutMs,
  };
  const notes: string[] = [];
  if (config.send === 'auto' || config.send === 'zmtp') {
    const missing = zmtpUnavailable();
    if (missing === null) return { make: (port) => zmtpSink(port, config, plan, report), send: 'zmtp', notes };
    if (config.send === 'zmtp') throw insisted('zmtp', missing);
    notes.push(`zmq's protocol is not spoken by the service itself: ${missing}`);
  }
  if (config.send !== 'zeromq.js') {
    const library = ffiUnavailable() ?? (await loadLibzmq());
    if (typeof library !== 'string') {
      keepFreedMemory(Math.max(keptFreeBytes, keptFreeMessages * plan.detector.frameBytes));
      const now = (): number => systemClock.now();
      return { make: (port) => new LibzmqSink(library, { ...options, port, now }), send: 'libzmq', notes };
    }
    if (config.send === 'libzmq') throw insisted('libzmq', library);
    notes.push(`messages are handed over by zeromq.js: ${library}`);
  }
  return { make: (port) => new ZmqSink({ ...options, port, wake: () => wake.wake() }), send: 'zeromq.js', notes };
}

/** Subscribers of the preview at most, and what the kernel is asked to hold for each: two frames, within limits. */
export const previewSeats = 8;
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

function insisted(way: string, missing: string): OperatorError {
  return new OperatorError(
    `send: ${way} cannot be had here: ${missing}. Use send: zeromq.js, or auto, which takes what works ` +
      '(docs/operating.md#portable-ways).',
    exitCode.environment,
  );
}

function zmtpSink(
  port: number,
  config: Wiring['config'],
  plan: Wiring['plan'],
  report: (event: StreamEvent) => void,
): MessageSink {
  const where = config.dataPorts.length === 1 ? '' : `data port ${port}: `;
  return new ZmtpSink(new LinuxSockets(), {
    host: config.dataHost,
    port,
    connections: config.consumerConnections,
    sendBufferBytes: plan.sendBufferBytes,
    consumerTimeoutMs: config.consumerTimeoutMs,
    allowed: withinNetworks(config.consumerSource),
    now: () => systemClock.now(),
    tell: (notice) => report({ kind: 'consumer', ...notice, message: `${where}${notice.message}` }),
  });
}
