// Gauges of the state, and of the present or last series: one row per metric.
// Tested by test/metrics/metrics.test.ts.

import { lossCauses } from '../contract/loss-causes.js';
import { codesOf } from '../contract/row.js';
import { seriesStates } from '../contract/series.js';
import type { SeriesPackets } from '../memory/series-packets.js';
import type { ServiceView } from '../view/service-view.js';
import type { Sample, MetricRow } from './metric-row.js';

const causes = codesOf(lossCauses);
const classes = [
  'expected',
  'accepted',
  'missing',
  'duplicate',
  'reordered',
  'late_duplicate',
  'late_unknown',
  'malformed',
  'foreign',
] as const;

const ofSeries = (view: ServiceView, label: string, names: readonly (keyof SeriesPackets)[]): Sample[] =>
  view
    .portFigures()
    .flatMap(({ udpPort, series }) =>
      names.map((name): Sample => [{ port: String(udpPort), [label]: name }, series?.[name] ?? null]),
    );

/** Of the state, and of the present or last series. */
export const seriesGauges: readonly MetricRow[] = [
  {
    metric: 'vdcu_series_state',
    help: '1 for the present state',
    labels: ['state'],
    read: (view) => {
      const { state } = view.status();
      return seriesStates.map((name): Sample => [{ state: name }, name === state ? 1 : 0]);
    },
  },
  {
    metric: 'vdcu_frames_stride',
    help: 'How many instances share the detector (frames_stride of the configuration)',
    labels: [],
    read: (view) => [[{}, view.config.share.stride]],
  },
  {
    metric: 'vdcu_frames_offset',
    help: 'Which of them this instance is',
    labels: [],
    read: (view) => [[{}, view.config.share.offset]],
  },
  {
    metric: 'vdcu_series_msg_number_base',
    help: 'Number of the header of the present or last series that instances share; equal on all that take part in it',
    labels: [],
    read: (view) => {
      const { series, last_series: last } = view.status();
      return [
        [
          {},
          view.config.share.stride === 1 ? null : (series?.msg_number_base ?? last?.shared?.msg_number_base ?? null),
        ],
      ];
    },
  },
  {
    metric: 'vdcu_series_packets',
    help: 'Packets of the present or last series by class; expected = accepted + missing, of closed port images',
    labels: ['port', 'class'],
    read: (view) => ofSeries(view, 'class', classes),
  },
  {
    metric: 'vdcu_series_missing_packets',
    help: 'Missing packets of the present or last series, by cause; their sum is what is missing',
    labels: ['port', 'cause'],
    read: (view) => ofSeries(view, 'cause', causes),
  },
  {
    metric: 'vdcu_series_frames',
    help: 'Frames of the present or last series that were sent, by outcome',
    labels: ['outcome'],
    read: (view) => {
      const { series, last_series: last } = view.status();
      const frames = series ?? last;
      return (['complete', 'marked', 'discarded'] as const).map((outcome): Sample => [
        { outcome },
        frames?.[outcome] ?? null,
      ]);
    },
  },
  {
    metric: 'vdcu_series_received_frames',
    help:
      'Images of the last series that the receiver at receiver_url has received; absent until it is done with it, ' +
      'and while the next one is open',
    labels: [],
    read: (view) => {
      const { series, last_series: last } = view.status();
      return [[{}, series === null ? (last?.received_by_consumer ?? null) : null]];
    },
  },
];
