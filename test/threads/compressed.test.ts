import t from 'tap';
import { unpackBslz4 } from '../../simulators/consumer/bslz4.js';
import { quadYaml, start } from './running.js';
import { ways } from './ways.js';

for (const { send, skip } of ways)
  t.test(`a series leaves compressed, every pixel right: ${send}`, { skip }, async (t) => {
    const running = await start(t, `${quadYaml}\nsend: ${send}\ncompression: bslz4\nencoder_threads: 2`);
    const consumer = await running.consume({ series: 1 });
    t.equal((await running.arm({ frames: 40 })).status, 201);
    await running.simulate({ frames: 40 });
    const report = await consumer.report;
    t.match(report.checker.counts, { images: 40, framesVerified: 40, wrongPixels: 0 });
    t.strictSame(report.checker.problems, []);
    t.ok(report.checker.counts.blobBytes < 40 * 514 * 514 * 2 + 40 * 4096, 'no image is longer than noise may become');
    const metrics = await (await running.fetch('GET', '/metrics')).text();
    const frames = [...metrics.matchAll(/^vdcu_encoder_frames_total\{.*encoder="\d".*\} (\d+)$/gm)].map(([, n]) =>
      Number(n),
    );
    t.equal(frames.length, 2);
    t.equal(frames[0] + frames[1], 40);
    t.ok(Math.abs(frames[0] - frames[1]) <= 1, 'they share the frames');
    t.match(metrics, /vdcu_encoder_bytes_total\{.*kind="compressed".*\} [1-9]/);
    t.match(metrics, /vdcu_agent_heartbeat_age_seconds\{.*agent="encoder_1".*\}/);
    const sent = Buffer.from(await (await running.fetch('GET', '/api/v1/frames/latest?as=sent')).arrayBuffer());
    const head = JSON.parse(sent.subarray(4, 4 + sent.readUInt32LE(0)).toString()) as Record<string, unknown>;
    t.match(head, { compression: 'bslz4', frame: 39 });
    const pixels = unpackBslz4(sent.subarray(4 + sent.readUInt32LE(0)), 2, 514 * 514 * 2);
    const npy = Buffer.from(await (await running.fetch('GET', '/api/v1/frames/latest')).arrayBuffer());
    t.equal(Buffer.compare(npy.subarray(128), pixels), 0, 'what the ring holds is shown as it lies there');
  });
