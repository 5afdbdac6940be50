import t from 'tap';
import { inflateSync } from 'node:zlib';
import { paletteIndex, png } from '../../src/http/png.js';
import { pixelState } from '../../src/detector/pixel-states.js';
import type { ToldFrame } from '../../src/http/frame.js';

/** Chunks of a PNG, by name, each with a check sum that holds (RFC 2083, by a bitwise division). */
function chunksOf(file: Buffer): Map<string, Buffer> {
  t.equal(file.toString('hex', 0, 8), '89504e470d0a1a0a');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    const covered = file.subarray(at + 4, at + 8 + length);
    let rest = 0xffffffff;
    for (const byte of covered) {
      rest ^= byte;
      for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    }
    t.equal(file.readUInt32BE(at + 8 + length), ~rest >>> 0);
    chunks.set(covered.toString('latin1', 0, 4), covered.subarray(4));
    at += 12 + length;
  }
  return chunks;
}

const frame = (values: number[], states: number[], type: 'uint16' | 'uint32' = 'uint16'): ToldFrame => ({
  pixels: new Uint8Array((type === 'uint16' ? Uint16Array : Uint32Array).from(values).buffer),
  type,
  shape: [2, values.length / 2],
  states: Uint8Array.from(states),
  saturation: type === 'uint16' ? 65535 : 4294967295,
});

t.test('values are grey up to white, and what is no value has a colour of its own', async (t) => {
  const { value, missing, unread, gap, masked } = pixelState;
  const file = png(frame([0, 50, 100, 65535, 65535, 7], [value, value, value, value, missing, gap]));
  const chunks = chunksOf(file);
  t.equal(chunks.get('IHDR')?.toString('hex'), '00000003' + '00000002' + '08' + '03' + '000000');
  t.equal(chunks.get('tEXt')?.toString('latin1'), 'vdcu\0white = 65535');
  const { white, saturated } = paletteIndex;
  t.strictSame(
    [...inflateSync(chunks.get('IDAT') as Buffer)],
    [0, 0, 0, 0, 0, saturated, paletteIndex.missing, paletteIndex.gap],
  );
  const other = chunksOf(png(frame([0, 50, 100, 25], [value, value, value, unread], 'uint32')));
  t.equal(other.get('tEXt')?.toString('latin1'), 'vdcu\0white = 100');
  t.strictSame(
    [...inflateSync(other.get('IDAT') as Buffer)],
    [0, 0, Math.round(white / 2), 0, white, paletteIndex.gap],
  );
  const covered = chunksOf(png(frame([0, 9000, 100, 50], [value, masked, value, value])));
  t.equal(covered.get('tEXt')?.toString('latin1'), 'vdcu\0white = 100', 'what is masked is no value');
  t.equal(inflateSync(covered.get('IDAT') as Buffer)[2], paletteIndex.masked);
  t.equal(other.get('PLTE')?.length, 768);
  t.strictSame([...(other.get('PLTE') as Buffer).subarray(white * 3, white * 3 + 3)], [255, 255, 255]);
});

t.test('a frame of zeros is black, one without a value has no white', async (t) => {
  const { value, missing } = pixelState;
  for (const state of [value, missing]) {
    const chunks = chunksOf(png(frame([0, 0], [state, state])));
    t.equal(chunks.get('tEXt')?.toString('latin1'), 'vdcu\0white = 1');
  }
});

t.test('hot pixels do not make the rest black', async (t) => {
  const values = Array.from({ length: 4000 }, (_, pixel) => (pixel === 17 ? 60000 : pixel % 10));
  const chunks = chunksOf(png(frame(values, new Array<number>(4000).fill(pixelState.value))));
  t.equal(chunks.get('tEXt')?.toString('latin1'), 'vdcu\0white = 9');
});
