// The standard header of SLS packets: 48 bytes, little endian, no padding. Source: slsDetectorPackage
// 9.2.0, slsSupportLib/include/sls/sls_detector_defs.h:152-166; confirmed on captured packets.
//
//   offset  bytes  field
//        0      8  frameNumber   the detector's own counter, first frame of a fresh detector is 1
//        8      4  expLength     Eiger: sub-frame number; others: exposure in 100 ns
//       12      4  packetNumber  0-based within the port image
//       16      8  detSpec1      Jungfrau: bunch id; Gotthard2: train id
//       24      8  timestamp     100 ns ticks since the start of the measurement
//       32      2  modId
//       34      2  row           of the port image, in port units
//       36      2  column        of the port image, in port units
//       38      2  detSpec2
//       40      4  detSpec3
//       44      2  detSpec4
//       46      1  detType
//       47      1  version       2
// Tested by test/assembly/packet-check.test.ts.

/** Bytes of the header; the payload follows directly. */
export const headerBytes = 48;

/** Byte offsets of the header's fields. */
export const headerOffset = {
  frameNumber: 0,
  expLength: 8,
  packetNumber: 12,
  detSpec1: 16,
  timestamp: 24,
  modId: 32,
  row: 34,
  column: 36,
  detSpec2: 38,
  detSpec3: 40,
  detSpec4: 44,
  detType: 46,
  version: 47,
} as const;

/** Datagram bytes of the header packet that Eiger firmware before 7.0 sends ahead of each frame. */
export const oldHeaderPacketBytes = 40;

/** Larger frame numbers are malformed: their own numbers (frame-share.ts), two above, are not exact any more. */
export const largestFrameNumber = 2 ** 53 - 3;
