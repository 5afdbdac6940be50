// How pixels leave: `compression` of the configuration and of an image message. Pure.
// Tested by test/contract/closed-lists.test.ts.

/** As they are, or a chunk of bitshuffle and LZ4 (HDF5's filter 32008). */
export const compressions = ['none', 'bslz4'] as const;

export type Compression = (typeof compressions)[number];
