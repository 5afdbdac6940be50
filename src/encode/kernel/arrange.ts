// hot path. Pixels of a frame in another order: cut, turned, mirrored; and the ones that are masked. AssemblyScript, a
// part of the compiled encoder (encode.ts). Rows that lie in one piece are copied, reversed ones sixteen bytes at a
// time, turned ones in squares of 8 × 8 or 4 × 4 pixels, so that each line of the cache is read once.
// Tested by test/encode/arrange.test.ts.

/**
 * Pixel (y, x) of `to` becomes the one at `from + (y * down + x * across) * size`; one of `down` and `across` is 1 or
 * -1.
 * @param from pixel (0, 0) @param size bytes of a pixel: 1, 2 or 4 @param to C order, apart from the frame
 */
export function arrange(from: usize, rows: u32, columns: u32, down: i32, across: i32, size: u32, to: usize): void {
  if (across == 1) {
    for (let y: u32 = 0; y < rows; y++) {
      memory.copy(to, from, columns * size);
      from += <isize>down * <isize>size;
      to += columns * size;
    }
  } else if (size == 1) ordered<u8>(from, rows, columns, down, across, to);
  else if (size == 2) ordered<u16>(from, rows, columns, down, across, to);
  else ordered<u32>(from, rows, columns, down, across, to);
}

/** Pixels whose bits are set get this value. @param bits of all pixels, in words of 64 */
export function cover(to: usize, pixels: u32, bits: usize, size: u32, value: u32): void {
  const end = to + <usize>pixels * size;
  for (; to < end; to += 64 * size, bits += 8) {
    for (let left = load<u64>(bits); left != 0; left &= left - 1) {
      const at = to + <usize>ctz<u64>(left) * size;
      if (size == 1) store<u8>(at, <u8>value);
      else if (size == 2) store<u16>(at, <u16>value);
      else store<u32>(at, value);
    }
  }
}

// @ts-ignore: decorator
@inline
function ordered<T>(from: usize, rows: u32, columns: u32, down: i32, across: i32, to: usize): void {
  if (across == -1) {
    for (let y: u32 = 0; y < rows; y++) {
      reversed<T>(from, columns, to);
      from += <isize>down * <isize>sizeof<T>();
      to += columns * <u32>sizeof<T>();
    }
    return;
  }
  const side: u32 = sizeof<T>() == 4 ? 4 : 8;
  const squareRows: u32 = rows - (rows % side);
  const squareColumns: u32 = columns - (columns % side);
  for (let y: u32 = 0; y < squareRows; y += side) {
    for (let x: u32 = 0; x < squareColumns; x += side) {
      if (sizeof<T>() == 1) eightBytes(from, columns, down, across, y, x, to);
      else if (sizeof<T>() == 2) eight(from, columns, down, across, y, x, to);
      else four(from, columns, down, across, y, x, to);
    }
  }
  if (squareRows > 0) single<T>(from, columns, down, across, 0, squareRows, squareColumns, columns, to);
  single<T>(from, columns, down, across, squareRows, rows, 0, columns, to);
}

/** Columns `x0` … `x1` of rows `y0` … `y1`, one by one, in squares that the cache holds. */
// @ts-ignore: decorator
@inline
function single<T>(
  from: usize,
  columns: u32,
  down: i32,
  across: i32,
  y0: u32,
  y1: u32,
  x0: u32,
  x1: u32,
  to: usize,
): void {
  const step = <isize>across * <isize>sizeof<T>();
  for (let y = y0; y < y1; y += 64) {
    const yEnd = min(y1, y + 64);
    for (let x = x0; x < x1; x += 64) {
      const xEnd = min(x1, x + 64);
      for (let row = y; row < yEnd; row++) {
        let read = from + (<isize>row * <isize>down + <isize>x * <isize>across) * <isize>sizeof<T>();
        let write = to + <usize>(row * columns + x) * sizeof<T>();
        for (let column = x; column < xEnd; column++) {
          store<T>(write, load<T>(read));
          read += step;
          write += sizeof<T>();
        }
      }
    }
  }
}

