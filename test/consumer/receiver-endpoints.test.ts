// streaming-receiver's endpoints, and the last frame, of a running service: what its viewers and device servers ask
// for.

import t from 'tap';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import { quadYaml, start } from '../threads/running.js';
import { until } from '../threads/waiting.js';

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

/** Head and pixels of an NPY file, format 1.0. */
function readNpy(file: Buffer): { head: string; pixels: Buffer } {
  t.equal(file.subarray(0, 8).toString('latin1'), '\x93NUMPY\x01\x00');
  const length = file.readUInt16LE(8);
  return { head: file.subarray(10, 10 + length).toString('latin1'), pixels: file.subarray(10 + length) };
}

t.test('status, counts and the last frame before, in and after a series', async (t) => {
  const running = await start(t, `${quadYaml}\nframe_timeout_ms: 400`);
  t.match((await running.http('GET', '/status')).body, { state: 'idle' });
  t.strictSame((await running.http('GET', '/received_frames')).body, { value: 0 });
  const none = await running.fetch('GET', '/last_frame');
  t.equal(none.headers.get('content-type'), 'image/pickle');
  t.equal((await bytesOf(none)).toString('hex'), '80035d287d430065' + '2e', 'the pickle of [{}, b""]');
  t.match(await running.http('GET', '/api/v1/last_frame.npy'), {
    status: 404,
    body: { problems: [/no frame has been sent/] },
  });

  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 12, first_frame_number: 5 });
  t.match((await running.http('GET', '/status')).body, { state: 'running' });
  await running.simulate({ frames: 12, firstFrame: 5 });
  const summary = await running.ended(1);
  t.match((await running.http('GET', '/status')).body, { state: 'idle' });
  t.strictSame((await running.http('GET', '/received_frames')).body, { value: 12 });
  await consumer.report;

  const { head, pixels } = readNpy(await bytesOf(await running.fetch('GET', '/api/v1/last_frame.npy')));
  t.match(head, "{'descr': '<u2', 'fortran_order': False, 'shape': (514, 514), }");
  t.equal(pixels.length, 514 * 514 * 2);
  const verifier = new FrameVerifier(running.config.detector);
  const header = running.service.view.lastFrame()?.header ?? {};
  t.match(
    header,
    { htype: 'image', frame: 11, frame_number: 16, shape: [514, 514], type: 'uint16' },
    'the last frame of the series is kept',
  );
  t.match(verifier.verify(header, pixels), { checked: 514 * 514, wrong: 0 }, 'its pixels are those that were sent');
  if (summary.complete === 12) t.match(verifier.verify(header, pixels), { missing: 0 });

  const pickled = await bytesOf(await running.fetch('GET', '/last_frame'));
  t.equal(pickled.subarray(0, 5).toString('hex'), '80035d287d');
  t.ok(
    pickled.includes(Buffer.from('frame_number')) && pickled.subarray(-(pixels.length + 2), -2).equals(pixels),
    'the dictionary, and the same pixels as bytes',
  );

  t.match((await running.http('GET', '/downsample')).body, { value: 1 });
  t.match(await running.http('POST', '/downsample?value=2'), { status: 200, body: { value: 2 } });
  t.ok((await bytesOf(await running.fetch('GET', '/last_frame'))).length < pixels.length / 3, 'smaller');
  t.match(await running.http('POST', '/downsample?value=-1'), { status: 422 });
});

t.test('the last frame is live while frames flow', async (t) => {
  const running = await start(t);
  const consumer = await running.consume();
  await running.arm();
  const end = new AbortController();
  const sending = running.simulate({ frames: 0, rate: 30, signal: end.signal });
  const seen = new Set<unknown>();
  const verifier = new FrameVerifier(running.config.detector);
  await until(() => {
    const last = running.service.view.lastFrame();
    if (last !== null && !seen.has(last.header['frame'])) {
      seen.add(last.header['frame']);
      t.match(verifier.verify(last.header, last.pixels), { wrong: 0 });
    }
    return seen.size >= 3;
  }, 'three different frames');
  end.abort();
  await sending;
  await running.end();
  t.strictSame((await consumer.vanish()).checker.problems, []);
});

t.test('frames by number while many flow: each is what was sent, or gone, and nothing is lost', async (t) => {
  const running = await start(t, `${quadYaml}\nring_frames: 64\nframe_timeout_ms: 250`);
  const consumer = await running.consume();
  await running.arm({ first_frame_number: 1 });
  const end = new AbortController();
  const sending = running.simulate({ frames: 0, rate: 150, signal: end.signal });
  const verifier = new FrameVerifier(running.config.detector);
  const statuses = { 200: 0, 404: 0, 410: 0 };
  for (let look = 0; look < 120; look++) {
    const { newest_frame_number: newest } = running.service.view.status().series?.ports[0] ?? {};
    // From just sent to long gone; those at the edge are overwritten while they are copied.
    const number = Math.max(1, (newest ?? 1) - [1, 5, 30, 60, 62, 63, 64, 65, 200][look % 9]);
    const answer = await running.fetch('GET', `/api/v1/frames/${number}?as=sent`);
    statuses[answer.status as keyof typeof statuses]++;
    if (answer.status !== 200) continue;
    const bytes = await bytesOf(answer);
    const pixelsAt = 4 + bytes.readUInt32LE(0);
    const header = JSON.parse(bytes.toString('utf8', 4, pixelsAt)) as Record<string, unknown>;
    t.equal(header['frame_number'], number);
    t.match(verifier.verify(header, bytes.subarray(pixelsAt)), { wrong: 0 });
  }
  end.abort();
  await sending;
  t.ok(statuses[200] > 20 && statuses[410] > 0, JSON.stringify(statuses));
  await running.end();
  t.strictSame((await consumer.vanish()).checker.problems, []);
});

t.test('health, configuration, ports and metrics tell of the running service', async (t) => {
  const running = await start(t);
  t.match(await running.http('GET', '/healthz'), { status: 200, body: { alive: true, reasons: [] } });
  t.match(await running.http('GET', '/readyz'), { status: 200, body: { ready: true, reasons: [] } });
  t.match((await running.http('GET', '/api/v1/config')).body, {
    quad: true,
    udp_ports: running.config.detector.udpPorts,
  });
  t.match((await running.http('GET', '/api/v1/udp')).body, {
    ports: running.config.detector.udpPorts.map((udpPort) => ({
      udp_port: udpPort,
      address: '127.0.0.1',
      interface: 'lo',
      packet_bytes: 4144,
    })),
  });
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 3, first_frame_number: 1 });
  await running.simulate({ frames: 3, rate: 30 });
  await running.ended(1);
  await consumer.report;
  const metrics = await (await running.fetch('GET', '/metrics')).text();
  t.match(metrics, /^vdcu_zmq_messages_sent_total\{[^}]*type="image"[^}]*\} 3$/m);
  for (const { udpPort, counters } of running.service.view.portCounters()) {
    t.match(
      metrics,
      new RegExp(`^vdcu_udp_packets_received_total\\{[^}]*port="${udpPort}"[^}]*\\} ${counters.received}$`, 'm'),
    );
  }
  t.equal((await running.fetch('GET', '/docs/json')).status, 200);
});
