// Where a simulated detector may take its pixels from instead of the formula: an interface, one port image for each
// port and frame. An HDF5 file is one source (files/hdf5-source.ts), memory is another, for tests.

import type { PixelArray } from './pattern.js';

export interface ImageSource {
  /**
   * Pixels of one port image as the detector sends them, row by row, nothing flipped, in the number type of the frame.
   * @param round frame of the run, from 0
   * @returns rows × columns of the port image; valid until the next call
   */
  portImage(portIndex: number, round: number): PixelArray;
}
