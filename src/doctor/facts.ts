// What the doctor's checks are made from: figures of the machine, of the running service and of the configuration.
// Types only.

import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { RealtimeFacts } from '../runtime/realtime.js';

/** Sizes in bytes; null = cannot be known here. */
export interface Facts {
  /** What runs or shall run here; null = the machine alone is looked at. */
  readonly setup: { readonly config: ServiceConfig; readonly plan: Plan } | null;
  /** The running service that asks about itself; null = none, and its ports should be free. */
  readonly service: ServiceFacts | null;
  /** What PSI's client has set; null = it has no receivers here, or only a running service knows. */
  readonly client: ClientFacts | null;
  /** What sockets got, those of ports that are on. */
  readonly receiveBuffers: readonly BufferFacts[];
  /** Addresses of the configuration. */
  readonly addresses: readonly AddressFacts[];
  /** Ports that were tried; null = not tried. */
  readonly ports: readonly PortFacts[] | null;
  readonly kernel: {
    /** net.core.rmem_max, bytes, and net.core.netdev_max_backlog, packets. */
    readonly rmemMax: number | null;
    readonly netdevMaxBacklog: number | null;
    /** Of all UDP sockets together (the last figure of net.ipv4.udp_mem), and bytes of a page. */
    readonly udpMemoryBytes: { readonly most: number; readonly page: number } | null;
    /** IPv4 and IPv6, since the host started, or since the service did. */
    readonly reassemblyFails: number | null;
    /** A virtual machine that gives free memory back to its host; null = the kernel does not tell. */
    readonly reportsFreePages: boolean | null;
    /** Effective capabilities of this process as a bit mask. */
    readonly capabilities: bigint | null;
    /** What decides on the priority of receivers. */
    readonly realtime: RealtimeFacts;
  };
  readonly cores: {
    /** That this process may use. */
    readonly available: number;
    /** Their numbers. */
    readonly allowed: readonly number[] | null;
    /** CPU limit of the control group, in cores; null = none. */
    readonly limit: number | null;
  };
  readonly memory: {
    /** Free for new work, without swapping. */
    readonly availableBytes: number | null;
    /** What this process holds already, of what the plan needs; 0 when the service does not run. */
    readonly ownBytes: number;
    /** Memory limit of the control group; null = none. */
    readonly limitBytes: number | null;
  };
  /** The network cards behind `udp_host`, or why none was asked. */
  readonly cards: readonly CardFacts[] | string;
  /** Why a fast way is not possible, in a sentence; null = it is. */
  readonly ways: {
    readonly recvmmsg: string | null;
    readonly compiled: string | null;
    readonly zmtp: string | null;
    readonly libzmq: string | null;
  };
  readonly clock: { readonly wallMs: number; readonly synchronised: boolean | null };
}

export interface ServiceFacts {
  readonly consumers: number;
  /** Packets placed since the start, over all ports. */
  readonly acceptedPackets: number;
  /** Endpoints of the data port that no consumer is connected to. */
  readonly unserved: readonly string[];
}

/** What PSI's client has set on the receivers of the modules, and what came. */
export interface ClientFacts {
  /** Modules that were not set up. */
  readonly lacking: readonly number[];
  /** What stands against the next start, in sentences. */
  readonly problems: readonly string[];
  /**
   * Packets of the series that is open, or else of the last one, for each port that the client has switched on; null =
   * there was none.
   */
  readonly arrived: readonly { readonly udpPort: number; readonly module: number; readonly packets: number }[] | null;
  /** What looked wrong in that series, in sentences. */
  readonly warnings: readonly string[];
}

/** One socket, or one tried for the purpose (`udpPort` null). */
export interface BufferFacts {
  readonly udpPort: number | null;
  readonly requestedBytes: number;
  readonly grantedBytes: number | null;
}

export type AddressKey = 'udp_host' | 'data_host' | 'api_host';

export interface AddressFacts {
  readonly key: AddressKey;
  readonly address: string;
  /** Stands for all addresses of this machine. */
  readonly wildcard: boolean;
  /** Code of the error when a socket was bound to it (EADDRNOTAVAIL); null = none, or not tried. */
  readonly bindError: string | null;
  /** The interface that has it; null = none that is up and has a carrier. */
  readonly link: LinkFacts | null;
}

export interface LinkFacts {
  readonly name: string;
  readonly mtu: number | null;
  readonly loopback: boolean;
  /** Reverse-path filter: 0 off, 1 strict, 2 loose. */
  readonly rpFilter: number | null;
  /** The network of the address, `10.0.0.0/255.255.255.0`; null = not IPv4. */
  readonly network: string | null;
}

export interface PortFacts {
  readonly key: 'udp_ports' | 'data_port' | 'preview' | 'api_port' | 'receiver_ports';
  readonly host: string;
  readonly port: number;
  /** Code of the error when it was tried; null = free. */
  readonly error: string | null;
}

/** As `ethtool` tells; null = the card does not say. */
export interface CardFacts {
  readonly name: string;
  /** Descriptors of the receive ring, now and at most. */
  readonly receiveRing: { readonly now: number; readonly most: number } | null;
  /** Does the card ask the other side to wait when its ring is full. */
  readonly sendsPause: boolean | null;
}
