// What strangers, broken and hostile peers do to the sink: each is closed for its reason, and the consumer notices
// nothing.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { Pull, Subscriber } from 'zeromq';
import { Random } from '../../../../src/base/random.js';
import { greeting, ping, readCommand, ready } from '../../../../src/stream/output/zmtp/codec.js';
import type { Command } from '../../../../src/stream/output/zmtp/codec.js';
import { LinuxSockets } from '../../../../src/stream/output/zmtp/linux-sockets.js';
import { withinNetworks } from '../../../../src/config/networks.js';
import { SimulatedSockets } from '../../../fuzz/simulated-sockets.js';
import { bytes, messageTo, open, pull, received, until } from './peers.js';

/** A peer made by hand. */
interface Visitor {
  readonly socket: Socket;
  readonly heard: () => Buffer;
  /** Both ways are closed. */
  readonly gone: () => boolean;
}

async function visit(t: Test, endpoint: string, ...talk: readonly (string | Uint8Array)[]): Promise<Visitor> {
  const socket = connect(Number(endpoint.split(':').at(-1)), '127.0.0.1');
  let heard = Buffer.alloc(0);
  let gone = false;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    gone = true;
  });
  socket.on('data', (chunk) => {
    heard = Buffer.concat([heard, chunk]);
  });
  t.teardown(() => {
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
  });
  for (const words of talk) socket.write(words);
  return { socket, heard: () => heard, gone: () => gone };
}

const pullReady = ready('PULL');

t.test('what is no consumer is closed for its reason, and never told ERROR or READY', async (t) => {
  const rows: readonly [string, readonly (string | Uint8Array)[], number][] = [
    ['malformed', ['GET / HTTP/1.1\r\nHost: x\r\n\r\n'], 500],
    ['malformed', [Uint8Array.of(0x16, 3, 1, 2, 0)], 500],
    ['old_protocol', [Uint8Array.of(1, 0)], 500],
    ['old_protocol', [Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 1, 127, 1, 8)], 500],
    ['mechanism', [greeting().with(12, 0x58)], 500],
    ['malformed', [greeting(), Uint8Array.of(0, 1, 65)], 500],
    ['malformed', [greeting(), Uint8Array.of(6, 0, 0, 0, 0, 0x7f, 255, 255, 255)], 500],
    ['malformed', [greeting(), ping(0)], 500],
    ['socket_type', [greeting(), ready('SUB')], 1500],
    ['socket_type', [greeting(), ready('')], 1500],
    ['no_handshake', [], 3000],
    ['no_handshake', [greeting()], 3000],
    ['malformed', [greeting(), pullReady, Uint8Array.of(0, 1, 65)], 500],
    ['malformed', [greeting(), pullReady, Uint8Array.of(4, 2, 1, 88)], 500],
  ];
  for (const [reason, talk, limitMs] of rows) {
    const { sink, endpoint, refused } = await open(t);
    const visitor = await visit(t, endpoint, ...talk);
    const begin = performance.now();
    t.ok(await until(sink, () => visitor.gone()), `${reason}: closed`);
    t.match(refused, [{ reason, address: /^127\.0\.0\.1:\d+$/ }]);
    if (limitMs > 1000) t.ok(performance.now() - begin > 700, 'but not at once: it would come again at once');
    const said = visitor.heard();
    t.ok(said.subarray(0, 64).equals(Buffer.from(greeting()).subarray(0, said.length)));
    t.notMatch(said.toString('latin1'), /ERROR/);
    if (talk.at(1) !== pullReady) t.notMatch(said.toString('latin1'), /READY/);
    await sink.close(0);
  }
});

t.test('a trickle that never ends is cut off when its time is over', async (t) => {
  const { sink, endpoint, refused } = await open(t);
  const visitor = await visit(t, endpoint);
  let at = 0;
  t.ok(
    await until(sink, () => {
      if (at < 60) visitor.socket.write(greeting().subarray(at, ++at));
      return visitor.gone();
    }),
  );
  t.match(refused, [{ reason: 'no_handshake' }]);
});

t.test('a flood of connections takes few places, and a consumer still comes in', async (t) => {
  const { sink, endpoint, refused } = await open(t);
  const visitors = await Promise.all(Array.from({ length: 60 }, () => visit(t, endpoint)));
  t.ok(await until(sink, () => visitors.filter(({ gone }) => gone()).length >= 52), 'all but a few are closed at once');
  t.ok(refused.some(({ reason }) => reason === 'too_many_unfinished'));
  const consumer = pull(t, endpoint);
  t.ok(await until(sink, () => sink.peers === 1));
  t.ok(await messageTo(sink, [bytes('on')]));
  t.equal(String(await received(sink, consumer)), 'on');
});

