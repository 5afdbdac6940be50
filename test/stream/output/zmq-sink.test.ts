import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { Pull, Push, Request, Subscriber } from 'zeromq';
import { OperatorError } from '../../../src/base/errors.js';
import type { Offer } from '../../../src/stream/output/message-sink.js';
import { ZmqSink } from '../../../src/stream/output/zmq-sink.js';
import type { ZmqSinkOptions } from '../../../src/stream/output/zmq-sink.js';
import { takenTcpPort } from '../../threads/free-ports.js';
import { until, within } from '../../threads/waiting.js';

async function setUp(t: Test, changes: Partial<ZmqSinkOptions> = {}) {
  let wakes = 0;
  const sink = new ZmqSink({
    host: '127.0.0.1',
    port: 0,
    highWaterMark: 4,
    connections: 2,
    timeoutMs: 10_000,
    wake: () => void wakes++,
    ...changes,
  });
  const endpoint = await sink.open();
  t.teardown(() => sink.close(0));
  return { sink, endpoint, wakes: () => wakes };
}

async function consumer(
  t: Test,
  sink: ZmqSink,
  endpoint: string,
  options: ConstructorParameters<typeof Pull>[0] = {},
): Promise<Pull> {
  const before = sink.peers;
  const pull = new Pull({ linger: 0, ipv6: true, ...options });
  t.teardown(() => pull.close());
  pull.connect(endpoint);
  await until(() => sink.peers === before + 1, 'the consumer is counted');
  return pull;
}

/** Offer and wait for what becomes of it. */
async function offer(sink: ZmqSink, parts: Uint8Array[]): Promise<Offer> {
  const first = sink.offer(parts);
  if (first !== 'pending') return first;
  await until(() => sink.outcome() !== 'pending', 'the outcome of an offer');
  return sink.outcome();
}

