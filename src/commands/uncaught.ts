// What happens to uncaught errors, and to output that no program reads. Set up before anything else; a running service
// handles errors itself, because its data path goes on without the main thread (runtime/internal-errors.ts).
// Tested by test/threads/output.test.ts.

import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { endProcess } from '../runtime/end-process.js';
import { outputClosed } from './interrupt.js';

type Handler = (error: unknown) => void;

let survivor: Handler | null = null;

/** From here on this gets uncaught errors, and the process goes on. @returns ends that */
export function surviveErrors(handler: Handler): () => void {
  survivor = handler;
  return () => (survivor = null);
}

/** @param report prints an error and returns its exit code */
export function catchErrors(report: (error: unknown) => number): void {
  process.on('uncaughtException', (error: unknown) => {
    if (survivor === null) endProcess(report(error));
    survivor(error);
  });
  // A complaint about standard error would have to go there.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') {
      // The reader has seen enough (`vdcu watch … | head`), or the terminal has gone: an orderly end. A command that
      // only has its result to tell ends by itself, with the exit code that says it.
      outputClosed();
      return;
    }
    if (survivor !== null) return;
    const failure = new OperatorError(
      `standard output cannot be written: ${messageOf(error)}. Give it a place with room`,
      exitCode.environment,
      { cause: error },
    );
    const code = report(failure);
    // (A command may set its own afterwards.)
    process.once('exit', () => (process.exitCode = code));
    if (!outputClosed()) endProcess();
  });
}
