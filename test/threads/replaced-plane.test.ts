// Tests src/service/planes.ts with what may stand beside the plain stream: another data plane takes the place of the
// one before while images are compressed, cut, turned and masked, while they leave by several sockets, and while
// viewers look. Real threads and sockets, calls as PSI's client sends them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Subscriber } from 'zeromq';
import t from 'tap';
import type { Test } from 'tap';
import { PortImageDatagrams, headerBytes } from '../../simulators/detector/packet.js';
import type { FormWish } from '../../simulators/consumer/sent-form.js';
import { npy } from '../../src/http/npy.js';
import { i32, i64 } from '../control/sls/client.js';
import { freeUdpPorts } from './free-ports.js';
import { acquire, quad, told } from './told-by-client.js';
import type { Told } from './told-by-client.js';
import { until } from './waiting.js';

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8);

/** Acquire, with a consumer that checks every pixel. */
async function checked(t: Test, one: Told, frames: number, form?: FormWish): Promise<void> {
  const { running } = one;
  const { detector } = running.service.view.config;
  await until(() => running.status().consumers === 0, 'the consumer before to be gone');
  const consumer = await running.consume({ series: 1, verify: detector, ...(form === undefined ? {} : { form }) });
  await until(() => running.status().data_sockets.every(({ consumers }) => consumers === 1), 'it at each socket');
  await one.done(0, 'F_RECEIVER_SET_NUM_FRAMES', i64(BigInt(frames)));
  await acquire(one, [0], frames);
  const { ok, checker } = await consumer.report;
  t.ok(ok, checker.problems.map(({ text }) => text).join('; '));
  t.match(checker.counts, { images: frames, framesVerified: frames, wrongPixels: 0 });
}

/** A port of the data plane has another number: that is another data plane. */
async function moved({ running, done }: Told, port: number): Promise<void> {
  await done(0, 'F_SET_RECEIVER_UDP_PORT', u16(port));
  await until(() => running.service.view.plane?.config.detector.udpPorts[0] === port, 'another data plane');
}

const folder = mkdtempSync(join(tmpdir(), 'vdcu-replaced-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('compressed, cut, turned, mirrored, masked; a mask that does not fit any more is said', async (t) => {
  const side = 514;
  const mask = Uint8Array.from({ length: side * side }, (_, pixel) => Number(pixel % 101 === 0));
  const file = join(folder, 'mask.npy');
  writeFileSync(file, npy(mask, 'uint8', [side, side]));
  const form: FormWish = { turn: 90, mirror: true, roi: [10, 20, 200, 230], mask, maskValue: 77 };
  const one = await told(
    t,
    `receiver_ports: [0]\n  receiver_threads: 1\n  encoder_threads: 1\n  compression: bslz4\n` +
      `  turn: ${form.turn}\n  mirror: true\n  roi: [10, 20, 200, 230]\n` +
      `  mask: ${file}\n  mask_value: 77`,
  );
  const { running, done, refused } = one;
  const [first, second, third] = (await freeUdpPorts(3)) as [number, number, number];
  await done(0, 'F_SETUP_RECEIVER', quad([first, second]));
  await until(one.ready, 'the data plane');
  await checked(t, one, 6, form);
  const frameStatus = async (frame: string): Promise<number> =>
    (await running.fetch('GET', `/api/v1/frames/${frame}`)).status;
  t.equal(await frameStatus('latest'), 200);
  await moved(one, third);
  // Frames that were sent are gone, not to come.
  t.strictSame([await frameStatus('latest'), await frameStatus('1')], [410, 410]);
  for (const path of ['/api/v1/last_frame.npy', '/api/v1/preview']) {
    const answer = await running.fetch('GET', path);
    t.match([answer.status, await answer.text()], [410, /replaced with the data plane/], path);
  }
  await checked(t, one, 7, form);
  t.equal(await frameStatus('latest'), 200);

  // A half-module is 256 × 1030.
  const misfit = /cannot be received: mask: .*mask\.npy: its shape is \[514, 514\], and a frame has \[256, 1030\]/;
  await done(0, 'F_SET_RECEIVER_QUAD', i32(0));
  await until(() => running.status().problems.length > 0, 'the problem');
  t.match(running.status().problems, [misfit]);
  t.match(await refused(0, 'F_START_RECEIVER'), misfit);
  t.notOk(await one.ready());
  t.equal(await frameStatus('latest'), 200, 'the data plane before was not ended for it');
  t.match((await running.http('GET', '/healthz')).body, { alive: true });
  t.ok(
    running.log.some(({ level, msg }) => level === 'error' && misfit.test(String(msg))),
    'the log has it, too',
  );
  await done(0, 'F_SET_RECEIVER_QUAD', i32(1));
  await until(one.ready, 'the data plane');
  t.strictSame(running.status().problems, []);
  await checked(t, one, 6, form);
  t.strictSame(
    running.service.view.history().map(({ series_id, frames }) => [series_id, frames]),
    [
      [3, 6],
      [2, 7],
      [1, 6],
    ],
  );
});