t.test('without a consumer nothing is taken', async (t) => {
  const { sink, endpoint } = await setUp(t);
  t.match(endpoint, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  t.equal(await offer(sink, [Buffer.from('a')]), 'full');
  t.match([sink.peers, sink.disconnects], [0, 0]);
});

t.test('all parts of a message arrive, whatever becomes of the bytes after the offer', async (t) => {
  const { sink, endpoint, wakes } = await setUp(t);
  const pull = await consumer(t, sink, endpoint);
  t.ok(wakes() > 0, 'a new consumer wakes the streamer');
  const shared = new Uint8Array(new SharedArrayBuffer(600_000)).fill(7);
  const offered = sink.offer([Buffer.from('{"a":1}'), shared]);
  shared.fill(9);
  t.equal(offered, 'pending');
  await until(() => sink.outcome() === 'sent', 'the message is taken');
  const [json, pixels] = (await within(pull.receive(), 'the message')) as [Buffer, Buffer];
  t.equal(json.toString(), '{"a":1}');
  t.ok(pixels.length === 600_000 && pixels.every((byte) => byte === 7));
});

t.test(
  'a consumer that does not read is full after the high-water mark and what TCP holds; nothing is lost when it reads',
  async (t) => {
    const { sink, endpoint } = await setUp(t, { highWaterMark: 3 });
    const pull = await consumer(t, sink, endpoint, { receiveHighWaterMark: 1 });
    const pixels = new Uint8Array(4_000_000);
    let sent = 0;
    while ((await offer(sink, [Buffer.from(String(sent)), pixels])) === 'sent') {
      sent++;
      if (sent > 50) break;
      await sleep(20);
    }
    t.ok(sent >= 3 && sent <= 20, `${sent} taken`);
    for (let index = 0; index < sent; index++)
      t.equal(String((await within(pull.receive(), 'a message'))[0]), String(index));
    await until(async () => (await offer(sink, [Buffer.from('again')])) === 'sent', 'room again');
  },
);

t.test('a consumer that goes away is counted, and what is offered then is not taken', async (t) => {
  const { sink, endpoint } = await setUp(t);
  const pull = await consumer(t, sink, endpoint);
  pull.close();
  await until(() => sink.disconnects === 1, 'the end of the connection');
  t.equal(sink.peers, 0);
  t.equal(await offer(sink, [Buffer.from('a')]), 'full');
  await consumer(t, sink, endpoint);
  await consumer(t, sink, endpoint);
  t.match([sink.peers, sink.disconnects], [2, 1]);
});

t.test("a port scanner and a web browser are no consumers, and their end is nobody's loss", async (t) => {
  const { sink, endpoint } = await setUp(t);
  const pull = await consumer(t, sink, endpoint);
  const { port } = new URL(endpoint.replace('tcp:', 'http:'));
  for (const said of ['', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n']) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    if (said !== '') socket.write(said);
    await sleep(300);
    t.match([sink.peers, sink.disconnects], [1, 0], 'while it is connected');
    socket.destroy();
    await sleep(300);
    t.match([sink.peers, sink.disconnects], [1, 0], 'after it has gone');
  }
  for (let index = 0; index < 6; index++) {
    t.equal(await offer(sink, [Buffer.from(String(index))]), 'sent');
    t.equal(String((await within(pull.receive(), 'the message'))[0]), String(index), 'the consumer gets every message');
  }
});

t.test('who cannot be a consumer is told as just that: zmq does not say what he was', async (t) => {
  const { sink, endpoint } = await setUp(t);
  const refused = async (what: string): Promise<void> => {
    let seen: readonly unknown[] = [];
    await until(() => (seen = sink.takeRefused()).length > 0, what);
    t.strictSame(seen[0], { reason: 'not_a_consumer', address: '' }, what);
    t.match([sink.peers, sink.disconnects], [0, 0], what);
  };
  for (const make of [() => new Subscriber(), () => new Push(), () => new Request()]) {
    const socket = make();
    socket.connect(endpoint);
    await refused(`a ${socket.constructor.name}`);
    socket.close();
  }
  const old = connect(Number(new URL(endpoint.replace('tcp:', 'http:')).port), '127.0.0.1');
  old.on('error', () => undefined);
  old.write(Uint8Array.of(1, 0));
  await refused('ZMTP 1');
});

t.test(
  'a consumer that goes while a stranger has not finished its handshake is missed at the latest when the stranger ' +
    'is cut off',
  async (t) => {
    const { sink, endpoint } = await setUp(t);
    const pull = await consumer(t, sink, endpoint);
    const socket = connect(Number(new URL(endpoint.replace('tcp:', 'http:')).port), '127.0.0.1');
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    await sleep(100);
    pull.close();
    await until(() => sink.disconnects === 1, "the end of the consumer's connection");
    t.equal(sink.peers, 0);
  },
);

t.test('what was taken is still delivered after close', async (t) => {
  const { sink, endpoint } = await setUp(t, { highWaterMark: 20 });
  const pull = await consumer(t, sink, endpoint);
  for (let index = 0; index < 10; index++)
    t.equal(await offer(sink, [Buffer.from(String(index)), new Uint8Array(500_000)]), 'sent');
  await sink.close(2000);
  for (let index = 0; index < 10; index++)
    t.equal(String((await within(pull.receive(), 'a message after close'))[0]), String(index));
});

t.test('a taken port is an error that names the keys; IPv6 addresses are written with brackets', async (t) => {
  const taken = await takenTcpPort();
  t.teardown(() => taken.release());
  const sink = new ZmqSink({
    host: '127.0.0.1',
    port: taken.port,
    highWaterMark: 1,
    connections: 1,
    timeoutMs: 10_000,
    wake: () => undefined,
  });
  t.teardown(() => sink.close(0));
  const error = await sink.open().then(
    () => null,
    (reason: unknown) => reason,
  );
  t.ok(
    error instanceof OperatorError &&
      /^data port tcp:\/\/127\.0\.0\.1:\d+: .*See data_host and data_port\.$/.test(error.message),
    String(error),
  );
  const { sink: six, endpoint } = await setUp(t, { host: '::1' });
  t.match(endpoint, /^tcp:\/\/\[::1\]:\d+$/);
  await consumer(t, six, endpoint);
});
