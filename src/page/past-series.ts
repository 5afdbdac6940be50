// The series before this one, newest first, each with its ledger: fetched when the list is opened, and while it is open
// whenever a series begins, ends, or more is known of the last one.
// Tested by test/threads/page-data.test.ts.

import type { SeriesSummary } from '../contract/series.js';
import { byId, make, setText } from './elements.js';
import { waterfall } from './loss.js';
import type { Series } from './messages.js';
import { countText, receivedText, shareText } from './words.js';

export class PastSeries {
  readonly #box = byId('past', HTMLDetailsElement);
  readonly #list = byId('past-list', HTMLElement);
  /** What the list depends on. */
  #now = '';
  /** As it was when the list was fetched last. */
  #shown: string | null = null;

  constructor() {
    this.#box.addEventListener('toggle', () => {
      this.#shown = null;
      void this.#load();
    });
  }

  /** @param series that is open, or the last; null = there was none */
  look(series: Series | null): void {
    // What the receiver has made of a series is known some time after its end.
    this.#now = JSON.stringify([series?.series_id, series?.open, series?.received_by_consumer, series?.receiver_error]);
    void this.#load();
  }

  async #load(): Promise<void> {
    if (!this.#box.open || this.#shown === this.#now) return;
    const asked = this.#now;
    this.#shown = asked;
    try {
      const response = await fetch('api/v1/series/history');
      const { series } = (await response.json()) as { series: readonly SeriesSummary[] };
      // Answers may overtake each other.
      if (this.#shown !== asked) return;
      const open = new Set([...this.#list.querySelectorAll<HTMLElement>('details[open]')].map(({ id }) => id));
      this.#list.replaceChildren(
        ...(series.length === 0 ? [make('p', 'small', 'No series has ended yet.')] : series.map(entry)),
      );
      // An entry that is open stays open.
      for (const details of this.#list.querySelectorAll('details')) details.open = open.has(details.id);
    } catch {
      if (this.#shown !== asked) return;
      this.#shown = null;
      setText(this.#list, 'The list could not be fetched. Close it and open it again.');
    }
  }
}

function entry(series: SeriesSummary): HTMLElement {
  const incomplete = series.marked + series.discarded;
  const { received_by_consumer: count, receiver_error: error } = series;
  const lacking = error !== undefined || (typeof count === 'number' && count < series.frames);
  const received = receivedText(series, series.frames);
  const head = make(
    'summary',
    series.aborted === undefined && incomplete === 0 && !lacking ? '' : 'incomplete',
    `${series.series_id} · ${series.filename === '' ? 'no file' : series.filename} · ` +
      `${countText(series.frames)} frames${incomplete === 0 ? '' : `, ${countText(incomplete)} incomplete`}` +
      `${series.aborted === undefined ? '' : ` · cut short: ${series.aborted}`}` +
      (received === null ? '' : ` · ${received}`),
  );
  const steps = waterfall(series.ledger);
  const ledger = make(
    'dl',
    '',
    ...steps.flatMap(({ name, packets, share, kind }) => [
      make('dt', '', kind === 'loss' ? `− ${name}` : kind === 'rest' ? `= ${name}` : name),
      make(
        'dd',
        '',
        `${packets === null ? 'not known' : countText(packets)}${share === null ? '' : ` (${shareText(share)})`}`,
      ),
    ]),
  );
  const box = make('details', 'past', head, ledger);
  box.id = `past-${series.series_id}`;
  const failed = error === undefined ? [] : [`The receiver failed: ${error}`];
  const said = [...failed, ...series.warnings];
  if (said.length > 0) box.append(make('ul', 'small', ...said.map((text) => make('li', '', text))));
  return box;
}