t.test('several sockets of the data port stay where they were', async (t) => {
  const one = await told(t, 'receiver_ports: [0]\n  receiver_threads: 1\n  data_port: [0, 0, 0]');
  const ports = (await freeUdpPorts(3)) as [number, number, number];
  await one.done(0, 'F_SETUP_RECEIVER', quad([ports[0], ports[1]]));
  await until(one.ready, 'the data plane');
  const { dataEndpoint } = one.running.service;
  t.equal(new Set(dataEndpoint.split(',')).size, 3);
  await checked(t, one, 9);
  await moved(one, ports[2]);
  t.equal(one.running.service.dataEndpoint, dataEndpoint);
  await checked(t, one, 8);
});

t.test("live viewers see frames of the next data plane, and of PSI's stream every byte", async (t) => {
  const one = await told(
    t,
    'receiver_ports: [0]\n  receiver_threads: 1\n  preview: {port: 0, rate_hz: 100}\n  sls_preview: true',
  );
  const { running, done } = one;
  const ports = (await freeUdpPorts(3)) as [number, number, number];
  await done(0, 'F_SETUP_RECEIVER', quad([ports[0], ports[1]]));
  await until(one.ready, 'the data plane');
  const seen: Record<string, unknown>[] = [];
  const sent: { json: Record<string, unknown>; pixels: Buffer }[] = [];
  const viewer = (
    endpoint: string,
    take: (json: Record<string, unknown>, pixels: Buffer | undefined) => void,
  ): void => {
    const socket = new Subscriber({ linger: 0 });
    t.teardown(() => socket.close());
    socket.connect(endpoint);
    socket.subscribe();
    void (async () => {
      for await (const [json, pixels] of socket) take(JSON.parse(String(json)) as Record<string, unknown>, pixels);
    })();
  };
  viewer(running.status().preview?.endpoint ?? '', (json) => seen.push(json));
  const [stream = 0] = await freeUdpPorts(1);
  await done(0, 'F_SET_RECEIVER_STREAMING_PORT', u16(stream));
  await done(0, 'F_SET_RECEIVER_STREAMING', i32(1));
  viewer(`tcp://127.0.0.1:${stream}`, (json, pixels) => {
    if (pixels !== undefined) sent.push({ json, pixels });
  });
  const images = (): number => seen.filter(({ htype }) => htype === 'image').length;
  for (const port of [ports[0], ports[2]]) {
    if (port !== ports[0]) await moved(one, port);
    await until(() => running.status().preview?.subscribers === 1, 'the live viewer');
    seen.length = sent.length = 0;
    await checked(t, one, 12);
    await until(() => images() > 0 && seen.at(-1)?.['htype'] === 'series_end', 'the live viewer has the end');
    await until(() => sent.length > 0, "images of PSI's stream");
    const datagrams = new PortImageDatagrams(running.service.view.config.detector, 0);
    for (const { json, pixels } of sent) {
      datagrams.write(Number(json['frameNumber']), 0);
      const image = Buffer.concat(datagrams.datagrams.map((datagram) => datagram.subarray(headerBytes)));
      t.ok(pixels.equals(image), `frame ${String(json['frameNumber'])}: every byte`);
    }
  }
});
