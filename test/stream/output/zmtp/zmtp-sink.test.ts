// The sink with real sockets and real libzmq peers (zeromq.js). What hostile peers do: hostile-peers.test.ts.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Pull } from 'zeromq';
import { OperatorError } from '../../../../src/base/errors.js';
import { Random } from '../../../../src/base/random.js';
import { greeting, ready } from '../../../../src/stream/output/zmtp/codec.js';
import { LinuxSockets } from '../../../../src/stream/output/zmtp/linux-sockets.js';
import { SimulatedSockets } from '../../../fuzz/simulated-sockets.js';
import { bytes, fill, messageTo, open, pull, received, sharedPixels, until } from './peers.js';

t.test('messages arrive as they were, with all their parts, over IPv4 and IPv6', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const { sink, endpoint } = await open(t, { host });
    t.match(endpoint, host === '::1' ? /^tcp:\/\/\[::1\]:\d+$/ : /^tcp:\/\/127\.0\.0\.1:\d+$/);
    const consumer = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    const shared = sharedPixels(528392);
    shared.set(sharedPixels(528392).map((_, at) => Math.imul(at, 0x9e3779b1) >>> 24));
    const many = Array.from({ length: 20 }, (_, index) => bytes(`part ${index} ${'x'.repeat(index * 20)}`));
    const messages = [
      [bytes('{"htype":"header"}'), bytes('{"a":1}')],
      [bytes('{"htype":"image"}'), shared],
      [bytes('{"htype":"series_end"}')],
      [bytes(''), bytes('x'), new Uint8Array(0)],
      many,
      [shared.subarray(0, 255)],
      [shared.subarray(1, 257)],
    ];
    for (const parts of messages) {
      t.equal(sink.offer(parts), 'sent');
      const message = await received(sink, consumer);
      t.equal(message.length, parts.length);
      t.ok(message.every((part, index) => part.equals(Buffer.from(parts[index]))));
    }
    t.ok(
      await until(sink, () => sink.underway.messages === 0 && sink.underway.bytes === 0),
      'all of it was acknowledged',
    );
  }
});

t.test('without a consumer nothing is taken', async (t) => {
  const { sink } = await open(t);
  sink.poll();
  t.equal(sink.offer([bytes('a')]), 'full');
  t.equal(sink.peers, 0);
  t.equal(sink.disconnects, 0);
  t.notOk(sink.awaitRoom(1000), 'there is nobody to wait for');
});

t.test(
  'a consumer that does not read leaves a large message pending, and loses nothing when it reads again',
  async (t) => {
    const { sink, endpoint } = await open(t, { sendBufferBytes: 1 << 20 });
    const consumer = pull(t, endpoint, 1);
    t.ok(await until(sink, () => sink.peers === 1));
    const pixels = sharedPixels(4 << 20);
    const sent = await fill(sink, (index) => [bytes(String(index)), pixels.fill(index)], 100);
    t.ok(sent > 0 && sent < 100, `${sent} messages are under way`);
    t.equal(sink.outcome(), 'pending', 'one is half-sent');
    t.ok(sink.underway.bytes > 0);
    for (let index = 0; index < sent; index++) {
      const [head, body] = (await received(sink, consumer)) as [Buffer, Buffer];
      t.equal(String(head), String(index));
      t.ok(body.length === pixels.length && body.every((byte) => byte === index));
    }
    t.ok(await messageTo(sink, [bytes('last'), bytes('one')]));
    t.equal(String((await received(sink, consumer))[0]), String(sent), 'the one that was half-sent came whole');
    t.same((await received(sink, consumer)).map(String), ['last', 'one']);
  },
);

t.test('pixels may change as soon as they were taken, and stay until then', async (t) => {
  const { sink, endpoint } = await open(t, { sendBufferBytes: 600_000 });
  const consumer = pull(t, endpoint, 4);
  t.ok(await until(sink, () => sink.peers === 1));
  const frames = 300;
  const slot = sharedPixels(528392);
  let wrong = 0;
  const reading = (async () => {
    for (let index = 0; index < frames; index++) {
      const [head, pixels] = (await received(sink, consumer)) as [Buffer, Buffer];
      const same = pixels.subarray(1).equals(pixels.subarray(0, -1));
      if (String(head) !== String(index) || pixels.length !== slot.length || pixels[0] !== index % 251 || !same)
        wrong++;
    }
  })();
  for (let index = 0; index < frames; index++) {
    slot.fill(index % 251);
    t.ok(await messageTo(sink, [bytes(String(index)), slot]));
    slot.fill(0xff);
  }
  await reading;
  t.equal(wrong, 0);
});

