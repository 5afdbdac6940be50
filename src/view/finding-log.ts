// What the diagnosis finds, in the log: when a problem begins, and when it is over. Comes in: all findings, once a
// second. Goes out: a line for each that is new. A problem that comes and goes is logged again after ten minutes only,
// and then if it is still there; the same of another series is another problem.
// Tested by test/view/diagnosis.test.ts.

import type { Logger } from '../runtime/log.js';
import type { Finding } from '../contract/findings.js';

const againAfterMs = 600_000;

/** Times in ms of the service's clock. */
export class FindingLog {
  readonly #logger: Logger;
  /** Problem → when it was told last. */
  readonly #told = new Map<string, number>();
  /** Told, and there ever since. */
  #standing: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns those that were told now */
  look(findings: readonly Finding[], now: number): Finding[] {
    const begun: Finding[] = [];
    const standing = new Set<string>();
    for (const finding of findings) {
      const { code, message, series } = finding;
      const key = series === undefined ? code : `${code}/${series}`;
      if (!this.#standing.has(key)) {
        const at = this.#told.get(key);
        // Not told, so it does not stand: it is looked at again.
        if (at !== undefined && now - at < againAfterMs) continue;
        this.#told.set(key, now);
        begun.push(finding);
        this.#logger.warn({ event: 'problem', code }, message);
      }
      standing.add(key);
    }
    this.#standing = standing;
    for (const [key, at] of this.#told) if (now - at >= againAfterMs) this.#told.delete(key);
    return begun;
  }
}
