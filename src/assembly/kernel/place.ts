// hot path. The compiled part of placement: AssemblyScript, a TypeScript dialect that scripts/build-kernel.mjs compiles
// to WebAssembly. Works in the receiver's thread on the memory that all threads share. It does what PacketIntake and
// Placement do with a plain packet, and leaves every other packet to them, so every rule stands in one place. The facts
// of the detector come in through the placement context and its piece table.
// Tested by test/assembly/compiled-placement.test.ts.

import {
  contextAccepted, contextBytes, contextCompleted, contextDecode, contextExpectedPackets, contextFirstOwn,
  contextFirstPacket, contextFrameNumberAt, contextHighest, contextIdentity, contextIdentityAt,
  contextIdentityMask, contextLengths, contextLowest, contextMissingByte, contextNewest, contextOffsets,
  contextOrigin, contextPacketBytes, contextPacketNumberAt, contextPayloadAt, contextPieces, contextPosition,
  contextPositionAt, contextPositionMask, contextReceived, contextRecordStride, contextRecords, contextReordered,
  contextRing, contextSender, contextSenders, contextSlotStride, contextSlots, contextStarts, contextStride, decodeCopy,
  pieceBytes, pieceFrom, pieceLength, pieceTo,
} from '../../memory/placement-words';
import { flightClass, flightEntryBytes, flightLength, flightTime } from '../../memory/flight-words';
import {
  recordAcceptedWord, recordBitsWord, recordFrameLowWord, recordHighestWord, recordStateWord, stateOpen,
} from '../../memory/record-words';
import { fillSeams, isPresent, unpack } from './unpack';

/**
 * Place the packets of the batch from entry `from` on, as long as they are plain: of the learned sender, intact, of
 * this port's position, of a frame in the window whose image is open, and not there yet. Stops before the first that
 * is not, and after the one that completes an image.
 * @param context address of the port's placement context
 * @param count entries of the batch
 * @returns the first entry that was not looked at; the frame that was completed stands in the context, 0 = none
 */
export function run(context: usize, from: u32, count: u32): u32 {
  const offsets = load<usize>(context, contextOffsets);
  const lengths = load<usize>(context, contextLengths);
  const senders = load<usize>(context, contextSenders);
  const sender = load<u32>(context, contextSender);
  const packetBytes = load<u32>(context, contextPacketBytes);
  const frameNumberAt = load<usize>(context, contextFrameNumberAt);
  const packetNumberAt = load<usize>(context, contextPacketNumberAt);
  const payloadAt = load<usize>(context, contextPayloadAt);
  const identityAt = load<usize>(context, contextIdentityAt);
  const identityMask = load<u32>(context, contextIdentityMask);
  const identity = load<u32>(context, contextIdentity);
  const positionAt = load<usize>(context, contextPositionAt);
  const positionMask = load<u32>(context, contextPositionMask);
  const position = load<u32>(context, contextPosition);
  const firstPacket = load<u32>(context, contextFirstPacket);
  const expectedPackets = load<u32>(context, contextExpectedPackets);
  const starts = load<usize>(context, contextStarts);
  const pieces = load<usize>(context, contextPieces);
  const decode = load<u32>(context, contextDecode);
  const lowest = <u64>load<f64>(context, contextLowest);
  const highest = <u64>load<f64>(context, contextHighest);
  const newest = <u64>load<f64>(context, contextNewest);
  const stride = load<u32>(context, contextStride);

  // The frame of the last packet, with its slot: found anew only when the number changes. No record lies at 0.
  let written: u64 = 0;
  let number: u64 = 0;
  let record: usize = 0;
  let frame: usize = 0;
  let reordered: u32 = 0;
  let completed: u64 = 0;
  let index = from;

  while (index < count) {
    const entry = <usize>index << 2;
    if (load<u32>(senders + entry) != sender || load<u32>(lengths + entry) != packetBytes) break;
    const at = load<usize>(offsets + entry);
    if ((load<u32>(at + identityAt) & identityMask) != identity) break;
    if ((load<u32>(at + positionAt) & positionMask) != position) break;
    // Numbers below the first that is read out wrap around and are out of range, too.
    const packet = load<u32>(at + packetNumberAt) - firstPacket;
    if (packet >= expectedPackets) break;
    const header = load<u64>(at + frameNumberAt);
    if (header != written || record == 0) {
      // Own numbers begin at 2, the detector's may at 0.
      number = header + 2;
      if (stride != 1) {
        // Own frames have numbers of their own, without gaps; other instances' are not plain.
        const origin = <u64>load<f64>(context, contextOrigin);
        if (header < origin || (header - origin) % <u64>stride != 0) break;
        number = <u64>load<f64>(context, contextFirstOwn) + (header - origin) / <u64>stride;
      }
      if (number < lowest || number > highest) break;
      const slot = <u32>(number % <u64>load<u32>(context, contextSlots));
      record = load<usize>(context, contextRecords) + <usize>slot * load<usize>(context, contextRecordStride);
      if (load<u32>(record, recordStateWord << 2) != stateOpen) break;
      if (load<u64>(record, recordFrameLowWord << 2) != number) break;
      frame = load<usize>(context, contextRing) + <usize>slot * load<usize>(context, contextSlotStride);
      written = header;
    }
    const word = record + ((<usize>packet >> 5) << 2);
    const bits = load<u32>(word, recordBitsWord << 2);
    const bit: u32 = 1 << (packet & 31);
    if ((bits & bit) != 0) break;

    if (decode == decodeCopy) copyPieces(starts, pieces, packet, at + payloadAt, frame);
    else unpack(context, packet, at + payloadAt, frame, record);
    store<u32>(word, bits | bit, recordBitsWord << 2);
    const top = load<i32>(record, recordHighestWord << 2);
    if (number < newest || <i32>packet < top) reordered++;
    if (<i32>packet > top) store<i32>(record, packet, recordHighestWord << 2);
    const accepted = load<u32>(record, recordAcceptedWord << 2) + 1;
    store<u32>(record, accepted, recordAcceptedWord << 2);
    index++;
    if (accepted == expectedPackets) {
      completed = number;
      break;
    }
  }

  const placed = <f64>(index - from);
  count64(load<usize>(context, contextReceived), placed);
  count64(load<usize>(context, contextBytes), placed * <f64>packetBytes);
  count64(load<usize>(context, contextAccepted), placed);
  count64(load<usize>(context, contextReordered), <f64>reordered);
  store<f64>(context, <f64>completed, contextCompleted);
  return index;
}

