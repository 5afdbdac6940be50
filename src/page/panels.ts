// The texts, numbers and bars of the page: state, problems, series, waterfall, ports. Written anew with every state.
// Tested by test/threads/page.test.ts.

import { lossCauses } from '../contract/loss-causes.js';
import { nearlyFull } from '../contract/nearly-full.js';
import { codesOf } from '../contract/row.js';
import { bar, byId, make, setSentences, setText } from './elements.js';
import { barLength, waterfall } from './loss.js';
import type { PortLoss, Series, Socket, State } from './messages.js';
import { SteadyRoom } from './steady.js';
import { bytesText, countText, rateText, receivedText, shareText, valueText } from './words.js';

const head = {
  state: byId('state', HTMLElement),
  message: byId('message', HTMLElement),
  problems: byId('problems', HTMLElement),
};
const series = {
  title: byId('series-title', HTMLElement),
  facts: byId('series-facts', HTMLElement),
  waterfall: byId('waterfall', HTMLElement),
  note: byId('waterfall-note', HTMLElement),
  warnings: byId('warnings', HTMLElement),
};
const rates = {
  frames: byId('frame-rate', HTMLElement),
  data: byId('data-rate', HTMLElement),
  unit: byId('data-unit', HTMLElement),
  more: byId('more-rates', HTMLElement),
};
const fill = { ring: byId('ring', HTMLElement), sockets: byId('sockets', HTMLElement) };
const ports = byId('ports', HTMLElement);
const room = new SteadyRoom(byId('alarms', HTMLElement));

/** Show a state. */
export function showState(state: State): void {
  document.body.dataset['state'] = state.state;
  setText(head.state, state.state);
  setText(head.message, state.message);
  setSentences(head.problems, state.problems);
  room.settle();
  showRates(state);
  showFill(state);
  showSeries(state.series);
  showPorts(state.series?.ports ?? [], state.sockets);
}

/** Nothing has been heard for a while: what the service does now is not known. */
export function showUnknown(): void {
  document.body.dataset['state'] = 'unknown';
  setText(head.state, 'unknown');
}

let rateReading: string | null = null;

/** What is under the cursor in a chart of rates; null = nothing. */
export function showRateReading(text: string | null): void {
  rateReading = text;
  if (text !== null) setText(rates.more, text);
}

function showRates({ rates: now, consumers, consumers_expected: expected }: State): void {
  const [figure, unit] = rateText(now?.in_gbit_per_second ?? 0);
  setText(rates.frames, now === null ? '–' : valueText(Number(now.frames_per_second.toPrecision(3))));
  setText(rates.data, now === null ? '–' : figure);
  setText(rates.unit, unit);
  if (rateReading !== null) return;
  const packets =
    now === null
      ? ''
      : `${countText(now.packets_per_second)} packets/s in · ${rateText(now.out_gbit_per_second).join(' ')} out · `;
  setText(rates.more, `${packets}${consumers} of ${expected} consumer${expected === 1 ? '' : 's'}`);
}

function showFill({ ring, sockets }: State): void {
  const share = ring.slots === 0 ? 0 : ring.used / ring.slots;
  fill.ring.replaceChildren(
    bar(share, share > nearlyFull.ring ? 'high' : ''),
    ` ${ring.used} of ${ring.slots} frames, most ${ring.used_max}`,
  );
  const known = sockets.flatMap(({ queue_bytes: queue, buffer_bytes: buffer, udp_port: port }) =>
    queue === null || buffer === null || buffer === 0 ? [] : [{ port, queue, buffer, share: queue / buffer }],
  );
  const fullest = known.reduce<(typeof known)[number] | null>(
    (most, socket) => (most === null || socket.share > most.share ? socket : most),
    null,
  );
  if (fullest === null) fill.sockets.replaceChildren('the kernel tells nothing');
  else
    fill.sockets.replaceChildren(
      bar(fullest.share, fullest.share > nearlyFull.socket ? 'high' : ''),
      ` ${bytesText(fullest.queue)} of ` +
        `${bytesText(fullest.buffer)}${known.length > 1 ? ` on ${fullest.port}` : ''}`,
    );
}