t.test('the memory of a half-sent message can be had back: it goes out as it was', async (t) => {
  const { sink, endpoint } = await open(t, { sendBufferBytes: 1 << 20 });
  const consumer = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 1));
  const slot = sharedPixels(4 << 20).fill(1);
  const sent = await fill(sink, (index) => [bytes(String(index)), slot], 100);
  sink.keep();
  t.equal(sink.outcome(), 'sent');
  slot.fill(2);
  t.equal(sink.offer([bytes('no room')]), 'full', 'nothing overtakes what is left of it');
  for (let index = 0; index <= sent; index++) {
    const [head, body] = (await received(sink, consumer)) as [Buffer, Buffer];
    t.equal(String(head), String(index));
    t.ok(body.every((byte) => byte === 1));
  }
});

t.test('a small message is taken whole or not at all, whatever room there is', async (t) => {
  const { sink, endpoint } = await open(t, { sendBufferBytes: 8192 });
  const consumer = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 1));
  let pending = 0;
  const sent = await fill(
    sink,
    (index) => {
      if (sink.outcome() === 'pending') pending++;
      return [bytes(String(index)), sharedPixels(50_000).fill(index)];
    },
    5000,
  );
  t.equal(pending, 0);
  t.ok(sent < 5000, `${sent} messages`);
  for (let index = 0; index < sent; index++) {
    const [head, body] = (await received(sink, consumer)) as [Buffer, Buffer];
    if (String(head) !== String(index) || !body.every((byte) => byte === index % 256)) t.fail(`message ${index}`);
  }
});

t.test(
  'a consumer that vanishes with messages on their way is gone, and the next is served from there on',
  async (t) => {
    const { sink, endpoint, notices } = await open(t, { sendBufferBytes: 1 << 20, keptBytes: 0 });
    const first = pull(t, endpoint, 1);
    t.ok(await until(sink, () => sink.peers === 1));
    // Larger than what is kept, and small enough for several in the send buffer: some that were taken are on their way.
    const sent = await fill(sink, () => [bytes('old'), new Uint8Array(300 << 10)], 1000);
    t.ok(sent < 1000);
    first.close();
    t.ok(await until(sink, () => sink.disconnects === 1));
    t.equal(sink.peers, 0);
    t.equal(sink.outcome(), 'full', 'the half-sent message is with nobody');
    t.equal(sink.offer([bytes('a')]), 'full');
    const delivered = sink.takeLoss();
    t.ok(delivered < sent, `${delivered} of ${sent} were acknowledged`);
    t.equal(sink.lost.messages, sent - delivered);
    t.match(notices.at(-1), {
      code: 'gone',
      trouble: true,
      message:
        /consumer 127\.0\.0\.1:\d+ is gone; of what it was handed, \d+ messages \(\d+ bytes\) were not acknowledged/,
    });
    const second = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    t.ok(await messageTo(sink, [bytes('new'), bytes('pixels')]));
    t.same((await received(sink, second)).map(String), ['new', 'pixels']);
    t.equal(sink.disconnects, 1);
    t.equal(sink.takeLoss(), sent + 1, 'no loss since: all that was taken');
  },
);

t.test('several connections take turns, and one that is full is passed over', async (t) => {
  const { sink, endpoint } = await open(t, { connections: 2, sendBufferBytes: 1 << 20 });
  const [first, second] = [pull(t, endpoint), pull(t, endpoint, 1)];
  t.ok(await until(sink, () => sink.peers === 2));
  for (let index = 0; index < 4; index++) t.equal(sink.offer([bytes(String(index)), bytes('pixels')]), 'sent');
  for (const consumer of [first, second])
    for (let index = 0; index < 2; index++) t.equal((await received(sink, consumer)).length, 2);
  let read = 0;
  void (async () => {
    for await (const _ of first) read++;
  })().catch(() => undefined);
  const pixels = new Uint8Array(200_000);
  for (let index = 0; index < 400; index++) t.ok(await messageTo(sink, [bytes(String(index)), pixels]));
  t.ok(await until(sink, () => read > 300), `${read} went to the one that reads`);
  first.close();
  t.ok(await until(sink, () => sink.peers === 1));
  t.equal(sink.disconnects, 1);
});

