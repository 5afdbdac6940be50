// What threads of the service tell main, by their message ports. A thread that blocks in system calls can still post.
// Tested by test/service/service.test.ts.

import { OperatorError } from '../base/errors.js';

/** An error on its way to another thread. */
export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** Of an OperatorError; null = a bug. */
  readonly exitCode: number | null;
}

export type ThreadMessage<Info, Event> =
  | { readonly kind: 'ready'; readonly info: Info }
  | { readonly kind: 'failed'; readonly error: ErrorReport }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'closed' };

export function reportError(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: null, exitCode: null };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? null,
    exitCode: error instanceof OperatorError ? error.exitCode : null,
  };
}

/** The error as it was thrown in its thread, as far as it can be told apart. */
export function restoreError(thread: string, report: ErrorReport): Error {
  if (report.exitCode !== null) return new OperatorError(report.message, report.exitCode);
  const error = new Error(`${thread}: ${report.name}: ${report.message}`);
  if (report.stack !== null) error.stack = report.stack;
  return error;
}
