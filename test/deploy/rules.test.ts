// Alerts and dashboard as Prometheus reads them: every expression parses, every metric exists, every alert fires when
// it must, and every runbook is there.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { dashboard, framesIn, nicLoss, panels } from '../../deploy/grafana/dashboard.js';
import { simulatorCounterTable } from '../../simulators/detector/metrics.js';
import { lossCountersOf } from '../../src/metrics/driver-counters.js';
import { metricNames } from '../../src/metrics/reference.js';
import { frameHistogramTable, portHistogramTable } from '../../src/memory/histogram.js';
import { repository } from '../commands/repository.js';
import { without } from '../programs.js';
import { promtool } from './prometheus-tools.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const folder = join(repository, 'deploy');
const alertsFile = join(folder, 'prometheus', 'alerts.yaml');
const rules = (parse(readFileSync(alertsFile, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const expressions = panels.flatMap(({ title, exprs }) => exprs.map((expr) => ({ title, expr })));

t.test(
  'deploy/grafana/dashboard.json is what its code says (else: node dist/deploy/grafana/write-dashboard.js > ' +
    'deploy/grafana/dashboard.json)',
  async (t) => {
    t.strictSame(
      JSON.parse(readFileSync(join(folder, 'grafana', 'dashboard.json'), 'utf8')),
      JSON.parse(JSON.stringify(dashboard())),
    );
  },
);

t.test('state comes first, then loss: the waterfall, then port by time', async (t) => {
  const kinds = panels.map(({ type }) => type);
  const states = kinds.findIndex((type) => type !== 'stat');
  t.equal(states, 8);
  t.strictSame(kinds.slice(states, states + 2), ['barchart', 'heatmap']);
});

t.test(
  'the dashboard has a fixed uid, asks the Prometheus that the reader chooses, and is the same each time',
  async (t) => {
    const text = JSON.stringify(dashboard());
    t.equal(text, JSON.stringify(dashboard()));
    t.equal(dashboard().uid, 'virtual-dcu');
    t.strictSame(
      new Set([...text.matchAll(/"type":"prometheus","uid":"([^"]*)"/g)].map(([, uid]) => uid)),
      new Set(['${datasource}']),
    );
    t.equal(text.match(/"uid":/g)?.length, 1 + (text.match(/"datasource":\{/g)?.length ?? 0), 'no other uid');
    t.strictSame(
      expressions.filter(({ expr }) => /\[(?!\$__(?:rate_interval|range)\])/.test(expr)),
      [],
      'no range is fixed',
    );
  },
);

t.test('every series that instances or ports have of their own says in its legend whose it is', async (t) => {
  const label = /\b(?:by \(([\w, ]+)\)|sum\(|min\(|max\(|count\()/;
  for (const { title, targets = [] } of (
    dashboard() as unknown as { panels: { title: string; targets?: { expr: string; legendFormat: string }[] }[] }
  ).panels) {
    for (const { expr, legendFormat } of targets) {
      // What is not summed over instances has as many series as there are instances.
      const [, by] = label.exec(expr) ?? [];
      if (!label.test(expr) || (by?.includes('instance') === true && !expr.startsWith('sum(')))
        t.match(legendFormat, /\{\{instance\}\}|__auto/, `${title}: ${expr}`);
      if (legendFormat === '__auto')
        t.match(
          expr,
          /^(?:8 \* |time\(\) - )?(?:sum|min|max|count)\(|^label_replace/,
          `${title}: one figure of all instances`,
        );
    }
  }
});

t.test(
  'frames in are frames out, however many instances share the detector and whatever their ports',
  { skip: without('promtool') },
  async (t) => {
    const scratch = mkdtempSync(join(tmpdir(), 'vdcu-'));
    t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
    const file = join(scratch, 'test.yaml');
    // Two instances, 50 frames a second each; on one host they have ports of their own.
    const series = [
      ['a', '50001'],
      ['a', '50002'],
      ['b', '50003'],
      ['b', '50004'],
    ].flatMap(([instance, port]) => [
      {
        series: `vdcu_port_images_total{detector="det", instance="${instance}", port="${port}", outcome="complete"}`,
        values: '0+250x30',
      },
      { series: `vdcu_port_lag_frames{detector="det", instance="${instance}", port="${port}"}`, values: '0x30' },
    ]);
    const expr = framesIn.replaceAll('$__rate_interval', '1m').replaceAll('$detector', 'det');
    writeFileSync(
      file,
      stringify({
        tests: [
          {
            interval: '5s',
            input_series: series,
            promql_expr_test: [{ expr, eval_time: '2m', exp_samples: [{ labels: '{}', value: 100 }] }],
          },
        ],
      }),
    );
    const { code, output } = await promtool(['test', 'rules', file]);
    t.equal(code, 0, output);
  },
);

t.test('panels lie side by side and do not overlap', async (t) => {
  const taken = new Set<string>();
  for (const { gridPos } of (
    dashboard() as unknown as { panels: { gridPos: { x: number; y: number; w: number; h: number } }[] }
  ).panels) {
    t.ok(gridPos.x + gridPos.w <= 24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        t.notOk(taken.has(`${x}/${y}`), `${x}/${y}`);
        taken.add(`${x}/${y}`);
      }
    }
  }
});

t.test('every metric that deploy/ names is exported', async (t) => {
  const histograms = new Set<string>([...portHistogramTable, ...frameHistogramTable].map(({ metric }) => metric));
  const there = new Set(
    [...metricNames, ...simulatorCounterTable.map(({ metric }) => metric)].flatMap((name) =>
      histograms.has(name) ? ['_bucket', '_sum', '_count'].map((ending) => name + ending) : [name],
    ),
  );
  const told = [
    ...expressions.map(({ expr }) => expr),
    readFileSync(alertsFile, 'utf8'),
    readFileSync(join(folder, 'prometheus', 'alerts.test.yaml'), 'utf8'),
  ];
  const named = new Set(told.flatMap((text) => [...text.matchAll(/\bvdcu_[a-z0-9_]+\b/g)].map(([name]) => name)));
  t.ok(named.size > 25);
  t.strictSame(
    [...named].filter((name) => !there.has(name)),
    [],
  );
});

t.test(
  'losses that the kernel and drivers count are in the alert and on the dashboard, and nothing else is',
  async (t) => {
    const [, pattern, but] = /^counter=~"(.+)", counter!~"(.+)"$/.exec(nicLoss) as unknown as [string, string, string];
    t.ok(
      rules.find(({ alert }) => alert === 'VdcuNicDrops')?.expr.includes(`{${nicLoss}}`),
      'the alert has the same pattern',
    );
    t.ok(expressions.some(({ expr }) => expr.includes(nicLoss)));
    const counted = (name: string): boolean =>
      new RegExp(`^(?:${pattern})$`).test(name) && !new RegExp(`^(?:${but})$`).test(name);
    const driver = [
      'rx_out_of_buffer',
      'rx_discards_phy',
      'rx_crc_errors_phy',
      'port.rx_dropped',
      'rx_no_dma_resources',
      'rx_no_buffer_count',
      'rx_fifo_errors',
      'rx_missed_errors',
    ];
    t.strictSame(
      [...lossCountersOf(driver.map((name) => `     ${name}: 1`).join('\n')).keys()],
      driver,
      'the service exports these',
    );
    t.strictSame(
      driver.filter((name) => !counted(name)),
      [],
    );
    t.strictSame(
      [
        'rx_packets',
        'rx_bytes',
        'rx_compressed',
        'rx_pause_ctrl_phy',
        'rx_steer_missed_packets',
        'rx_dropped',
        'rx_nohandler',
        'rx_l2_filter_miss',
        'rx_unknown_protocol_dropped',
      ].filter(counted),
      [],
    );
  },
);

t.test('every alert has a runbook that is there, and the operating guide names it', async (t) => {
  const guide = readFileSync(join(repository, 'docs', 'operating.md'), 'utf8');
  const anchors = new Set(
    [...guide.matchAll(/^## (.+)$/gm)].map(([, title]) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  for (const { alert, annotations } of rules) {
    const [, anchor] = /^docs\/operating\.md#([\w-]+)$/.exec(annotations['runbook'] ?? '') ?? [];
    t.ok(anchor !== undefined && anchors.has(anchor), `${alert}: ${annotations['runbook']}`);
    t.match(guide, new RegExp(`^\\|.*\\b${alert}\\b.*\\|$`, 'm'), `${alert} is in the table of alerts`);
    const url = annotations['runbook_url'];
    if (['VdcuDetectorGone', 'VdcuAbsent'].includes(alert))
      t.equal(url, undefined, `${alert}: its service is not there`);
    else t.ok(url?.includes(`/help/operating.md#${anchor}`), `${alert}: the same chapter at the service: ${url}`);
  }
});

t.test('every alert is tested once where it fires and once where it does not', async (t) => {
  const { tests } = parse(readFileSync(join(folder, 'prometheus', 'alerts.test.yaml'), 'utf8')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
  };
  const cases = tests.flatMap(({ alert_rule_test: alertTests }) => alertTests);
  for (const { alert } of rules) {
    const own = cases.filter(({ alertname }) => alertname === alert);
    t.ok(
      own.some(({ exp_alerts: fired }) => fired.length > 0) && own.some(({ exp_alerts: fired }) => fired.length === 0),
      alert,
    );
  }
});

t.test('the rules fire when they must and only then', { skip: without('promtool') }, async (t) => {
  const checked = await promtool(['check', 'rules', alertsFile]);
  t.equal(checked.code, 0, checked.output);
  const tested = await promtool(['test', 'rules', join(folder, 'prometheus', 'alerts.test.yaml')]);
  t.equal(tested.code, 0, tested.output);
});

t.test('the dashboard shows each socket, each encoder and the preview for live viewers', async (t) => {
  for (const metric of [
    'vdcu_zmq_socket_peers',
    'vdcu_zmq_socket_blocked_seconds_total',
    'vdcu_zmq_socket_messages_total',
    'vdcu_encoder_busy_seconds_total',
    'vdcu_encoder_bytes_total',
    'vdcu_preview_frames_total',
    'vdcu_preview_subscribers',
  ])
    t.ok(
      expressions.some(({ expr }) => expr.includes(`${metric}{`)),
      metric,
    );
});

t.test('every expression of the dashboard parses', { skip: without('promtool') }, async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'vdcu-'));
  t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
  const file = join(scratch, 'rules.yaml');
  const write = (exprs: readonly string[]): void =>
    writeFileSync(
      file,
      stringify({
        groups: [{ name: 'dashboard', rules: exprs.map((expr, index) => ({ record: `panel:${index}`, expr })) }],
      }),
    );
  write(
    expressions.map(({ expr }) => expr.replace(/\$__(?:rate_interval|range)/g, '1m').replace(/\$detector/g, 'det')),
  );
  const checked = await promtool(['check', 'rules', file]);
  t.equal(checked.code, 0, checked.output);
  write(['sum(vdcu_ready']);
  t.not((await promtool(['check', 'rules', file])).code, 0, 'an expression that does not parse is found');
});
