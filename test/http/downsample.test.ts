import t from 'tap';
import { downsample } from '../../src/http/downsample.js';

const uint16 = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const valuesOf = (pixels: Uint8Array): number[] => [...new Uint16Array(pixels.slice().buffer)];

t.test('blocks become their mean, rounded down, smaller ones at the edges', (t) => {
  const frame = { pixels: uint16(1, 2, 10, 3, 5, 20, 7, 8, 30), type: 'uint16', shape: [3, 3] } as const;
  const small = downsample(frame, 2);
  t.strictSame(small.shape, [2, 2]);
  t.strictSame(valuesOf(small.pixels), [2, 15, 7, 30]);
  t.end();
});

t.test('missing pixels do not count; a block of nothing else is missing', (t) => {
  const frame = {
    pixels: uint16(65535, 4, 65535, 65535, 6, 65535, 65535, 65535),
    type: 'uint16',
    shape: [2, 4],
  } as const;
  t.strictSame(valuesOf(downsample(frame, 2).pixels), [5, 65535]);
  t.end();
});

t.test('every pixel type and any alignment are read right', (t) => {
  const shifted = new Uint8Array(9).subarray(1);
  shifted.set(new Uint8Array(Uint32Array.of(4294967294, 4294967292).buffer));
  t.strictSame(
    [...new Uint32Array(downsample({ pixels: shifted, type: 'uint32', shape: [1, 2] }, 2).pixels.slice().buffer)],
    [4294967293],
  );
  t.strictSame(
    [...downsample({ pixels: Uint8Array.of(255, 254, 0, 0), type: 'uint8', shape: [2, 2] }, 4).pixels],
    [84],
  );
  t.end();
});

t.test('a factor of 1 or less leaves the frame as it is', (t) => {
  const frame = { pixels: uint16(1, 2), type: 'uint16', shape: [1, 2] } as const;
  t.equal(downsample(frame, 1), frame);
  t.equal(downsample(frame, 0), frame);
  t.end();
});