t.test(
  'an onlooker and a consumer that come in the same look: only the one that stays is told as connected',
  async (t) => {
    const { sink, endpoint, notices } = await open(t, { connections: 2 });
    await visit(t, endpoint, greeting(), ready('PULL', { 'X-Vdcu-Role': 'onlooker' }));
    await visit(t, endpoint, greeting(), pullReady);
    await sleep(100);
    sink.poll();
    t.equal(sink.peers, 1);
    t.match(
      notices.map(({ code }) => code),
      ['gave_way', 'connected'],
    );
    t.match(notices.at(-1)?.message, /^consumer /);
  },
);

t.test('as many consumers as may be come in, although all of them come at once', async (t) => {
  const { sink, endpoint, refused } = await open(t, { connections: 40 });
  const consumers = Array.from({ length: 40 }, () => pull(t, endpoint));
  t.ok(await until(sink, () => sink.peers === consumers.length));
  t.strictSame(refused, []);
});

t.test('who has finished its handshake and finds no place is told as one too many, however many come', async (t) => {
  const { sink, endpoint, refused } = await open(t);
  await visit(t, endpoint, greeting(), pullReady);
  t.ok(await until(sink, () => sink.peers === 1));
  const rivals: Visitor[] = [];
  for (let round = 0; round < 4; round++) {
    rivals.push(...(await Promise.all(Array.from({ length: 8 }, () => visit(t, endpoint, greeting(), pullReady)))));
    await until(sink, () => false, 300);
  }
  t.ok(await until(sink, () => rivals.every(({ gone }) => gone())));
  t.strictSame(
    refused.map(({ reason }) => reason),
    rivals.map(() => 'too_many'),
  );
});

t.test('heartbeats are answered with their context; too many are no heartbeats', async (t) => {
  const { sink, endpoint, refused } = await open(t);
  const visitor = await visit(t, endpoint, greeting(), pullReady);
  t.ok(await until(sink, () => sink.peers === 1));
  visitor.socket.write(Uint8Array.of(4, 10, 4, ...bytes('PING'), 0, 9, 1, 2, 3));
  t.ok(await until(sink, () => visitor.heard().length >= 64 + pullReady.length + 10));
  const answers = visitor.heard().subarray(64);
  const first = readCommand(answers) as Command;
  t.equal(first.name, 'READY');
  t.match(readCommand(answers.subarray(first.bytes)), { name: 'PONG', data: Uint8Array.of(1, 2, 3) });
  t.equal(sink.disconnects, 0);
  for (let index = 0; index < 20_000; index++) visitor.socket.write(ping(0));
  t.ok(await until(sink, () => sink.disconnects === 1));
  t.match(refused, [{ reason: 'malformed' }]);
});

t.test(
  'heartbeats as often as libzmq knows them are no crime, nor what came while the service stood still',
  async (t) => {
    let standsStill = 0;
    const { sink, endpoint, refused } = await open(t, { now: () => performance.now() + standsStill });
    const visitor = await visit(t, endpoint, greeting(), pullReady);
    t.ok(await until(sink, () => sink.peers === 1));
    let sent = 0;
    const begin = performance.now();
    await until(sink, () => {
      for (; sent < performance.now() - begin; sent++) visitor.socket.write(ping(0));
      return sent > 1500;
    });
    standsStill = 10_000;
    for (let index = 0; index < 10_000; index++) visitor.socket.write(ping(0));
    await until(sink, () => false, 3000);
    t.equal(sink.peers, 1);
    t.strictSame(refused, []);
    t.ok(await messageTo(sink, [bytes('on')]));
    t.ok(
      await until(sink, () =>
        visitor
          .heard()
          .subarray(-4)
          .equals(Buffer.from([0, 2, ...bytes('on')])),
      ),
    );
  },
);

