// Several sockets of the data port over real TCP: one consumer that puts them together, one consumer for each, one of
// them slow, one that goes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import hdf5 from 'h5wasm/node';
import type { Dataset } from 'h5wasm/node';
import t from 'tap';
import type { Test } from 'tap';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import { recordStream } from '../../simulators/record.js';
import { pullMessages } from '../../simulators/consumer/pull.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { freeUdpPorts } from './free-ports.js';
import { parseMetrics } from './metrics-text.js';
import { accounts, quadYaml, start } from './running.js';
import type { Running } from './running.js';
import { until } from './waiting.js';
import { ways } from './ways.js';

const frames = 40;
const three = (send: string): string => `${quadYaml}\nsend: ${send}\ndata_port: [0, 0, 0]`;

const endpointsOf = (running: Running): string[] => running.service.dataEndpoint.split(',');

const served = (running: Running): Promise<void> =>
  until(() => running.status().data_sockets.every(({ consumers }) => consumers === 1), 'a consumer at each socket');

/** Reads one socket on its own, until told to go. */
function reader(t: Test, endpoint: string, delayMs?: number): { readonly messages: StreamMessage[]; go(): void } {
  const controller = new AbortController();
  const messages: StreamMessage[] = [];
  const read = async (): Promise<void> => {
    const options = { endpoint, signal: controller.signal, ...(delayMs === undefined ? {} : { delayMs }) };
    for await (const parts of pullMessages({
      ...options,
      ...(delayMs === undefined ? {} : { receiveHighWaterMark: 2 }),
    })) {
      const message = parseMessage(parts.map((part) => part.slice()));
      if (typeof message === 'string') throw new Error(message);
      messages.push(message);
    }
  };
  const over = read();
  const go = (): void => controller.abort();
  t.teardown(async () => {
    go();
    await over;
  });
  return { messages, go };
}

for (const { send, skip, counts } of ways) {
  t.test(`series leave by three sockets, each frame once, every pixel right: ${send}`, { skip }, async (t) => {
    const running = await start(t, three(send));
    t.equal(new Set(endpointsOf(running)).size, 3);
    const consumer = await running.consume({ series: 2 });
    await served(running);
    for (let series = 1; series <= 2; series++) {
      const before = running.service.view.portCounters();
      t.equal((await running.arm({ frames })).status, 201);
      const result = await running.simulate({ frames });
      const summary = await running.ended(series);
      accounts(t, { truth: result.truth, summary, before, after: running.service.view.portCounters() });
    }
    const { checker, ok, stuck } = await consumer.report;
    t.match(checker.counts, { headers: 2, images: 2 * frames, framesVerified: 2 * frames, wrongPixels: 0 });
    t.strictSame([checker.problems, ok, stuck], [[], true, 0]);
    // Of forty images the first socket has fourteen, the others thirteen; the first has header and end besides.
    t.strictSame(
      running.status().data_sockets.map(({ endpoint, messages }) => [endpoint, messages]),
      [32, 26, 26].map((messages, index) => [endpointsOf(running)[index], messages]),
    );
    const metrics = parseMetrics(await (await running.fetch('GET', '/metrics')).text());
    const values = (name: string): number[] =>
      [...metrics].flatMap(([key, value]) => (key.startsWith(`${name}{`) ? [value] : []));
    t.strictSame(values('vdcu_zmq_socket_messages_total'), [32, 26, 26]);
    t.equal(values('vdcu_zmq_socket_blocked_seconds_total').length, 3);
    t.equal(values('vdcu_zmq_socket_underway_bytes').length, counts ? 3 : 0);
  });

  t.test(`each socket has its share, header and end are the first one's: ${send}`, { skip }, async (t) => {
    const running = await start(t, three(send));
    const readers = endpointsOf(running).map((endpoint) => reader(t, endpoint));
    await served(running);
    t.equal((await running.arm({ frames, filename: '/data/a.h5' })).status, 201);
    await running.simulate({ frames });
    const summary = await running.ended(1);
    t.match(summary, { frames, aborted: undefined });
    const all = (): StreamMessage[] => readers.flatMap(({ messages }) => messages);
    await until(() => all().length === frames + 2, 'all messages');
    readers.forEach(({ messages }, socket) => {
      const images = messages.filter(({ htype }) => htype === 'image');
      t.strictSame(
        images.map(({ fields }) => fields['frame']),
        Array.from({ length: frames }, (_, index) => index).filter((index) => index % 3 === socket),
      );
      t.equal(messages.length - images.length, socket === 0 ? 2 : 0);
    });
    t.match([readers[0].messages[0], readers[0].messages.at(-1)], [{ htype: 'header' }, { htype: 'series_end' }]);
    const numbers = all()
      .map(({ msgNumber }) => msgNumber)
      .sort((a, b) => a - b);
    t.strictSame(
      numbers,
      numbers.map((_, index) => numbers[0] + index),
      'together they have no gap',
    );
  });

  t.test(`a slow consumer of one socket holds the others up, and nothing is lost: ${send}`, { skip }, async (t) => {
    // What may wait is little, so that a frame of half a megabyte in 20 ms is soon too slow.
    const running = await start(t, `${three(send)}\nsend_buffer_bytes: 65536\nring_frames: 128`);
    const [first, second, third] = endpointsOf(running);
    const readers = [reader(t, first), reader(t, second, 20), reader(t, third)];
    await served(running);
    t.equal((await running.arm({ frames: 90 })).status, 201);
    await running.simulate({ frames: 90, rate: 1000 });
    const summary = await running.ended(1);
    t.equal(summary.frames, 90);
    t.notOk('aborted' in summary);
    await until(() => readers.reduce((sum, { messages }) => sum + messages.length, 0) === 92, 'all messages');
    if (send !== 'zmtp') return;
    const blocked = running.status().data_sockets.map(({ blocked_seconds: seconds }) => seconds);
    t.ok(
      blocked[1] > blocked[0] && blocked[1] > blocked[2],
      `it is the one that is waited for (${blocked.join(', ')})`,
    );
  });

  t.test(`a consumer that goes from one socket ends the series, and which is said: ${send}`, { skip }, async (t) => {
    const running = await start(t, three(send));
    const readers = endpointsOf(running).map((endpoint) => reader(t, endpoint));
    await served(running);
    t.equal((await running.arm()).status, 201);
    await running.simulate({ frames: 10 });
    await until(() => readers.reduce((sum, { messages }) => sum + messages.length, 0) === 11, 'the first images');
    readers[2].go();
    const summary = await running.ended(1);
    t.match(summary, { aborted: 'consumer_lost', frames: 10, lost_endpoint: endpointsOf(running)[2] });
    await until(() => readers[0].messages.at(-1)?.htype === 'series_end', 'its end');
    t.match(readers[0].messages.at(-1)?.fields, { aborted: 'consumer_lost', lost_endpoint: endpointsOf(running)[2] });
    const { status, body } = await running.arm();
    t.equal(status, 503);
    t.match(body, { problems: [/1 of the 3 data ports/] });
    t.match(running.status().message, `no consumer is connected to ${endpointsOf(running)[2]}`);
  });
}

