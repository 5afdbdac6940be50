import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { Random } from '../../src/base/random.js';
import { OperatorError } from '../../src/base/errors.js';
import { convertFile } from '../../src/convert/convert.js';
import type { ConvertOptions } from '../../src/convert/convert.js';
import { bitshuffleFilter } from '../../simulators/files/direct-chunks.js';
import { createForWriting, loadHdf5, openForReading } from '../../simulators/files/hdf5.js';
import type { Dataset, Group } from '../../simulators/files/hdf5.js';
import { pixelKinds, pixelsOf } from '../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../simulators/files/pixel-kinds.js';
import { imageOf } from '../encode/images.js';
import { programNamed, pythonWith } from '../programs.js';
import { vdcuProcess } from '../threads/process.js';
import { until } from '../threads/waiting.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-convert-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `${++files}.h5`);
const { Dataset: DatasetClass } = await loadHdf5();
const instrument = '/entry/instrument/eiger';

const convert = (file: string, out: string, more: Partial<ConvertOptions> = {}) =>
  convertFile({ file, out, to: 'bslz4', threads: 2, signal: new AbortController().signal, ...more });

/** Images of counts in a file as the recorder lays it out, compressed with gzip; and what else such files have. */
async function source(images: number, shape: readonly [number, number] = [60, 70], size = 2): Promise<string> {
  const random = new Random(12);
  const kind = pixelKinds.get(`uint${8 * size}`) as PixelKind;
  const file = newFile();
  const made = await createForWriting(file);
  const entry = made.create_group('entry');
  entry.create_attribute('NX_class', 'NXentry');
  entry.create_attribute('numbers', Int32Array.of(1, -2, 3));
  const detector = entry.create_group('instrument').create_group('eiger');
  const data = detector.create_dataset({
    name: 'data',
    data: new Uint16Array(0),
    shape: [0, ...shape],
    maxshape: [null, ...shape],
    chunks: [1, ...shape],
    dtype: kind.dtype,
    compression: 'gzip',
  });
  data.resize([images, ...shape]);
  for (let at = 0; at < images; at++)
    data.write_slice(
      [[at, at + 1], [], []],
      pixelsOf(imageOf(random, at % 7 === 3 ? 'noise' : 'mean 1', shape, size), kind),
    );
  data.create_attribute('units', 'counts');
  const numbers = Uint32Array.from({ length: images }, (_, at) => at);
  const grows = { shape: [images], maxshape: [null], chunks: [1024] };
  detector.create_dataset({ name: 'sequence_number', data: numbers, ...grows });
  detector.create_dataset({ name: 'count_time', data: Float64Array.of(0.25), shape: [], dtype: '<d' });
  detector.create_dataset({ name: 'description', data: 'Eiger', dtype: 'S' });
  detector.create_dataset({ name: 'names', data: ['ab', 'c'], shape: [2], dtype: 'S2' });
  detector.create_dataset({ name: 'empty', data: new Uint16Array(0), shape: [3, 0, 5], dtype: '<H' });
  detector.create_dataset({ name: 'large', data: BigInt64Array.of(-(2n ** 60n)), shape: [1], dtype: '<q' });
  entry.create_soft_link(`${instrument}/data`, 'images');
  entry.create_external_link('other.h5', '/x', 'far');
  made.close();
  return file;
}

/** Every value of a dataset, and its shape. */
async function valuesOf(file: string, path: string): Promise<unknown> {
  const opened = await openForReading(file);
  const { shape, value, dtype } = opened.get(path) as Dataset;
  opened.close();
  return { shape, value, dtype };
}

async function filtersOf(file: string): Promise<number[]> {
  const opened = await openForReading(file);
  const ids = (opened.get(`${instrument}/data`) as Dataset).filters.map(({ id }) => id);
  opened.close();
  return ids;
}

async function refused(converting: Promise<unknown>): Promise<{ code: number; text: string }> {
  try {
    await converting;
  } catch (error) {
    if (error instanceof OperatorError) return { code: error.exitCode, text: error.message };
    throw error;
  }
  return { code: 0, text: '' };
}

