import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { Pull } from 'zeromq';
import { systemClock } from '../../../../src/base/clock.js';
import { OperatorError } from '../../../../src/base/errors.js';
import { loadLibzmq, zmq } from '../../../../src/stream/output/libzmq/libzmq.js';
import type { Libzmq } from '../../../../src/stream/output/libzmq/libzmq.js';
import { LibzmqSink } from '../../../../src/stream/output/libzmq/libzmq-sink.js';
import type { LibzmqSinkOptions } from '../../../../src/stream/output/libzmq/libzmq-sink.js';
import { handshakeMs } from '../../../../src/stream/output/libzmq/options.js';
import { greeting, strangerAt } from '../../../hostile/strangers.js';

const loaded = await loadLibzmq();
if (typeof loaded === 'string') throw new Error(loaded);
const libzmq: Libzmq = loaded;

async function open(
  t: Test,
  options: Partial<LibzmqSinkOptions> = {},
  library = libzmq,
): Promise<{ sink: LibzmqSink; endpoint: string }> {
  const sink = new LibzmqSink(library, {
    host: '127.0.0.1',
    port: 0,
    highWaterMark: 100,
    connections: 2,
    timeoutMs: 10_000,
    now: () => systemClock.now(),
    ...options,
  });
  t.teardown(() => sink.close(0));
  return { sink, endpoint: await sink.open() };
}

function pull(t: Test, endpoint: string, receiveHighWaterMark = 1000): Pull {
  const consumer = new Pull({ receiveHighWaterMark, ipv6: true, linger: 0, receiveTimeout: 5000 });
  t.teardown(() => {
    consumer.close();
  });
  consumer.connect(endpoint);
  return consumer;
}

const untilTurns = 2000;

/** Turn until it is so; a bounded number of times. */
async function until(sink: LibzmqSink, so: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < untilTurns; turn++) {
    sink.poll();
    if (so()) return true;
    await sleep(2);
  }
  return false;
}

/** Offer until nothing was taken for a while. */
async function fill(
  sink: LibzmqSink,
  message: (index: number) => readonly Uint8Array[],
  limit: number,
): Promise<number> {
  let sent = 0;
  for (let full = 0; sent < limit && full < 20;) {
    sink.poll();
    if (sink.offer(message(sent)) === 'sent') {
      sent++;
      full = 0;
    } else {
      full++;
      await sleep(5);
    }
  }
  return sent;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const pauseNow = (milliseconds: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** Pixels in shared memory, as frames lie there. */
const sharedPixels = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length + 64), 64);

t.test('messages arrive as they were, with all their parts, over IPv4 and IPv6', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const { sink, endpoint } = await open(t, { host });
    t.match(endpoint, host === '::1' ? /^tcp:\/\/\[::1\]:\d+$/ : /^tcp:\/\/127\.0\.0\.1:\d+$/);
    const consumer = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    const pixels = sharedPixels(528392).map((_, at) => Math.imul(at, 0x9e3779b1) >>> 24);
    const shared = sharedPixels(528392);
    shared.set(pixels);
    const messages = [
      [bytes('{"htype":"header"}'), bytes('{"a":1}')],
      [bytes('{"htype":"image"}'), shared],
      [bytes('{"htype":"series_end"}')],
      [bytes(''), bytes('x'), new Uint8Array(0)],
    ];
    for (const parts of messages) {
      t.equal(sink.offer(parts), 'sent');
      const received = await consumer.receive();
      t.equal(received.length, parts.length);
      t.ok(received.every((part, index) => part.equals(Buffer.from(parts[index]))));
    }
  }
});

t.test('without a consumer nothing is taken', async (t) => {
  const { sink } = await open(t);
  sink.poll();
  t.equal(sink.offer([bytes('a')]), 'full');
  t.equal(sink.peers, 0);
  t.equal(sink.disconnects, 0);
});

