// The ways to send: a row for each makes the sockets of messages, or says why it cannot be had here. What is known of a
// way before it is opened: src/config/ways.ts.
// Tested by test/service/ways.test.ts.

import { systemClock } from '../../base/clock.js';
import { withinNetworks } from '../../config/networks.js';
import type { Plan } from '../../config/plan.js';
import type { ServiceConfig } from '../../config/service-config.js';
import type { WayOutName } from '../../config/ways.js';
import type { StreamEvent } from '../../contract/series.js';
import type { Wake } from '../../runtime/agent.js';
import { keepFreedMemory } from '../../runtime/thread.js';
import { LibzmqSink } from './libzmq/libzmq-sink.js';
import { loadLibzmq } from './libzmq/libzmq.js';
import type { MessageSink } from './message-sink.js';
import { LinuxSockets } from './zmtp/linux-sockets.js';
import { zmtpUnavailable } from './zmtp/probe.js';
import { ZmtpSink } from './zmtp/zmtp-sink.js';

/** What the C library keeps of freed memory: some messages are queued and freed all the time. */
const keptFreeBytes = 8 * 2 ** 20;
const keptFreeMessages = 4;

/** What all sockets of the stream have in common. */
export interface SocketsSetup {
  readonly config: Pick<
    ServiceConfig,
    'dataHost' | 'dataPorts' | 'consumerConnections' | 'consumerTimeoutMs' | 'consumerSource'
  >;
  readonly plan: Pick<Plan, 'highWaterMark' | 'sendBufferBytes' | 'detector'>;
  /** Asks for a turn where the event loop drives the thread. */
  readonly wake: Wake;
  readonly report: (event: StreamEvent) => void;
}

/** A socket on this port. */
export type MakeSocket = (port: number) => MessageSink;

/** A way to send. */
export interface WayOut {
  /** What makes the sockets, or why this way cannot be had in this process, in a sentence. */
  prepare(setup: SocketsSetup): Promise<MakeSocket | string>;
  /** What the operator is told, before that reason, where the next way is taken; null = it can always be had. */
  readonly without: string | null;
}

const now = (): number => systemClock.now();

export const waysOut: Readonly<Record<WayOutName, WayOut>> = {
  zmtp: {
    without: "zmq's protocol is not spoken by the service itself",
    prepare: ({ config, plan, report }) => {
      const where = (port: number): string => (config.dataPorts.length === 1 ? '' : `data port ${port}: `);
      const make: MakeSocket = (port) =>
        new ZmtpSink(new LinuxSockets(), {
          host: config.dataHost,
          port,
          connections: config.consumerConnections,
          sendBufferBytes: plan.sendBufferBytes,
          consumerTimeoutMs: config.consumerTimeoutMs,
          allowed: withinNetworks(config.consumerSource),
          now,
          tell: (notice) => report({ kind: 'consumer', ...notice, message: `${where(port)}${notice.message}` }),
        });
      return Promise.resolve(zmtpUnavailable() ?? make);
    },
  },
  libzmq: {
    without: 'messages are handed over by zeromq.js',
    prepare: async (setup) => {
      const library = await loadLibzmq();
      if (typeof library === 'string') return library;
      keepFreedMemory(Math.max(keptFreeBytes, keptFreeMessages * setup.plan.detector.frameBytes));
      return (port) => new LibzmqSink(library, { ...zmqOptions(setup, port), now });
    },
  },
  'zeromq.js': {
    without: null,
    prepare: async (setup) => {
      // The package is loaded where it is used only: each thread would keep some megabytes of it.
      const { ZmqSink } = await import('./zmq-sink.js');
      return (port) => new ZmqSink({ ...zmqOptions(setup, port), wake: () => setup.wake.wake() });
    },
  },
};

/** What both ways through zmq are told. */
function zmqOptions({ config, plan }: SocketsSetup, port: number) {
  return {
    host: config.dataHost,
    port,
    highWaterMark: plan.highWaterMark,
    connections: config.consumerConnections,
    timeoutMs: config.consumerTimeoutMs,
  };
}
