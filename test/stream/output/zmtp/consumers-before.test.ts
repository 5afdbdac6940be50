// Consumers from several hosts, which on loopback have addresses of their own: when is one told as coming from
// elsewhere?

import { connect } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { greeting, ready } from '../../../../src/stream/output/zmtp/codec.js';
import { bytes, messageTo, open, until } from './peers.js';
import type { OpenSink } from './peers.js';

type Leave = () => Promise<void>;

/** Connects from host `number`, and reads; returns how it leaves. */
async function come(t: Test, { sink, endpoint }: OpenSink, number: number, properties = {}): Promise<Leave> {
  const [peers, port] = [sink.peers, Number(endpoint.split(':').at(-1))];
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${number}` }).resume();
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  socket.write(Buffer.concat([greeting(), ready('PULL', properties)]));
  t.ok(await until(sink, () => sink.peers > peers));
  return async () => {
    const before = sink.disconnects;
    socket.destroy();
    t.ok(await until(sink, () => sink.disconnects > before));
  };
}

const codes = ({ notices }: OpenSink): string[] =>
  notices.map(({ code }) => code).filter((code) => code === 'connected' || code === 'other_address');

t.test('the one consumer is told when it comes from another host than the one before, each time', async (t) => {
  const site = await open(t);
  const [a, b] = ['a', 'b'].map((text) => [bytes(text)]);
  for (const [number, message] of [
    [2, a],
    [2, b],
    [3, a],
    [2, b],
  ] as const) {
    const leave = await come(t, site, number);
    t.ok(await messageTo(site.sink, message));
    await leave();
  }
  t.strictSame(codes(site), ['connected', 'connected', 'other_address', 'other_address']);
  t.match(
    site.notices.find(({ code }) => code === 'other_address'),
    { trouble: true, message: /^consumer 127\.0\.0\.3:\d+ connected; the one before came from 127\.0\.0\.2\. Is it/ },
  );
});

t.test('who only looked on is not the consumer before', async (t) => {
  const site = await open(t);
  const leave = await come(t, site, 2, { 'X-Vdcu-Role': 'onlooker' });
  t.ok(await messageTo(site.sink, [bytes('seen')]));
  await leave();
  await come(t, site, 3);
  t.ok(await messageTo(site.sink, [bytes('mine')]));
  t.strictSame(codes(site), ['connected', 'connected']);
});

t.test('a consumer with connections from two hosts may connect again from both, and from no third', async (t) => {
  const site = await open(t, { connections: 2 });
  const leaves = [await come(t, site, 2), await come(t, site, 3)];
  for (let round = 0; round < 3; round++) {
    for (let message = 0; message < 4; message++) t.ok(await messageTo(site.sink, [bytes('to both')]));
    const index = round % 2;
    await leaves[index]();
    leaves[index] = await come(t, site, 2 + index);
  }
  t.notOk(codes(site).includes('other_address'));
  t.ok(await messageTo(site.sink, [bytes('to both')]));
  await leaves[0]();
  await come(t, site, 4);
  t.match(site.notices.at(-1), { code: 'other_address', message: /those before came from .*127\.0\.0\.[23], 127/ });
});
