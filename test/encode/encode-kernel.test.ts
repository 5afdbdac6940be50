import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../src/base/random.js';
import { loadEncodeKernel } from '../../src/encode/encode-kernel.js';
import { unpackBslz4, unpackedBytes } from '../../simulators/consumer/bslz4.js';
import { loadHdf5 } from '../../simulators/files/hdf5.js';
import { modes } from '../pipeline/modes.js';
import { pythonWith } from '../programs.js';
import { contents, imageOf } from './images.js';

const seed = 20;
const headBytes = 12;
const guard = 0xa5;
const memory = new WebAssembly.Memory({ initial: 1200, maximum: 65536, shared: true });
const all = new Uint8Array(memory.buffer);
const kernel = loadEncodeKernel(memory);
const scratch = 64;

/** The chunk of an image; what must not be written around it was not. `odd` shifts both from where words begin. */
function encode(image: Uint8Array, size: number, odd = 0): Buffer {
  const from = scratch + kernel.scratchBytes() + 64 + odd;
  const bound = kernel.boundOf(image.length);
  const to = from + image.length + 64;
  all.fill(guard, from + image.length, from + image.length + 64);
  all.fill(guard, to + bound, to + bound + 64);
  all.set(image, from);
  const length = kernel.encode(from, image.length / size, size, to, scratch);
  const around = [all.subarray(from + image.length, to), all.subarray(to + bound, to + bound + 64)];
  if (!around.every((bytes) => bytes.every((byte) => byte === guard))) throw new Error('written outside of its place');
  if (Buffer.compare(all.subarray(from, from + image.length), image) !== 0) throw new Error('the frame was written to');
  return Buffer.from(all.slice(to, to + length));
}

const pixelsOf = ({ buffer, byteOffset, byteLength }: Uint8Array, size: number) =>
  new (size === 1 ? Uint8Array : size === 2 ? Uint16Array : Uint32Array)(
    buffer as ArrayBuffer,
    byteOffset,
    byteLength / size,
  );
const same = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;
const sizes = [1, 2, 4] as const;
/** Every shape that a detector here has, and how many bytes its pixels have. */
const shapes = new Map(
  modes.map(({ source: { shape }, pixelType }) => {
    const size = Number(pixelType.slice(4)) / 8;
    return [`${shape.join(' × ')}, ${pixelType}`, { shape, size }];
  }),
);

t.test('a frame of each shape and type is what it was once it is unpacked', (t) => {
  const random = new Random(seed);
  for (const [name, { shape, size }] of shapes)
    for (const content of ['mean 1', 'holes'] as const) {
      const image = imageOf(random, content, shape, size);
      const chunk = encode(image, size, size);
      t.ok(same(unpackBslz4(chunk, size, image.length), image), `${name}, ${content}`);
    }
  t.end();
});

t.test('what detectors see, noise and constants are kept, and no chunk is longer than its place', (t) => {
  const random = new Random(seed);
  for (const size of sizes)
    for (const content of contents) {
      const image = imageOf(random, content, [514, 514], size);
      const chunk = encode(image, size);
      t.ok(same(unpackBslz4(chunk, size, image.length), image), `${content}, ${8 * size} bit`);
      t.equal(unpackedBytes(chunk), image.length);
      t.equal(chunk.readUInt32BE(8), 8192, 'blocks of 8192 bytes');
      if (content.startsWith('all')) t.ok(chunk.length < image.length / 60, 'a constant image nearly vanishes');
      if (content === 'noise') t.ok(chunk.length > image.length, 'noise is not compressed');
      if (content === 'mean 1') t.ok(chunk.length < image.length / (2 * size), 'counts are compressed');
    }
  t.end();
});

t.test('every number of pixels around the bounds of blocks, at any address', (t) => {
  const random = new Random(seed);
  for (const size of sizes) {
    const block = 8192 / size;
    const counts = [
      ...Array(40).keys(),
      ...[-17, -16, -9, -8, -1, 0, 1, 7, 8, 9, 15, 16, 24].map((more) => block + more),
    ];
    for (const count of [...counts, 3 * block + 12, 9 * block, 17 * block + 5])
      for (const content of ['mean 1', 'noise', 'all 0'] as const) {
        const image = imageOf(random, content, [1, count], size);
        const odd = random.integer(16) * (size === 1 ? 1 : size);
        if (!same(unpackBslz4(encode(image, size, odd), size, image.length), image))
          t.fail(`${count} pixels of ${size} bytes, ${content}, are not what they were`);
      }
    t.pass(`${8 * size} bit`);
  }
  t.end();
});

t.test('what becomes of a frame does not depend on the frame before', (t) => {
  const random = new Random(seed);
  const image = imageOf(random, 'mean 1', [300, 300], 2);
  const first = encode(image, 2);
  encode(imageOf(random, 'noise', [400, 300], 4), 4);
  t.ok(same(encode(image, 2), first));
  t.end();
});

t.test('images of few values with repetitions of all lengths', (t) => {
  const random = new Random(seed);
  for (let round = 0; round < 400; round++) {
    const size = random.pick(sizes);
    const image = new Uint8Array(size * (1 + random.integer(9000)));
    for (let at = 0; at < image.length;) {
      const run = 1 + random.integer(random.pick([3, 20, 300, 5000]));
      const value = random.chance(0.3) ? random.integer(256) : random.integer(2);
      const from = random.chance(0.3) ? random.integer(at + 1) : -1;
      for (let step = 0; step < run && at < image.length; step++, at++)
        image[at] = from < 0 ? value : image[from + step];
    }
    if (!same(unpackBslz4(encode(image, size), size, image.length), image)) t.fail(`round ${round}`);
  }
  t.pass('400 images');
  t.end();
});

