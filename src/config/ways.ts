// The ways to receive and to send, as data: names, which comes first, and what options, plan and threads have to know
// of each before it is opened. How each one works: src/udp/ways-in.ts, src/stream/output/ways-out.ts.

import type { Arrival } from './processor-load.js';

/** What is known of a way to receive. */
export interface WayInFacts {
  /** Its threads block in the system until something comes; otherwise packets come by the thread's event loop. */
  readonly blocks: boolean;
  /** What a packet costs. */
  readonly arrival: Arrival;
  /** The same where the kernel may lay several datagrams into one buffer; null = this way has only single ones. */
  readonly coalesced: Arrival | null;
  /** Packets of 4 kB that it carries in a second on each port, about; null = as many as the machine. */
  readonly packetsPerSecond: number | null;
}

/** What is known of a way to send. */
export interface WayOutFacts {
  /** As for receiving: otherwise its sockets live by the thread's event loop. */
  readonly blocks: boolean;
  /** Where messages wait for a consumer: in the kernel's send buffer, or in zmq's queue in this process. */
  readonly queue: 'kernel' | 'zmq';
  /** It looks at the address that a peer connects from: `consumer_source` holds. */
  readonly knowsSource: boolean;
}

/** `receive`; those that are preferred come first, the last is there everywhere. */
export const wayInFacts = {
  recvmmsg: { blocks: true, arrival: 'single', coalesced: 'coalesced', packetsPerSecond: null },
  dgram: { blocks: false, arrival: 'dgram', coalesced: null, packetsPerSecond: 50_000 },
} as const satisfies Record<string, WayInFacts>;

/** `send`; in the same order. */
export const wayOutFacts = {
  zmtp: { blocks: true, queue: 'kernel', knowsSource: true },
  libzmq: { blocks: true, queue: 'zmq', knowsSource: false },
  'zeromq.js': { blocks: false, queue: 'zmq', knowsSource: false },
} as const satisfies Record<string, WayOutFacts>;

export type WayInName = keyof typeof wayInFacts;
export type WayOutName = keyof typeof wayOutFacts;

/** Values of the option: `auto`, then each way. */
export function choices<Name extends string>(ways: Readonly<Record<Name, unknown>>): readonly ('auto' | Name)[] {
  return ['auto', ...(Object.keys(ways) as Name[])];
}

/** The ways that a value of the option allows, in the order in which they are tried. */
export function allowed<Name extends string>(
  ways: Readonly<Record<Name, unknown>>,
  asked: 'auto' | NoInfer<Name>,
): readonly Name[] {
  return asked === 'auto' ? (Object.keys(ways) as Name[]) : [asked];
}

/** What the plan counts on: the first of them. Where it cannot be had the log says what is used. */
export function planned<Name extends string, Facts>(
  ways: Readonly<Record<Name, Facts>>,
  asked: 'auto' | NoInfer<Name>,
): Facts {
  return ways[allowed(ways, asked)[0]];
}
