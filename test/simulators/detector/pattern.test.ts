import t from 'tap';
import {
  firstWrongPixel,
  imageSeed,
  mix32,
  pixelValue,
  rowSeed,
  writePixels,
} from '../../../simulators/detector/pattern.js';

/** The formula of docs/simulator.md with exact integers, term by term. */
function documented(frameNumber: bigint, portIndex: bigint, row: bigint, column: bigint, bits: bigint): number {
  const u32 = (value: bigint): bigint => value & 0xffffffffn;
  const mix = (value: bigint): bigint => {
    let x = u32(value);
    x = u32((x ^ (x >> 16n)) * 0x85ebca6bn);
    x = u32((x ^ (x >> 13n)) * 0xc2b2ae35n);
    return x ^ (x >> 16n);
  };
  const image = mix(u32(frameNumber) ^ mix((frameNumber >> 32n) * 0x9e3779b1n + portIndex + 1n));
  const line = mix(image + row * 0x85ebca77n);
  const x = u32(line + column * 0x9e3779b1n);
  return Number(u32((x ^ (x >> 15n)) * 0xc2b2ae3dn) >> (32n - bits));
}

/** The inverse of an odd number modulo 2³². */
function inverse(odd: number): number {
  let guess = odd;
  for (let step = 0; step < 5; step++) guess = Math.imul(guess, 2 - Math.imul(odd, guess));
  return guess;
}

function unmix(value: number): number {
  let x = value ^ (value >>> 16);
  x = Math.imul(x, inverse(0xc2b2ae35));
  x ^= (x >>> 13) ^ (x >>> 26);
  x = Math.imul(x, inverse(0x85ebca6b));
  return x ^ (x >>> 16);
}

t.test('pixels follow the documented formula up to frame number 2^53 - 1', async (t) => {
  for (const frame of [1, 2, 4294967295, 4294967296, 4294967297, 2 ** 53 - 1]) {
    for (const [port, row, column] of [
      [0, 0, 0],
      [1, 255, 511],
      [71, 3, 256],
    ] as const) {
      for (const bits of [4, 8, 12, 16, 32]) {
        t.equal(
          pixelValue(frame, port, row, column, bits),
          documented(BigInt(frame), BigInt(port), BigInt(row), BigInt(column), BigInt(bits)),
          `${frame} ${port} ${row} ${column} ${bits}`,
        );
      }
    }
  }
});

t.test('the examples of the documentation hold', async (t) => {
  t.equal(pixelValue(1, 0, 0, 0, 32), 1376287224);
  t.equal(pixelValue(1, 0, 0, 0, 16), 21000);
  t.equal(pixelValue(1, 0, 0, 1, 16), 52909);
  t.equal(pixelValue(1, 0, 1, 0, 16), 43901);
  t.equal(pixelValue(1, 1, 0, 0, 16), 13770);
  t.equal(pixelValue(2, 0, 0, 0, 16), 52914);
  t.equal(pixelValue(4294967297, 0, 0, 0, 16), 48863);
  t.equal(pixelValue(9007199254740991, 1, 255, 511, 8), 246);
  t.equal(pixelValue(12345, 1, 100, 200, 12), 640);
  t.equal(pixelValue(12345, 1, 100, 200, 4), 2);
});

t.test('every 32-bit value is sent by some frame number at any pixel', async (t) => {
  for (const wanted of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const [port, row, column] = [1, 17, 300];
    let x = Math.imul(wanted, inverse(0xc2b2ae3d));
    x ^= (x >>> 15) ^ (x >>> 30);
    const line = (x - Math.imul(column, 0x9e3779b1)) | 0;
    const image = (unmix(line) - Math.imul(row, 0x85ebca77)) | 0;
    const frame = (unmix(image) ^ mix32(port + 1)) >>> 0;
    t.equal(pixelValue(frame, port, row, column, 32), wanted);
  }
});

t.test('a few images hold every 8-bit and every 16-bit value', async (t) => {
  for (const [bits, images] of [
    [4, 1],
    [8, 1],
    [12, 1],
    [16, 16],
  ] as const) {
    const seen = new Uint8Array(2 ** bits);
    const row = new Uint16Array(512);
    for (let frame = 1; frame <= images; frame++) {
      for (let at = 0; at < 256; at++) {
        writePixels(row, 0, 512, rowSeed(imageSeed(frame, 0), at), 0, bits);
        for (const value of row) seen[value] = 1;
      }
    }
    t.equal(seen.indexOf(0), -1, `${bits} bits`);
  }
});

t.test('another frame, port, row or column gives other pixels', async (t) => {
  const line = (frame: number, port: number, row: number, column: number): Uint16Array => {
    const pixels = new Uint16Array(256);
    writePixels(pixels, 0, 256, rowSeed(imageSeed(frame, port), row), column, 16);
    return pixels;
  };
  const reference = line(7, 0, 10, 0);
  const others = [
    line(8, 0, 10, 0),
    line(7 + 2 ** 32, 0, 10, 0),
    line(7, 1, 10, 0),
    line(7, 0, 11, 0),
    line(7, 0, 245, 0),
    line(7, 0, 10, 1),
    line(7, 0, 10, 256),
    reference.slice().reverse(),
  ];
  for (const other of others) {
    const same = other.filter((value, at) => value === reference[at]).length;
    t.ok(same < 8, `${same} of 256 agree by chance`);
  }
});

t.test('a row is compared with what was written, and one other pixel is found', async (t) => {
  const pixels = new Uint32Array(20);
  const row = rowSeed(imageSeed(3, 1), 4);
  writePixels(pixels, 5, 10, row, 100, 32);
  t.equal(pixels[5], pixelValue(3, 1, 4, 100, 32));
  t.equal(pixels[4], 0, 'nothing before');
  t.equal(pixels[15], 0, 'nothing behind');
  t.equal(firstWrongPixel(pixels, 5, 10, row, 100, 32), -1);
  pixels[12] = pixels[12] ^ 1;
  t.equal(firstWrongPixel(pixels, 5, 10, row, 100, 32), 12);
});