function showSeries(now: Series | null): void {
  series.waterfall.hidden = now === null;
  series.note.hidden = now === null;
  setSentences(series.warnings, now?.warnings ?? []);
  if (now === null) {
    setText(series.title, 'Series');
    setText(series.facts, 'No series yet.');
    return;
  }
  setText(series.title, `${now.open ? 'Series' : 'Last series:'} ${now.series_id}`);
  const incomplete = now.marked + now.discarded;
  const received = receivedText(now, now.images_sent);
  const facts = [
    now.filename === '' ? 'no file' : now.filename,
    ...(now.auto ? ['opened by the first packets'] : []),
    `${countText(now.images_sent)}${now.open && now.frames > 0 ? ` of ${countText(now.frames)}` : ''} frames sent`,
    `${countText(now.complete)} complete`,
    `${countText(incomplete)} incomplete`,
    ...(now.unsent > 0 ? [`${countText(now.unsent)} never sent`] : []),
    ...(now.aborted === undefined ? [] : [`cut short: ${now.aborted}`]),
    ...(received === null ? [] : [received]),
  ];
  setText(series.facts, facts.join(' · '));
  const steps = waterfall(now.ports);
  const expected = steps[0]?.packets ?? 0;
  series.waterfall.replaceChildren(
    ...steps.map(({ name, explanation, packets, kind, share }) => {
      const row = make(
        'div',
        `step ${kind}${(packets ?? 0) > 0 ? '' : ' none'}`,
        make('span', 'name', kind === 'loss' ? `− ${name}` : kind === 'rest' ? `= ${name}` : name),
        make('span', 'count', packets === null ? 'not known' : countText(packets)),
        make('span', 'share', share === null ? '' : shareText(share)),
        bar(barLength(packets ?? 0, expected)),
      );
      row.title = explanation;
      return row;
    }),
  );
}

const columns: readonly (readonly [title: string, explanation: string, value: (port: PortLoss) => number | null])[] = [
  ['expected', 'packets of all frames so far', (port) => port.expected],
  ['missing', 'expected − accepted', (port) => port.missing],
  ...[...codesOf(lossCauses)]
    .reverse()
    .map((cause) => [cause, lossCauses[cause].short, (port: PortLoss) => port[cause]] as const),
  ['reordered', 'came after a later packet; no loss', (port) => port.reordered],
  ['duplicate', 'came twice; no loss', (port) => port.duplicate],
  ['malformed', 'failed the check', (port) => port.malformed],
  ['foreign', 'of no series, or from a stranger', (port) => port.foreign],
];

function showPorts(losses: readonly PortLoss[], sockets: readonly Socket[]): void {
  const titles = make(
    'tr',
    '',
    ...['port', ...columns.map(([title]) => title), 'queue'].map((title, index) => {
      const cell = make('th', '', title);
      cell.setAttribute('scope', 'col');
      cell.title = columns[index - 1]?.[1] ?? '';
      return cell;
    }),
  );
  const rows = sockets.map((socket) => {
    const loss = losses.find((port) => port.udp_port === socket.udp_port);
    const name = make('th', '', String(socket.udp_port));
    name.setAttribute('scope', 'row');
    const cells = columns.map(([title, , value]) => {
      const count = loss === undefined ? null : value(loss);
      const counts = title !== 'expected' && (count ?? 0) > 0;
      return make('td', counts ? 'some' : '', count === null ? '–' : countText(count));
    });
    const known = socket.queue_bytes !== null && socket.buffer_bytes !== null && socket.buffer_bytes > 0;
    const queue = known ? bar((socket.queue_bytes ?? 0) / (socket.buffer_bytes ?? 1)) : '–';
    if (queue instanceof HTMLElement)
      queue.title = `${bytesText(socket.queue_bytes ?? 0)} of ${bytesText(socket.buffer_bytes ?? 0)}`;
    return make('tr', '', name, ...cells, make('td', '', queue));
  });
  ports.replaceChildren(make('thead', '', titles), make('tbody', '', ...rows));
}
