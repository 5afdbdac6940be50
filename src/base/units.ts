// Units of figures that are reckoned with.
// Tested by test/config/plan.test.ts.

/** MiB, in bytes. */
export const mebibyte = 2 ** 20;
