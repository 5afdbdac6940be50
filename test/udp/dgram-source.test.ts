import { createSocket } from 'node:dgram';
import t from 'tap';
import type { Test } from 'tap';
import { OperatorError } from '../../src/base/errors.js';
import { Landing, landingBytes } from '../../src/memory/landing.js';
import { SenderWords, senderWordsBytes } from '../../src/memory/sender-words.js';
import { senderText } from '../../src/runtime/socket-address.js';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { DgramSource } from '../../src/udp/dgram-source.js';
import type { DgramSourceOptions } from '../../src/udp/dgram-source.js';
import { takenUdpPort } from '../threads/free-ports.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { until } from '../threads/waiting.js';
import { strangerWithDrops } from './stranger.js';

const capacity = 4;
const packetBytes = 100;

/** A source on a free port, what lies behind its landing buffers, and a sender. */
async function setUp(t: Test, changes: Partial<DgramSourceOptions> = {}) {
  const bytes = landingBytes(capacity, packetBytes);
  const memory = new SharedArrayBuffer(bytes + 4096);
  const behind = new Uint8Array(memory, bytes).fill(0xa5);
  const landing = new Landing(memory, 0, capacity, packetBytes);
  const wakes: boolean[] = [];
  const host = changes.host ?? '127.0.0.1';
  const source = new DgramSource({
    landing,
    host,
    udpPort: 0,
    receiveBufferBytes: 65536,
    senderWord: () => 1,
    wake: (full) => void wakes.push(full),
    readSocket: () => null,
    ...changes,
  });
  const info = await source.open();
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  t.teardown(async () => {
    socket.close();
    await source.close();
  });
  const send = (content: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) =>
      socket.send(content, info.udpPort, host, (error) => (error === null ? resolve() : reject(error))),
    );
  return { source, landing, wakes, behind, info, send };
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const landed = (landing: Landing, index: number, length: number): Uint8Array =>
  landing.bytes.slice(landing.offsets[index], landing.offsets[index] + length);

t.test('datagrams lie in the landing buffers, in order, with their length', async (t) => {
  const { source, landing, wakes, send, info } = await setUp(t);
  t.match(info, { address: '127.0.0.1', receiveBufferRequestedBytes: 65536 });
  t.ok(info.udpPort > 0 && (info.receiveBufferGrantedBytes ?? 0) > 0);
  t.equal(source.receive(), 0);
  for (const [length, value] of [
    [100, 1],
    [40, 2],
    [1, 3],
  ] as const)
    await send(filled(length, value));
  await until(() => wakes.length === 3, 'three datagrams');
  t.equal(source.receive(), 3);
  t.strictSame([...landing.lengths.subarray(0, 3)], [100, 40, 1]);
  t.strictSame(
    [0, 1, 2].map((index) => landed(landing, index, 1)[0]),
    [1, 2, 3],
  );
  t.strictSame(wakes, [false, false, false]);
  t.equal(source.receive(), 0);
});

t.test('a datagram longer than a packet is cut in memory and keeps its true length', async (t) => {
  const { source, landing, wakes, behind, send } = await setUp(t);
  for (let index = 0; index < capacity; index++) await send(filled(2000, index + 1));
  await until(() => wakes.length === capacity, 'the datagrams');
  t.equal(source.receive(), capacity);
  t.ok([...landing.lengths].every((length) => length === 2000));
  t.ok(
    Array.from({ length: capacity }, (_, index) => index).every((index) =>
      landed(landing, index, packetBytes).every((byte) => byte === index + 1),
    ),
  );
  t.ok(
    behind.every((byte) => byte === 0xa5),
    'nothing is written behind the buffers',
  );
});

t.test('when the landing buffers are full the assembler has a turn before the next datagram lands', async (t) => {
  const batches: number[] = [];
  const { source, behind, send } = await setUp(t, {
    wake: (full) => {
      if (full) batches.push(source.receive());
    },
  });
  for (let index = 0; index < 2 * capacity + 1; index++) await send(filled(packetBytes, index));
  await until(() => batches.length === 2, 'two full batches');
  t.strictSame(batches, [capacity, capacity]);
  t.equal(source.receive(), 1);
  t.ok(behind.every((byte) => byte === 0xa5));
});

t.test(
  'when nobody turns, before the first turn or after the last, nothing is written beyond the buffers',
  async (t) => {
    const { source, landing, wakes, behind, send } = await setUp(t);
    for (let index = 0; index < 5 * capacity; index++) await send(filled(packetBytes, index));
    await until(() => wakes.filter((full) => full).length === 4 * capacity, 'all datagrams');
    t.equal(source.receive(), capacity);
    t.strictSame(
      [0, 1, 2, 3].map((index) => landed(landing, index, 1)[0]),
      [0, 1, 2, 3],
      'those that came first are whole',
    );
    t.ok(behind.every((byte) => byte === 0xa5));
  },
);

