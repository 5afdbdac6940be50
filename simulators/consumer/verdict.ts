// The verdict of a consumer at its end, and its exit code: one word for scripts about what `watch` or `record` saw.
// Tested by test/simulators/watch.test.ts.

import { exitCode } from '../../src/base/errors.js';

export interface Judged {
  /** Nothing was wrong with what came. */
  readonly ok: boolean;
  /** Frames that were marked or discarded, and series that were aborted. */
  readonly incomplete: number;
  /** Why there is nothing to judge; null: a series was seen. */
  readonly nothing: string | null;
}

/** What outweighs comes first: wrong with the stream, nothing to judge, frames not complete. */
export type Verdict = 'wrong' | 'nothing' | 'incomplete' | 'right';

export function verdictOf({ ok, nothing, incomplete }: Judged): Verdict {
  return !ok ? 'wrong' : nothing !== null ? 'nothing' : incomplete > 0 ? 'incomplete' : 'right';
}

/** @param allowIncomplete frames that are not complete are no failure */
export function codeOf(verdict: Verdict, allowIncomplete: boolean): number {
  switch (verdict) {
    case 'wrong':
      return exitCode.failed;
    case 'nothing':
      return exitCode.environment;
    case 'incomplete':
      return allowIncomplete ? exitCode.ok : exitCode.incomplete;
    case 'right':
      return exitCode.ok;
  }
}
