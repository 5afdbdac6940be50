// The preview over real sockets: live viewers as zmq has them beside the stream, with each way out.

import { createConnection } from 'node:net';
import { Subscriber } from 'zeromq';
import t from 'tap';
import type { Test } from 'tap';
import { unpackBslz4 } from '../../simulators/consumer/bslz4.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import { freeTcpPort } from './free-ports.js';
import { quadYaml, start } from './running.js';
import type { Running } from './running.js';
import { until } from './waiting.js';
import { ways } from './ways.js';

const frames = 60;

function viewer(t: Test, endpoint: string, topic = ''): StreamMessage[] {
  const socket = new Subscriber({ linger: 0 });
  const messages: StreamMessage[] = [];
  socket.connect(endpoint);
  // All of them in one go, as some viewers have many.
  socket.subscribe(topic, ...Array.from({ length: 60 }, (_, index) => `nothing of ${index}`));
  const read = async (): Promise<void> => {
    for await (const parts of socket) {
      const message = parseMessage(parts.map((part) => part.slice()));
      if (typeof message === 'string') throw new Error(message);
      messages.push(message);
    }
  };
  const over = read();
  t.teardown(async () => {
    socket.close();
    await over;
  });
  return messages;
}

const endpointOf = (running: Running): string => running.status().preview?.endpoint ?? '';
const subscribed = (running: Running, count: number): Promise<void> =>
  until(() => running.status().preview?.subscribers === count, `${count} viewers`);

