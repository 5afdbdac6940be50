import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../../src/base/random.js';
import { loadEncodeKernel } from '../../../src/encode/encode-kernel.js';
import { bitshuffled, bitshuffleFilter, DirectChunks } from '../../../simulators/files/direct-chunks.js';
import { FrameFile } from '../../../simulators/files/frame-file.js';
import { createForWriting, loadHdf5, loadWriter, openForReading } from '../../../simulators/files/hdf5.js';
import { pixelKinds } from '../../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../../simulators/files/pixel-kinds.js';
import { imageOf } from '../../encode/images.js';
import { pythonWith } from '../../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-direct-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const memory = new WebAssembly.Memory({ initial: 900, maximum: 65536, shared: true });
const bytes = new Uint8Array(memory.buffer);
const kernel = loadEncodeKernel(memory);

function chunkOf(image: Uint8Array, size: number): Uint8Array {
  const [from, to] = [65536, 65536 + image.length + 64];
  bytes.set(image, from);
  return bytes.slice(to, to + kernel.encode(from, image.length / size, size, to, 64));
}

const kindOf = (size: number): PixelKind => pixelKinds.get(`uint${8 * size}`) as PixelKind;
const python = pythonWith('h5py', 'hdf5plugin', 'numpy');
const contents = ['mean 1', 'noise', 'all 0', 'holes', 'mean 20', 'noise'] as const;

/** A file of six images of each size of pixels; noise becomes longer than it was. */
async function fileOf(shape: readonly [number, number]): Promise<{ file: string; images: Map<number, Uint8Array[]> }> {
  const random = new Random(8);
  const file = join(folder, `${shape.join('x')}.h5`);
  const images = new Map<number, Uint8Array[]>();
  const made = await createForWriting(file);
  for (const size of [1, 2, 4]) {
    const kind = kindOf(size);
    const data = made.create_dataset({
      name: `data${size}`,
      data: kind.of(new ArrayBuffer(0), 0, 0),
      shape: [0, ...shape],
      maxshape: [null, ...shape],
      chunks: [1, ...shape],
      dtype: kind.dtype,
      ...bitshuffled(size),
    });
    data.resize([contents.length, ...shape]);
    const chunks = new DirectChunks(await loadWriter(), shape[0] * shape[1], kind);
    const of = contents.map((content) => {
      const { buffer, byteOffset, byteLength } = imageOf(random, content, shape, size);
      return new Uint8Array(buffer, byteOffset, byteLength);
    });
    // Not one after the other: an index is kept by the library.
    for (const at of [3, 0, 5, 1, 2, 4]) chunks.write(data, at, 3, chunkOf(of[at], size));
    chunks.close();
    images.set(size, of);
  }
  made.close();
  return { file, images };
}

for (const shape of [
  [514, 514],
  [1, 1280],
  [3, 7],
] as const)
  t.test(`chunks of ${shape.join(' × ')} pixels that were written as they are unpack to every pixel`, async (t) => {
    const { file, images } = await fileOf(shape);
    const { Dataset } = await loadHdf5();
    const opened = await openForReading(file);
    for (const [size, of] of images) {
      const data = opened.get(`data${size}`);
      if (!(data instanceof Dataset)) throw new Error('there is a dataset');
      t.match(data.filters, [{ id: bitshuffleFilter, cd_values: [0, 4, size, 0, 2] }]);
      of.forEach((image, at) => {
        const { buffer, byteOffset, byteLength } = data.slice([[at, at + 1], [], []]) as Uint8Array;
        const seen = new Uint8Array(buffer, byteOffset, byteLength);
        t.equal(Buffer.compare(seen, image), 0, `${8 * size} bit, ${contents[at]}`);
      });
    }
    opened.close();
    if (python === null) {
      t.pass('not read by h5py', {
        skip: 'no Python with h5py and hdf5plugin here (scripts/install-python-clients.sh)',
      });
      return;
    }
    for (const [size, of] of images) writeFileSync(`${file}.${size}`, Buffer.concat(of));
    const script = `
import sys, h5py, hdf5plugin, numpy as np
with h5py.File(sys.argv[1]) as f:
    for size in (1, 2, 4):
        data = f['data%d' % size]
        right = np.fromfile('%s.%d' % (sys.argv[1], size), dtype=data.dtype).reshape(data.shape)
        assert (data[()] == right).all(), size
        for n in range(len(data)):
            mask, chunk = data.id.read_direct_chunk((n, 0, 0))
            assert mask == 0 and int.from_bytes(chunk[:8], 'big') == right[n].nbytes
print('right')
`;
    t.equal(execFileSync(python, ['-c', script, file], { encoding: 'utf8' }).trim(), 'right', 'h5py with hdf5plugin');
  });

t.test('a file that grew by chunks is whole when it was closed, and after each series', async (t) => {
  const file = join(folder, 'frames.h5');
  const frames = await FrameFile.create(file, 'eiger');
  const random = new Random(9);
  const shape = [30, 40];
  const images = Array.from({ length: 150 }, () => new Uint8Array(imageOf(random, 'mean 1', [30, 40], 2).buffer));
  const { Dataset } = await loadHdf5();
  const check = async (count: number): Promise<void> => {
    const opened = await openForReading(file);
    const data = opened.get('/entry/instrument/eiger/data');
    if (!(data instanceof Dataset)) throw new Error('there is a dataset');
    t.strictSame(data.shape, [count, ...shape]);
    t.equal(Buffer.compare(Buffer.from((data.value as Uint16Array).buffer), Buffer.concat(images.slice(0, count))), 0);
    opened.close();
  };
  for (const [frame, image] of images.entries()) {
    frames.write(chunkOf(image, 2), shape, kindOf(2), { frame, complete: true }, true);
    if (frame === 69) {
      frames.flush();
      await check(70);
    }
  }
  frames.close();
  await check(150);
});

t.test('pixels that are written as such below that filter are refused, not taken for a chunk', async (t) => {
  const file = join(folder, 'pixels.h5');
  const made = await createForWriting(file);
  const shape = { shape: [1, 4, 4], chunks: [1, 4, 4] };
  t.throws(() => made.create_dataset({ name: 'a', data: new Uint16Array(16).fill(7), ...shape, ...bitshuffled(2) }));
  made.close();
});
