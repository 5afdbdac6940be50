// The ways to receive: a row for each says whether it can be had here and opens the ports of one thread. The unit is
// all ports of the thread, so that one queue of the kernel may serve several. What is known of a way before it is
// opened: src/config/ways.ts.

import { createSocket } from 'node:dgram';
import type { ServiceConfig } from '../config/service-config.js';
import { wayInFacts } from '../config/ways.js';
import type { WayInName } from '../config/ways.js';
import { Landing } from '../memory/landing.js';
import type { MemoryMap } from '../memory/memory-map.js';
import type { Wake } from '../runtime/agent.js';
import { DgramSource } from './dgram-source.js';
import type { PacketSource } from './packet-source.js';
import { readUdpSocket } from './proc-net-udp.js';
import { recvmmsgUnavailable } from './recvmmsg-probe.js';
import { RecvmmsgSource } from './recvmmsg-source.js';
import { makeSenderWord } from './source-filter.js';
import { SourceGroup } from './source-group.js';
import { UdpSocket } from './udp-socket.js';

/** The ports of one thread, and what their sources work with. */
export interface PortGroupSetup {
  /** Indices into `udp_ports`. */
  readonly ports: readonly number[];
  readonly config: Pick<ServiceConfig, 'udpHosts' | 'udpSources' | 'receiveBufferBytes' | 'detector'>;
  readonly map: MemoryMap;
  readonly buffer: SharedArrayBuffer;
  /** How long a source may wait for a datagram where the thread has no other port, in ms. */
  readonly waitMs: number;
  /** Ends a wait when it rings (runtime/wake-descriptor.ts). */
  readonly wakeDescriptor: number;
  /** Asks for a turn where the event loop drives the thread. */
  readonly wake: Wake;
}

/** The ports of one thread, ready to be opened. */
export interface PortGroup {
  /** One for each of `ports`, in that order. */
  readonly sources: readonly PacketSource[];
  /**
   * Sleeps until a port has something or the wake descriptor rings, for so many ms at most; once the sources are open.
   * Null where the way does not block.
   */
  readonly wait: ((milliseconds: number) => void) | null;
}

/** A way to receive. */
export interface WayIn {
  /** Why it cannot be had in this process, in a sentence; null = it can. */
  unavailable(): string | null;
  /** What the operator is told, before that reason, where the next way is taken; null = it can always be had. */
  readonly without: string | null;
  open(setup: PortGroupSetup): PortGroup;
  /** The receive buffer that a socket on this address is granted when it asks for so much; null = cannot be known. */
  grantedBuffer(host: string, bytes: number): Promise<number | null>;
}

export const waysIn: Readonly<Record<WayInName, WayIn>> = {
  recvmmsg: {
    unavailable: recvmmsgUnavailable,
    without:
      `packets are received by node:dgram, at most some ${wayInFacts.dgram.packetsPerSecond} packets of 4 kB per ` +
      'second and port, since recvmmsg cannot be had',
    open: ({ ports, config, map, buffer, waitMs, wakeDescriptor }) => {
      const { landingPackets, packetBytes, coalescedBuffers = 0 } = map.sizes;
      const sources = ports.map(
        (port) =>
          new RecvmmsgSource({
            buffer,
            landing: new Landing(buffer, map.landing[port], landingPackets, packetBytes, coalescedBuffers),
            structuresAt: map.kernelStructures[port],
            host: config.udpHosts[port],
            udpPort: config.detector.udpPorts[port],
            sources: config.udpSources,
            receiveBufferBytes: config.receiveBufferBytes,
            waitMs: ports.length === 1 ? waitMs : 0,
            coalesce: coalescedBuffers > 0,
          }),
      );
      let group: SourceGroup | null = null;
      return {
        sources,
        wait: (milliseconds) => void (group ??= new SourceGroup(sources, wakeDescriptor)).wait(milliseconds),
      };
    },
    grantedBuffer: (host, bytes) =>
      Promise.resolve().then(() => {
        const socket = new UdpSocket(host, 0);
        try {
          return socket.askReceiveBuffer(bytes);
        } finally {
          socket.close();
        }
      }),
  },
  dgram: {
    unavailable: () => null,
    without: null,
    open: ({ ports, config, map, buffer, wake }) => ({
      sources: ports.map(
        (port) =>
          new DgramSource({
            landing: new Landing(buffer, map.landing[port], map.sizes.landingPackets, map.sizes.packetBytes),
            host: config.udpHosts[port],
            udpPort: config.detector.udpPorts[port],
            receiveBufferBytes: config.receiveBufferBytes,
            senderWord: makeSenderWord(config.udpSources),
            wake: (full) => (full ? wake.turnNow() : wake.wake()),
            readSocket: readUdpSocket,
          }),
      ),
      wait: null,
    }),
    grantedBuffer: async (host, bytes) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      try {
        await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, host, resolve));
        try {
          socket.setRecvBufferSize(bytes);
        } catch {
          // What was granted is read back.
        }
        // Node reports the doubled figure of Linux.
        return Math.floor(socket.getRecvBufferSize() / 2);
      } finally {
        socket.close();
      }
    },
  },
};