/** What lies beside files that were there before. */
const left = (out: string): string[] => readdirSync(folder).filter((name) => name.startsWith(basename(out)));

for (const size of [1, 2, 4])
  t.test(
    `a file that is compressed and unpacked again has every pixel, and everything else: ${8 * size} bit`,
    async (t) => {
      const file = await source(25, [60, 70], size);
      const [small, again] = [newFile(), newFile()];
      const report = await convert(file, small);
      t.match(report, { images: 25, imagesInAll: 25, pixelBytes: 25 * 60 * 70 * size, changed: [] });
      t.match(report.stacks, [{ path: `${instrument}/data`, images: 25, shape: [60, 70] }]);
      t.strictSame(await filtersOf(small), [bitshuffleFilter]);
      t.match(await convert(small, again, { to: 'none', threads: 1 }), { images: 25, bytesBefore: report.bytesAfter });
      t.strictSame(await filtersOf(again), []);
      for (const out of [small, again]) {
        t.strictSame(await valuesOf(out, `${instrument}/data`), await valuesOf(file, `${instrument}/data`));
        for (const name of ['sequence_number', 'count_time', 'description', 'names', 'large', 'empty'])
          t.strictSame(
            await valuesOf(out, `${instrument}/${name}`),
            await valuesOf(file, `${instrument}/${name}`),
            name,
          );
        const opened = await openForReading(out);
        const entry = opened.get('entry') as Group;
        t.equal(entry.attrs['NX_class']?.value, 'NXentry');
        t.strictSame([...(entry.attrs['numbers']?.value as Int32Array)], [1, -2, 3]);
        t.equal((opened.get(`${instrument}/data`) as Dataset).attrs['units']?.value, 'counts');
        t.equal(entry.get_link('/entry/images'), `${instrument}/data`);
        t.match(entry.get_external_link('/entry/far'), { filename: 'other.h5', obj_path: '/x' });
        t.ok(opened.get('/entry/images') instanceof DatasetClass);
        opened.close();
      }
      t.strictSame(left(small), [basename(small)], 'nothing lies beside it');
    },
  );

const python = pythonWith('h5py', 'hdf5plugin', 'numpy');

t.test('h5py reads what was converted, and what it has written is converted', { skip: python === null }, async (t) => {
  const [file, out, other] = [newFile(), newFile(), newFile()];
  const write = `
import sys, h5py, hdf5plugin, numpy as np
rng = np.random.default_rng(1)
with h5py.File(sys.argv[1], 'w') as f:
    g = f.create_group('entry/instrument/eiger')
    f.attrs['applied'] = True
    g['applied'] = True
    g['big'] = np.arange(4, dtype='>i4')
    g['text'] = np.array(['ä', 'bc'], dtype=h5py.string_dtype())
    g.create_dataset('data', data=rng.poisson(3, (9, 40, 50)).astype('i4'), chunks=(1, 40, 50), **hdf5plugin.LZ4())
    g.create_dataset('float', data=rng.normal(size=(5, 2, 30, 40)).astype('f4'), chunks=(2, 1, 30, 40))
    g.create_dataset('tiny', data=np.arange(6, dtype='u1').reshape(3, 1, 2))
with h5py.File(sys.argv[2], 'w') as f:
    f['data'] = np.zeros((2, 30, 40), 'u2')
    f['table'] = np.zeros(3, dtype=[('a', 'i4'), ('b', 'f8')])
`;
  execFileSync(python as string, ['-c', write, file, other]);
  const report = await convert(file, out);
  t.equal(report.images, 9 + 5 + 3);
  t.match(report.changed.toSorted(), [/^\/@applied is a number/, /\/applied is a number/, /big is little endian now/]);
  const read = `
import sys, h5py, hdf5plugin, numpy as np
a, b = (h5py.File(name) for name in sys.argv[1:])
for name in ('applied', 'big', 'text', 'data', 'float', 'tiny'):
    x, y = (f['entry/instrument/eiger/' + name] for f in (a, b))
    assert x.shape == y.shape and (x[()] == y[()]).all() if x.shape else x[()] == y[()], name
g = b['entry/instrument/eiger']
assert list(g['data']._filters) == list(g['float']._filters) == ['32008'] and not g['tiny']._filters
assert b.attrs['applied'] == 1
print('right')
`;
  t.equal(execFileSync(python as string, ['-c', read, file, out], { encoding: 'utf8' }).trim(), 'right');
  const refusal = await refused(convert(other, newFile()));
  t.match(refusal, { code: 2, text: /\/table is of another type than integers, floats and text .*h5repack/ });
});

