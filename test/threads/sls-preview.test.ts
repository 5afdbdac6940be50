// Tests src/service/sls-preview.ts: subscribers of PSI's preview stream before a running service get the bytes that the
// detector has sent on each port, and the main stream does not notice those who do not read.

import { createServer } from 'node:net';
import t from 'tap';
import { Subscriber } from 'zeromq';
import { PortImageDatagrams, headerBytes } from '../../simulators/detector/packet.js';
import { callBytes, callOver, i32, i64, sentenceOf, setupBytes } from '../control/sls/client.js';
import { freeTcpPort } from './free-ports.js';
import { start } from './running.js';
import type { Running } from './running.js';
import { until } from './waiting.js';

const frames = 8;

/** The first of two TCP ports, one behind the other, that nobody has. */
async function twoPorts(): Promise<number> {
  for (;;) {
    const port = await freeTcpPort();
    const free = await new Promise<boolean>((resolve) => {
      const next = createServer();
      next.once('error', () => resolve(false));
      next.listen(port + 1, '127.0.0.1', () => next.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** What a port sends of a frame. */
function sentBytes({ config: { detector } }: Running, index: number, frame: number): Buffer {
  const image = new PortImageDatagrams(detector, index);
  image.write(frame, 0);
  return Buffer.concat(image.datagrams.map((datagram) => datagram.subarray(headerBytes)));
}

for (const depth of [16, 12, 4])
  t.test(`at ${depth} bit each image is what its port has sent, with PSI's words beside it`, async (t) => {
    const running = await start(
      t,
      'detector: eiger\nquad: true\nframe_rate_hz: 100\nseries: armed\nreceiver_ports: [0]\nsls_preview: true\n' +
        `dynamic_range: ${depth}`,
    );
    const [port = 0] = running.service.receiverPorts;
    const done = async (...bytes: Parameters<typeof callBytes>): Promise<void> => {
      const reply = await callOver(port, callBytes(...bytes));
      t.equal(reply.readInt32LE(), 0, `${bytes[0]}: ${sentenceOf(reply) ?? 'done'}`);
    };
    const [first = 0, second = 0] = running.config.detector.udpPorts;
    await done('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1, depth, rows: 0, ports: [first, second] }));
    await done('F_RECEIVER_SET_NUM_FRAMES', i64(BigInt(frames)));
    const stream = await twoPorts();
    await done('F_SET_RECEIVER_STREAMING_PORT', Buffer.from(new Uint16Array([stream]).buffer));
    await done('F_SET_RECEIVER_STREAMING', i32(1));
    // Off and on, and on twice, one behind the other.
    for (const on of [0, 1, 1]) await done('F_SET_RECEIVER_STREAMING', i32(on));
    const got: { json: Record<string, unknown>; pixels: Buffer | undefined }[][] = [[], []];
    const sockets = [0, 1].map((at) => {
      const socket = new Subscriber({ linger: 0 });
      socket.connect(`tcp://127.0.0.1:${stream + at}`);
      socket.subscribe();
      t.teardown(() => socket.close());
      void (async () => {
        for await (const [json, pixels] of socket)
          got[at]?.push({ json: JSON.parse(String(json)) as Record<string, unknown>, pixels });
      })();
      return socket;
    });
    t.equal(sockets.length, 2);
    // One that never reads: PUB drops what it does not take.
    const idle = new Subscriber({ linger: 0, receiveHighWaterMark: 1 });
    idle.connect(`tcp://127.0.0.1:${stream}`);
    idle.subscribe();
    t.teardown(() => idle.close());
    // Subscriptions take a moment, and nothing tells when they have arrived but what comes.
    await until(async () => {
      await done('F_RESTREAM_STOP_FROM_RECEIVER');
      return got.every((messages) => messages.length > 0);
    }, 'both subscriptions');

    const consumer = await running.consume({ series: 1 });
    await done('F_START_RECEIVER');
    await running.simulate({ frames, rate: 20 });
    await done('F_STOP_RECEIVER', i32(0));
    t.ok((await consumer.report).ok, 'the stream was not disturbed');
    // (The first ends were asked for above; on each socket messages keep their order.)
    const ofAcquisition = (): typeof got =>
      got.map((messages) => messages.slice(messages.findIndex(({ json }) => json['data'] === 1)));
    const ended = (messages: (typeof got)[number]): boolean => messages.at(-1)?.json['data'] === 0;
    await until(() => ofAcquisition().every((messages) => messages.length > 1 && ended(messages)), 'the ends');
    for (const [at, messages] of ofAcquisition().entries()) {
      const images = messages.slice(0, -1);
      t.strictSame(
        images.map(({ json }) => json['frameIndex']),
        Array.from({ length: frames }, (_, index) => index),
      );
      t.match(messages.at(-1), { json: { data: 0, jsonversion: 5 }, pixels: undefined }, 'one end');
      t.match(images[0]?.json, {
        bitmode: depth,
        detshape: [1, 2],
        shape: [512, 256],
        size: (512 * 256 * depth) / 8,
        frameNumber: 1,
        completeImage: 1,
        row: 1 - at,
        column: 0,
        detType: 1,
        flipRows: at,
        quad: 1,
        fname: '/run',
      });
      for (const { json, pixels } of images)
        t.ok(pixels?.equals(sentBytes(running, at, json['frameNumber'] as number)), `port ${at}: every byte`);
    }
  });

t.test('a port of the stream that is taken is told to the client', async (t) => {
  const running = await start(
    t,
    'detector: eiger\nquad: true\nframe_rate_hz: 100\nseries: armed\nreceiver_ports: [0]\nsls_preview: true',
  );
  const [port = 0] = running.service.receiverPorts;
  const [first = 0, second = 0] = running.config.detector.udpPorts;
  const api = Number(new URL(running.service.apiUrl).port);
  await callOver(port, callBytes('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1, ports: [first, second] })));
  await callOver(port, callBytes('F_SET_RECEIVER_STREAMING_PORT', Buffer.from(new Uint16Array([api]).buffer)));
  const reply = await callOver(port, callBytes('F_SET_RECEIVER_STREAMING', i32(1)));
  t.match(
    sentenceOf(reply),
    new RegExp(`Could not create zmq pub socket on port ${api}: it is taken.* Set rx_zmqport`),
  );
});
