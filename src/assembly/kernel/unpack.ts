// hot path. Packed pixels in the compiled part of placement (AssemblyScript): 4-bit pixels become bytes, 12-bit pixels
// become 16 bits. Reads no byte outside of the payload and writes none outside of the packet's own pixels. The rules
// are those of assembly/placement.ts, and the results are the same bit for bit.
// Tested by test/assembly/compiled-placement.test.ts.

import {
  contextDecode, contextExpectedPackets, contextPayloadBytes, contextPieces, contextSeams, contextStarts, decode12,
  decode4HighFirst, pieceBytes, pieceFrom, pieceLength, pieceTo, seamBits, seamBytes, seamTo,
} from '../../memory/placement-words';
import { recordBitsWord } from '../../memory/record-words';

/**
 * Put a packet in place.
 * @param context address of the port's placement context
 * @param record address of the slot record, which knows what is in place already
 */
export function unpack(context: usize, packet: u32, payload: usize, frame: usize, record: usize): void {
  const decode = load<u32>(context, contextDecode);
  const starts = load<usize>(context, contextStarts) + (<usize>packet << 2);
  const pieces = load<usize>(context, contextPieces);
  const payloadEnd = payload + load<usize>(context, contextPayloadBytes);
  const end = pieces + load<usize>(starts, 4) * pieceBytes;
  for (let piece = pieces + load<usize>(starts) * pieceBytes; piece < end; piece += pieceBytes) {
    const from = load<usize>(piece, pieceFrom);
    const to = frame + load<usize>(piece, pieceTo);
    const toEnd = to + load<usize>(piece, pieceLength);
    if (decode == decode12) unpack12(to, toEnd, payload, payloadEnd, from);
    else if (decode == decode4HighFirst) unpack4(to, toEnd, payload, from, 4);
    else unpack4(to, toEnd, payload, from, 0);
  }
  if (decode == decode12) placeSeams(context, packet, payload, frame, record);
}

/** Is the packet in place? */
// @ts-ignore: decorator
@inline
export function isPresent(record: usize, packet: u32): bool {
  return ((load<u32>(record + ((<usize>packet >> 5) << 2), recordBitsWord << 2) >> (packet & 31)) & 1) != 0;
}

/** Fill the pixels that a packet shares with its neighbours, if there are any. */
export function fillSeams(context: usize, packet: u32, frame: usize, missing: u32): void {
  if (load<u32>(context, contextDecode) != decode12) return;
  const seam = load<usize>(context, contextSeams) + <usize>packet * seamBytes;
  const shared = load<i32>(seam, seamTo);
  if (shared >= 0) store<u16>(frame + shared, missing * 0x101);
  if (packet + 1 == load<u32>(context, contextExpectedPackets)) return;
  const next = load<i32>(seam, seamBytes + seamTo);
  if (next >= 0) store<u16>(frame + next, missing * 0x101);
}

/**
 * The parts of the pixels that this packet shares with its neighbours; the part that comes first waits in the frame
 * itself.
 */
// @ts-ignore: decorator
@inline
function placeSeams(context: usize, packet: u32, payload: usize, frame: usize, record: usize): void {
  const seam = load<usize>(context, contextSeams) + <usize>packet * seamBytes;
  const shared = load<i32>(seam, seamTo);
  if (shared >= 0) {
    const first = <u32>load<u8>(payload);
    const bits = load<u32>(seam, seamBits) == 8 ? (first & 15) << 8 : first << 4;
    join(frame + shared, bits, packet != 0 && isPresent(record, packet - 1));
  }
  if (packet + 1 == load<u32>(context, contextExpectedPackets)) return;
  const next = load<i32>(seam, seamBytes + seamTo);
  if (next >= 0) {
    const last = <u32>load<u8>(payload + load<usize>(context, contextPayloadBytes) - 1);
    join(frame + next, load<u32>(seam, seamBytes + seamBits) == 8 ? last : last >> 4, isPresent(record, packet + 1));
  }
}

// @ts-ignore: decorator
@inline
function join(at: usize, part: u32, whole: bool): void {
  store<u16>(at, whole ? part | <u32>load<u16>(at) : part);
}

/**
 * `from` counts half-bytes of the payload; `left` is the shift of a byte for its left pixel, 4 or 0, and known where
 * this is called.
 */
// @ts-ignore: decorator
@inline
function unpack4(to: usize, toEnd: usize, payload: usize, from: usize, left: i32): void {
  if ((from & 1) != 0 && to < toEnd) {
    store<u8>(to++, (load<u8>(payload + (from >> 1)) >> <u8>(4 - left)) & 15);
    from++;
  }
  let source = payload + (from >> 1);
  const half = i8x16.splat(15);
  for (; to + 32 <= toEnd; to += 32, source += 16) {
    const bytes = v128.load(source);
    const high = v128.and(i16x8.shr_u(bytes, 4), half);
    const low = v128.and(bytes, half);
    const first = left == 4 ? high : low;
    const second = left == 4 ? low : high;
    v128.store(to, i8x16.shuffle(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(to, i8x16.shuffle(first, second, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
  }
  for (; to + 2 <= toEnd; to += 2, source++) {
    const both = <u32>load<u8>(source);
    store<u8>(to, (both >> left) & 15);
    store<u8>(to, (both >> (4 - left)) & 15, 1);
  }
  if (to < toEnd) store<u8>(to, (load<u8>(source) >> <u8>left) & 15);
}

/** Two pixels in three bytes, low eight bits first; `from` counts half-bytes of the payload. */
// @ts-ignore: decorator
@inline
function unpack12(to: usize, toEnd: usize, payload: usize, payloadEnd: usize, from: usize): void {
  if ((from & 1) != 0 && to < toEnd) {
    store<u16>(to, load<u16>(payload + (from >> 1)) >> 4);
    to += 2;
    from += 3;
  }
  let source = payload + (from >> 1);
  // Eight pixels are twelve bytes, but a load takes sixteen: of the last ones in a payload, four more bytes before
  // them.
  for (; to + 32 <= toEnd && source + 28 <= payloadEnd; to += 32, source += 24) {
    const first = v128.load(source);
    const second = v128.load(source, 12);
    v128.store(to, widen12(i8x16.shuffle(first, first, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11)));
    v128.store(to, widen12(i8x16.shuffle(second, second, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11)), 16);
  }
  for (; to + 16 <= toEnd && source + 16 <= payloadEnd; to += 16, source += 12) {
    const bytes = v128.load(source);
    v128.store(to, widen12(i8x16.shuffle(bytes, bytes, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11)));
  }
  if (to + 16 <= toEnd && source >= payload + 4) {
    const bytes = v128.load(source - 4);
    v128.store(to, widen12(i8x16.shuffle(bytes, bytes, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 14, 14, 15)));
    to += 16;
    source += 12;
  }
  for (; to + 4 <= toEnd; to += 4, source += 3) {
    store<u16>(to, load<u16>(source) & 0xfff);
    store<u16>(to, load<u16>(source, 1) >> 4, 2);
  }
  if (to < toEnd) store<u16>(to, load<u16>(source) & 0xfff);
}

/** Of each pair of 16-bit words the lower twelve bits of the first and the upper twelve of the second. */
// @ts-ignore: decorator
@inline
function widen12(words: v128): v128 {
  return i16x8.shr_u(i16x8.mul(words, i16x8(16, 1, 16, 1, 16, 1, 16, 1)), 4);
}
