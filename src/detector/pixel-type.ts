// Pixel types as they leave the service, and the values that stand for "no data".
// Tested by test/detector/layout.test.ts.

/** numpy name of a pixel type; all are little endian and unsigned. */
export type PixelType = 'uint8' | 'uint16' | 'uint32';

/** Bytes of one pixel. */
export const pixelBytes: Readonly<Record<PixelType, 1 | 2 | 4>> = { uint8: 1, uint16: 2, uint32: 4 };

/** Every byte of a missing pixel: the maximum of each unsigned type, which the field's readers take for "masked". */
export const missingByte = 0xff;

/** Every byte of a gap pixel. */
export const gapByte = 0x00;