t.test('the socket is called empty only after the event loop has looked once more and found nothing', async (t) => {
  const { source, wakes, send } = await setUp(t);
  source.receive();
  t.equal(source.receive(), 0);
  t.equal(source.empty, false, 'nobody has looked in between');
  await until(() => source.receive() === 0 && source.empty, 'the socket is found empty');
  await send(filled(10, 1));
  await until(() => wakes.length === 1, 'the datagram');
  t.equal(source.receive(), 1);
  t.equal(source.empty, false);
});

t.test('a sender that is not the detector is marked, not dropped', async (t) => {
  const seen: [string, number][] = [];
  const { source, landing, wakes, send } = await setUp(t, {
    senderWord: (address, port) => {
      seen.push([address, port]);
      return seen.length === 2 ? 7 : 0;
    },
  });
  await send(filled(10, 1));
  await send(filled(10, 2));
  await until(() => wakes.length === 2, 'both datagrams');
  t.equal(source.receive(), 2);
  t.strictSame([...landing.senders.subarray(0, 2)], [0, 7]);
  t.equal(seen[0]?.[0], '127.0.0.1');
  const sender = new SenderWords(new SharedArrayBuffer(senderWordsBytes), 0);
  source.tellSender(1, sender);
  t.equal(senderText(sender.address as Uint8Array), `127.0.0.1:${seen[1]?.[1]}`, 'and can be named');
});

t.test('IPv6 as well as IPv4', async (t) => {
  const { source, wakes, send, info } = await setUp(t, { host: '::1' });
  t.equal(info.address, '::1');
  await send(filled(10, 1));
  await until(() => wakes.length === 1, 'the datagram');
  t.equal(source.receive(), 1);
});

t.test(
  'kernel drops are asked for by address, port and the inode that it had when it was opened; unknown stays null',
  async (t) => {
    const asked: unknown[] = [];
    let drops: number | null = 0;
    const { source, info } = await setUp(t, {
      readSocket: (...where) => {
        asked.push(where);
        return drops === null ? null : { inode: 77, queueBytes: 0, drops };
      },
    });
    t.equal(info.inode, 77);
    drops = null;
    t.equal(source.kernelDrops(), null);
    t.strictSame(asked, [
      ['127.0.0.1', info.udpPort, null],
      ['127.0.0.1', info.udpPort, 77],
    ]);
    for (const [reading, total] of [
      [0, 0],
      [12, 12],
      [2 ** 31, 2 ** 31],
      [2 ** 32 - 1, 2 ** 32 - 1],
      [4, 2 ** 32 + 4],
    ] as const) {
      drops = reading;
      t.equal(source.kernelDrops(), total, 'the count goes on where 32 bits end');
    }
  },
);

t.test('where the kernel lists nothing the inode is unknown, and drops are too', async (t) => {
  const { source, info } = await setUp(t);
  t.equal(info.inode, null);
  t.equal(source.kernelDrops(), null);
});

const missing = ffiUnavailable();
t.test(
  "of two sockets on one address and port only the own one's drops count",
  missing === null ? {} : { skip: missing },
  async (t) => {
    for (const host of ['127.0.0.1', '::1']) {
      const { source, info } = await setUp(t, { host, readSocket: readUdpSocket });
      t.ok(strangerWithDrops(t, host, info.udpPort, info.inode as number) > 0, 'the stranger loses datagrams');
      t.equal(readUdpSocket(host, info.udpPort), null, 'address and port do not tell them apart');
      t.equal(source.kernelDrops(), 0);
    }
  },
);

t.test('a taken port and a foreign address are errors with their remedy; closing twice is none', async (t) => {
  const taken = await takenUdpPort();
  t.teardown(() => taken.release());
  const landing = new Landing(new SharedArrayBuffer(8192), 0, capacity, packetBytes);
  const sourceOn = (host: string, udpPort: number): DgramSource =>
    new DgramSource({
      landing,
      host,
      udpPort,
      receiveBufferBytes: 65536,
      senderWord: () => 1,
      wake: () => undefined,
      readSocket: () => null,
    });
  for (const [host, port, text] of [
    ['127.0.0.1', taken.port, /taken by another process.*udp_ports/],
    ['192.0.2.1', 0, /no such address.*udp_host/],
  ] as const) {
    const source = sourceOn(host, port);
    const error = await source.open().then(
      () => null,
      (reason: unknown) => reason,
    );
    t.ok(error instanceof OperatorError && text.test(error.message) && !error.message.includes('\n'), String(error));
    t.equal(source.kernelDrops(), null);
    await source.close();
    await source.close();
  }
});
