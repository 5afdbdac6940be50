// Where the commands of this folder write: results to stdout, progress to stderr. On a terminal progress is one line
// that renews itself, in a log one line every few seconds.
// Tested by test/simulators/watch.test.ts.

import { systemClock } from '../src/base/clock.js';
import type { Clock } from '../src/base/clock.js';

/** `process` fits. */
export interface CommandOutput {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

const logEveryMs = 5000;

/** The progress of one command. */
export class ProgressLine {
  readonly #out: CommandOutput;
  readonly #clock: Clock;
  #lastMs: number;
  #shown = false;

  constructor(out: CommandOutput, clock: Clock = systemClock) {
    this.#out = out;
    this.#clock = clock;
    this.#lastMs = clock.now();
  }

  /** Show `text`, which has no line end. */
  show(text: string): void {
    if (this.#out.stderr.isTTY === true) {
      this.#out.stderr.write(`\r\u001b[2K${text}`);
      this.#shown = true;
    } else if (this.#clock.now() - this.#lastMs >= logEveryMs) {
      this.#lastMs = this.#clock.now();
      this.#out.stderr.write(`${text}\n`);
    }
  }

  /** Leave the terminal clean for what comes next. */
  end(): void {
    if (this.#shown) this.#out.stderr.write('\r\u001b[2K');
    this.#shown = false;
  }
}

/** Columns padded to their widest cell; the first is aligned left, the others right. */
export function formatTable(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, String(cell).length);
    });
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? String(cell).padEnd(widths[at]) : String(cell).padStart(widths[at])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
