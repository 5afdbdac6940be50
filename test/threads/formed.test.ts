import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadMask } from '../../simulators/files/mask.js';
import { npy } from '../../src/http/npy.js';
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
    const sent = Buffer.from(await (await running.fetch('GET', '/api/v1/frames/latest?as=sent')).arrayBuffer());
    const head = JSON.parse(sent.subarray(4, 4 + sent.readUInt32LE(0)).toString()) as Record<string, unknown>;
    t.match(head, { compression: 'none', shape: [rows, columns] }, 'viewers see the whole frame');
    t.equal(sent.length, 4 + sent.readUInt32LE(0) + rows * columns * 2);
  });

t.test('a mask that is not there, or of another shape, keeps the service from starting, and says why', async (t) => {
  const { startService } = await import('../../src/service/service.js');
  const { parseConfig } = await import('../../src/config/load.js');
  const starting = async (more: string) =>
    startService(parseConfig(await configText(`${quadYaml}\n${more}`), 'f', 'det'));
  await t.rejects(starting(`mask: ${join(folder, 'none.npy')}`), /mask: .*none\.npy: cannot be read/);
  await t.rejects(starting(`gap_pixels: false\nmask: ${file}`), /its shape is \[514, 514\], and a frame has \[512/);
});
