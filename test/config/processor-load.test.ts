import t from 'tap';
import { busyLimit, processorCost, processorLoad, type Traffic } from '../../src/config/processor-load.js';

const quad: Traffic = {
  arrival: 'single',
  send: 'zmtp',
  packetsPerSecond: [64_000, 64_000],
  payloadBytes: 4096,
  bytesOutPerSecond: 528_392_000,
  encoders: 0,
  encoding: 0,
};

t.test('encoders share what they have to do, and one that is too busy is named', async (t) => {
  const one = processorLoad({ ...quad, encoders: 2, encoding: 2 * processorCost.encodeGigabyte });
  t.strictSame(one.encoders, [processorCost.encodeGigabyte, processorCost.encodeGigabyte]);
  t.ok(one.overloaded.includes('encoder 1'));
  t.strictSame(processorLoad(quad).encoders, []);
});

t.test('a receiver is busy with its packets and their bytes, the streamer with the bytes of frames', async (t) => {
  const { receivers, streamer, zmq, total } = processorLoad(quad);
  const perPacket = processorCost.packet.single + 4096e-9 * processorCost.receiveGigabyte;
  t.strictSame(receivers, [64_000 * perPacket, 64_000 * perPacket]);
  t.equal(streamer, 0.528392 * processorCost.zmtpGigabyte);
  t.equal(zmq, null);
  t.ok(Math.abs(total - 128_000 * perPacket - streamer) < 1e-12);
});

t.test('where zmq sends, its thread has a share of its own', async (t) => {
  const { streamer, zmq, total } = processorLoad({ ...quad, send: 'zmq' });
  t.equal(streamer, 0.528392 * processorCost.streamerGigabyte);
  t.equal(zmq, 0.528392 * processorCost.zmqGigabyte);
  t.ok(total > processorLoad(quad).total, 'and all of it takes more');
});

t.test('coalesced datagrams cost less than single ones, those by node:dgram more', async (t) => {
  const of = (arrival: Traffic['arrival']): number => processorLoad({ ...quad, arrival }).total;
  t.ok(of('coalesced') < of('single') && of('single') < of('dgram'));
});

t.test('idle threads share one core; a busy one has its own', async (t) => {
  t.equal(processorLoad({ ...quad, packetsPerSecond: [640, 640], bytesOutPerSecond: 5_283_920 }).cores, 1);
  const half = { ...quad, packetsPerSecond: [200_000, 640], bytesOutPerSecond: 5_283_920 };
  t.ok(processorLoad(half).receivers[0] > busyLimit / 2);
  t.equal(processorLoad(half).cores, 2);
});

t.test('what one core cannot carry is named, what it just can is not', async (t) => {
  const perPacket = processorCost.packet.single + 4096e-9 * processorCost.receiveGigabyte;
  const at = (share: number): readonly string[] =>
    processorLoad({ ...quad, packetsPerSecond: [share / perPacket, 1] }).overloaded;
  t.strictSame(at(busyLimit * 1.01), ['receiver 0']);
  t.strictSame(at(busyLimit * 0.99), []);
  t.strictSame(processorLoad({ ...quad, bytesOutPerSecond: 4e9 }).overloaded, ['streamer']);
  t.strictSame(processorLoad({ ...quad, send: 'zmq', bytesOutPerSecond: 4e9 }).overloaded, ['streamer', 'zmq']);
});