t.test('a consumer that does not read fills the queue, and loses nothing when it reads again', async (t) => {
  const { sink, endpoint } = await open(t, { highWaterMark: 2 });
  const consumer = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 1));
  const pixels = new Uint8Array(4 << 20);
  const sent = await fill(sink, (index) => [bytes(String(index)), pixels], 100);
  t.ok(sent >= 2 && sent < 100, `${sent} messages are under way`);
  t.equal(sink.offer([bytes('one more'), pixels]), 'full');
  for (let index = 0; index < sent; index++) t.equal(String((await consumer.receive())[0]), String(index));
  t.ok(await until(sink, () => sink.offer([bytes('on')]) === 'sent'), 'room again');
  t.equal(String(await consumer.receive()), 'on');
});

t.test('pixels may change as soon as they were taken', async (t) => {
  const { sink, endpoint } = await open(t, { highWaterMark: 8 });
  const consumer = pull(t, endpoint, 4);
  t.ok(await until(sink, () => sink.peers === 1));
  const frames = 300;
  const slot = sharedPixels(528392);
  let wrong = 0;
  const reading = (async () => {
    for (let index = 0; index < frames; index++) {
      const [head, pixels] = (await consumer.receive()) as [Buffer, Buffer];
      const same = pixels.subarray(1).equals(pixels.subarray(0, -1));
      if (String(head) !== String(index) || pixels.length !== slot.length || pixels[0] !== index % 251 || !same)
        wrong++;
    }
  })();
  for (let index = 0; index < frames;) {
    slot.fill(index % 251);
    if (sink.offer([bytes(String(index)), slot]) === 'sent') index++;
    else await sleep(1);
    slot.fill(0xff);
  }
  await reading;
  t.equal(wrong, 0);
});

t.test('a consumer that has read everything and leaves at that moment has lost nothing', async (t) => {
  const { sink, endpoint } = await open(t);
  for (let round = 1; round <= 25; round++) {
    const consumer = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    for (let index = 0; index < 3; index++)
      t.equal(sink.offer([bytes(String(index)), new Uint8Array(200_000)]), 'sent');
    t.equal(sink.offer([bytes('end')]), 'sent');
    // Nobody looks at the kernel's figures while it reads and goes.
    for (let index = 0; index < 4; index++) await consumer.receive();
    consumer.close();
    await sleep(5);
    t.ok(await until(sink, () => sink.disconnects === round));
    t.strictSame(sink.lost, { messages: 0, bytes: 0 }, `round ${round}`);
  }
});

t.test('what a consumer had not acknowledged when it went is lost, and is known', async (t) => {
  const { sink, endpoint } = await open(t, { connections: 1 });
  const consumer = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 1));
  const sent = await fill(sink, () => [bytes('old'), new Uint8Array(4 << 20)], 60);
  consumer.close();
  t.ok(await until(sink, () => sink.disconnects === 1));
  t.ok((sink.lost?.messages ?? 0) > 0 && (sink.lost?.messages ?? 0) <= sent, JSON.stringify(sink.lost));
});

t.test(
  'a consumer that vanishes with messages in its queue is gone, and the next is served from there on',
  async (t) => {
    const { sink, endpoint } = await open(t, { highWaterMark: 4 });
    const first = pull(t, endpoint, 1);
    t.ok(await until(sink, () => sink.peers === 1));
    t.ok((await fill(sink, () => [bytes('old'), new Uint8Array(4 << 20)], 100)) < 100);
    first.close();
    t.ok(await until(sink, () => sink.disconnects === 1));
    t.equal(sink.peers, 0);
    t.equal(sink.offer([bytes('a')]), 'full');
    const second = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    t.ok(await until(sink, () => sink.offer([bytes('new'), bytes('pixels')]) === 'sent'));
    t.same((await second.receive()).map(String), ['new', 'pixels']);
    t.equal(sink.disconnects, 1);
  },
);

t.test('two consumers are two, and take turns', async (t) => {
  const { sink, endpoint } = await open(t);
  const [first, second] = [pull(t, endpoint), pull(t, endpoint)];
  t.ok(await until(sink, () => sink.peers === 2));
  for (let index = 0; index < 4; index++) t.equal(sink.offer([bytes(String(index)), bytes('pixels')]), 'sent');
  for (const consumer of [first, second])
    for (let index = 0; index < 2; index++) t.equal((await consumer.receive()).length, 2);
  first.close();
  t.ok(await until(sink, () => sink.peers === 1));
  t.equal(sink.disconnects, 1);
});

