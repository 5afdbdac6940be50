// The dashboard: what a beamline looks at. Loss first (where it went, and which port when), then everything that
// explains it. Written to dashboard.json by write-dashboard.ts; every metric here is in docs/reference/metrics.md
// (checked by a test).

import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import { lossCauses } from '../../src/contract/loss-causes.js';
import { codesOf } from '../../src/contract/row.js';
import { bars, colours, datasource, heatBuckets, heatRows, lines, name, stat, waterfall } from './panels.js';
import type { AnyPanel, Query } from './panels.js';

const one = 'detector="$detector"';

/** Packets of the present or last series, all ports. */
const packets = (name: string): string => `sum(vdcu_series_packets{${one}, class="${name}"})`;
const missing = (...causes: string[]): string =>
  `sum(vdcu_series_missing_packets{${one}, cause=~"${causes.join('|')}"})`;

/** One step of the waterfall: what was lost there, and what had gone before it reached there. */
interface Step {
  readonly title: string;
  readonly bar: string;
  readonly below: string;
}

/**
 * From what the detector should have sent to what lies in frames. Each bar hangs where the one before has come down to;
 * what is left at the end is `accepted`. The causes of the ledger, the last one first: so a packet meets them.
 */
export const waterfallSteps: readonly Step[] = [
  { title: '1 expected', bar: packets('expected'), below: '0 * ' + packets('expected') },
  ...[...codesOf(lossCauses)].reverse().map((cause, index, causes): Step => {
    const later = causes.slice(index + 1);
    return {
      title: `${index + 2} ${cause}`,
      bar: missing(cause),
      below: [packets('accepted'), ...(later.length === 0 ? [] : [missing(...later)])].join(' + '),
    };
  }),
  {
    title: `${codesOf(lossCauses).length + 2} in frames`,
    bar: packets('accepted'),
    below: '0 * ' + packets('accepted'),
  },
];

const stepped = (expr: (step: Step) => string): string =>
  waterfallSteps.map((step) => `label_replace(${expr(step)}, "step", "${step.title}", "", "")`).join(' or ');

/**
 * Counters of the interface that mean loss, by the names of the kernel and of drivers; the alert VdcuNicDrops has the
 * same. The kernel's rx_dropped is none of them: frames that nobody wanted are in it, and every switch sends some.
 */
export const nicLoss =
  'counter=~".*(drop|discard|miss|fifo|over|out_of_buf|no_?buf|no_dma|crc).*", ' +
  'counter!~"rx_dropped|rx_steer_missed_packets|.*(filter|unknown|nohandler).*"';

/**
 * Datagrams that came and are in no frame, the card's and the host's counters: beside the sum, because nobody knows
 * whose they are.
 */
const besides: readonly Query[] = [
  ...(['duplicate', 'late_duplicate', 'late_unknown', 'malformed', 'foreign', 'reordered'] as const).map(
    (name): Query => ({ expr: packets(name), legend: name.replace('_', ' ') }),
  ),
  {
    expr: `sum(increase(vdcu_nic_statistics_total{${one}, ${nicLoss}}[$__range]))`,
    legend: 'network card, errors and drops in the time shown',
  },
  {
    expr: `sum(increase(vdcu_nic_statistics_total{${one}, counter="rx_dropped"}[$__range]))`,
    legend: 'kernel had no room or no use (LLDP, too), in the time shown',
  },
  {
    expr: `sum(increase(vdcu_host_udp_errors_total{${one}, kind="receive_buffer"}[$__range]))`,
    legend: 'all sockets of the host, drops in the time shown',
  },
];

