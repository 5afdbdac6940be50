// The shape of one series of the history, as OpenAPI shows it at /docs: its summary, and what its frames lack.
// Tested by test/http/http.test.ts.

import { lossRangesKept } from '../contract/series.js';
import { seriesSummary } from './api-schemas.js';
import type { Schema } from './schema-parts.js';

const more: Readonly<Record<string, Schema>> = {
  missing: {
    type: 'array',
    description: `What the incomplete frames lack, by frame; at most ${lossRangesKept} ranges`,
    items: {
      type: 'array',
      description: 'Frame index, UDP port, first and last packet, both included',
      items: { type: 'integer' },
    },
  },
  unlisted_from: {
    type: 'integer',
    nullable: true,
    description: 'Frames from this index on are not listed in missing: there were too many; null = all are',
  },
};

export const seriesRecord: Schema = {
  ...seriesSummary,
  description: 'How a series went, and which packets its frames lack',
  properties: { ...seriesSummary.properties, ...more },
  required: [...(seriesSummary.required ?? []), ...Object.keys(more)],
};
