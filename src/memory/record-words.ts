// Where the fields of a slot record lie. Made from kernel-words.ts by
// scripts/write-kernel-words.mjs, for two compilers: plain constants are what both read. What each holds:
// docs/reference/kernel-words.md.
// Tested by test/memory/kernel-words.test.ts.

// Slot record, in 32-bit words.
export const recordPublishedWord = 0;
export const recordFrameLowWord = 1;
export const recordFrameHighWord = 2;
export const recordStateWord = 3;
export const recordAcceptedWord = 4;
export const recordOutcomeWord = 5;
export const recordHighestWord = 6;
export const recordOpenedWord = 7;
export const recordFirstPacketAtWord = 8;
export const recordClosedAtWord = 10;
export const recordHeaderWord = 12;
export const recordBitsWord = 24;

// States of a slot record.
export const stateEmpty = 0;
export const stateOpen = 1;
export const stateClosed = 2;
