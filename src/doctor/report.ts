// The doctor's report: every check made over the same facts, as an object for JSON and metrics, as lines for people,
// and as reasons against opening a series.

import { checkStatuses } from '../contract/check-statuses.js';
import type { CheckStatus } from '../contract/check-statuses.js';
import { clientChecks } from './checks-client.js';
import { kernelChecks } from './checks-kernel.js';
import { machineChecks } from './checks-machine.js';
import { networkChecks } from './checks-network.js';
import type { Facts } from './facts.js';

/** One check as it leaves the process. */
export interface CheckResult {
  readonly check: string;
  readonly status: CheckStatus;
  readonly seen: string;
  readonly needed: string;
  /** The command or setting that mends it; null = nothing to mend. */
  readonly remedy: string | null;
  /** A series is opened only with `force` while this is so. */
  readonly loses_data: boolean;
  /** Where the documentation says more. */
  readonly docs: string;
}

/** The answer of `GET /api/v1/doctor` and of `vdcu doctor --json`. */
export interface DoctorReport {
  /** No check failed. */
  readonly ok: boolean;
  /** The detector; null = the machine alone was looked at. */
  readonly name: string | null;
  readonly failed: number;
  readonly warnings: number;
  readonly checks: readonly CheckResult[];
  /** What could not be looked at, and why. */
  readonly not_checked: readonly { readonly check: string; readonly reason: string }[];
}

const allChecks = [...networkChecks, ...clientChecks, ...kernelChecks, ...machineChecks];

/** Names of all checks, each a heading of docs/operating.md. */
export const checkNames: readonly string[] = allChecks.map(({ check }) => check);

/** Make every check. */
export function examine(facts: Facts): DoctorReport {
  const checks: CheckResult[] = [];
  const notChecked: { check: string; reason: string }[] = [];
  for (const { check, examine: made } of allChecks) {
    const verdict = made(facts);
    if ('notChecked' in verdict) {
      notChecked.push({ check, reason: verdict.notChecked });
      continue;
    }
    const { status, seen, needed, remedy, losesData } = verdict;
    checks.push({ check, status, seen, needed, remedy, loses_data: losesData, docs: `docs/operating.md#${check}` });
  }
  const count = (wanted: CheckStatus): number => checks.filter(({ status }) => status === wanted).length;
  const failures = count('failed');
  return {
    ok: failures === 0,
    name: facts.setup?.config.name ?? null,
    failed: failures,
    warnings: count('warning'),
    checks,
    not_checked: notChecked,
  };
}

/** Why no series should be opened now, in sentences; empty = nothing speaks against it. */
export function reasonsAgainstArming(report: DoctorReport): string[] {
  return report.checks
    .filter(({ loses_data: loses }) => loses)
    .map(
      ({ check, seen, needed, remedy, docs }) =>
        `${check}: ${seen}; needed: ${needed}. ${remedy} (${docs}), or open the series with force.`,
    );
}

/** The report for people: what is wrong first, each with its remedy. */
export function reportText(report: DoctorReport): string {
  const width = Math.max(...checkNames.map((name) => name.length));
  const indent = ' '.repeat(9);
  const lines = checkStatuses
    .flatMap((wanted) => report.checks.filter(({ status }) => status === wanted))
    .flatMap(({ check, status, seen, needed, remedy, docs }) => [
      `${status.padEnd(9)}${check.padEnd(width)}  ${seen}`,
      ...(remedy === null
        ? []
        : [`${indent}needed: ${needed}`, `${indent}do:     ${remedy}`, `${indent}see:    ${docs}`]),
    ]);
  const unknown = report.not_checked.map(
    ({ check, reason }) => `${'-'.padEnd(9)}${check.padEnd(width)}  not checked: ${reason}`,
  );
  const good = report.checks.length - report.failed - report.warnings;
  const verdict =
    `${report.failed} failed, ${report.warnings} ${report.warnings === 1 ? 'warning' : 'warnings'}, ${good} ok, ` +
    `${report.not_checked.length} not checked`;
  return `${[...lines, ...unknown, verdict].join('\n')}\n`;
}