t.test('no header passes what another connection has not acknowledged, and no end half an image', async (t) => {
  const sockets = new SimulatedSockets(new Random(1), 100_000);
  let now = 0;
  const { sink } = await open(t, { connections: 2, now: () => now }, sockets);
  const words = Buffer.concat([greeting(), ready('PULL')]);
  const [reads, stalls] = [sockets.knock(words), sockets.knock(words)];
  const turns = (count: number): void => {
    for (let turn = 0; turn < count; turn++) {
      now += 10;
      sockets.take(reads);
      sink.poll();
    }
  };
  turns(50);
  t.equal(sink.peers, 2);
  sockets.take(stalls);
  const image = [new Uint8Array(30_000)];
  for (let index = 0; index < 20; index++) {
    sink.offer(image, 'images');
    turns(20);
  }
  t.equal(stalls.waiting, 100_000, 'one reads nothing');
  t.equal(sink.unfinished, true, 'and has half an image');
  const message = [new Uint8Array(5000)];
  t.equal(sink.offer(message, 'headers'), 'full', 'a header would be read before those images');
  t.equal(sink.offer(message, 'seriesEnds'), 'full', 'an end would be handed over before the whole of that image');
  t.equal(sink.offer(message, 'images'), 'sent', 'images wait for nobody');
  turns(20);
  sockets.take(stalls);
  turns(20);
  t.ok(stalls.waiting > 0);
  t.equal(sink.unfinished, false, 'the kernel has the rest of it');
  t.equal(sink.offer(message, 'headers'), 'full', 'it is not acknowledged');
  t.equal(sink.offer(message, 'seriesEnds'), 'sent', 'the end is put in order by its number');
  turns(20);
  sockets.take(stalls);
  turns(20);
  t.equal(sink.offer(message, 'headers'), 'sent');
});

t.test('a header that waits for a connection goes when its machine has everything', async (t) => {
  const { sink, endpoint } = await open(t, { connections: 2, sendBufferBytes: 1 << 20 });
  const [reads, stalls] = [pull(t, endpoint), pull(t, endpoint, 1)];
  t.ok(await until(sink, () => sink.peers === 2));
  let read = 0;
  const readAll = async (consumer: Pull): Promise<void> => {
    for await (const _ of consumer) read++;
  };
  readAll(reads).catch(() => undefined);
  const pixels = new Uint8Array(200_000);
  for (let index = 0; index < 400; index++) t.ok(await messageTo(sink, [bytes(String(index)), pixels]));
  t.ok(await until(sink, () => read > 300));
  t.notOk(await until(sink, () => sink.offer([bytes('header')], 'headers') !== 'full', 200));
  t.ok(sink.underway.messages > 0);
  readAll(stalls).catch(() => undefined);
  t.ok(await until(sink, () => sink.offer([bytes('header')], 'headers') === 'sent'));
  t.ok(await until(sink, () => read === 401));
});

t.test('one connection alone passes nothing: its header goes behind what it has not read', async (t) => {
  const sockets = new SimulatedSockets(new Random(1), 100_000);
  let now = 0;
  const { sink } = await open(t, { now: () => (now += 10) }, sockets);
  const peer = sockets.knock(Buffer.concat([greeting(), ready('PULL')]));
  for (let turn = 0; turn < 50 && sink.peers === 0; turn++) sink.poll();
  t.equal(sink.offer([new Uint8Array(10_000)], 'images'), 'sent');
  for (let turn = 0; turn < 20; turn++) sink.poll();
  t.ok(peer.waiting > 10_000, 'it reads nothing');
  t.equal(sink.offer([new Uint8Array(5000)], 'headers'), 'sent');
});

