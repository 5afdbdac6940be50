// A sink with real sockets, and its peers: what the tests of the ZMTP sink share.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { Pull } from 'zeromq';
import type { RefusedPeer } from '../../../../src/contract/refused-peers.js';
import { LinuxSockets } from '../../../../src/stream/output/zmtp/linux-sockets.js';
import type { TcpSockets } from '../../../../src/stream/output/zmtp/tcp-sockets.js';
import { ZmtpSink } from '../../../../src/stream/output/zmtp/zmtp-sink.js';
import type { ConsumerNotice } from '../../../../src/contract/consumer-notices.js';
import type { ZmtpSinkOptions } from '../../../../src/stream/output/zmtp/zmtp-sink.js';

export interface OpenSink {
  readonly sink: ZmtpSink;
  readonly endpoint: string;
  readonly notices: ConsumerNotice[];
  /** Collected by `until`. */
  readonly refused: RefusedPeer[];
}

const refusedOf = new WeakMap<ZmtpSink, RefusedPeer[]>();

export async function open(
  t: Test,
  options: Partial<ZmtpSinkOptions> = {},
  sockets: TcpSockets = new LinuxSockets(),
): Promise<OpenSink> {
  const notices: ConsumerNotice[] = [];
  const refused: RefusedPeer[] = [];
  const sink = new ZmtpSink(sockets, {
    host: '127.0.0.1',
    port: 0,
    connections: 1,
    sendBufferBytes: 4 << 20,
    consumerTimeoutMs: 10_000,
    allowed: () => true,
    now: () => performance.now(),
    tell: (notice) => void notices.push(notice),
    ...options,
  });
  refusedOf.set(sink, refused);
  t.teardown(() => sink.close(0));
  return { sink, endpoint: await sink.open(), notices, refused };
}

/** A real consumer. */
export function pull(t: Test, endpoint: string, receiveHighWaterMark = 1000): Pull {
  const consumer = new Pull({ receiveHighWaterMark, ipv6: true, linger: 0, receiveTimeout: 10_000 });
  t.teardown(() => {
    consumer.close();
  });
  consumer.connect(endpoint);
  return consumer;
}

/** Turn until it is so; a bounded time. At least one turn of the event loop passes. */
export async function until(sink: ZmtpSink, so: () => boolean, limitMs = 10_000): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(2)) {
    sink.poll();
    refusedOf.get(sink)?.push(...sink.takeRefused());
    if (so()) {
      await sleep(0);
      return true;
    }
  }
  return false;
}

/**
 * The next message of this consumer. The sink goes on turning meanwhile, as in the service: a message counts as sent
 * while its rest, copied, leaves in later turns.
 */
export async function received(sink: ZmtpSink, consumer: Pull): Promise<Buffer[]> {
  const message = consumer.receive();
  let over = false;
  void message.catch(() => undefined).then(() => (over = true));
  await until(sink, () => over);
  return message;
}

/** Offer until nothing was taken for a while; how many were. The last one may be pending, and is not counted. */
export async function fill(
  sink: ZmtpSink,
  message: (index: number) => readonly Uint8Array[],
  limit: number,
): Promise<number> {
  let sent = 0;
  for (let idle = 0; sent < limit && idle < 40;) {
    sink.poll();
    const outcome = sink.offer(message(sent));
    if (outcome === 'pending') {
      if (!(await until(sink, () => sink.outcome() !== 'pending', 300))) return sent;
      sent++;
    } else if (outcome === 'sent') {
      sent++;
      idle = 0;
    } else {
      idle++;
      await sleep(5);
    }
  }
  return sent;
}

/** Hand over one message; false when it was not taken in time. */
export function messageTo(sink: ZmtpSink, parts: readonly Uint8Array[], limitMs = 10_000): Promise<boolean> {
  let offered = false;
  return until(
    sink,
    () => {
      if (offered && sink.outcome() === 'sent') return true;
      if (offered && sink.outcome() === 'pending') return false;
      const outcome = sink.offer(parts);
      offered = outcome === 'pending';
      return outcome === 'sent';
    },
    limitMs,
  );
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Pixels in shared memory, as frames lie there. */
export const sharedPixels = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length + 64), 64);
