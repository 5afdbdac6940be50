// What `vdcu doctor` says of the running service, on the page: asked when the page is opened and every minute. What
// failed or is a warning is listed with the command that mends it.
// Tested by test/threads/page.test.ts.

import { checkStatuses } from '../contract/check-statuses.js';
import type { CheckStatus } from '../contract/check-statuses.js';
import { byId, linked, make, setText } from './elements.js';

/** As GET /api/v1/doctor answers; what is shown of it. */
interface Report {
  readonly failed: number;
  readonly warnings: number;
  readonly checks: readonly {
    readonly check: string;
    readonly status: CheckStatus;
    readonly seen: string;
    readonly needed: string;
    readonly remedy: string | null;
    readonly docs: string;
  }[];
}

const intervalMs = 60_000;
const verdict = byId('doctor-verdict', HTMLElement);
const list = byId('doctor-checks', HTMLElement);

/** Ask now, and from now on. */
export function watchDoctor(): void {
  void ask();
  setInterval(() => void ask(), intervalMs);
}

async function ask(): Promise<void> {
  try {
    const response = await fetch('api/v1/doctor');
    if (!response.ok) throw new Error(String(response.status));
    show((await response.json()) as Report);
  } catch {
    setText(verdict, 'Doctor: no answer');
  }
}

function show({ failed, warnings, checks }: Report): void {
  const count = (amount: number, one: string, many: string): string => `${amount} ${amount === 1 ? one : many}`;
  const parts = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(warnings > 0 ? [count(warnings, 'warning', 'warnings')] : []),
  ];
  setText(verdict, `Doctor: ${parts.length === 0 ? 'all is well' : parts.join(', ')}`);
  const wrong = checkStatuses
    .filter((wanted) => wanted !== 'ok')
    .flatMap((wanted) => checks.filter(({ status }) => status === wanted));
  list.replaceChildren(
    ...wrong.flatMap(({ check, status, seen, needed, remedy, docs }) => [
      make('dt', status, `${check}: ${status}`),
      make(
        'dd',
        '',
        `${seen}; needed: ${needed}. `,
        ...(remedy === null ? [] : [make('code', '', remedy)]),
        ...linked(` (${docs})`),
      ),
    ]),
  );
}
