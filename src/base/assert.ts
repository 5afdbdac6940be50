// Assertions for states that cannot be. They stay on in production: a broken invariant ends the process with its
// reason, because going on could put a wrong pixel into a file.
// Tested by test/simulators/detector/pattern-kernel.test.ts.

/** An impossible state was reached: a bug of ours, never an effect of input. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

/**
 * Throw unless `condition` holds.
 * @throws AssertionFailed with `message`, which must be a constant string on hot paths (nothing is formatted unless it
 * fails).
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}