t.test('an idle peer of ZMTP 3.1 is asked for a sign of life, one of 3.0 is not', async (t) => {
  const { sink, endpoint } = await open(t, { connections: 2 });
  const [newer, older] = [
    await visit(t, endpoint, greeting(), pullReady),
    await visit(t, endpoint, greeting().with(11, 0), pullReady),
  ];
  t.ok(await until(sink, () => sink.peers === 2));
  t.ok(await until(sink, () => newer.heard().length > 64 + pullReady.length));
  t.match(readCommand(newer.heard().subarray(64 + pullReady.length)), { name: 'PING' });
  newer.socket.write(Uint8Array.of(4, 5, 4, ...bytes('PONG')));
  await until(sink, () => false, 100);
  t.equal(older.heard().length, 64 + pullReady.length);
  t.equal(sink.peers, 2);
});

t.test(
  'one too many waits a second inside its handshake, is closed without a word, and comes in when there is room',
  async (t) => {
    const { sink, endpoint, refused } = await open(t);
    const consumer = pull(t, endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    const stranger = pull(t, endpoint);
    let handshakes = 0;
    stranger.events.on('handshake', () => {
      handshakes++;
    });
    t.ok(await until(sink, () => refused.length >= 2));
    t.match(refused, [{ reason: 'too_many' }, { reason: 'too_many' }]);
    t.equal(handshakes, 0, 'it never believes to be connected');
    for (let index = 0; index < 20; index++) {
      t.ok(await messageTo(sink, [bytes(String(index))]));
      t.equal(String(await received(sink, consumer)), String(index), 'all go to the consumer');
    }
    t.equal(sink.disconnects, 0);
    consumer.close();
    t.ok(await until(sink, () => sink.disconnects === 1 && sink.peers === 1), 'the next is let in');
    t.ok(await messageTo(sink, [bytes('yours')]));
    t.equal(String(await received(sink, stranger)), 'yours');
  },
);

t.test('a socket that does not pull comes again and again, and never in', async (t) => {
  const { sink, endpoint, refused } = await open(t);
  const subscriber = new Subscriber({ linger: 0 });
  t.teardown(() => {
    subscriber.close();
  });
  subscriber.connect(endpoint);
  t.ok(await until(sink, () => refused.length >= 2));
  t.ok(refused.every(({ reason }) => reason === 'socket_type'));
  t.equal(sink.peers, 0);
});

t.test('who is not in consumer_source is refused, by address or network', async (t) => {
  const { sink, endpoint, refused } = await open(t, { allowed: withinNetworks(['192.0.2.0/24', '::1']) });
  pull(t, endpoint);
  t.ok(await until(sink, () => refused.length >= 1));
  t.match(refused, [{ reason: 'source' }]);
  t.equal(sink.peers, 0);
  const allowing = await open(t, { allowed: withinNetworks(['127.0.0.0/8']) });
  pull(t, allowing.endpoint);
  t.ok(await until(allowing.sink, () => allowing.sink.peers === 1));
});

t.test(
  'an onlooker is let in while there is room, gives way to a consumer, and does not come back while it is there',
  async (t) => {
    class Onlooker extends Pull {
      say(): void {
        this.setStringOption(95, 'X-Vdcu-Role:onlooker');
      }
    }
    const { sink, endpoint, notices, refused } = await open(t, { connections: 2 });
    const onlooker = new Onlooker({ linger: 0 });
    t.teardown(() => {
      onlooker.close();
    });
    onlooker.say();
    onlooker.connect(endpoint);
    t.ok(await until(sink, () => sink.peers === 1));
    t.match(notices, [{ code: 'connected', message: /^onlooker 127/ }]);
    const consumer = pull(t, endpoint);
    t.ok(
      await until(sink, () => notices.some(({ code }) => code === 'gave_way') && sink.peers === 1),
      'also where there is room for two: it would take every second message',
    );
    t.ok(await until(sink, () => refused.some(({ reason }) => reason === 'gives_way')));
    t.ok(await messageTo(sink, [bytes('mine')]));
    t.equal(String(await received(sink, consumer)), 'mine');
    consumer.close();
    t.ok(await until(sink, () => sink.peers === 1), 'it looks again when the consumer is gone');
  },
);

t.test('a peer that resets in the middle of a message does not have it; the next gets it whole', async (t) => {
  const { sink, endpoint } = await open(t, { sendBufferBytes: 300_000 });
  const visitor = await visit(t, endpoint, greeting(), pullReady);
  t.ok(await until(sink, () => sink.peers === 1));
  visitor.socket.pause();
  const pixels = new Uint8Array(16 << 20).fill(5);
  t.equal(sink.offer([bytes('half'), pixels]), 'pending');
  await sleep(50);
  visitor.socket.resetAndDestroy();
  t.ok(await until(sink, () => sink.disconnects === 1));
  t.equal(sink.outcome(), 'full');
  t.equal(sink.takeLoss(), 0);
  const consumer = pull(t, endpoint);
  t.ok(await until(sink, () => sink.peers === 1));
  t.ok(await messageTo(sink, [bytes('half'), pixels]));
  const [head, body] = (await received(sink, consumer)) as [Buffer, Buffer];
  t.equal(String(head), 'half');
  t.ok(body.equals(pixels));
});

t.test('what is kept of a message is lost with the rest of it, to the last byte', async (t) => {
  const { sink, endpoint, notices } = await open(t, { sendBufferBytes: 300_000 });
  const visitor = await visit(t, endpoint, greeting(), pullReady);
  t.ok(await until(sink, () => sink.peers === 1));
  visitor.socket.pause();
  t.equal(sink.offer([bytes('half'), new Uint8Array(16 << 20)]), 'pending');
  sink.keep();
  t.equal(sink.outcome(), 'sent');
  await until(sink, () => false, 100);
  const { underway } = sink;
  t.equal(underway.messages, 1);
  t.ok(underway.bytes > 8 << 20, `${underway.bytes} bytes: most of it never left this process`);
  visitor.socket.resetAndDestroy();
  t.ok(await until(sink, () => sink.disconnects === 1));
  t.strictSame(sink.lost, underway);
  t.match(notices.at(-1), {
    code: 'gone',
    trouble: true,
    message: new RegExp(`1 messages \\(${underway.bytes} bytes\\)`),
  });
});

t.test('a sign of life that is not acknowledged is no message: nobody is told that one was lost', async (t) => {
  const sockets = new SimulatedSockets(new Random(1), 100_000);
  let now = 0;
  const { sink, notices } = await open(t, { now: () => now }, sockets);
  const look = (milliseconds: number): void => {
    now += milliseconds;
    sink.poll();
  };
  const peer = sockets.knock(Buffer.concat([greeting(), pullReady]));
  for (let turn = 0; turn < 100 && sink.peers === 0; turn++) look(10);
  sockets.take(peer);
  for (let turn = 0; turn < 50 && peer.waiting === 0; turn++) look(300);
  t.ok(peer.waiting > 0, 'a PING is on its way');
  t.strictSame(sink.underway, { messages: 0, bytes: 0 });
  peer.broken = true;
  look(10);
  t.equal(sink.disconnects, 1);
  t.match(notices.at(-1), { code: 'gone', trouble: false, message: /is gone$/ });
  t.strictSame(sink.lost, { messages: 0, bytes: 0 });
});

t.test('where no descriptor is left nothing throws: it is counted, and the service goes on', async (t) => {
  const real = new LinuxSockets();
  let exhausted = true;
  const sockets = Object.assign(Object.create(real) as LinuxSockets, {
    accept: (listener: number) => (exhausted ? ('exhausted' as const) : real.accept(listener)),
    ...Object.fromEntries(
      (
        [
          'listen',
          'read',
          'write',
          'unacknowledgedBytes',
          'path',
          'probeSilence',
          'withRoom',
          'awaitRoom',
          'finish',
          'close',
        ] as const
      ).map((name) => [name, (real[name] as (...args: unknown[]) => unknown).bind(real)]),
    ),
  });
  const { sink, endpoint, refused } = await open(t, {}, sockets);
  pull(t, endpoint);
  await until(sink, () => refused.length > 0);
  t.match(refused, [{ reason: 'no_descriptors' }]);
  exhausted = false;
  t.ok(await until(sink, () => sink.peers === 1), 'it comes in as soon as one is free');
});

t.test('a peer of another socket type that leaves soon is counted and named all the same, once', async (t) => {
  const { sink, endpoint, refused } = await open(t);
  for (const type of ['PUB', 'REP', 'SUB']) {
    const { socket } = await visit(t, endpoint, greeting(), ready(type));
    const { localPort } = socket;
    await until(sink, () => false, 100);
    socket.destroy();
    await until(sink, () => false, 1200);
    t.strictSame(refused.splice(0), [{ reason: 'socket_type', address: `127.0.0.1:${localPort}` }], type);
  }
  const stays = await visit(t, endpoint, greeting(), ready('PUB'));
  t.ok(await until(sink, stays.gone, 3000), 'closed');
  t.equal(refused.length, 1, 'who stays until it is closed is counted once');
});
