// Where the fields of a slot record lie, in 32-bit words, and its states; what they mean is told in slot-records.ts.
// Plain constants, because two compilers read this file: the project's and the one that makes the compiled placement
// (assembly/kernel/).
// Tested by test/memory/slot-records.test.ts.

export const recordPublishedWord = 0;
export const recordFrameLowWord = 1;
export const recordFrameHighWord = 2;
export const recordStateWord = 3;
export const recordAcceptedWord = 4;
export const recordOutcomeWord = 5;
export const recordHighestWord = 6;
export const recordOpenedWord = 7;
export const recordHeaderWord = 12;
export const recordBitsWord = 24;

export const stateEmpty = 0;
export const stateOpen = 1;
export const stateClosed = 2;
