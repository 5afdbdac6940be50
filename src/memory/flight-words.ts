// Where the fields of an entry of the flight ring lie, in bytes from its start; what they mean is told in
// flight-ring.ts. Plain constants, because two compilers read this file: the project's and the one that makes the
// compiled placement (assembly/kernel/).
// Tested by test/memory/flight-ring.test.ts.

/** The packet's first 48 bytes come first: its header. */
export const flightTime = 48;
export const flightLength = 56;
export const flightClass = 60;
export const flightEntryBytes = 64;
