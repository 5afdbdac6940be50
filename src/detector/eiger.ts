// PSI Eiger. The unit of `modules` is the half-module: 256 × 1024 pixels, two ports of 256 × 512, left and right.
// Facts: slsDetectorPackage 9.2.0, slsReceiverSoftware/src/GeneralData.h:311-345 (sizes), DetectorImpl.cpp:763-1058 (gaps).

import type { DetectorProfile } from './profile.js';

export const eiger: DetectorProfile = {
  name: 'eiger',
  detectorType: 1,
  headerVersion: 2,
  portImage: { rows: 256, columns: 512 },
  unitPorts: { rows: 1, columns: 2 },
  quadPorts: { rows: 2, columns: 1 },
  module: { rows: 512, columns: 1024 },
  chip: { rows: 256, columns: 256 },
  gaps: { chip: 2, moduleRows: 36, moduleColumns: 8 },
  depths: {
    8: { wireBits: 8, pixelType: 'uint8', decode: 'copy' },
    16: { wireBits: 16, pixelType: 'uint16', decode: 'copy' },
    32: { wireBits: 32, pixelType: 'uint32', decode: 'copy' },
  },
  payloadBytes: { tenGiga: 4096, oneGiga: 1024 },
  flippedRows: { normal: 'odd', quad: 'even' },
  headerFields: { timestamp: 'timestamp', sub_frames: 'expLength' },
};
