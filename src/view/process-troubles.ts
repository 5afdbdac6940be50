// What is wrong with this process beside its data path, in sentences for the state: a log that is not read, errors that
// the service survived.
// Tested by test/view/shared-view.test.ts.

import { internalErrors } from '../runtime/internal-errors.js';
import { standardOutput } from '../runtime/log-output.js';

/** Empty = nothing. */
export function processTroubles(): string[] {
  const { trouble, dropped } = standardOutput();
  const log =
    trouble === null
      ? []
      : [
          `the log does not go out: ${trouble}; ${dropped} lines were dropped so far ` +
            '(docs/operating.md#log-lines-are-dropped)',
        ];
  const { problem } = internalErrors;
  return [...log, ...(problem === null ? [] : [problem])];
}