/**
 * Put one packet in place, which is not noted as present; checking and counting are the caller's.
 * @param slot of its image, which is open
 * @param packet counted from the first that is read out
 * @param at position of the datagram
 */
export function place(context: usize, slot: u32, packet: u32, at: usize): void {
  const payload = at + load<usize>(context, contextPayloadAt);
  const frame = load<usize>(context, contextRing) + <usize>slot * load<usize>(context, contextSlotStride);
  if (load<u32>(context, contextDecode) == decodeCopy) {
    copyPieces(load<usize>(context, contextStarts), load<usize>(context, contextPieces), packet, payload, frame);
  } else {
    const record = load<usize>(context, contextRecords) + <usize>slot * load<usize>(context, contextRecordStride);
    unpack(context, packet, payload, frame, record);
  }
}

/**
 * Fill the pixels of all packets that did not come with the missing value.
 * @param slot of the image, which is still open
 */
export function fill(context: usize, slot: u32): void {
  const starts = load<usize>(context, contextStarts);
  const pieces = load<usize>(context, contextPieces);
  const expectedPackets = load<u32>(context, contextExpectedPackets);
  const missing = <u8>load<u32>(context, contextMissingByte);
  const record = load<usize>(context, contextRecords) + <usize>slot * load<usize>(context, contextRecordStride);
  const frame = load<usize>(context, contextRing) + <usize>slot * load<usize>(context, contextSlotStride);
  for (let packet: u32 = 0; packet < expectedPackets; packet++) {
    if (isPresent(record, packet)) continue;
    const end = pieceAt(starts, pieces, packet + 1);
    for (let piece = pieceAt(starts, pieces, packet); piece < end; piece += pieceBytes) {
      memory.fill(frame + load<usize>(piece, pieceTo), missing, load<usize>(piece, pieceLength));
    }
    fillSeams(context, packet, frame, missing);
  }
}

/**
 * Copy the headers of entries `from` … `end` − 1 of the batch into the flight ring.
 * @param classes address of the batch's classes, by entry; they become `plain` again
 * @param to address of the first flight entry, behind which the others follow
 */
export function record(context: usize, classes: usize, from: u32, end: u32, to: usize, time: f64, plain: u32): void {
  const offsets = load<usize>(context, contextOffsets);
  const lengths = load<usize>(context, contextLengths);
  for (let index = from; index < end; index++, to += flightEntryBytes) {
    const entry = <usize>index << 2;
    const at = load<usize>(offsets + entry);
    v128.store(to, v128.load(at));
    v128.store(to, v128.load(at, 16), 16);
    v128.store(to, v128.load(at, 32), 32);
    store<f64>(to, time, flightTime);
    store<u32>(to, load<u32>(lengths + entry), flightLength);
    store<u32>(to, load<u32>(classes + entry), flightClass);
    store<u32>(classes + entry, plain);
  }
}

// @ts-ignore: decorator
@inline
function copyPieces(starts: usize, pieces: usize, packet: u32, payload: usize, frame: usize): void {
  const end = pieceAt(starts, pieces, packet + 1);
  for (let piece = pieceAt(starts, pieces, packet); piece < end; piece += pieceBytes) {
    copy(frame + load<usize>(piece, pieceTo), payload + load<usize>(piece, pieceFrom), load<usize>(piece, pieceLength));
  }
}

/** Address of the first piece of a packet. */
// @ts-ignore: decorator
@inline
function pieceAt(starts: usize, pieces: usize, packet: u32): usize {
  return pieces + load<usize>(starts + (<usize>packet << 2)) * pieceBytes;
}

/**
 * Per packet of 8 pieces a turn took 182 – 195 ns this way, 205 – 238 ns with one `memory.copy` per piece (ring in the
 * cache).
 */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, bytes: usize): void {
  let done: usize = 0;
  for (; done + 64 <= bytes; done += 64) {
    const first = v128.load(from + done);
    const second = v128.load(from + done, 16);
    const third = v128.load(from + done, 32);
    const fourth = v128.load(from + done, 48);
    v128.store(to + done, first);
    v128.store(to + done, second, 16);
    v128.store(to + done, third, 32);
    v128.store(to + done, fourth, 48);
  }
  if (done < bytes) memory.copy(to + done, from + done, bytes - done);
}

// @ts-ignore: decorator
@inline
function count64(counter: usize, more: f64): void {
  store<f64>(counter, load<f64>(counter) + more);
}
