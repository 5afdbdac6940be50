import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Pull } from 'zeromq';
import { recordStream } from '../../simulators/record.js';
import { blockHolds, readPreview } from '../../src/page/preview-bytes.js';
import { loadMask } from '../../simulators/files/mask.js';
import { npy } from '../../src/http/npy.js';
import { pythonWith } from '../programs.js';
import { until } from './waiting.js';
import { configText, quadYaml, start } from './running.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-formed-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'mask.npy');
const [rows, columns] = [514, 514];
writeFileSync(
  file,
  npy(
    Uint8Array.from({ length: rows * columns }, (_, pixel) => Number(pixel % 101 === 0)),
    'uint8',
    [rows, columns],
  ),
);

for (const compression of ['none', 'bslz4'])
  t.test(`a series leaves cut, turned, mirrored and masked, every pixel right: ${compression}`, async (t) => {
    const form = { turn: 270, mirror: true, roi: [30, 40, 300, 200] as const, maskValue: 4711 };
    const running = await start(
      t,
      `${quadYaml}
compression: ${compression}
turn: ${form.turn}
mirror: ${form.mirror}
roi: [${form.roi.join(', ')}]
mask: ${file}
mask_value: ${form.maskValue}
encoder_threads: 2`,
    );
    const consumer = await running.consume({ series: 1, form: { ...form, mask: (await loadMask(file)).mask } });
    const armed = await running.arm({ frames: 30 });
    t.equal(armed.status, 201);
    t.match(armed.body, { shape: [200, 300], type: 'uint16' });
    await running.simulate({ frames: 30 });
    const report = await consumer.report;
    t.match(report.checker.counts, { images: 30, framesVerified: 30, wrongPixels: 0, pixelsChecked: 30 * 200 * 300 });
    t.strictSame(report.checker.problems, []);
    const npyFrame = await (await running.fetch('GET', '/api/v1/frames/latest')).arrayBuffer();
    t.equal(npyFrame.byteLength, 128 + rows * columns * 2, 'viewers see the whole frame');
  });

for (const [compression, series] of [
  ['none', 'armed'],
  ['bslz4', 'armed'],
  ['bslz4', 'auto'],
] as const)
  t.test(`as=sent is what a consumer got, byte by byte, or gone: ${compression}, ${series}`, async (t) => {
    const frames = 60;
    const auto = series === 'auto' ? `\nseries: auto\nframes: ${frames}` : '';
    const running = await start(
      t,
      `${quadYaml}\ncompression: ${compression}\nturn: 90\nroi: [30, 40, 300, 200]\nencoder_threads: 1${auto}`,
    );
    const got: Buffer[][] = [];
    const consumer = new Pull({ linger: 0 });
    t.teardown(() => consumer.close());
    consumer.connect(running.service.dataEndpoint);
    void (async () => {
      for await (const parts of consumer) got.push(parts);
    })();
    await until(() => running.status().consumers > 0, 'the consumer');
    if (series === 'armed') t.equal((await running.arm({ frames })).status, 201);
    else await until(() => running.status().state === 'open', 'the automatic series');
    await running.simulate({ frames });
    await until(() => got.length === frames + 2, 'all messages');
    // The next automatic series waits for its first frame.
    await until(() => running.status().state === (series === 'auto' ? 'open' : 'idle'), 'the end');
    const seen = new Map<number, number>();
    for (let index = 0; index < frames; index++) {
      const answer = await running.fetch('GET', `/api/v1/frames/index-${index}?as=sent`);
      const body = Buffer.from(await answer.arrayBuffer());
      seen.set(answer.status, 1 + (seen.get(answer.status) ?? 0));
      const [json, pixels] = got[1 + index] as [Buffer, Buffer];
      if (answer.status === 200) {
        t.equal(body.readUInt32LE(0), json.length);
        t.equal(Buffer.compare(body.subarray(4), Buffer.concat([json, pixels])), 0, `frame ${index}`);
        t.match(JSON.parse(String(json)), { compression, shape: [200, 300] });
      } else {
        t.match(JSON.parse(String(body)), { problems: [/form in which it was sent has given its place.*as=npy/] });
        t.equal((await running.fetch('GET', `/api/v1/frames/index-${index}`)).status, 200);
      }
    }
    t.ok((seen.get(200) ?? 0) >= 2 && (seen.get(410) ?? 0) > 0, JSON.stringify([...seen]));
  });

