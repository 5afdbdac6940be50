// Peers of the data port that are no consumers, or bad ones: the words that they say, and a crowd of them that comes
// and goes beside a series. Comes in: a host and port. Goes out: connections whose answers nobody reads.
// Tested by test/hostile/data-port.test.ts and test/soak/soak.test.ts.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pull } from 'zeromq';

/** The 64 bytes with which a peer of ZMTP 3.1 begins, mechanism NULL. */
export const greeting = Buffer.alloc(64);
greeting.set([255, 0, 0, 0, 0, 0, 0, 0, 1, 127, 3, 1]);
greeting.write('NULL', 12);

export const command = (name: string, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([4, 1 + name.length + data.length, name.length]), Buffer.from(name), data]);

const readyPull = command(
  'READY',
  Buffer.concat([Buffer.from([11]), Buffer.from('Socket-Type'), Buffer.from([0, 0, 0, 4]), Buffer.from('PULL')]),
);

/** All that a consumer says. */
export const consumerHead = Buffer.concat([greeting, readyPull]);

/** The head of a long frame. */
export const frame = (flags: number, announced: number): Buffer => {
  const head = Buffer.alloc(9);
  head[0] = flags;
  head.writeBigUInt64BE(BigInt(announced), 1);
  return head;
};

export const megabyte = Buffer.alloc(1 << 20, 7);

/** Connect to `tcp://host:port` and say this; what the other end does with it does not matter. */
export function strangerAt(endpoint: string, words: readonly Uint8Array[]): Socket {
  const { hostname, port } = new URL(endpoint.replace('tcp:', 'http:'));
  const socket = connect(Number(port), hostname.replaceAll(/[[\]]/g, ''));
  socket.setMaxListeners(0);
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  for (const word of words) socket.write(word);
  return socket;
}

/** How many strangers of a crowd are connected at most; an older one is reset for a newer one. */
const crowdSize = 12;

/**
 * One stranger after the other until `signal` aborts: silent ones, half handshakes, garbage, HTTP, a message of 1.5 GB,
 * heartbeats without end, a PULL of libzmq that looks in and goes away.
 * @returns how many came
 */
export async function crowd(endpoint: string, perSecond: number, signal: AbortSignal): Promise<number> {
  const heartbeats = Buffer.concat(Array.from({ length: 200 }, () => command('PING', Buffer.from([0, 1]))));
  const sayings: readonly (readonly Uint8Array[])[] = [
    [],
    [greeting.subarray(0, 11)],
    [greeting],
    [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    [megabyte],
    [consumerHead, frame(2, 1.5e9), megabyte],
    [consumerHead, heartbeats],
    [greeting, frame(6, 2 ** 31), megabyte],
  ];
  const there: Socket[] = [];
  let came = 0;
  for (; !signal.aborted; came++) {
    const saying = sayings[came % (sayings.length + 1)];
    if (saying === undefined) await looksIn(endpoint, signal);
    else there.push(strangerAt(endpoint, saying));
    if (there.length > crowdSize) there.shift()?.resetAndDestroy();
    await sleep(1000 / perSecond, undefined, { signal }).catch(() => undefined);
  }
  for (const socket of there) socket.destroy();
  return came;
}

async function looksIn(endpoint: string, signal: AbortSignal): Promise<void> {
  const pull = new Pull({ linger: 0, ipv6: true, reconnectInterval: 50 });
  pull.connect(endpoint);
  await sleep(300, undefined, { signal }).catch(() => undefined);
  pull.close();
}
