// Errors that a person must act on: a wrong configuration, a taken port, a missing interface. They carry what was
// asked, what was seen and the remedy, are printed as one line, and end a command with their exit code.
// Tested by test/config/load.test.ts.

/** Exit codes of every command, documented in `vdcu --help` and docs/operating.md. */
export const exitCode = {
  ok: 0,
  /** The work was done and something was wrong with the data: wrong pixels, sums that disagree. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** The environment is wrong: port taken, no such interface, no answer from the service. */
  environment: 3,
  /** A bug of ours, or a thread that died. */
  internal: 4,
  /**
   * The service ended in order, but its consumer lacks messages that were meant for it, `series_end` perhaps among
   * them.
   */
  undelivered: 5,
  /** The work was done, nothing was wrong with the stream, and frames in it were not complete. */
  incomplete: 6,
  /** Ended by a signal before the work was done, or at once by a second one; as shells have it for SIGINT. */
  interrupted: 130,
} as const;

/** A message for the operator in one line: what, seen, needed, remedy. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly exitCode: number;

  /**
   * @param message one line: what was tried, what was seen, what is needed and what to do
   * @param code one of `exitCode`
   */
  constructor(message: string, code: number = exitCode.environment, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = code;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
