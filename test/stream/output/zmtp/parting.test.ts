import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { Pull } from 'zeromq';
import { greeting, ping, ready } from '../../../../src/stream/output/zmtp/codec.js';
import { messageTo, open, until } from './peers.js';

const count = 12;
// So little that the window of a kernel holds all of it, and more than libzmq reads at once.
const message = new Uint8Array(4000);

/** A real consumer that takes one message at a time, and sends heartbeats or does not. */
function slowPull(t: Test, endpoint: string, heartbeatInterval: number): Pull {
  const consumer = new Pull({
    receiveHighWaterMark: 1,
    linger: 0,
    receiveTimeout: 5000,
    ...(heartbeatInterval === 0 ? {} : { heartbeatInterval, heartbeatTimeout: 60_000 }),
  });
  t.teardown(() => consumer.close());
  consumer.connect(endpoint);
  return consumer;
}

for (const interval of [0, 50])
  t.test(
    `a slow consumer gets all that its kernel has, although the sink is closed; heartbeats each ${interval} ms`,
    async (t) => {
      const { sink, endpoint } = await open(t);
      const consumer = slowPull(t, endpoint, interval);
      t.ok(await until(sink, () => sink.peers === 1));
      for (let index = 0; index < count; index++) t.ok(await messageTo(sink, [message.fill(index)]));
      t.ok(await until(sink, () => sink.underway.messages === 0), 'its kernel has everything');
      await until(sink, () => false, 300);
      const closed = sink.close(20_000);
      for (let index = 0; index < count; index++) {
        const [body] = (await consumer.receive()) as [Buffer];
        t.ok(body.length === message.length && body.every((byte) => byte === index), `message ${index}`);
        await sleep(100);
      }
      t.strictSame(await closed, { messages: 0, bytes: 0 });
    },
  );

t.test(
  'one that sends heartbeats and never leaves is waited for no longer than allowed; another not at all',
  async (t) => {
    for (const [talk, least, most] of [
      [[ping(0)], 400, 5000],
      [[], 0, 300],
    ] as const) {
      const { sink, endpoint } = await open(t);
      const socket = connect({ port: Number(endpoint.split(':').at(-1)), host: '127.0.0.1', allowHalfOpen: true });
      t.teardown(() => socket.destroy());
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(greeting());
      socket.write(ready('PULL'));
      t.ok(await until(sink, () => sink.peers === 1));
      for (const words of talk) socket.write(words);
      await until(sink, () => false, 100);
      const ended = new Promise((resolve) => socket.once('end', resolve));
      const begin = performance.now();
      await sink.close(500);
      const took = performance.now() - begin;
      t.ok(took >= least && took < most, `${took} ms`);
      await ended;
    }
  },
);