for (const { send, skip } of ways) {
  t.test(`viewers see header, latest frames with every pixel right, and the end: ${send}`, { skip }, async (t) => {
    const running = await start(t, `${quadYaml}\nsend: ${send}\npreview: {port: 0, rate_hz: 20}`);
    const messages = viewer(t, endpointOf(running));
    const others = viewer(t, endpointOf(running), 'nothing begins so');
    await subscribed(running, 2);
    const consumer = await running.consume({ series: 1 });
    t.equal((await running.arm({ frames, filename: '/data/p.h5' })).status, 201);
    await running.simulate({ frames, rate: 100 });
    const report = await consumer.report;
    t.match(report.checker.counts, { images: frames, framesVerified: frames, wrongPixels: 0 });
    await until(() => messages.at(-1)?.htype === 'series_end', 'the end at the viewer');
    t.match(messages[0], { htype: 'header', fields: { filename: '/data/p.h5' } });
    const images = messages.filter(({ htype }) => htype === 'image');
    t.ok(images.length >= 2 && images.length < frames, `${images.length} of ${frames} frames`);
    const verifier = new FrameVerifier(running.config.detector);
    for (const { fields, parts } of images) {
      const verdict = verifier.verify(fields, parts[0]);
      t.match(verdict, { wrong: 0 }, `frame ${String(fields['frame'])}`);
    }
    t.equal(images.at(-1)?.fields['frame'], frames - 1, 'the last frame is among them');
    const numbers = messages.map(({ msgNumber }) => msgNumber);
    t.strictSame(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
    t.equal((numbers.at(-1) ?? 0) - numbers[0], frames + 1, 'numbers are those of the stream');
    t.strictSame(others, []);
    const metrics = await (await running.fetch('GET', '/metrics')).text();
    t.match(metrics, new RegExp(`^vdcu_preview_frames_total\\{.*result="shown".*\\} ${images.length}$`, 'm'));
    t.match(metrics, /^vdcu_preview_subscribers\{.*\} 2$/m);
  });
}

const needsCalls = ways[0].skip;

t.test('a viewer that never reads costs the stream nothing', { skip: needsCalls }, async (t) => {
  const running = await start(t, `${quadYaml}\npreview: {port: 0, rate_hz: 100}`);
  const [, host, port] = /tcp:\/\/(.*):(\d+)/.exec(endpointOf(running)) as unknown as [string, string, string];
  // A SUB by hand: greeting, READY, a subscription to everything. From then on it reads nothing.
  const stuck = createConnection({ host, port: Number(port) });
  t.teardown(() => stuck.destroy());
  stuck.pause();
  const greeting = Buffer.alloc(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  greeting.write('NULL', 12);
  const property = Buffer.from('\x0bSocket-Type\0\0\0\x03SUB', 'latin1');
  stuck.write(Buffer.concat([greeting, Buffer.from([4, 6 + property.length, 5]), Buffer.from('READY'), property]));
  stuck.write(Buffer.from([0, 1, 1]));
  const messages = viewer(t, endpointOf(running));
  await subscribed(running, 2);
  const consumer = await running.consume({ series: 1 });
  t.equal((await running.arm({ frames: 200 })).status, 201);
  await running.simulate({ frames: 200, rate: 200 });
  const { checker } = await consumer.report;
  t.match(checker.counts, { images: 200, framesVerified: 200, wrongPixels: 0 });
  const summary = await running.ended(1);
  t.equal(summary.frames, 200);
  t.notOk('aborted' in summary);
  await until(() => messages.at(-1)?.htype === 'series_end', 'the end at the viewer that reads');
  const seen = messages.filter(({ htype }) => htype === 'image').length;
  t.ok(seen > 20, `the other sees what it would alone (${seen})`);
  t.ok((running.status().preview?.skipped ?? 0) > 0, 'and what was skipped is counted');
});

t.test('as_sent is what the stream sends: compressed, where it is', { skip: needsCalls }, async (t) => {
  const running = await start(t, `${quadYaml}\ncompression: bslz4\npreview: {port: 0, rate_hz: 20, form: as_sent}`);
  const messages = viewer(t, endpointOf(running));
  await subscribed(running, 1);
  const consumer = await running.consume({ series: 1 });
  t.equal((await running.arm({ frames })).status, 201);
  await running.simulate({ frames, rate: 100 });
  await consumer.report;
  await until(() => messages.at(-1)?.htype === 'series_end', 'the end at the viewer');
  const verifier = new FrameVerifier(running.config.detector);
  const images = messages.filter(({ htype }) => htype === 'image');
  t.ok(images.length >= 2);
  t.equal(images.at(-1)?.fields['frame'], frames - 1, 'the last frame is among them, though it was released');
  for (const { fields, parts } of images) {
    t.equal(fields['compression'], 'bslz4');
    const pixels = unpackBslz4(parts[0], 2, 514 * 514 * 2);
    t.match(verifier.verify({ ...fields, compression: 'none' }, pixels), { wrong: 0 });
  }
});

t.test('plain beside a compressed stream is plain', { skip: needsCalls }, async (t) => {
  const running = await start(t, `${quadYaml}\ncompression: bslz4\nturn: 90\npreview: {port: 0, rate_hz: 20}`);
  const messages = viewer(t, endpointOf(running));
  await subscribed(running, 1);
  const consumer = await running.consume({ series: 1 });
  t.equal((await running.arm({ frames })).status, 201);
  await running.simulate({ frames, rate: 100 });
  await until(() => messages.at(-1)?.htype === 'series_end', 'the end at the viewer');
  await consumer.vanish();
  const verifier = new FrameVerifier(running.config.detector);
  const images = messages.filter(({ htype }) => htype === 'image');
  t.ok(images.length >= 2);
  for (const { fields, parts } of images) t.match(verifier.verify(fields, parts[0]), { wrong: 0 });
});

t.test('a port that somebody has is said', { skip: needsCalls }, async (t) => {
  const port = await freeTcpPort();
  const first = await start(t, `${quadYaml}\npreview: {port: ${port}}`);
  t.equal(endpointOf(first), `tcp://127.0.0.1:${port}`);
  await t.rejects(start(t, `${quadYaml}\npreview: {port: ${port}}`), {
    message: new RegExp(`^preview port tcp://127\\.0\\.0\\.1:${port}: .*See data_host and preview\\.port\\.$`),
  });
});
