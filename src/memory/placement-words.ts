// Where the fields of a placement context, its pieces and seams lie. Made from kernel-words.ts by
// scripts/write-kernel-words.mjs, for two compilers: plain constants are what both read. What each holds:
// docs/reference/kernel-words.md.
// Tested by test/memory/kernel-words.test.ts.

// Placement context, in bytes.
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
export const contextLowest = 112;
export const contextHighest = 120;
export const contextNewest = 128;
export const contextCompleted = 136;
export const contextSeams = 144;
export const contextPayloadBytes = 148;
export const contextStride = 152;
export const contextOrigin = 160;
export const contextFirstOwn = 168;
export const contextSender = 176;
export const contextHeadBytes = 256;

// Ways to decode.
export const decodeCopy = 0;
export const decode4HighFirst = 1;
export const decode4LowFirst = 2;
export const decode12 = 3;

// Piece of the piece table, in bytes.
export const pieceFrom = 0;
export const pieceTo = 4;
export const pieceLength = 8;
export const pieceBytes = 12;

// Seam of the piece table, in bytes.
export const seamTo = 0;
export const seamBits = 4;
export const seamBytes = 8;