t.test('what is recorded from three sockets is the series, in order', async (t) => {
  const running = await start(t, `${quadYaml}\ndata_port: [0, 0, 0]`);
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'three.h5');
  const { signal } = new AbortController();
  const recording = recordStream({ endpoint: running.service.dataEndpoint, file, series: 1, signal });
  await served(running);
  t.equal((await running.arm({ frames, first_frame_number: 1 })).status, 201);
  await running.simulate({ frames });
  t.match(await recording, { ok: true, stuck: 0, counts: { frames, refused: 0, series: 1 }, warnings: [] });
  const h5 = new hdf5.File(file, 'r');
  const data = h5.get('/entry/instrument/detector/data') as Dataset;
  const numbers = h5.get('/entry/instrument/detector/sequence_number') as Dataset;
  t.strictSame(
    [...(numbers.value as Uint32Array)],
    Array.from({ length: frames }, (_, index) => index),
  );
  const verifier = new FrameVerifier(running.config.detector);
  for (let index = 0; index < frames; index++) {
    const pixels = data.slice([[index, index + 1]]) as Uint16Array;
    const fields = { shape: [514, 514], type: 'uint16', compression: 'none', frame: index, frame_number: index + 1 };
    const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    t.match(verifier.verify({ ...fields, complete: true }, bytes), { wrong: 0 });
  }
  h5.close();
});

t.test('a list of one port, and a port that is taken among several', async (t) => {
  const one = await start(t, `${quadYaml}\ndata_port: [0]`);
  t.match(one.status().data_sockets, [{ endpoint: one.service.dataEndpoint }]);
  const taken = one.service.dataEndpoint.split(':').at(-1);
  const udpPorts = (await freeUdpPorts(2)).join(', ');
  await t.rejects(start(t, `${quadYaml}\ndata_port: [0, ${taken}]\nudp_ports: [${udpPorts}]`), {
    message: new RegExp(`^data port tcp://127\\.0\\.0\\.1:${taken}: .*See data_host and data_port`),
  });
});