/** A row from its last pixel to its first. @param from its last */
// @ts-ignore: decorator
@inline
function reversed<T>(from: usize, columns: u32, to: usize): void {
  const side: u32 = 16 / <u32>sizeof<T>();
  let left = columns;
  for (; left >= side; left -= side) {
    const pixels = v128.load(from - 16 + sizeof<T>());
    let turned = v128.shuffle<u32>(pixels, pixels, 3, 2, 1, 0);
    if (sizeof<T>() == 2) turned = v128.shuffle<u16>(pixels, pixels, 7, 6, 5, 4, 3, 2, 1, 0);
    if (sizeof<T>() == 1)
      turned = v128.shuffle<u8>(pixels, pixels, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    v128.store(to, turned);
    from -= 16;
    to += 16;
  }
  for (; left > 0; left--) {
    store<T>(to, load<T>(from));
    from -= sizeof<T>();
    to += sizeof<T>();
  }
}

/** 8 × 8 pixels of one byte. */
// @ts-ignore: decorator
@inline
function eightBytes(from: usize, columns: u32, down: i32, across: i32, y: u32, x: u32, to: usize): void {
  const first = down == 1 ? y : y + 7;
  let read = from + (<isize>first * <isize>down + <isize>x * <isize>across);
  const a = v128.load64_zero(read);
  const b = v128.load64_zero((read += across));
  const c = v128.load64_zero((read += across));
  const d = v128.load64_zero((read += across));
  const e = v128.load64_zero((read += across));
  const f = v128.load64_zero((read += across));
  const g = v128.load64_zero((read += across));
  const h = v128.load64_zero((read += across));
  const ab = v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const cd = v128.shuffle<u8>(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const ef = v128.shuffle<u8>(e, f, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const gh = v128.shuffle<u8>(g, h, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const left = v128.shuffle<u16>(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11);
  const left4 = v128.shuffle<u16>(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15);
  const right = v128.shuffle<u16>(ef, gh, 0, 8, 1, 9, 2, 10, 3, 11);
  const right4 = v128.shuffle<u16>(ef, gh, 4, 12, 5, 13, 6, 14, 7, 15);
  const row = <isize>columns * (down == 1 ? 1 : -1);
  let write = to + <usize>(first * columns + x);
  write = halves(write, row, v128.shuffle<u32>(left, right, 0, 4, 1, 5));
  write = halves(write, row, v128.shuffle<u32>(left, right, 2, 6, 3, 7));
  write = halves(write, row, v128.shuffle<u32>(left4, right4, 0, 4, 1, 5));
  halves(write, row, v128.shuffle<u32>(left4, right4, 2, 6, 3, 7));
}

/** Two rows of eight bytes. @returns where the next row begins */
// @ts-ignore: decorator
@inline
function halves(to: usize, row: isize, both: v128): usize {
  v128.store64_lane(to, both, 0);
  v128.store64_lane(to + row, both, 1);
  return to + row + row;
}

/** 8 × 8 pixels of two bytes: eight runs of neighbours in the frame become eight columns. */
// @ts-ignore: decorator
@inline
function eight(from: usize, columns: u32, down: i32, across: i32, y: u32, x: u32, to: usize): void {
  // Where `down` is -1 the first of the neighbours is the last row.
  const first = down == 1 ? y : y + 7;
  const step = <isize>across * 2;
  let read = from + (<isize>first * <isize>down + <isize>x * <isize>across) * 2;
  const a = v128.load(read);
  const b = v128.load((read += step));
  const c = v128.load((read += step));
  const d = v128.load((read += step));
  const e = v128.load((read += step));
  const f = v128.load((read += step));
  const g = v128.load((read += step));
  const h = v128.load((read += step));
  const ab = v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  const ab4 = v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  const cd = v128.shuffle<u16>(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
  const cd4 = v128.shuffle<u16>(c, d, 4, 12, 5, 13, 6, 14, 7, 15);
  const ef = v128.shuffle<u16>(e, f, 0, 8, 1, 9, 2, 10, 3, 11);
  const ef4 = v128.shuffle<u16>(e, f, 4, 12, 5, 13, 6, 14, 7, 15);
  const gh = v128.shuffle<u16>(g, h, 0, 8, 1, 9, 2, 10, 3, 11);
  const gh4 = v128.shuffle<u16>(g, h, 4, 12, 5, 13, 6, 14, 7, 15);
  const row = <isize>(columns * 2) * (down == 1 ? 1 : -1);
  let write = to + <usize>(first * columns + x) * 2;
  write = pair(write, row, v128.shuffle<u32>(ab, cd, 0, 4, 1, 5), v128.shuffle<u32>(ef, gh, 0, 4, 1, 5));
  write = pair(write, row, v128.shuffle<u32>(ab, cd, 2, 6, 3, 7), v128.shuffle<u32>(ef, gh, 2, 6, 3, 7));
  write = pair(write, row, v128.shuffle<u32>(ab4, cd4, 0, 4, 1, 5), v128.shuffle<u32>(ef4, gh4, 0, 4, 1, 5));
  pair(write, row, v128.shuffle<u32>(ab4, cd4, 2, 6, 3, 7), v128.shuffle<u32>(ef4, gh4, 2, 6, 3, 7));
}

/** 4 × 4 pixels of four bytes. */
// @ts-ignore: decorator
@inline
function four(from: usize, columns: u32, down: i32, across: i32, y: u32, x: u32, to: usize): void {
  const first = down == 1 ? y : y + 3;
  const step = <isize>across * 4;
  let read = from + (<isize>first * <isize>down + <isize>x * <isize>across) * 4;
  const a = v128.load(read);
  const b = v128.load((read += step));
  const c = v128.load((read += step));
  const d = v128.load((read += step));
  const row = <isize>(columns * 4) * (down == 1 ? 1 : -1);
  let write = to + <usize>(first * columns + x) * 4;
  write = pair(write, row, v128.shuffle<u32>(a, b, 0, 4, 1, 5), v128.shuffle<u32>(c, d, 0, 4, 1, 5));
  pair(write, row, v128.shuffle<u32>(a, b, 2, 6, 3, 7), v128.shuffle<u32>(c, d, 2, 6, 3, 7));
}

/** Two rows, each of a half of both. @returns where the next row begins */
// @ts-ignore: decorator
@inline
function pair(to: usize, row: isize, left: v128, right: v128): usize {
  v128.store(to, v128.shuffle<u64>(left, right, 0, 2));
  v128.store(to + row, v128.shuffle<u64>(left, right, 1, 3));
  return to + row + row;
}
