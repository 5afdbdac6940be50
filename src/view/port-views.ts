// All ports of the service, as the control plane sees them: sockets and what the kernel granted, figures for metrics,
// and when the last packet came. One port: port-view.ts.
// Tested by test/view/shared-view.test.ts.

import type { Clock } from '../base/clock.js';
import type { ServiceConfig } from '../config/service-config.js';
import { hostOfPort } from '../config/udp-hosts.js';
import type { OwnNumber } from '../detector/frame-share.js';
import type { BufferFacts } from '../doctor/facts.js';
import { interfaceOf } from '../doctor/network-interface.js';
import type { PortCounter } from '../memory/counters.js';
import type { SeriesPackets } from '../memory/series-packets.js';
import { PortView, knownFigure } from './port-view.js';
import type { OpenedSocket, PortViewDeps } from './port-view.js';
import type { PortFigures, UdpPortStatus } from './service-view.js';

export class PortViews {
  readonly #config: ServiceConfig;
  readonly #clock: Clock;
  readonly #packetBytes: number;
  readonly #all: readonly PortView[];
  /** Those that are not off. */
  readonly receiving: readonly PortView[];

  /** @param packetBytes of a datagram, header and payload */
  constructor(deps: PortViewDeps, config: ServiceConfig, packetBytes: number) {
    const { udpPorts, portsOff } = config.detector;
    this.#config = config;
    this.#clock = deps.clock;
    this.#packetBytes = packetBytes;
    this.#all = udpPorts.map((udpPort, index) => new PortView(deps, index, udpPort, portsOff.includes(udpPort)));
    this.receiving = this.#all.filter((port) => !port.off);
  }

  noteSockets(sockets: readonly OpenedSocket[]): void {
    for (const port of this.#all) port.socket = sockets.find(({ udpPort }) => udpPort === port.udpPort) ?? null;
  }

  status(): UdpPortStatus[] {
    return this.#all.map((port): UdpPortStatus => {
      const drops = port.counters().socketDropped;
      const host = hostOfPort(this.#config, port.udpPort);
      const link = interfaceOf(host);
      return {
        udp_port: port.udpPort,
        off: port.off,
        address: port.socket?.address ?? host,
        interface: link.name,
        mac: link.mac,
        mtu: link.mtu,
        packet_bytes: this.#packetBytes,
        receive_buffer_requested_bytes: this.#config.receiveBufferBytes,
        receive_buffer_granted_bytes: port.socket?.receiveBufferGrantedBytes ?? null,
        socket_queue_bytes: port.socketFigures()?.queueBytes ?? null,
        kernel_drops: Number.isNaN(drops) ? null : drops,
      };
    });
  }

  counters(): { udpPort: number; counters: Readonly<Record<PortCounter, number>> }[] {
    return this.receiving.map((port) => ({ udpPort: port.udpPort, counters: port.counters() }));
  }

  /**
   * @param first first frame of the series
   * @param ended packets of the last series, by port; null = one is open
   */
  figures(first: OwnNumber, ended: ((udpPort: number) => SeriesPackets | null) | null): PortFigures[] {
    const toWall = this.#clock.wall() - this.#clock.now();
    const ahead = Math.max(...this.receiving.map(({ words }) => words.newestSeen));
    return this.receiving.map((port): PortFigures => {
      const { udpPort, words } = port;
      // A port of which nothing was seen is behind by the whole series.
      const reached = words.newestSeen === 0 ? first - 1 : words.newestSeen;
      return {
        udpPort,
        queueBytes: port.socketFigures()?.queueBytes ?? null,
        queueBytesMax: knownFigure(words.figure('queueBytesMax')),
        lagFrames: ahead === 0 || reached < 0 ? null : ahead - reached,
        lastPacketAt: knownFigure(toWall + words.figure('lastPacketAt')),
        series: ended === null ? port.series().packets : ended(udpPort),
        histograms: { batchPackets: port.histogram('batchPackets') },
      };
    });
  }

  /** Since the start of the process. */
  get acceptedPackets(): number {
    return this.receiving.reduce((total, port) => total + port.counters().accepted, 0);
  }

  /** What each socket asked for and got; none before they are open. */
  receiveBuffers(): BufferFacts[] {
    return this.receiving.flatMap(({ socket }) =>
      socket === null
        ? []
        : {
            udpPort: socket.udpPort,
            requestedBytes: socket.receiveBufferRequestedBytes,
            grantedBytes: socket.receiveBufferGrantedBytes,
          },
    );
  }

  /** The least that the kernel granted for a socket, in bytes; null = not known. */
  get grantedBytes(): number | null {
    const granted = this.receiveBuffers().flatMap(({ grantedBytes }) => grantedBytes ?? []);
    return granted.length === 0 ? null : Math.min(...granted);
  }

  /** Silence on all ports, in ms; null = no packet has come yet. */
  sinceLastPacketMs(now: number): number | null {
    const times = this.#all.map((port) => port.words.figure('lastPacketAt')).filter((time) => !Number.isNaN(time));
    return times.length === 0 ? null : now - Math.max(...times);
  }
}
