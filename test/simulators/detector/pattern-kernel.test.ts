import t from 'tap';
import { AssertionFailed } from '../../../src/base/assert.js';
import { PixelMemory, pixelsAtOnce } from '../../../simulators/detector/pattern-kernel.js';
import { imageSeed, rowSeed, writePixels } from '../../../simulators/detector/pattern.js';

t.test('the compiled formula writes what the plain one writes, and nothing beside it', async (t) => {
  const memory = new PixelMemory(65536);
  const [offset, length] = [memory.take(64) + 64, 2048];
  const pixels = new Uint16Array(memory.buffer, 0, 4096);
  for (const frameNumber of [1, 4294967295, 4294967296, 2 ** 53 - 1]) {
    for (const [row, firstColumn, count] of [
      [0, 0, 512],
      [255, 0, 1024],
      [17, 256, 8],
      [3, 504, 2000],
      [128, 1, 16],
    ] as const) {
      const seed = rowSeed(imageSeed(frameNumber, 1), row);
      const expected = new Uint16Array(4096).fill(0xabcd);
      writePixels(expected, offset / 2, count, seed, firstColumn, 16);
      pixels.fill(0xabcd);
      memory.write16(offset, count, seed, firstColumn);
      t.ok(count <= length && count % pixelsAtOnce === 0);
      t.equal(
        Buffer.compare(Buffer.from(pixels.buffer, 0, 8192), Buffer.from(expected.buffer)),
        0,
        `frame ${frameNumber} row ${row} column ${firstColumn}`,
      );
    }
  }
});

t.test('memory is handed out once, and not more than there is', async (t) => {
  const memory = new PixelMemory(65536);
  t.equal(memory.take(100), 0);
  t.equal(memory.take(65536 - 128), 128);
  t.throws(() => memory.take(1), AssertionFailed);
});

t.test('a small memory is a plain one, which the formula in TypeScript writes', async (t) => {
  const memory = new PixelMemory(8192);
  t.notOk(memory.compiled);
  t.equal(memory.take(8192), 0);
  t.throws(() => memory.take(1), AssertionFailed);
});
