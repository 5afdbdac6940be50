// What PSI's client has set, on the page: asked every two seconds; module by module while its part is open.
// Not there where no receivers are configured.
// Tested by test/threads/page-client.test.ts.

import type { ReceiverTold, ReceiversTold } from '../contract/receivers-told.js';
import { byId, make, setText } from './elements.js';
import type { About } from './messages.js';

const intervalMs = 2000;
const section = byId('client', HTMLElement);
const box = byId('client-box', HTMLDetailsElement);
const title = byId('client-title', HTMLElement);
const list = byId('client-modules', HTMLElement);
const next = byId('client-next', HTMLElement);
let asks = false;

/** The service says whether PSI's client may call it. */
export function watchClient({ receivers }: About): void {
  section.hidden = !receivers;
  if (!receivers || asks) return;
  asks = true;
  box.addEventListener('toggle', () => void ask());
  void ask();
  setInterval(() => void ask(), intervalMs);
}

async function ask(): Promise<void> {
  try {
    const response = await fetch('api/v1/receivers');
    if (!response.ok) throw new Error(String(response.status));
    show((await response.json()) as ReceiversTold);
  } catch {
    setText(title, "PSI's client: no answer");
  }
}

function show(told: ReceiversTold): void {
  const { status, receivers, problems } = told;
  const lacking = receivers.filter(({ set_up }) => set_up === null).length;
  const known =
    lacking === 0
      ? `${receivers.length} module${receivers.length === 1 ? '' : 's'} set up`
      : `${receivers.length - lacking} of ${receivers.length} modules set up`;
  setText(title, `PSI's client: ${known}, ${status}${problems.length > 0 ? ', the next start would be refused' : ''}`);
  if (!box.open) return;
  list.replaceChildren(
    ...receivers.flatMap(({ module, set_up: set, locked_by: locked }) => [
      make('dt', set === null ? 'warning' : '', `module ${module}${set === null ? '' : ` (${set.hostname})`}`),
      make(
        'dd',
        '',
        `${set === null ? 'not set up: rx_hostname' : settings(set)}${locked === null ? '' : `; locked by ${locked}`}`,
      ),
    ]),
  );
  setText(next, nextText(told));
}

function settings(set: NonNullable<ReceiverTold['set_up']>): string {
  const ports = set.udp_ports.map(({ udp_port, on }) => `${udp_port}${on ? '' : ' (off)'}`).join(', ');
  const rows = set.read_n_rows === 0 ? '' : `, ${set.read_n_rows} rows`;
  return `${set.detector}, ${set.dynamic_range} bit${rows}, ports ${ports}, ${set.frames} frames`;
}

function nextText({ next: coming, problems }: ReceiversTold): string {
  if (problems.length > 0) return `The next start would be refused: ${problems.join('; ')}`;
  if (coming === null) return '';
  const words = Object.entries(coming.metadata).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `Next series: ${coming.filename === '' ? 'no file' : coming.filename} · ${words.join(' · ')}`;
}
