// PSI Jungfrau. The unit of `modules` is the module: 512 × 1024 pixels of 14 data bits and 2 gain bits, sent through
// one port or, by halves, through two (the first port has the lower header row). A trigger fills up to 16 storage
// cells. Facts: slsDetectorPackage 9.2.0, GeneralData.h:347-375,
// jungfrauDetectorServer/slsDetectorFunctionList.c:1750-1817, 2866-2931.
// Tested by test/detector/bijection.test.ts.

import type { DetectorFamily } from './profile.js';

export const jungfrau: DetectorFamily = {
  choices: { interfaces: [1, 2] },
  values: {
    name: 'jungfrau',
    detectorType: 3,
    headerVersion: 2,
    portImage: { rows: 512, columns: 1024 },
    unitPorts: { rows: 1, columns: 1 },
    firstPort: 'lowest_row',
    module: { rows: 512, columns: 1024 },
    chip: { rows: 256, columns: 256 },
    gaps: { chip: 2, moduleRows: 36, moduleColumns: 8 },
    pixelPitch: { x: 75e-6, y: 75e-6 },
    depths: { 16: { wireBits: 16, pixelType: 'uint16', decode: 'copy' } },
    payloadBytes: 8192,
    partialReadout: 'centre_of_unit',
    burstFrames: 16,
    flippedRows: 'none',
    headerFields: { timestamp: 'timestamp', exposure: 'expLength', bunch_id: 'detSpec1', daq_info: 'detSpec3' },
    otherDatagrams: {},
  },
  variants: [
    { when: { interfaces: 2 }, then: { portImage: { rows: 256, columns: 1024 }, unitPorts: { rows: 2, columns: 1 } } },
  ],
};