const h5py = pythonWith('h5py', 'numpy');
t.test(
  'a virtual dataset is converted with what it shows, and refused where a part of it is not there',
  { skip: h5py === null && 'no Python with h5py' },
  async (t) => {
    const write = `
import h5py, numpy as np, os, sys
os.chdir(sys.argv[1])
pixels = np.arange(1, 2 * 30 * 40 + 1, dtype='u2').reshape(2, 30, 40)
with h5py.File('part.h5', 'w') as f: f['data'] = pixels; f['numbers'] = np.arange(4)
for name, source, images in (
    ('whole.h5', 'part.h5', 'data'),
    ('lacking.h5', 'gone.h5', 'data'),
    ('wrong.h5', 'part.h5', 'x'),
):
    with h5py.File(name, 'w') as f:
        layout = h5py.VirtualLayout((4, 30, 40), 'u2')
        layout[:2] = h5py.VirtualSource('part.h5', 'data', (2, 30, 40))
        layout[2:] = h5py.VirtualSource(source, images, (2, 30, 40))
        f.create_virtual_dataset('entry/data', layout)
with h5py.File('beside.h5', 'w') as f:
    f['data'] = pixels
    layout = h5py.VirtualLayout((4,), 'i8')
    layout[:] = h5py.VirtualSource('gone.h5', 'numbers', (4,))
    f.create_virtual_dataset('numbers', layout)
`;
    execFileSync(h5py as string, ['-c', write, folder]);
    const out = newFile();
    t.match(await convert(join(folder, 'whole.h5'), out), { images: 4 });
    const back = newFile();
    await convert(out, back, { to: 'none' });
    const opened = await openForReading(back);
    const pixels = (opened.get('entry/data') as Dataset).value as Uint16Array;
    opened.close();
    t.ok(pixels.every((pixel, at) => pixel === (at % 2400) + 1) && pixels.length === 4800);
    for (const [name, lacks] of [
      ['lacking.h5', 'gone.h5 data'],
      ['wrong.h5', 'part.h5 x'],
      ['beside.h5', 'gone.h5 numbers'],
    ] as const) {
      const other = newFile();
      t.match(await refused(convert(join(folder, name), other)), {
        code: 2,
        text: new RegExp(`is made of other files, and these are not there: ${lacks}. Put them beside it, or convert`),
      });
      t.strictSame(left(other), []);
    }
  },
);

