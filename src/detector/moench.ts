// PSI Moench. The unit of `modules` is the module: 400 × 400 pixels, sent through one port or, by halves, through two.
// No gap pixels: one sensor, read out as one area; PSI's client knows no gaps for it either. Facts: slsDetectorPackage
// 9.2.0, GeneralData.h:377-406.
// Tested by test/detector/bijection.test.ts.

import type { DetectorFamily } from './profile.js';

export const moench: DetectorFamily = {
  choices: { interfaces: [1, 2] },
  values: {
    name: 'moench',
    detectorType: 5,
    headerVersion: 2,
    portImage: { rows: 400, columns: 400 },
    unitPorts: { rows: 1, columns: 1 },
    firstPort: 'lowest_row',
    module: { rows: 400, columns: 400 },
    chip: { rows: 400, columns: 400 },
    gaps: { chip: 0, moduleRows: 0, moduleColumns: 0 },
    pixelPitch: { x: 25e-6, y: 25e-6 },
    depths: { 16: { wireBits: 16, pixelType: 'uint16', decode: 'copy' } },
    payloadBytes: 6400,
    partialReadout: 'centre_of_unit',
    burstFrames: 1,
    flippedRows: 'none',
    headerFields: { timestamp: 'timestamp', exposure: 'expLength' },
    otherDatagrams: {},
  },
  variants: [
    { when: { interfaces: 2 }, then: { portImage: { rows: 200, columns: 400 }, unitPorts: { rows: 2, columns: 1 } } },
  ],
};
