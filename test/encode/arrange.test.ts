import t from 'tap';
import { Random } from '../../src/base/random.js';
import { maskBits, turns, walkOf } from '../../src/detector/frame-form.js';
import type { FrameForm, Roi } from '../../src/detector/frame-form.js';
import { loadEncodeKernel } from '../../src/encode/encode-kernel.js';

const seed = 21;
const guard = 0xa5;
const memory = new WebAssembly.Memory({ initial: 600, maximum: 65536, shared: true });
const all = new Uint8Array(memory.buffer);
const kernel = loadEncodeKernel(memory);
const sizes = [1, 2, 4] as const;

type Image = readonly (readonly number[])[];

/** The form in steps, as one would say it: cut, then a quarter turn at a time, then left and right exchanged. */
function oracle(image: Image, { turn, mirror, roi }: FrameForm): Image {
  const [row, column, rows, columns] = roi ?? [0, 0, image.length, image[0].length];
  let out: Image = image.slice(row, row + rows).map((line) => line.slice(column, column + columns));
  for (let quarter = 0; quarter < turn / 90; quarter++) {
    const cut = out;
    // The last column becomes the first row.
    out = cut[0].map((_, index) => cut.map((line) => line[line.length - 1 - index]));
  }
  return mirror ? out.map((line) => [...line].reverse()) : out;
}

const bytesOf = (image: Image, size: number): Uint8Array => {
  const flat = image.flat();
  const pixels = size === 1 ? Uint8Array.from(flat) : size === 2 ? Uint16Array.from(flat) : Uint32Array.from(flat);
  return new Uint8Array(pixels.buffer);
};

/** What the kernel makes of it; nothing around is written to. */
function arranged(image: Image, form: FrameForm, size: number): Uint8Array {
  const shape = [image.length, image[0].length] as const;
  const bytes = bytesOf(image, size);
  const {
    shape: [rows, columns],
    base,
    down,
    across,
  } = walkOf(form, shape);
  const [from, length] = [1024, rows * columns * size];
  const to = from + bytes.length + 64;
  all.set(bytes, from);
  all.fill(guard, to - 64, to + length + 64);
  kernel.arrange(from + base * size, rows, columns, down, across, size, to);
  const around = [all.subarray(to - 64, to), all.subarray(to + length, to + length + 64)];
  if (!around.every((part) => part.every((byte) => byte === guard))) throw new Error('written outside of its place');
  if (Buffer.compare(all.subarray(from, from + bytes.length), bytes) !== 0) throw new Error('the frame was written to');
  return all.slice(to, to + length);
}

const imageOf = (random: Random, rows: number, columns: number, size: number): Image =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.integer(2 ** (8 * size))));

const cutOf = (random: Random, rows: number, columns: number): Roi => {
  const [row, column] = [random.integer(rows), random.integer(columns)];
  return [row, column, 1 + random.integer(rows - row), 1 + random.integer(columns - column)];
};

t.test('every form of images of any shape has the pixels that cutting, turning and mirroring gives', async (t) => {
  const random = new Random(seed);
  for (let round = 0; round < 300; round++) {
    const [rows, columns] = [1 + random.integer(70), 1 + random.integer(150)];
    const size = random.pick(sizes);
    const image = imageOf(random, rows, columns, size);
    const roi = random.chance(0.7) ? cutOf(random, rows, columns) : null;
    for (const turn of turns)
      for (const mirror of [false, true]) {
        const form = { turn, mirror, roi };
        const right = oracle(image, form);
        t.strictSame(walkOf(form, [rows, columns]).shape, [right.length, right[0].length]);
        if (Buffer.compare(arranged(image, form, size), bytesOf(right, size)) !== 0)
          t.fail(`round ${round}: ${rows} × ${columns}, ${8 * size} bit, ${JSON.stringify(form)}`);
      }
  }
});

t.test('a turn is anticlockwise, as numpy.rot90', async (t) => {
  const image = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  t.strictSame([...arranged(image, { turn: 90, mirror: false, roi: null }, 1)], [3, 6, 2, 5, 1, 4]);
  t.strictSame([...arranged(image, { turn: 90, mirror: true, roi: null }, 1)], [6, 3, 5, 2, 4, 1]);
  t.strictSame([...arranged(image, { turn: 270, mirror: false, roi: [0, 1, 2, 2] }, 1)], [5, 2, 6, 3]);
});

t.test('masked pixels, and no others, get the value, wherever they lie', async (t) => {
  const random = new Random(seed);
  for (let round = 0; round < 200; round++) {
    const [rows, columns] = [1 + random.integer(30), 1 + random.integer(80)];
    const size = random.pick(sizes);
    const image = imageOf(random, rows, columns, size);
    const share = random.pick([0, 0.01, 0.5, 1]);
    const mask = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => Number(random.chance(share))),
    );
    const form = {
      turn: random.pick(turns),
      mirror: random.chance(0.5),
      roi: random.chance(0.5) ? cutOf(random, rows, columns) : null,
    };
    const value = random.integer(2 ** (8 * size));
    const walk = walkOf(form, [rows, columns]);
    const pixels = walk.shape[0] * walk.shape[1];
    const out = arranged(image, form, size);
    const [bits, to] = [64, 65536];
    all.set(maskBits(Uint8Array.from(mask.flat()), walk), bits);
    all.set(out, to);
    all.fill(guard, to + out.length, to + out.length + 64);
    kernel.cover(to, pixels, bits, size, value);
    const right = oracle(
      image.map((line, y) => line.map((pixel, x) => (mask[y][x] === 1 ? value : pixel))),
      form,
    );
    if (Buffer.compare(all.subarray(to, to + out.length), bytesOf(right, size)) !== 0)
      t.fail(`round ${round}: ${JSON.stringify(form)}`);
    t.ok(all.subarray(to + out.length, to + out.length + 64).every((byte) => byte === guard));
  }
});
