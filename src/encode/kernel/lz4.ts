// hot path. LZ4's block format, written greedily: the first match that the table knows is taken. A block is a row of
// sequences: token (literals in the upper four bits, match length − 4 in the lower, 15 = bytes follow until one is not
// 255), literals, 16-bit offset. The last sequence is literals only, at least five; no match begins in the last twelve
// bytes (lz4_Block_format.md of liblz4).
// Tested by test/encode/encode-kernel.test.ts.

import { encoderSlackBytes, encoderTableBits } from '../../memory/chunk-words';

/** The table: positions of 16 bits, by a hash of four bytes. A position below the block's base is of another. */
const tableBits: u32 = encoderTableBits;
export const tableBytes: usize = 2 << encoderTableBits;

const minMatch: u32 = 4;
const lastLiterals: usize = 5;
const noMatchBehind: usize = 12;
/** Where nothing matches, steps grow by one every 64 looks. */
const skipTrigger: u32 = 6;

/** A copy of literals may read and write so many bytes too far. */
export const slackBytes: usize = encoderSlackBytes;

// @ts-ignore: decorator
@inline
function entry(table: usize, at: usize): usize {
  return table + (((load<u32>(at) * 2654435761) >> (32 - tableBits)) << 1);
}

/**
 * @param from n bytes, and `slackBytes` that may be read
 * @param base of positions of this block, above all of the blocks before that the table knows; base + n < 65536
 * @param to room for n + n/255 + 16 bytes, and `slackBytes`
 * @returns where the block ends
 */
export function compress(from: usize, n: u32, base: u32, to: usize, table: usize): usize {
  const end = from + n;
  let anchor = from;
  let out = to;
  if (<usize>n > noMatchBehind) {
    const lastStart = end - noMatchBehind;
    const matchEnd = end - lastLiterals;
    // Position = address − shift.
    const shift = from - base;
    let at = from;
    store<u16>(entry(table, at), <u16>base);
    at++;
    while (at <= lastStart) {
      // Look for a match from here on.
      let match: usize = 0;
      let looks: u32 = 1 << skipTrigger;
      let next = at;
      do {
        at = next;
        if (at > lastStart) break;
        next = at + (looks++ >> skipTrigger);
        const place = entry(table, at);
        const position = load<u16>(place);
        store<u16>(place, <u16>(at - shift));
        match = position < <u16>base ? 0 : shift + position;
      } while (match == 0 || load<u32>(match) != load<u32>(at));
      if (at > lastStart) break;
      // It may have begun earlier.
      while (at > anchor && match > from && load<u8>(at - 1) == load<u8>(match - 1)) {
        at--;
        match--;
      }
      let token = out++;
      let literals = at - anchor;
      if (literals >= 15) {
        store<u8>(token, 0xf0);
        out = length(out, literals - 15);
      } else store<u8>(token, <u8>(literals << 4));
      copy(anchor, literals, out);
      out += literals;
      while (true) {
        store<u16>(out, <u16>(at - match));
        out += 2;
        const matched = same(at + minMatch, match + minMatch, matchEnd);
        at += minMatch + matched;
        if (matched >= 15) {
          store<u8>(token, load<u8>(token) | 15);
          out = length(out, matched - 15);
        } else store<u8>(token, load<u8>(token) | <u8>matched);
        anchor = at;
        if (at > lastStart) break;
        store<u16>(entry(table, at - 2), <u16>(at - 2 - shift));
        // Does the next match begin right here?
        const place = entry(table, at);
        const position = load<u16>(place);
        store<u16>(place, <u16>(at - shift));
        if (position < <u16>base) break;
        match = shift + position;
        if (load<u32>(match) != load<u32>(at)) break;
        token = out++;
        store<u8>(token, 0);
      }
      at++;
    }
  }
  const literals = end - anchor;
  if (literals >= 15) {
    store<u8>(out, 0xf0);
    out = length(out + 1, literals - 15);
  } else store<u8>(out++, <u8>(literals << 4));
  copy(anchor, literals, out);
  return out + literals;
}

/** What is left of a length of 15 and more. */
// @ts-ignore: decorator
@inline
function length(out: usize, left: usize): usize {
  while (left >= 255) {
    store<u8>(out++, 255);
    left -= 255;
  }
  store<u8>(out++, <u8>left);
  return out;
}

// @ts-ignore: decorator
@inline
function copy(from: usize, bytes: usize, to: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, v128.load(from + at));
}

/** Bytes that are the same from here on, up to `end` of the first. */
// @ts-ignore: decorator
@inline
function same(first: usize, second: usize, end: usize): usize {
  const from = first;
  while (first + 16 <= end) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(first), v128.load(second)));
    if (equal != 0xffff) return first - from + ctz(~equal);
    first += 16;
    second += 16;
  }
  while (first < end && load<u8>(first) == load<u8>(second)) {
    first++;
    second++;
  }
  return first - from;
}
