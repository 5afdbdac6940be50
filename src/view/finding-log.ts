// What the diagnosis finds, in the log: when a problem begins, and when it is over. Comes in: all findings, once a
// second. Goes out: a line for each that is new. A problem that comes and goes is logged again after ten minutes only.
// Tested by test/view/diagnosis.test.ts.

import type { Logger } from '../runtime/log.js';
import type { Finding } from '../contract/findings.js';

const againAfterMs = 600_000;

/** Times in ms of the service's clock. */
export class FindingLog {
  readonly #logger: Logger;
  /** Code → when it was told. */
  readonly #told = new Map<string, number>();
  #before: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns those that were told now */
  look(findings: readonly Finding[], now: number): Finding[] {
    const begun: Finding[] = [];
    for (const finding of findings) {
      const { code, message } = finding;
      const at = this.#told.get(code);
      if (this.#before.has(code) || (at !== undefined && now - at < againAfterMs)) continue;
      this.#told.set(code, now);
      begun.push(finding);
      this.#logger.warn({ event: 'problem', code }, message);
    }
    this.#before = new Set(findings.map(({ code }) => code));
    return begun;
  }
}