t.test('a chunk that was spoilt is refused, or is another image; it never hurts', (t) => {
  const random = new Random(seed);
  const image = imageOf(random, 'mean 1', [100, 101], 2);
  const chunk = encode(image, 2);
  const attempt = (bytes: Uint8Array): boolean => {
    try {
      return same(unpackBslz4(bytes, 2, image.length), image);
    } catch {
      return false;
    }
  };
  t.ok(attempt(chunk));
  for (let length = 0; length < chunk.length; length += 1 + random.integer(50))
    if (attempt(chunk.subarray(0, length))) t.fail(`cut to ${length} bytes it is still taken`);
  t.notOk(attempt(Buffer.concat([chunk, Buffer.of(0)])), 'with a byte more it is not taken');
  for (let round = 0; round < 300; round++) {
    const spoilt = Buffer.from(chunk);
    spoilt[random.integer(spoilt.length)] ^= 1 << random.integer(8);
    attempt(spoilt);
  }
  t.end();
});

/** Some of everything, as others shall read it. */
function samples(): {
  name: string;
  shape: readonly [number, number];
  size: number;
  image: Uint8Array;
  chunk: Buffer;
}[] {
  const random = new Random(seed);
  const wanted: { content: (typeof contents)[number]; shape: readonly [number, number]; size: number }[] = [];
  for (const size of sizes) {
    for (const content of contents) wanted.push({ content, shape: [514, 514], size });
    for (const shape of [
      [1, 1280],
      [1, 7],
      [3, 5],
      [37, 41],
      [64, 64],
      [1, 4099],
    ] as const)
      wanted.push({ content: 'holes', shape, size });
  }
  for (const { shape, size } of shapes.values()) wanted.push({ content: 'mean 1', shape, size });
  return wanted.map(({ content, shape, size }, index) => {
    const image = imageOf(random, content, shape, size);
    return {
      name: `${index}: ${shape.join(' × ')}, ${8 * size} bit, ${content}`,
      shape,
      size,
      image,
      chunk: encode(image, size),
    };
  });
}

t.test('the filter of h5wasm-plugins reads every chunk', async (t) => {
  const { File } = await loadHdf5();
  const folder = t.testdir();
  for (const { name, shape, size, image, chunk } of samples()) {
    const file = join(folder, 'chunk.h5');
    const written = new File(file, 'w');
    written.create_dataset({
      name: 'data',
      data: pixelsOf(new Uint8Array(image.length), size),
      dtype: { 1: '<B', 2: '<H', 4: '<I' }[size] as string,
      shape: [...shape],
      chunks: [...shape],
      compression: 32008,
      compression_opts: [0, 2],
    });
    written.create_dataset({ name: 'chunk', data: chunk, dtype: '<B', shape: [chunk.length] });
    written.close();
    writeFileSync(file, withChunk(readFileSync(file), chunk));
    const read = new File(file, 'r');
    const dataset = read.get('data') as { value: Uint8Array };
    const { buffer, byteOffset, byteLength } = dataset.value;
    if (!same(new Uint8Array(buffer, byteOffset, byteLength), image)) t.fail(name);
    read.close();
  }
  t.pass('all were read');
});

/**
 * An HDF5 file with one dataset of one chunk, that chunk exchanged by one that lies in the file as another dataset: the
 * first key of the B-tree and its child (III.A.1 of the format's specification) lead there.
 */
function withChunk(file: Buffer, chunk: Buffer): Buffer {
  const tree = file.indexOf('TREE\u0001', 'latin1');
  const at = file.indexOf(chunk);
  if (tree < 0 || file.indexOf('TREE\u0001', tree + 1, 'latin1') >= 0 || at < 0)
    throw new Error('the file has not one tree of chunks, or not the chunk');
  const key = tree + 24;
  const dimensions = 3;
  file.writeUInt32LE(chunk.length, key);
  file.writeBigUInt64LE(BigInt(at), key + 8 + 8 * dimensions);
  return file;
}

const readers = {
  hdf5plugin: ['h5py', 'hdf5plugin'],
  bitshuffle: ['numpy', 'bitshuffle'],
  'dectris-compression': ['numpy', 'dectris.compression'],
} as const;
for (const [reader, packages] of Object.entries(readers)) {
  const python = pythonWith(...packages);
  const skip = python === null && `no Python with ${packages.join(' and ')} here (scripts/install-python-clients.sh)`;
  t.test(`${reader} reads every chunk`, { skip }, (t) => {
    const folder = t.testdir();
    const list = samples().map(({ name, shape, size, image, chunk }, index) => {
      writeFileSync(join(folder, `${index}.raw`), image);
      writeFileSync(join(folder, `${index}.chunk`), chunk);
      return { name, shape, size };
    });
    writeFileSync(join(folder, 'list.json'), JSON.stringify(list));
    const script = join(import.meta.dirname, '../../../test/encode/read_chunks.py');
    t.equal(execFileSync(python ?? '', [script, reader, folder], { encoding: 'utf8' }).trim(), `${list.length} read`);
    t.end();
  });
}

t.test('a chunk begins with the bytes of the frame and of a block, and ends with the odd pixels as they are', (t) => {
  const image = imageOf(new Random(seed), 'mean 5', [514, 514], 2);
  const chunk = encode(image, 2);
  t.equal(chunk.readBigUInt64BE(0), BigInt(514 * 514 * 2));
  t.equal(chunk.readUInt32BE(8), 8192);
  let at = headBytes;
  for (let left = 514 * 514; left >= 8; left -= Math.min(4096, left)) at += 4 + chunk.readUInt32BE(at);
  t.ok(same(chunk.subarray(at), image.subarray(-8)), 'four pixels of 16 bit');
  t.end();
});