const python = pythonWith('numpy', 'h5py', 'hdf5plugin');

t.test('what is recorded is what numpy makes of the formula', { skip: python === null && 'no numpy' }, async (t) => {
  const running = await start(
    t,
    `${quadYaml}\ncompression: bslz4\nturn: 90\nmirror: true\nroi: [10, 20, 400, 450]\nmask: ${file}`,
  );
  const recorded = join(folder, 'recorded.h5');
  const recording = recordStream({
    endpoint: running.service.dataEndpoint,
    file: recorded,
    name: 'eiger',
    series: 1,
    signal: AbortSignal.timeout(120_000),
  });
  await until(() => running.status().consumers > 0, 'the recorder');
  t.equal((await running.arm({ frames: 10 })).status, 201);
  await running.simulate({ frames: 10 });
  t.match(await recording, { ok: true, counts: { frames: 10, refused: 0 } });
  // The formula and the layout of the quad as docs/simulator.md and docs/geometry.md have them.
  const script = `
import sys, numpy as np, h5py, hdf5plugin
np.seterr(over='ignore')
u = np.uint32
def mix(x):
    x = (x ^ (x >> u(16))) * u(0x85ebca6b)
    x = (x ^ (x >> u(13))) * u(0xc2b2ae35)
    return x ^ (x >> u(16))
def port_image(frame, port):
    image = mix(np.array([frame], u) ^ mix(np.array([port + 1], u)))
    line = mix(image + np.arange(256, dtype=u) * u(0x85ebca77))
    x = line[:, None] + np.arange(512, dtype=u)[None, :] * u(0x9e3779b1)
    return ((x ^ (x >> u(15))) * u(0xc2b2ae3d)) >> u(16)
mask = np.load(sys.argv[2])
across = np.r_[0:256, 258:514]
with h5py.File(sys.argv[1]) as file:
    detector = file['entry/instrument/eiger']
    assert detector['data'].shape == (10, 450, 400)
    assert detector['pixel_mask'].attrs['not_included'].endswith('mask.npy covers; they have the value 65535')
    for number, image in zip(detector['frame_number'][:], detector['data']):
        frame = np.zeros((514, 514), 'u2')
        frame[np.ix_(range(255, -1, -1), across)] = port_image(int(number), 1)
        frame[np.ix_(range(258, 514), across)] = port_image(int(number), 0)
        frame[mask != 0] = 65535
        turned = np.rot90(frame[10:410, 20:470], 1)[:, ::-1]
        assert (turned == image).all(), number
print('right')
`;
  const said = execFileSync(python as string, ['-c', script, recorded, file], { encoding: 'utf8' });
  t.equal(said.trim(), 'right');
});

t.test('viewers see what is masked as masked, though the frame that they get is the whole one', async (t) => {
  const running = await start(t, `${quadYaml}\nroi: [30, 40, 300, 200]\nmask: ${file}`);
  const { mask } = await loadMask(file);
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 2 });
  await running.simulate({ frames: 2, rate: 50 });
  await running.ended(1);
  await consumer.report;
  for (const frame of ['latest', 'index-0']) {
    const answer = await running.fetch('GET', `/api/v1/preview?size=1024&frame=${frame}`);
    const { head, holds } = readPreview(await answer.arrayBuffer());
    t.equal(head.factor, 1);
    const wrong = holds.findIndex((held, pixel) => {
      const gap = [256, 257].includes(Math.floor(pixel / 514)) || [256, 257].includes(pixel % 514);
      return (
        (held & ~blockHolds.saturated) !== (gap ? 0 : (mask[pixel] ?? 0) !== 0 ? blockHolds.masked : blockHolds.value)
      );
    });
    t.equal(wrong, -1, `${frame}: each pixel is a value (or saturated), masked or a gap`);
  }
});

t.test('a mask that is not there, or of another shape, keeps the service from starting, and says why', async (t) => {
  const { startService } = await import('../../src/service/service.js');
  const { parseConfig } = await import('../../src/config/load.js');
  const starting = async (more: string) =>
    startService(parseConfig(await configText(`${quadYaml}\n${more}`), 'f', 'det'));
  await t.rejects(starting(`mask: ${join(folder, 'none.npy')}`), /mask: .*none\.npy: cannot be read/);
  await t.rejects(starting(`gap_pixels: false\nmask: ${file}`), /its shape is \[514, 514\], and a frame has \[512/);
});