t.test('of several consumers one goes that lacked nothing: what the others have not is known still', async (t) => {
  const { sink, endpoint } = await open(t);
  const [stays, goes] = [pull(t, endpoint, 1), pull(t, endpoint)];
  t.ok(await until(sink, () => sink.peers === 2));
  for (let index = 0; index < 4; index++) t.equal(sink.offer([bytes(String(index)), new Uint8Array(50_000)]), 'sent');
  for (let index = 0; index < 2; index++) await Promise.all([stays.receive(), goes.receive()]);
  t.ok(await until(sink, () => sink.underway?.messages === 0));
  goes.close();
  t.ok(await until(sink, () => sink.disconnects === 1));
  t.strictSame(sink.underway, { messages: 0, bytes: 0 });
  t.strictSame(sink.lost, { messages: 0, bytes: 0 });
  const sent = await fill(sink, () => [new Uint8Array(1 << 20)], 30);
  t.ok((sink.underway?.messages ?? 0) > 0, 'it does not read');
  for (let index = 0; index < sent; index++) await stays.receive();
  t.ok(await until(sink, () => sink.underway?.messages === 0));
  // With something on its way to the two nobody knows what one of them took along.
  const leaves = pull(t, endpoint, 1);
  t.ok(await until(sink, () => sink.peers === 2));
  await fill(sink, () => [new Uint8Array(1 << 20)], 40);
  leaves.close();
  t.ok(await until(sink, () => sink.disconnects === 2));
  t.equal(sink.underway, null);
  t.equal(sink.lost, null);
});

t.test('with two consumers a header waits until both machines have what was before it', async (t) => {
  const { sink, endpoint } = await open(t);
  const consumers = [pull(t, endpoint, 1), pull(t, endpoint, 1)];
  t.ok(await until(sink, () => sink.peers === 2));
  t.equal(await fill(sink, (index) => [bytes(String(index)), new Uint8Array(1 << 20)], 40), 40);
  t.ok((sink.underway?.messages ?? 0) > 0, 'they read nothing');
  const message = [bytes('next')];
  t.equal(sink.offer(message, 'seriesEnds'), 'sent', 'an end is put in order by its number');
  t.equal(sink.offer(message, 'headers'), 'full');
  for (const consumer of consumers)
    void (async () => {
      for await (const _ of consumer);
    })().catch(() => undefined);
  let before: number | undefined;
  t.ok(
    await until(sink, () => {
      before = sink.underway?.messages;
      return sink.offer(message, 'headers') === 'sent';
    }),
  );
  t.equal(before, 0);
});

t.test('who connects and is no consumer changes nothing', async (t) => {
  const { sink, endpoint } = await open(t);
  const port = Number(endpoint.split(':').at(-1));
  const visit = async (talk: string | Uint8Array | null): Promise<Socket> => {
    const stray = connect(port, '127.0.0.1');
    stray.on('error', () => undefined);
    t.teardown(() => {
      stray.destroy();
    });
    await new Promise<void>((resolve) => {
      stray.once('connect', resolve);
    });
    if (talk !== null) stray.write(talk);
    return stray;
  };
  const greetingOf = (version: number): Uint8Array => Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 1, 127, version, 0);
  const strays: Socket[] = [];
  for (const talk of [null, 'GET / HTTP/1.1\r\n\r\n', greetingOf(1), greetingOf(3)]) strays.push(await visit(talk));
  // A socket of a type that does not pull.
  const context = libzmq.ctxNew();
  const subscriber = libzmq.socket(context, 2);
  libzmq.connect(subscriber, endpoint);
  await sleep(200);
  sink.poll();
  t.equal(sink.peers, 0);
  t.equal(sink.offer([bytes('a')]), 'full');
  const consumer = pull(t, endpoint);
  t.ok(await until(sink, () => sink.peers === 1));
  for (let index = 0; index < 20; index++) t.equal(sink.offer([bytes(String(index))]), 'sent');
  for (let index = 0; index < 20; index++)
    t.equal(String(await consumer.receive()), String(index), 'all go to the consumer');
  for (const stray of strays) stray.destroy();
  libzmq.close(subscriber);
  await new Promise<void>((resolve) => {
    libzmq.ctxTerm(context, () => {
      resolve();
    });
  });
  await sleep(100);
  sink.poll();
  t.equal(sink.peers, 1);
  t.equal(sink.disconnects, 0);
});

