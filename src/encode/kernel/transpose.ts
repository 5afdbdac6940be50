// hot path. Bit transposition, as bitshuffle does it: of n elements of s bytes, s·8 rows of n/8 bytes; row 8·b + i
// holds bit i of byte b of every element, element k as bit k % 8 of byte k / 8. Byte 0 is the lowest in memory.
// Tested by test/encode/encode-kernel.test.ts.

/**
 * Most bits of a detector's pixels are 0: rows are cleared first, and only what is not 0 is written.
 * @param from n elements
 * @param n elements, a multiple of 8
 * @param size bytes of an element: 1, 2 or 4
 * @param to room for n · size bytes
 */
export function transpose(from: usize, n: u32, size: u32, to: usize): void {
  memory.fill(to, 0, n * size);
  const row: usize = n >> 3;
  const whole = n & ~15;
  if (size == 2) {
    for (let i: u32 = 0; i < whole; i += 16) {
      const at = from + <usize>i * 2;
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const low = v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      const high = v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
      const out = to + (i >> 3);
      rows(low, out, row);
      rows(high, out + row * 8, row);
    }
  } else if (size == 1) {
    for (let i: u32 = 0; i < whole; i += 16) rows(v128.load(from + i), to + (i >> 3), row);
  } else {
    for (let i: u32 = 0; i < whole; i += 16) {
      const at = from + <usize>i * 4;
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const c = v128.load(at, 32);
      const d = v128.load(at, 48);
      // Bytes 0 and 2, 1 and 3 of eight elements each; then one byte of all sixteen.
      const even = v128.shuffle<u8>(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 2, 6, 10, 14, 18, 22, 26, 30);
      const odd = v128.shuffle<u8>(a, b, 1, 5, 9, 13, 17, 21, 25, 29, 3, 7, 11, 15, 19, 23, 27, 31);
      const evenBehind = v128.shuffle<u8>(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 2, 6, 10, 14, 18, 22, 26, 30);
      const oddBehind = v128.shuffle<u8>(c, d, 1, 5, 9, 13, 17, 21, 25, 29, 3, 7, 11, 15, 19, 23, 27, 31);
      const out = to + (i >> 3);
      rows(v128.shuffle<u64>(even, evenBehind, 0, 2), out, row);
      rows(v128.shuffle<u64>(odd, oddBehind, 0, 2), out + row * 8, row);
      rows(v128.shuffle<u64>(even, evenBehind, 1, 3), out + row * 16, row);
      rows(v128.shuffle<u64>(odd, oddBehind, 1, 3), out + row * 24, row);
    }
  }
  // Eight elements are left: the last byte of each row.
  if (whole != n) {
    const at = from + <usize>whole * size;
    for (let byte: u32 = 0; byte < size; byte++) {
      let bits: u64 = 0;
      for (let k: u32 = 0; k < 8; k++) bits |= <u64>load<u8>(at + k * size + byte) << (k << 3);
      const eight = i64x2.splat(bits);
      let out = to + row * ((byte << 3) + 7) + (whole >> 3);
      let left = eight;
      for (let bit = 0; bit < 8; bit++) {
        store<u8>(out, <u8>i8x16.bitmask(left));
        left = i8x16.add(left, left);
        out -= row;
      }
    }
  }
}

/** One byte of sixteen elements: two bytes of each of eight rows. */
// @ts-ignore: decorator
@inline
function rows(bytes: v128, to: usize, row: usize): void {
  if (!v128.any_true(bytes)) return;
  const four = i8x16.shl(bytes, 4);
  store<u16>(to + row * 3, <u16>i8x16.bitmask(four));
  const three = i8x16.add(four, four);
  store<u16>(to + row * 2, <u16>i8x16.bitmask(three));
  const two = i8x16.add(three, three);
  store<u16>(to + row, <u16>i8x16.bitmask(two));
  store<u16>(to, <u16>i8x16.bitmask(i8x16.add(two, two)));
  if (!v128.any_true(v128.and(bytes, i8x16.splat(-16)))) return;
  store<u16>(to + row * 7, <u16>i8x16.bitmask(bytes));
  const six = i8x16.add(bytes, bytes);
  store<u16>(to + row * 6, <u16>i8x16.bitmask(six));
  const five = i8x16.add(six, six);
  store<u16>(to + row * 5, <u16>i8x16.bitmask(five));
  store<u16>(to + row * 4, <u16>i8x16.bitmask(i8x16.add(five, five)));
}