const quantiles = (metric: string, more: string, legend: string): Query[] =>
  ['0.5', '0.99'].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket{${one}${more}}[$__rate_interval])))`,
    legend: `${legend}, ${quantile}`,
  }));

const plain = [[null, colours.neutral]] as const;
const mustBeZero = [
  [null, colours.good],
  [1e-9, colours.bad],
] as const;
const mustBeOne = [
  [null, colours.bad],
  [1, colours.good],
] as const;

/** Each instance has its own share of the frames, with all ports of its own. */
export const framesIn =
  `sum(sum by (instance) (rate(vdcu_port_images_total{${one}}[$__rate_interval])) / count by (instance) ` +
  `(vdcu_port_lag_frames{${one}}))`;
const bitsIn = `8 * sum(rate(vdcu_udp_bytes_received_total{${one}}[$__rate_interval]))`;

/** Counters of a simulator end with it: what it said last stays for as long as it is in the time shown. */
export const heldBack = `sum(last_over_time(vdcu_simulator_packets_suppressed_total{${one}}[$__range]))`;
export const unexplained = missing('unexplained');

interface Row {
  readonly title: string;
  readonly panels: readonly AnyPanel[];
}

const rows = (): readonly Row[] => [
  {
    title: 'State',
    panels: [
      name('State', 'State of the series.', {
        expr: `vdcu_series_state{${one}} == 1`,
        legend: '{{instance}} {{state}}',
      }),
      stat(
        'Frames in',
        'Port images closed per second, divided by ports; of all instances together.',
        { expr: framesIn },
        'hertz',
        plain,
      ).decimals(1),
      stat(
        'Frames out',
        'Frames sent per second, of any outcome.',
        { expr: `sum(rate(vdcu_frames_total{${one}}[$__rate_interval]))` },
        'hertz',
        plain,
      ).decimals(1),
      stat('Received', 'Bits per second in datagrams.', { expr: bitsIn }, 'bps', plain).decimals(2),
      stat(
        'Missing in this series',
        'Packets that were missing when their port image was closed.',
        { expr: packets('missing') },
        'short',
        mustBeZero,
      ),
      stat('Ready', '/readyz, of all instances.', { expr: `min(vdcu_ready{${one}})` }, 'bool_yes_no', mustBeOne),
      stat(
        'Consumers',
        'Connected to the stream; with several instances, to the one with the fewest.',
        { expr: `min(vdcu_zmq_peers{${one}})` },
        'short',
        [
          [null, colours.doubtful],
          [1, colours.good],
        ],
      ),
      stat(
        'Accounting error',
        'Packets and frames that the sums do not explain: a defect of the service.',
        { expr: `sum(abs(vdcu_accounting_error_packets{${one}})) + sum(abs(vdcu_accounting_error_frames{${one}}))` },
        'short',
        mustBeZero,
      ),
    ],
  },
  {
    title: 'Loss',
    panels: [
      waterfall(
        'Where packets went: present or last series',
        'Packets of the present or last series, from expected to those in frames, and what was lost on the way. ' +
          'docs/operating.md#packets-are-missing',
        stepped(({ below }) => below),
        stepped(({ bar }) => bar),
      ),
      heatRows(
        'Missing packets by port and time',
        'Share of the expected packets of each port that was missing.',
        {
          expr:
            `sum by (instance, port) (rate(vdcu_udp_packets_missing_total{${one}}[$__rate_interval])) / (sum by ` +
            `(instance, port) (rate(vdcu_udp_packets_expected_total{${one}}[$__rate_interval])) > 0)`,
          legend: '{{instance}} {{port}}',
        },
        'percentunit',
      ),
      bars(
        'Besides: received and in no frame',
        'Datagrams of the present or last series that are in no frame (reordered ones are), and what card and host ' +
          'dropped.',
        besides,
        'short',
      ),
      bars(
        'Frames of the present or last series',
        'Frames sent, by outcome; and, with receiver_url, how many the receiver has received, once it is done.',
        [
          ...(['complete', 'marked', 'discarded'] as const).map((outcome) => ({
            expr: `sum(vdcu_series_frames{${one}, outcome="${outcome}"})`,
            legend: outcome,
          })),
          { expr: `sum(vdcu_series_received_frames{${one}})`, legend: 'received by the consumer' },
        ],
        'short',
      ),
    ],
  },
  {
    title: 'From the detector to the ring',
    panels: [
      lines(
        'Received and expected by port',
        'Per second. Expected is counted when port images are closed.',
        [
          {
            expr: `rate(vdcu_udp_packets_received_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} {{port}} received',
          },
          {
            expr: `rate(vdcu_udp_packets_expected_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} {{port}} expected',
          },
        ],
        'pps',
      ),
      lines(
        'Port lag',
        'Frames by which a port is behind the one furthest ahead.',
        [{ expr: `vdcu_port_lag_frames{${one}}`, legend: '{{instance}} {{port}}' }],
        'short',
      ),
      lines(
        'Socket queue against buffer',
        'The kernel charges up to twice the granted size. docs/operating.md#receive-buffer',
        [
          { expr: `vdcu_udp_socket_queue_bytes{${one}}`, legend: '{{instance}} {{port}} queue' },
          { expr: `vdcu_udp_socket_queue_bytes_max{${one}}`, legend: '{{instance}} {{port}} most in this series' },
          { expr: `2 * min(vdcu_udp_socket_receive_buffer_bytes{${one}, kind="actual"})`, legend: 'lowest limit' },
        ],
        'bytes',
      ),
      lines(
        'Frame ring',
        'Slots that hold a frame not yet sent. docs/operating.md#ring-full',
        [
          { expr: `vdcu_ring_slots_used{${one}}`, legend: '{{instance}} used' },
          { expr: `vdcu_ring_slots_used_max{${one}}`, legend: '{{instance}} most in this series' },
          { expr: `vdcu_ring_slots{${one}}`, legend: '{{instance}} slots' },
        ],
        'short',
      ),
      heatBuckets(
        'Datagrams found at once',
        'Full batches mean that the receiver came late.',
        `sum by (le) (increase(vdcu_udp_receive_batch_packets_bucket{${one}}[$__rate_interval]))`,
        'short',
      ),
      lines(
        'Network card',
        'Errors and drops per second, of all that passes the interface. docs/operating.md#network-card',
        [
          {
            expr:
              `rate(vdcu_nic_statistics_total{${one}, ` +
              'counter!~"rx_packets|rx_bytes|rx_compressed"}[$__rate_interval])',
            legend: '{{instance}} {{device}} {{counter}}',
          },
          {
            expr: `rate(vdcu_host_udp_errors_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} host UDP {{kind}}',
          },
        ],
        'pps',
      ),
    ],
  },
  {
    title: 'From the ring to the consumer',
    panels: [
      lines(
        'Frames',
        'Port images closed, divided by ports, and frames sent.',
        [
          { expr: framesIn, legend: 'in' },
          { expr: `sum by (outcome) (rate(vdcu_frames_total{${one}}[$__rate_interval]))`, legend: 'out: {{outcome}}' },
        ],
        'hertz',
      ),
      lines(
        'Bytes',
        'Datagrams in, messages out.',
        [
          { expr: bitsIn, legend: 'in' },
          { expr: `8 * sum(rate(vdcu_zmq_bytes_sent_total{${one}}[$__rate_interval]))`, legend: 'out' },
        ],
        'bps',
      ),
      heatBuckets(
        'Frame latency',
        'From the first packet of a frame until zmq had it.',
        `sum by (le) (increase(vdcu_frame_latency_seconds_bucket{${one}, stage="total"}[$__rate_interval]))`,
        's',
      ),
      lines(
        'Frame times',
        'Assembly: first packet to closed. Handover: closed to zmq.',
        [
          ...quantiles('vdcu_frame_assembly_seconds', '', 'assembly'),
          ...quantiles('vdcu_frame_latency_seconds', ', stage="handover"', 'handover'),
        ],
        's',
      ),
      lines(
        'zmq',
        'Share of time in which a message was ready and zmq took none; consumers.',
        [
          {
            expr: `rate(vdcu_zmq_send_blocked_seconds_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} blocked',
          },
          { expr: `vdcu_zmq_peers{${one}}`, legend: '{{instance}} consumers' },
        ],
        'short',
      ).span(8),
      lines(
        'Under way',
        'Bytes handed over that no machine of a consumer has acknowledged; its program may have read fewer. ' +
          'Absent where that is not known. docs/stream.md#what-is-delivered',
        [{ expr: `vdcu_zmq_underway_bytes{${one}}`, legend: '{{instance}}' }],
        'bytes',
      ).span(8),
      lines(
        'Stalls',
        'Longest time between two turns of a thread in this series, and how long it was not seen to turn.',
        [
          { expr: `vdcu_agent_stall_seconds_max{${one}}`, legend: '{{instance}} {{agent}} longest' },
          { expr: `vdcu_agent_heartbeat_age_seconds{${one}}`, legend: '{{instance}} {{agent}} not seen' },
        ],
        's',
      ).span(8),
    ],
  },
  {
    title: 'Sockets, encoders, live viewers',
    panels: [
      lines(
        'Sockets of data_port',
        'Share of time in which the stream waits for the consumer of each socket: the slow one. ' +
          'docs/operating.md#ring-full',
        [
          {
            expr: `rate(vdcu_zmq_socket_blocked_seconds_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} {{socket}} blocked',
          },
          { expr: `vdcu_zmq_socket_peers{${one}}`, legend: '{{instance}} {{socket}} consumers' },
        ],
        'short',
      ),
      lines(
        'Messages by socket',
        'Per second. Sockets take turns: unequal rates mean that consumers are not equally fast.',
        [
          {
            expr: `rate(vdcu_zmq_socket_messages_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} {{socket}}',
          },
        ],
        'short',
      ),
      lines(
        'Encoders',
        'Share of time in which each encoder works; near 1 it limits the frame rate. Empty where frames leave as ' +
          'they are. docs/operating.md#encoders',
        [
          {
            expr: `rate(vdcu_encoder_busy_seconds_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} {{encoder}}',
          },
        ],
        'percentunit',
      ).span(8),
      lines(
        'Size of frames as they leave',
        'Bytes of frames as they leave, as a share of those in the ring.',
        [
          {
            expr:
              `sum by (instance) (rate(vdcu_encoder_bytes_total{${one}, kind="compressed"}[$__rate_interval])) / ` +
              `sum by (instance) (rate(vdcu_encoder_bytes_total{${one}, kind="raw"}[$__rate_interval]))`,
            legend: '{{instance}}',
          },
        ],
        'percentunit',
      ).span(8),
      lines(
        'Preview for live viewers',
        'Frames per second that were shown, sent (of all subscribers) and skipped; subscribers. Empty without a ' +
          'preview.',
        [
          {
            expr: `rate(vdcu_preview_frames_total{${one}}[$__rate_interval])`,
            legend: '{{instance}} {{result}}',
          },
          { expr: `vdcu_preview_subscribers{${one}}`, legend: '{{instance}} subscribers' },
        ],
        'short',
      ).span(8),
    ],
  },
  {
    title: 'Simulator: its truth against what was measured',
    panels: [
      lines(
        'Sent and received',
        'Per second, all ports: what the simulator sent, and what came. Empty without vdcu simulate --metrics-port.',
        [
          { expr: `sum(rate(vdcu_simulator_packets_sent_total{${one}}[$__rate_interval]))`, legend: 'simulator: sent' },
          { expr: `sum(rate(vdcu_udp_packets_received_total{${one}}[$__rate_interval]))`, legend: 'service: received' },
        ],
        'pps',
      ).height(10),
      bars(
        'Held back and missing',
        'Packets of the last run of the simulator and of the present or last series. With nothing lost in the ' +
          'kernel, what it held back is what is unexplained.',
        [
          { expr: heldBack, legend: 'simulator: held back' },
          {
            expr: `sum by (fault) (last_over_time(vdcu_simulator_packets_suppressed_total{${one}}[$__range]))`,
            legend: 'of these: {{fault}}',
          },
          { expr: unexplained, legend: 'service: missing, unexplained' },
          { expr: packets('missing'), legend: 'service: missing, all causes' },
        ],
        'short',
      ),
    ],
  },
  {
    title: 'Service',
    panels: [
      name('Version', 'Version, and how packets are received and messages sent.', {
        expr: `vdcu_build_info{${one}}`,
        legend: '{{instance}} {{version}} {{backend}}',
      }).span(4),
      stat(
        'Failed checks',
        'Checks of the doctor that failed: vdcu doctor says what to do.',
        { expr: `count(vdcu_preflight_check{${one}} == 0) or vector(0)` },
        'short',
        mustBeZero,
      ).span(4),
      stat(
        'Last packet',
        'Age of the newest packet.',
        { expr: `time() - max(vdcu_port_last_packet_timestamp_seconds{${one}})` },
        's',
        plain,
      ).span(4),
      stat(
        'Series',
        'Opened since the start of the service; of several instances, of the one with the most.',
        { expr: `max(vdcu_series_total{${one}})` },
        'short',
        plain,
      ).span(4),
      stat(
        'Log lines dropped',
        'In the time shown: whatever reads the log does not take them. docs/operating.md#log-lines-are-dropped',
        { expr: `sum(increase(vdcu_log_lines_dropped_total{${one}}[$__range]))` },
        'short',
        mustBeZero,
      ).span(4),
      stat(
        'Internal errors',
        'Since the start of the service: errors on its main thread that nobody expected. ' +
          'docs/operating.md#internal-errors',
        { expr: `sum(vdcu_internal_errors_total{${one}})` },
        'short',
        mustBeZero,
      ).span(4),
    ],
  },
];

/** The dashboard in Grafana's JSON model; the same at each call. */
export function dashboard(): Dashboard {
  const board = new DashboardBuilder('Virtual DCU')
    .uid('virtual-dcu')
    .description('One detector: what was lost, where, and what explains it.')
    .tags(['virtual-dcu'])
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('5s')
    .time({ from: 'now-15m', to: 'now' })
    .annotations([])
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('detector')
        .label('Detector')
        .datasource(datasource)
        .query({ query: 'label_values(vdcu_build_info, detector)', refId: 'detector' })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc),
    );
  let id = 0;
  for (const { title, panels } of rows()) {
    board.withRow(new RowBuilder(title).id(++id));
    for (const panel of panels) board.withPanel(panel.id(++id));
  }
  return board.build();
}

/** All that is asked of Prometheus, by panel, in their order. */
export const panels: readonly { readonly type: string; readonly title: string; readonly exprs: readonly string[] }[] = (
  (dashboard().panels ?? []) as Panel[]
)
  .filter(({ type }) => type !== 'row')
  .map(({ type, title = '', targets = [] }) => ({
    type,
    title,
    exprs: (targets as Dataquery[]).map(({ expr }) => expr),
  }));