t.test('a consumer that dies between two parts leaves no half message, whatever comes next', async (t) => {
  const outcomes = new Set<string>();
  for (const pauseMs of [0, 1, 5, 50]) {
    const context = libzmq.ctxNew();
    const dying = libzmq.socket(context, zmq.pull);
    let alive = true;
    const { sink, endpoint } = await open(
      t,
      {},
      {
        ...libzmq,
        send: (socket, part, length, flags) => {
          if (alive && length === 4 && Buffer.from(part).toString() === 'lost') {
            alive = false;
            libzmq.close(dying);
            pauseNow(pauseMs);
          }
          return libzmq.send(socket, part, length, flags);
        },
      },
    );
    t.equal(libzmq.connect(dying, endpoint), 0);
    t.ok(await until(sink, () => sink.peers === 1));
    outcomes.add(sink.offer([bytes('half'), bytes('lost')]));
    t.ok(await until(sink, () => sink.disconnects === 1 && sink.peers === 0));
    t.equal(sink.offer([bytes('a'), bytes('b')]), 'full');
    const next = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    t.ok(await until(sink, () => sink.offer([bytes('whole'), bytes('message')]) === 'sent'));
    t.same((await next.receive()).map(String), ['whole', 'message']);
    await new Promise<void>((resolve) => {
      libzmq.ctxTerm(context, () => {
        resolve();
      });
    });
  }
  t.comment([...outcomes].join(', '));
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

t.test('closing delivers what was taken, and does not wait for ever', async (t) => {
  const { sink, endpoint } = await open(t);
  const consumer = pull(t, endpoint);
  t.ok(await until(sink, () => sink.peers === 1));
  for (let index = 0; index < 10; index++) t.equal(sink.offer([bytes(String(index)), new Uint8Array(1 << 20)]), 'sent');
  const closed = sink.close(5000);
  for (let index = 0; index < 10; index++) t.equal(String((await consumer.receive())[0]), String(index));
  await closed;

  const stopped = await open(t);
  pull(t, stopped.endpoint, 1);
  t.ok(await until(stopped.sink, () => stopped.sink.peers === 1));
  t.ok((await fill(stopped.sink, () => [bytes(''), new Uint8Array(4 << 20)], 90)) > 0);
  await stopped.sink.close(50);
  t.equal(stopped.sink.peers, 0);
  await stopped.sink.close(50);
});

t.test('where libzmq or one of its functions is not there, the reason is said', async (t) => {
  t.match(libzmq.version, /^4\.3\.\d+$/);
  t.equal(await loadLibzmq(() => undefined), 'the zeromq package loaded no library that this process knows of');
  t.match(await loadLibzmq(() => 'libc.so.6'), /zmq_version/);
  t.match(await loadLibzmq(() => '/no/such/library.node'), /no such|cannot open|not a library/i);
});

t.test('a stranger that was promised the place and went keeps nobody out', async (t) => {
  let now = 0;
  const { sink, endpoint } = await open(t, { connections: 1, now: () => now });
  // Both waits together are too short for the time of the handshake to pass, however busy the machine is.
  const slowly = (so: () => boolean): Promise<boolean> => {
    return until(sink, () => {
      now += handshakeMs / 2 / untilTurns;
      return so();
    });
  };
  let heard = 0;
  const stranger = strangerAt(endpoint, [greeting]);
  stranger.on('data', ({ length }: Buffer) => (heard += length));
  t.ok(await slowly(() => heard > 64), 'it was let in: libzmq went on');
  stranger.destroy();
  pull(t, endpoint);
  t.ok(await slowly(() => sink.peers === 1), 'the consumer is in');
});
