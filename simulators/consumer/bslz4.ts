// What `compression: bslz4` of the stream means: a chunk of HDF5's filter 32008 (bitshuffle with LZ4) → pixels. Plain
// TypeScript, written from the formats' descriptions; shares nothing with the service, so that one mistake cannot hide
// the other.
// Tested by test/encode/encode-kernel.test.ts.

const headBytes = 12;
const minMatch = 4;

/** Bytes that the chunk says it unpacks to. @throws Error for what is no chunk */
export function unpackedBytes(chunk: Uint8Array): number {
  if (chunk.length < headBytes) throw new Error(`${chunk.length} bytes are too few for a bslz4 chunk`);
  const bytes = viewOf(chunk).getBigUint64(0);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`a bslz4 chunk says it unpacks to ${bytes} bytes`);
  return Number(bytes);
}

/**
 * Pixels of a chunk, C order, little endian.
 * @param size bytes of a pixel @param bytes of all pixels
 * @throws Error for a chunk that does not unpack to so many bytes, or in which anything is left over
 */
export function unpackBslz4(chunk: Uint8Array, size: number, bytes: number): Uint8Array {
  const said = unpackedBytes(chunk);
  if (said !== bytes) throw new Error(`a bslz4 chunk says it unpacks to ${said} bytes instead of ${bytes}`);
  const view = viewOf(chunk);
  const blockBytes = view.getUint32(8);
  if (blockBytes === 0 || blockBytes % (8 * size) !== 0)
    throw new Error(`blocks of ${blockBytes} bytes cannot hold pixels of ${size} bytes by eights`);
  const pixels = new Uint8Array(bytes);
  const planes = new Uint8Array(blockBytes);
  let at = headBytes;
  let done = 0;
  while (bytes - done >= 8 * size) {
    const length = Math.min(blockBytes, bytes - done - ((bytes - done) % (8 * size)));
    if (at + 4 > chunk.length) throw new Error('a bslz4 chunk ends before its blocks do');
    const packed = view.getUint32(at);
    at += 4;
    if (at + packed > chunk.length) throw new Error('a bslz4 chunk ends inside a block');
    unpackLz4(chunk.subarray(at, at + packed), planes.subarray(0, length));
    untranspose(planes, length / size, size, pixels.subarray(done, done + length));
    at += packed;
    done += length;
  }
  if (chunk.length - at !== bytes - done)
    throw new Error(`behind its blocks a bslz4 chunk has ${chunk.length - at} bytes instead of ${bytes - done}`);
  pixels.set(chunk.subarray(at), done);
  return pixels;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** One LZ4 block, which fills `to` exactly. */
function unpackLz4(block: Uint8Array, to: Uint8Array): void {
  let at = 0;
  let done = 0;
  const next = (): number => {
    if (at >= block.length) throw new Error('an LZ4 block ends too early');
    return block[at++];
  };
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15)
      for (let more = 255; more === 255;) {
        more = next();
        length += more;
      }
    return length;
  };
  for (;;) {
    const token = next();
    const literals = lengthOf(token >> 4);
    if (at + literals > block.length || done + literals > to.length)
      throw new Error('literals of an LZ4 block are too many');
    for (let index = 0; index < literals; index++) to[done++] = block[at++];
    if (at === block.length) break;
    const offset = next() | (next() << 8);
    const length = minMatch + lengthOf(token & 15);
    if (offset === 0 || offset > done || done + length > to.length)
      throw new Error('a match of an LZ4 block reaches beyond it');
    for (let index = 0; index < length; index++, done++) to[done] = to[done - offset];
  }
  if (done !== to.length) throw new Error(`an LZ4 block unpacks to ${done} bytes instead of ${to.length}`);
}

/** Rows of bits → `count` elements: row 8·b + i holds bit i of byte b of all of them. */
function untranspose(planes: Uint8Array, count: number, size: number, to: Uint8Array): void {
  const row = count / 8;
  to.fill(0);
  for (let byte = 0; byte < size; byte++)
    for (let bit = 0; bit < 8; bit++) {
      const from = (8 * byte + bit) * row;
      for (let group = 0; group < row; group++) {
        const bits = planes[from + group];
        if (bits === 0) continue;
        for (let element = 0; element < 8; element++)
          if ((bits >> element) & 1) to[(8 * group + element) * size + byte] |= 1 << bit;
      }
    }
}
