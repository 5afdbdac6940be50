// What a check can say. Every check of checks-*.ts returns one of these; report.ts gives it the check's name and its
// place in the documentation.
// Tested by test/doctor/report.test.ts.

import type { CheckStatus } from '../contract/check-statuses.js';
import type { Facts } from './facts.js';

/** The outcome of one check, in words: what was seen, what is needed, and the command (or setting) that mends it. */
export interface Verdict {
  readonly status: CheckStatus;
  readonly seen: string;
  readonly needed: string;
  /** Null when nothing is to be mended. */
  readonly remedy: string | null;
  /** A series opened as things are would lose data for certain, so none is opened unless forced. Only with `failed`. */
  readonly losesData: boolean;
}

/** The check could not be made, or says nothing here. */
export interface NotChecked {
  readonly notChecked: string;
}

/** One check. `check` is its name in JSON, in metrics, and as a heading of docs/operating.md. */
export interface Check {
  readonly check: string;
  readonly examine: (facts: Facts) => Verdict | NotChecked;
}

export const ok = (seen: string, needed: string): Verdict => ({
  status: 'ok',
  seen,
  needed,
  remedy: null,
  losesData: false,
});

export const warning = (seen: string, needed: string, remedy: string): Verdict => ({
  status: 'warning',
  seen,
  needed,
  remedy,
  losesData: false,
});

/** Something does not work, but a series that can be opened loses nothing by it. */
export const failed = (seen: string, needed: string, remedy: string): Verdict => ({
  status: 'failed',
  seen,
  needed,
  remedy,
  losesData: false,
});

export const losing = (seen: string, needed: string, remedy: string): Verdict => ({
  status: 'failed',
  seen,
  needed,
  remedy,
  losesData: true,
});

export const notChecked = (reason: string): NotChecked => ({ notChecked: reason });
