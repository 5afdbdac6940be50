// The page of `vdcu overview`: one card for each service, asked for once a second.
// Tested by test/threads/overview.test.ts.

import { byId, make, setSentences, setText } from './elements.js';
import type { OverviewRow, OverviewSeries } from './overview-messages.js';
import { watchTheme } from './theme.js';
import { ageText, countText, shareText, valueText } from './words.js';

const askMs = 1000;

interface Card {
  readonly box: HTMLElement;
  readonly state: HTMLElement;
  readonly message: HTMLElement;
  readonly series: HTMLElement;
  readonly problems: HTMLElement;
}

const cards = new Map<string, Card>();
let heardAt = performance.now();

function cardOf({ url, name }: OverviewRow): Card {
  const known = cards.get(url);
  if (known !== undefined) return known;
  const link = document.createElement('a');
  link.href = `${url}/`;
  link.textContent = name ?? url;
  const card: Card = {
    box: make('section', 'service'),
    state: make('span', 'badge'),
    message: make('p', ''),
    series: make('p', 'small'),
    problems: make('ul', 'alarm'),
  };
  card.box.append(make('div', 'facts', make('h2', '', link), card.state), card.message, card.series, card.problems);
  byId('services', HTMLElement).append(card.box);
  cards.set(url, card);
  return card;
}

function seriesText(series: OverviewSeries | null, rate: number | null): string {
  if (series === null) return 'no series yet';
  const left =
    series.open && series.frames > 0 && rate !== null && rate > 0
      ? `${ageText(((series.frames - series.images_sent) / rate) * 1000)} left`
      : null;
  return [
    `${series.open ? 'series' : 'last series'} ${series.series_id}`,
    series.filename === '' ? 'no file' : series.filename,
    series.open && series.frames > 0
      ? `${countText(series.images_sent)} of ${countText(series.frames)} ` +
        `(${shareText(series.images_sent / series.frames)})`
      : `${countText(series.images_sent)} frames`,
    ...(series.incomplete > 0 ? [`${countText(series.incomplete)} incomplete`] : []),
    ...(series.aborted === null ? [] : [`cut short: ${series.aborted}`]),
    ...(series.open && rate !== null ? [`${valueText(Number(rate.toPrecision(3)))} frames/s`] : []),
    ...(left === null ? [] : [left]),
  ].join(' · ');
}

function show(row: OverviewRow): void {
  const card = cardOf(row);
  const link = card.box.querySelector('a');
  if (link !== null) setText(link, row.name ?? row.url);
  card.box.dataset['state'] = row.state;
  setText(card.state, row.silent === null ? row.state : 'no answer');
  setText(card.message, row.silent === null ? row.message : row.url);
  setText(card.series, seriesText(row.series, row.frames_per_second));
  setSentences(card.problems, row.silent === null ? row.problems : [row.silent]);
  card.box.classList.toggle('troubled', row.silent !== null || row.problems.length > 0);
}

async function look(): Promise<void> {
  try {
    const response = await fetch('overview.json', { signal: AbortSignal.timeout(2 * askMs) });
    const { services } = (await response.json()) as { services: readonly OverviewRow[] };
    for (const row of services) show(row);
    heardAt = performance.now();
    const troubled = services.filter(({ silent, problems }) => silent !== null || problems.length > 0).length;
    setText(
      byId('overview-verdict', HTMLElement),
      troubled === 0 ? 'Nothing is wrong.' : `${troubled} of ${services.length} with a problem.`,
    );
    document.title = `${troubled === 0 ? '' : `(${troubled}) `}Virtual DCU: overview`;
  } catch {
    // Said when it lasts.
  }
  setTimeout(() => void look(), askMs);
}

/** Apart from the questions: one of them may hang. */
function judge(): void {
  const silent = performance.now() - heardAt > 3 * askMs;
  document.body.classList.toggle('stale', silent);
  const lost = byId('lost', HTMLElement);
  lost.hidden = !silent;
  setText(lost, 'No word from the overview: everything here is old. Is `vdcu overview` running?');
}

watchTheme(() => undefined);
void look();
setInterval(judge, askMs);
