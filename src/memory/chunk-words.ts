// How large a chunk of the encoder can be, and what it works in. Made from kernel-words.ts by
// scripts/write-kernel-words.mjs, for two compilers: plain constants are what both read. What each holds:
// docs/reference/kernel-words.md.
// Tested by test/memory/kernel-words.test.ts.

// Chunk of a frame.
export const chunkHeadBytes = 12;
export const chunkBlockBytes = 8192;
export const chunkBlockExtraBytes = 52;

// Memory that an encoder works in.
export const encoderTableBits = 12;
export const encoderSlackBytes = 16;
