// Profiles under the image: along row and column of the cursor, or along a line that was drawn.
// Tested by test/threads/page-data.test.ts.

import type { Settings } from './address.js';
import { byId, setText } from './elements.js';
import type { PreviewBytes } from './preview-bytes.js';
import { ProfileChart } from './profile-chart.js';
import { columnProfile, lineProfile, rowProfile } from './profile.js';
import type { Place } from './profile.js';

const usualWords = 'Values along the row and the column of the cursor';

const chart = (id: string, along: string, name: string, colour: string): ProfileChart =>
  new ProfileChart(byId(id, HTMLElement), along, [{ name, colour }], (text) =>
    setText(byId('profiles-reading', HTMLElement), text ?? usualWords),
  );

export class Profiles {
  readonly #cross = byId('profiles', HTMLElement);
  readonly #row = chart('row-chart', 'column', 'value', '--accent');
  readonly #column = chart('column-chart', 'row', 'value', '--second');
  readonly #lineBox = byId('line-box', HTMLElement);
  readonly #line = new ProfileChart(
    byId('line-chart', HTMLElement),
    'pixels from the beginning',
    [{ name: 'value', colour: '--accent' }],
    (text) => setText(byId('line-reading', HTMLElement), text ?? 'Values along the line'),
  );
  #cursor: Place | null = null;

  /** The cursor that left the image stays where it was. */
  show(preview: PreviewBytes | null, { profiles, line }: Settings, cursor: Place | null): void {
    this.#cross.hidden = !profiles;
    this.#lineBox.hidden = line === null;
    this.#cursor = cursor ?? this.#cursor;
    if (preview === null) return;
    if (profiles && this.#cursor !== null) {
      const row = rowProfile(preview, this.#cursor.row);
      const column = columnProfile(preview, this.#cursor.column);
      this.#row.show(row.at, row.values);
      this.#column.show(column.at, column.values);
    }
    if (line !== null) {
      const { at, values } = lineProfile(preview, line.from, line.to);
      this.#line.show(at, values);
    }
  }
}
