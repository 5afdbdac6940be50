// Options of the form in which frames leave: which part of a frame, how it is turned, and which pixels are masked. Rows
// and columns are those of the frame as the detector has it.
// Tested by test/config/schema.test.ts.

import { z } from 'zod';
import { turns } from '../detector/frame-form.js';
import { noted, wholeOrUnset } from './option.js';

const within = z.int().min(0).max(65535);
const length = z.int().min(1).max(65536);

/** In the order of the reference. */
export const formOptions = {
  roi: noted(z.tuple([within, within, length, length]).optional(), {
    unit: 'pixels',
    range: '[row, column, rows, columns] within the frame, rows and columns at least 1',
    description: 'The part of each frame that leaves, as rows and columns of the frame before it is turned.',
    unset: 'the whole frame',
  }),
  turn: noted(z.literal(turns).default(0), {
    unit: 'degrees',
    range: '0, 90, 180 or 270',
    description: 'How far frames leave turned, anticlockwise as by numpy.rot90.',
  }),
  mirror: noted(z.boolean().default(false), {
    unit: null,
    range: 'true or false',
    description: 'Frames leave with left and right exchanged, after they were turned.',
  }),
  mask: noted(z.string().min(1).optional(), {
    unit: null,
    range: 'the path of a file of NumPy (.npy) or HDF5; of several datasets FILE:/PATH',
    description:
      'Pixels that are not 0 in this file, which has the shape of the frame before it is cut and turned, leave as ' +
      'mask_value.',
    unset: 'no pixel is masked',
  }),
  mask_value: wholeOrUnset(
    { unit: null, from: 0, to: 4294967295, says: 'What masked pixels leave as.' },
    'the missing value, the largest of the pixel type',
  ),
} as const;
