// Where the fields of a placement context lie, in bytes from its start; what they mean is told in placement-context.ts.
// Plain constants, because two compilers read this file: the project's and the one that makes the compiled placement
// (assembly/kernel/).
// Tested by test/assembly/compiled-placement.test.ts.

// 32-bit words. Addresses are bytes from the start of the memory, unsigned.
export const contextOffsets = 0;
export const contextLengths = 4;
export const contextSenders = 8;
export const contextRecords = 12;
export const contextRecordStride = 16;
export const contextReceived = 20;
export const contextBytes = 24;
export const contextAccepted = 28;
export const contextReordered = 32;
export const contextStarts = 36;
export const contextPieces = 40;
export const contextRing = 44;
export const contextSlotStride = 48;
export const contextSlots = 52;
export const contextPacketBytes = 56;
export const contextFrameNumberAt = 60;
export const contextPacketNumberAt = 64;
export const contextPayloadAt = 68;
export const contextIdentityAt = 72;
export const contextIdentityMask = 76;
export const contextIdentity = 80;
export const contextPositionAt = 84;
export const contextPositionMask = 88;
export const contextPosition = 92;
export const contextFirstPacket = 96;
export const contextExpectedPackets = 100;
export const contextMissingByte = 104;
export const contextDecode = 108;

// 64-bit floats: frame numbers.
export const contextLowest = 112;
export const contextHighest = 120;
export const contextNewest = 128;
export const contextCompleted = 136;

// 32-bit words again.
export const contextSeams = 144;
export const contextPayloadBytes = 148;

// Frames that several instances share (detector/frame-share.ts): the detector's number of the first own frame, its own
// number, and how many numbers lie from one own frame to the next.
export const contextStride = 152;
export const contextOrigin = 160;
export const contextFirstOwn = 168;

// Word of the one sender whose packets are plain, as in the landing's batch.
export const contextSender = 176;

/** Bytes before the tables. */
export const contextHeadBytes = 256;

// Values of contextDecode: pixels as they are; 4 bit with the left pixel in the high or in the low half of its byte; 12
// bit.
export const decodeCopy = 0;
export const decode4HighFirst = 1;
export const decode4LowFirst = 2;
export const decode12 = 3;

// A piece of the piece table: three 32-bit words.
export const pieceFrom = 0;
export const pieceTo = 4;
export const pieceLength = 8;
export const pieceBytes = 12;

// A seam of the piece table: two 32-bit words.
export const seamTo = 0;
export const seamBits = 4;
export const seamBytes = 8;
