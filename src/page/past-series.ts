// The series before this one, newest first, each with its ledger: fetched when the list is open and a series has ended.
// Tested by test/threads/page-data.test.ts.

import type { SeriesSummary } from '../contract/series.js';
import { byId, make, setText } from './elements.js';
import { waterfall } from './loss.js';
import { countText, receivedText, shareText } from './words.js';

export class PastSeries {
  readonly #box = byId('past', HTMLDetailsElement);
  readonly #list = byId('past-list', HTMLElement);
  #ended = -1;
  #shown = -1;

  constructor() {
    this.#box.addEventListener('toggle', () => void this.#load());
  }

  /** @param ended number of the series that ended last; 0 = none has */
  look(ended: number): void {
    this.#ended = ended;
    void this.#load();
  }

  async #load(): Promise<void> {
    if (!this.#box.open || this.#shown === this.#ended) return;
    this.#shown = this.#ended;
    try {
      const response = await fetch('api/v1/series/history');
      const { series } = (await response.json()) as { series: readonly SeriesSummary[] };
      this.#list.replaceChildren(
        ...(series.length === 0 ? [make('p', 'small', 'No series has ended yet.')] : series.map(entry)),
      );
    } catch {
      this.#shown = -1;
      setText(this.#list, 'The list could not be fetched. Close it and open it again.');
    }
  }
}

function entry(series: SeriesSummary): HTMLElement {
  const incomplete = series.marked + series.discarded;
  const { received_by_consumer: count, receiver_error: error } = series;
  const lacking = error !== undefined || (count !== undefined && count < series.frames);
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
  const failed = error === undefined ? [] : [`The receiver failed: ${error}`];
  const said = [...failed, ...series.warnings];
  if (said.length > 0) box.append(make('ul', 'small', ...said.map((text) => make('li', '', text))));
  return box;
}
