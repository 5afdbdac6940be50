// Where the fields of an entry of the flight ring lie. Made from kernel-words.ts by
// scripts/write-kernel-words.mjs, for two compilers: plain constants are what both read. What each holds:
// docs/reference/kernel-words.md.
// Tested by test/memory/kernel-words.test.ts.

// Entry of the flight ring, in bytes.
export const flightTime = 48;
export const flightLength = 56;
export const flightClass = 60;
export const flightEntryBytes = 64;
