// hot path. The compiled encoder: AssemblyScript, which scripts/build-kernel.mjs compiles to WebAssembly. In comes a
// frame in shared memory, out goes a chunk of HDF5's filter 32008 (bitshuffle with LZ4), the `bslz4` of MAX IV's and
// DECTRIS' streams:
//
//   u64 big endian   bytes of the frame
//   u32 big endian   bytes of a block, 8192
//   per block        u32 big endian: bytes of the LZ4 block; the LZ4 block, of the bit-transposed elements
//   the rest         elements that make no eight: as they are
//
// The last block is as long as what is left, in multiples of 8 elements.
// Tested by test/encode/encode-kernel.test.ts.

export { arrange, cover } from './arrange';
import { chunkBlockBytes, chunkBlockExtraBytes, chunkHeadBytes } from '../../memory/chunk-words';
import { compress, slackBytes, tableBytes } from './lz4';
import { transpose } from './transpose';

const blockBytes: u32 = chunkBlockBytes;
/** Positions of a block in the table begin at a multiple of this; at 0 lies what says "never". */
const blocksOfTable: u32 = 65536 / blockBytes;

/** Bytes of the memory that one encoder works in. */
export function scratchBytes(): u32 {
  return tableBytes + blockBytes + slackBytes;
}

/** Bytes that a frame's chunk has room for: what LZ4 may make of noise, and where it writes too far. */
export function boundOf(bytes: u32): u32 {
  const blocks = (bytes + blockBytes - 1) / blockBytes;
  return chunkHeadBytes + bytes + blocks * chunkBlockExtraBytes + slackBytes;
}

/**
 * Encode `elements` pixels of `size` bytes (1, 2 or 4).
 * @param from the frame @param to room for `boundOf` its bytes @param scratch of `scratchBytes`, 16-byte aligned
 * @returns bytes of the chunk
 */
export function encode(from: usize, elements: u32, size: u32, to: usize, scratch: usize): u32 {
  const table = scratch;
  const planes = scratch + tableBytes;
  const perBlock = blockBytes / size;
  store<u64>(to, bswap<u64>(<u64>elements * size));
  store<u32>(to, bswap<u32>(blockBytes), 8);
  let out = to + chunkHeadBytes;
  let left = elements;
  // The table begins anew: what it makes of a frame does not depend on the frame before.
  let turn = blocksOfTable;
  while (left >= 8) {
    if (turn == blocksOfTable) {
      memory.fill(table, 0, tableBytes);
      turn = 1;
    }
    const count = left < perBlock ? left & ~7 : perBlock;
    transpose(from, count, size, planes);
    const end = compress(planes, count * size, turn * blockBytes, out + 4, table);
    store<u32>(out, bswap<u32>(<u32>(end - out - 4)));
    out = end;
    from += <usize>count * size;
    left -= count;
    turn++;
  }
  memory.copy(out, from, left * size);
  return <u32>(out - to) + left * size;
}