t.test('what cannot be converted is refused, and nothing is left', async (t) => {
  const file = await source(3);
  const out = newFile();
  writeFileSync(join(folder, 'text.h5'), 'no HDF5');
  t.match(await refused(convert(join(folder, 'text.h5'), out)), { code: 2, text: /cannot be read as HDF5/ });
  t.match(await refused(convert(join(folder, 'none.h5'), out)), { code: 2, text: /cannot be read \(ENOENT/ });
  t.match(await refused(convert(file, file)), { code: 3, text: /exists already, and nothing is overwritten/ });
  const without = newFile();
  const made = await createForWriting(without);
  made.create_dataset({ name: 'a', data: new Uint16Array(6), shape: [2, 3] });
  made.close();
  t.match(await refused(convert(without, out)), { code: 2, text: /has no stack of images/ });
  const small = newFile();
  await convert(file, small);
  t.match(await refused(convert(small, out)), {
    code: 2,
    text: /are compressed with bitshuffle already\. Give --to none/,
  });
  t.match(await refused(convert(file, join(folder, 'no', 'x.h5'))), { code: 3, text: /cannot be made/ });
  const long = join(folder, 'z'.repeat(300));
  t.match(await refused(convert(file, long)), { code: 3, text: /cannot be made \(ENAMETOOLONG/ });
  t.strictSame(left(out), []);
});

t.test('a file that gets the name while images are converted is not overwritten', async (t) => {
  const file = await source(3);
  const out = newFile();
  const onProgress = (): void => writeFileSync(out, 'of somebody else');
  t.match(await refused(convert(file, out, { onProgress })), { code: 3, text: /exists already, and nothing is over/ });
  t.equal(readFileSync(out, 'utf8'), 'of somebody else');
  t.strictSame(left(out), [basename(out)], 'nothing lies beside it');
});

t.test('an image that cannot be read ends it, and nothing is left', async (t) => {
  const file = await source(40, [200, 200]);
  const out = newFile();
  // The index is at the beginning, images at the end: the library opens such a file only with its full length.
  const bytes = readFileSync(file);
  const damaged = newFile();
  const middle = Math.floor(bytes.length / 2);
  bytes.fill(0xff, middle, middle + 40_000);
  writeFileSync(damaged, bytes);
  t.match(await refused(convert(damaged, out)), {
    code: 3,
    text: new RegExp(`^${damaged} ${instrument}/data: image \\d+ cannot be read \\(.+\\); nothing is left`),
  });
  truncateSync(damaged, middle);
  t.match(await refused(convert(damaged, out)), { code: 2, text: /cannot be read as HDF5/ });
  t.strictSame(left(out), []);
});

t.test('Ctrl-C ends it, and nothing is left', async (t) => {
  const file = await source(400, [300, 300]);
  const out = newFile();
  const child = vdcuProcess(t, ['convert', file, out, '--threads', '1']);
  await until(() => existsSync(`${out}.part`), 'the beginning of the new file');
  child.child.kill('SIGINT');
  t.equal(await child.code(), 130, child.stderr);
  t.match(child.stderr, /interrupted; nothing is left of the new file/);
  t.strictSame(left(out), []);
});

t.test('the command says what it did, with --json as JSON', async (t) => {
  const file = await source(5);
  const out = newFile();
  const child = vdcuProcess(t, ['convert', file, out, '--json']);
  t.equal(await child.code(), 0, child.stderr);
  t.match(child.lines(), [{ file: out, images: 5, pixel_bytes: 5 * 60 * 70 * 2, changed: [] }]);
  const back = newFile();
  const other = vdcuProcess(t, ['convert', out, back, '--to', 'none']);
  t.equal(await other.code(), 0, other.stderr);
  t.match(other.stdout, /5 images of \/entry\/instrument\/eiger\/data\n.* MB before, .* images\/s/);
});

t.test('a full disk, and a limit of file sizes, are said, and nothing is left', async (t) => {
  const file = await source(60, [200, 200]);
  const out = newFile();
  const limited = vdcuProcess(
    t,
    ['convert', file, out, '--to', 'none'],
    [],
    ['sh', '-c', 'ulimit -f 2048; unset NODE_OPTIONS; exec "$@"', 'sh'],
  );
  t.equal(await limited.code(), 3, limited.stderr);
  t.match(limited.stderr, /cannot be written \(the limit of file sizes is reached: ulimit -f\); nothing is left of it/);
  t.strictSame(left(out), []);
  const disk = mkdtempSync(join(folder, 'disk-'));
  try {
    execFileSync(programNamed('mount') as string, ['-t', 'tmpfs', '-o', 'size=1024k', 'tmpfs', disk], {
      stdio: 'pipe',
    });
  } catch (error) {
    return t.pass(`not tried: ${(error as Error).message}`, { skip: 'no small disk can be mounted here' });
  }
  t.teardown(() => execFileSync(programNamed('umount') as string, [disk]));
  const refusal = await refused(convert(file, join(disk, 'out.h5'), { to: 'none' }));
  t.match(refusal, {
    code: 3,
    text: /cannot be written \(No space left on device\); nothing is left of it\. Make room/,
  });
  t.strictSame(readdirSync(disk), []);
});
