// PSI Gotthard2, data port. The unit of `modules` is the module: 1280 channels of 12 data bits and 2 gain bits, one
// packet a frame. Its veto port sends datagrams of another kind, which are recognised and never placed. In burst mode
// it keeps up to 2720 frames and sends them when the burst is over. Facts: slsDetectorPackage 9.2.0,
// GeneralData.h:480-527.
// Tested by test/detector/bijection.test.ts.

import type { DetectorFamily } from './profile.js';

export const gotthard2: DetectorFamily = {
  choices: {},
  values: {
    name: 'gotthard2',
    detectorType: 7,
    headerVersion: 2,
    portImage: { rows: 1, columns: 1280 },
    unitPorts: { rows: 1, columns: 1 },
    firstPort: 'lowest_row',
    module: { rows: 1, columns: 1280 },
    chip: { rows: 1, columns: 1280 },
    gaps: { chip: 0, moduleRows: 0, moduleColumns: 0 },
    pixelPitch: { x: 50e-6, y: null },
    depths: { 16: { wireBits: 16, pixelType: 'uint16', decode: 'copy' } },
    payloadBytes: 2560,
    partialReadout: 'none',
    burstFrames: 2720,
    flippedRows: 'none',
    headerFields: { timestamp: 'timestamp', exposure: 'expLength', train_id: 'detSpec1', bunch_id: 'detSpec2' },
    otherDatagrams: { 176: 'of the veto port (interface 2), which has a UDP port of its own: udp_dstport2' },
  },
  variants: [],
};
