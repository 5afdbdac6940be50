// PSI Eiger. The unit of `modules` is the half-module: 256 × 1024 pixels, two ports of 256 × 512, left and right.
// Facts: slsDetectorPackage 9.2.0, slsReceiverSoftware/src/GeneralData.h:311-345 (sizes), DetectorImpl.cpp:763-1058
// (gaps), eigerDetectorServer/slsDetectorFunctionList.c:2725-2747 (12 bit packing). 4 bit: two pixels a byte.
// Tested by test/detector/bijection.test.ts.

import type { DetectorFamily } from './profile.js';

export const eiger: DetectorFamily = {
  choices: { quad: [false, true], tenGiga: [true, false] },
  values: {
    name: 'eiger',
    detectorType: 1,
    headerVersion: 2,
    portImage: { rows: 256, columns: 512 },
    unitPorts: { rows: 1, columns: 2 },
    firstPort: 'lowest_row',
    module: { rows: 512, columns: 1024 },
    chip: { rows: 256, columns: 256 },
    gaps: { chip: 2, moduleRows: 36, moduleColumns: 8 },
    pixelPitch: { x: 75e-6, y: 75e-6 },
    depths: {
      4: { wireBits: 4, pixelType: 'uint8', decode: 'unpack4' },
      8: { wireBits: 8, pixelType: 'uint8', decode: 'copy' },
      12: { wireBits: 12, pixelType: 'uint16', decode: 'unpack12' },
      16: { wireBits: 16, pixelType: 'uint16', decode: 'copy' },
      32: { wireBits: 32, pixelType: 'uint32', decode: 'copy' },
    },
    payloadBytes: 4096,
    partialReadout: 'first_of_port',
    burstFrames: 1,
    flippedRows: 'odd',
    headerFields: { timestamp: 'timestamp', sub_frames: 'expLength' },
    otherDatagrams: {},
  },
  variants: [
    { when: { tenGiga: false }, then: { payloadBytes: 1024 } },
    // One half-module whose two ports lie above each other: the left port is the lower half.
    {
      when: { quad: true },
      then: { unitPorts: { rows: 2, columns: 1 }, firstPort: 'highest_row', flippedRows: 'even' },
    },
  ],
};
