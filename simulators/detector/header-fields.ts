// What a simulated detector writes into the fields of the packet header that differ from type to type: closed formulas
// of the frame number, listed in docs/simulator.md. Source of the meanings: slsDetectorPackage 9.2.0,
// docs/src/udpdetspec.rst.

import type { HeaderField } from '../../src/detector/profile.js';

/** Fields that follow from the frame number; the timestamp follows from the run. */
export type FormulaField = Exclude<HeaderField, 'timestamp'>;

/** Values of the enum detectorType. */
const eiger = 1;
const jungfrau = 3;
const mythen3 = 6;
const gotthard2 = 7;

/** Significant bits of a pixel where they are fewer than those it has on the wire. */
export function significantBits(detectorType: number, wireBits: number): number {
  if (detectorType === mythen3 && wireBits === 32) return 24;
  // 12 data bits and 2 gain bits.
  return detectorType === gotthard2 ? 14 : wireBits;
}

/**
 * The value of one field.
 * @param frameNumber 1 … 2⁵³ − 1
 * @returns integer, at most 2⁴² for detSpec1, within the field's bytes for the others
 */
export function headerFieldValue(
  field: FormulaField,
  detectorType: number,
  wireBits: number,
  frameNumber: number,
): number {
  const thousandth = frameNumber % 1000;
  switch (field) {
    // Sub-frames of an Eiger are summed at 32 bit only; all others give their exposure in 100 ns.
    case 'expLength':
      return detectorType === eiger && wireBits !== 32 ? 0 : thousandth + 1;
    // Bunch id of a Jungfrau, train id of a Gotthard2.
    case 'detSpec1':
      return detectorType === jungfrau || detectorType === gotthard2
        ? thousandth * 4294967296 + (frameNumber % 4294967296)
        : 0;
    // Bunch id of a Gotthard2 within the train.
    case 'detSpec2':
      return detectorType === gotthard2 ? frameNumber % 2720 : 0;
    case 'detSpec3':
      if (detectorType === eiger) return 0xe14a;
      // Storage cell in bits 11 to 8, external input in bit 31.
      return detectorType === jungfrau ? (frameNumber % 16) * 256 + (frameNumber % 2) * 2147483648 : 0;
    case 'detSpec4':
      return 0;
  }
}
