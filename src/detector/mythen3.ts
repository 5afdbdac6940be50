// PSI Mythen3. The unit of `modules` is the module: 1280 channels with 1 to 3 counters; the channels of one counter
// follow each other, then the next counter. 32 bit has 24 significant bits. Frames are counters × channels, or flat as
// sent. Facts: slsDetectorPackage 9.2.0, GeneralData.h:408-478.
// Tested by test/detector/bijection.test.ts.

import type { DetectorFamily } from './profile.js';

const channels = 1280;
const image = (
  rows: number,
  columns: number,
): {
  portImage: { rows: number; columns: number };
  module: { rows: number; columns: number };
  chip: { rows: number; columns: number };
} => ({
  portImage: { rows, columns },
  module: { rows, columns },
  chip: { rows, columns },
});

export const mythen3: DetectorFamily = {
  choices: { tenGiga: [true, false], counters: [1, 2, 3], flat: [false, true] },
  values: {
    name: 'mythen3',
    detectorType: 6,
    headerVersion: 2,
    ...image(1, channels),
    unitPorts: { rows: 1, columns: 1 },
    firstPort: 'lowest_row',
    gaps: { chip: 0, moduleRows: 0, moduleColumns: 0 },
    pixelPitch: { x: 50e-6, y: null },
    depths: {
      8: { wireBits: 8, pixelType: 'uint8', decode: 'copy' },
      16: { wireBits: 16, pixelType: 'uint16', decode: 'copy' },
      32: { wireBits: 32, pixelType: 'uint32', decode: 'copy' },
    },
    payloadBytes: 0,
    partialReadout: 'none',
    burstFrames: 1,
    flippedRows: 'none',
    headerFields: { timestamp: 'timestamp', exposure: 'expLength' },
    otherDatagrams: {},
  },
  variants: [
    { when: { counters: 2 }, then: image(2, channels) },
    { when: { counters: 3 }, then: image(3, channels) },
    { when: { counters: 2, flat: true }, then: image(1, 2 * channels) },
    { when: { counters: 3, flat: true }, then: image(1, 3 * channels) },
    // 10 GbE: the whole image in one packet, or in two for 32 bit with more than one counter.
    { when: { counters: 1, dynamicRange: 8 }, then: { payloadBytes: 1280 } },
    { when: { counters: 1, dynamicRange: 16 }, then: { payloadBytes: 2560 } },
    { when: { counters: 1, dynamicRange: 32 }, then: { payloadBytes: 5120 } },
    { when: { counters: 2, dynamicRange: 8 }, then: { payloadBytes: 2560 } },
    { when: { counters: 2, dynamicRange: 16 }, then: { payloadBytes: 5120 } },
    { when: { counters: 2, dynamicRange: 32 }, then: { payloadBytes: 5120 } },
    { when: { counters: 3, dynamicRange: 8 }, then: { payloadBytes: 3840 } },
    { when: { counters: 3, dynamicRange: 16 }, then: { payloadBytes: 7680 } },
    { when: { counters: 3, dynamicRange: 32 }, then: { payloadBytes: 7680 } },
    { when: { tenGiga: false }, then: { payloadBytes: 1280 } },
    { when: { tenGiga: false, counters: 3 }, then: { payloadBytes: 768 } },
  ],
};
