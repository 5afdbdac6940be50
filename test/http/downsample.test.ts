import t from 'tap';
import { pixelState } from '../../src/detector/pixel-states.js';
import { pixelBytes } from '../../src/detector/pixel-type.js';
import { downsample } from '../../src/http/downsample.js';
import type { Frame, ToldFrame } from '../../src/http/frame.js';

const uint16 = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
const valuesOf = (pixels: Uint8Array): number[] => [...new Uint16Array(pixels.slice().buffer)];

/** A frame of which these pixels did not come, or are not read out. */
function told(frame: Frame, missing: readonly number[] = [], unread: readonly number[] = []): ToldFrame {
  const states = new Uint8Array(frame.pixels.length / pixelBytes[frame.type]);
  for (const pixel of missing) states[pixel] = pixelState.missing;
  for (const pixel of unread) states[pixel] = pixelState.unread;
  return { ...frame, states, saturation: 2 ** (8 * pixelBytes[frame.type]) - 1 };
}

t.test('blocks become their mean, rounded down, smaller ones at the edges', (t) => {
  const frame = { pixels: uint16(1, 2, 10, 3, 5, 20, 7, 8, 30), type: 'uint16', shape: [3, 3] } as const;
  const small = downsample(told(frame), 2);
  t.strictSame(small.shape, [2, 2]);
  t.strictSame(valuesOf(small.pixels), [2, 15, 7, 30]);
  t.end();
});

t.test('pixels that did not come do not count, whatever their value; saturated ones do', (t) => {
  const frame = {
    pixels: uint16(65535, 4, 65535, 65535, 6, 0, 65535, 65535),
    type: 'uint16',
    shape: [2, 4],
  } as const;
  t.strictSame(valuesOf(downsample(told(frame, [0, 5, 2, 3], [6, 7]), 2).pixels), [5, 65535]);
  t.strictSame(valuesOf(downsample(told(frame), 2).pixels), [16386, 65535], 'all of them came');
  t.end();
});

t.test('every pixel type and any alignment are read right', (t) => {
  const shifted = new Uint8Array(9).subarray(1);
  shifted.set(new Uint8Array(Uint32Array.of(4294967294, 4294967292).buffer));
  t.strictSame(
    [...new Uint32Array(downsample(told({ pixels: shifted, type: 'uint32', shape: [1, 2] }), 2).pixels.slice().buffer)],
    [4294967293],
  );
  t.strictSame(
    [...downsample(told({ pixels: Uint8Array.of(255, 254, 0, 0), type: 'uint8', shape: [2, 2] }, [0]), 4).pixels],
    [84],
  );
  t.end();
});

t.test('a factor of 1 or less leaves the frame as it is', (t) => {
  const frame = { pixels: uint16(1, 2), type: 'uint16', shape: [1, 2] } as const;
  const same = told(frame);
  t.equal(downsample(same, 1), same);
  t.equal(downsample(same, 0), same);
  t.end();
});