t.test('of as many connections as may be configured it is known which have room', async (t) => {
  const sockets = new LinuxSockets();
  const { descriptor: listener, port } = sockets.listen('127.0.0.1', 0, 100_000);
  t.teardown(() => sockets.close(listener));
  const descriptors: number[] = [];
  const peers = Array.from({ length: 64 }, () => connect(port, '127.0.0.1').pause());
  t.teardown(() => peers.forEach((peer) => peer.destroy()));
  while (descriptors.length < peers.length) {
    const accepted = sockets.accept(listener);
    if (accepted === null || accepted === 'exhausted') await sleep(2);
    else descriptors.push(accepted.descriptor);
  }
  t.teardown(() => descriptors.forEach((descriptor) => sockets.close(descriptor)));
  const full = [0, 31, 40];
  const chunk = new Uint8Array(1 << 20);
  // The other end takes what its kernel holds, and nothing more.
  for (let idle = 0; idle < 20; idle++) {
    for (const index of full) while (sockets.write(descriptors[index], [chunk], 0) > 0) idle = 0;
    await sleep(5);
  }
  const room = new Uint8Array(64).fill(7);
  sockets.withRoom(descriptors, room);
  t.strictSame(
    [...room.keys()].filter((index) => room[index] !== 1),
    full,
  );
  t.ok(full.every((index) => room[index] === 0));
});

t.test('the send buffer is asked for, and what was granted is read back', async (t) => {
  for (const requestedBytes of [100_000, 1 << 20]) {
    const { sink } = await open(t, { sendBufferBytes: requestedBytes });
    t.equal(sink.sendBuffer?.requestedBytes, requestedBytes);
    t.ok((sink.sendBuffer?.grantedBytes ?? 0) > 0, `granted: ${sink.sendBuffer?.grantedBytes}`);
  }
});

t.test('an address that is taken or not ours is refused with a remedy', async (t) => {
  const { endpoint } = await open(t);
  const port = Number(endpoint.split(':').at(-1));
  await t.rejects(open(t, { port }), {
    name: 'OperatorError',
    message: /data port tcp:\/\/127\.0\.0\.1:\d+: Address already in use\. .*data_port/,
  });
  await t.rejects(open(t, { host: '192.0.2.1' }), OperatorError);
});

t.test('closing waits for what was taken to be acknowledged, and not for ever', async (t) => {
  const { sink, endpoint } = await open(t);
  const consumer = pull(t, endpoint);
  t.ok(await until(sink, () => sink.peers === 1));
  for (let index = 0; index < 10; index++) t.ok(await messageTo(sink, [bytes(String(index)), new Uint8Array(1 << 20)]));
  t.same(await sink.close(5000), { messages: 0, bytes: 0 });
  for (let index = 0; index < 10; index++) t.equal(String((await consumer.receive())[0]), String(index));

  const stopped = await open(t, { sendBufferBytes: 1 << 20 });
  pull(t, stopped.endpoint, 1);
  t.ok(await until(stopped.sink, () => stopped.sink.peers === 1));
  t.ok((await fill(stopped.sink, () => [bytes(''), new Uint8Array(4 << 20)], 90)) > 0);
  const left = await stopped.sink.close(50);
  t.ok(left.bytes > 0, `${left.messages} messages, ${left.bytes} bytes did not get out`);
  t.equal(stopped.sink.peers, 0);
  await stopped.sink.close(50);
});

t.test('a consumer that leaves while the sink is being closed takes along what it had not acknowledged', async (t) => {
  const { sink, endpoint } = await open(t, { sendBufferBytes: 1 << 20 });
  const consumer = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 1));
  t.ok((await fill(sink, () => [bytes(''), new Uint8Array(300_000)], 90)) > 0);
  const closing = sink.close(5000);
  consumer.close();
  const left = await closing;
  t.ok(left.messages > 0 && left.bytes > 0, JSON.stringify(left));
});

t.test('a full consumer wakes who waits for room', async (t) => {
  const { sink, endpoint } = await open(t, { sendBufferBytes: 1 << 20 });
  const consumer = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 1));
  await fill(sink, () => [bytes(''), new Uint8Array(4 << 20)], 90);
  t.ok(sink.awaitRoom(5), 'it waits, in vain');
  void (async () => {
    for await (const _ of consumer);
  })();
  for (let index = 0; index < 90 && sink.outcome() === 'pending'; index++) {
    await sleep(5);
    sink.awaitRoom(1000);
    sink.poll();
  }
  t.equal(sink.outcome(), 'sent');
});
