// Each closed list is written once: documents, alerts, dashboard, metrics, API, page and simulators know its words, all
// of them and no others.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { seriesAborts, imageReasons, ledgerCauses } from '../../simulators/consumer/stream-words.js';
import { abortReasons, abortText } from '../../src/contract/abort-reasons.js';
import { checkStatuses } from '../../src/contract/check-statuses.js';
import { compressions } from '../../src/contract/compressions.js';
import { consumerNotices } from '../../src/contract/consumer-notices.js';
import { findings } from '../../src/contract/findings.js';
import { frameReasons } from '../../src/contract/frame-reasons.js';
import { lossCauses } from '../../src/contract/loss-causes.js';
import { nearlyFull } from '../../src/contract/nearly-full.js';
import { packetClassTable } from '../../src/contract/packet-classes.js';
import { problemTexts, refusals } from '../../src/contract/refusals.js';
import { peerRefusals } from '../../src/contract/refused-peers.js';
import { psiStatuses } from '../../src/contract/receivers-told.js';
import { receiverStates } from '../../src/contract/receiver-states.js';
import { codesOf, remedyOf } from '../../src/contract/row.js';
import type { Row } from '../../src/contract/row.js';
import { seriesWarnings, strangersText } from '../../src/contract/series-warnings.js';
import { seriesStates } from '../../src/contract/series.js';
import { refused, seriesSummary } from '../../src/http/api-schemas.js';
import { incompleteCounter, portCounterTable, streamCounterTable } from '../../src/memory/counters.js';
import { makeMetrics } from '../../src/metrics/metrics.js';
import { waterfall } from '../../src/page/loss.js';
import { repository } from '../commands/repository.js';
import { HandMadeView, currentPortOf, figuresOf, summaryOf } from '../view/hand-made-view.js';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const lists: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  abortReasons,
  consumerNotices,
  findings,
  frameReasons,
  lossCauses,
  packetClassTable,
  peerRefusals,
  refusals,
  seriesWarnings,
};
const sources = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
/** A source without its comments. */
const codeOf = (file: string): string => read(`src/${file}`).replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
/** Lists of words alone: what they say is the word. */
const wordLists = { checkStatuses, compressions, psiStatuses, receiverStates, seriesStates };
/** Their codes stand in a table of their own, and not in each section that a row leads to. */
const inTheirTable = new Set(['consumerNotices', 'findings', 'packetClassTable', 'seriesWarnings']);

/** The text below a heading, up to the next one of its rank. */
function section(file: string, anchor: string): string {
  const parts = read(file).split(/^## /m).slice(1);
  const named = parts.find(
    (part) =>
      part
        .split('\n')[0]
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replace(/\s/g, '-') === anchor,
  );
  return named ?? '';
}

/** The words in the first column of the table of this text whose head begins with `title`. */
function firstColumn(text: string, title: string): string[] {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return head < 0
    ? []
    : lines.slice(head + 2, end < 0 ? undefined : end).map((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? '');
}

const sorted = (words: readonly string[]): string[] => [...words].sort();

t.test('every row says something, and leads to a heading that exists and names its code', async (t) => {
  for (const [name, rows] of Object.entries(lists)) {
    for (const [code, row] of Object.entries(rows)) {
      const [file, anchor] = row.docs.split('#') as [string, string];
      t.ok(section(file, anchor), `${name}.${code}: ${row.docs}`);
      t.match(row.says, /^\S.*[^.\s]$/, `${name}.${code}: no full stop`);
      t.notMatch(row.remedy, /\.$/, `${name}.${code}: no full stop`);
      if (!inTheirTable.has(name))
        t.match(section(file, anchor), new RegExp(`\\b${code}\\b`), `${name}.${code}: the section names it`);
    }
  }
});

t.test('what has a remedy ends with it and with the reference', async (t) => {
  t.equal(
    remedyOf({ says: 'a', remedy: 'Do b', docs: 'docs/operating.md#counters' }),
    '. Do b; docs/operating.md#counters',
  );
  t.equal(remedyOf({ says: 'a', remedy: '', docs: 'docs/operating.md#counters' }), ' (docs/operating.md#counters)');
  t.equal(abortText('no_last_frame').includes('#instance-missing'), true);
  t.equal(abortText('instance_stopped').includes('#instance-missing'), true);
  t.equal(abortText('of_tomorrow' as 'no_last_frame'), 'of_tomorrow.', 'a newer service is not misread');
});

t.test('a sentence is written once', async (t) => {
  const rows = Object.values(lists).flatMap((list) => Object.values(list));
  t.ok(rows.length > 80);
  const contract = readdirSync(join(repository, 'src/contract')).map((file) => read(`src/contract/${file}`));
  for (const { says } of rows) {
    const quoted = says.includes("'") ? `"${says}"` : `'${says}'`;
    const times = contract.reduce((sum, text) => sum + text.split(`says: ${quoted}`).length - 1, 0);
    t.ok(times <= 1, `${says}: ${times} times`);
  }
  const sentences = [...Object.values(problemTexts), strangersText(0, 0).replace(/^.*: /, '')];
  for (const file of sources.filter((name) => !name.startsWith('contract/')))
    for (const sentence of sentences) t.notOk(codeOf(file).includes(sentence), `src/${file}: ${sentence}`);
});

t.test('the documents have a row for every code, and none besides', async (t) => {
  t.strictSame(
    sorted(firstColumn(read('docs/architecture.md'), '`aborted`')),
    sorted(codesOf(abortReasons)),
    'architecture: aborted',
  );
  t.strictSame(
    sorted(firstColumn(section('docs/operating.md', 'packets-are-missing'), '`reason`')),
    sorted(codesOf(frameReasons)),
    'operating: reason',
  );
  t.strictSame(
    sorted(firstColumn(section('docs/operating.md', 'packets-are-missing'), 'cause').filter((cause) => cause !== '?')),
    sorted(codesOf(lossCauses)),
    'operating: cause',
  );
  t.strictSame(
    sorted(firstColumn(section('docs/operating.md', 'strangers'), 'reason')),
    sorted(codesOf(peerRefusals)),
    'operating: refused peers',
  );
  const reasons = /^\| `reason` \|.*$/m.exec(read('docs/stream.md'))?.[0] ?? '';
  t.strictSame(
    [...reasons.matchAll(/`(\w+)`/g)].map(([, word]) => word).slice(1),
    codesOf(frameReasons),
    'stream: reasons, the weightiest first',
  );
});

/** A list as the operating guide shows it below the heading `own`, one line for each row. */
function tableOf(list: Readonly<Record<string, Row>>, own: string): string[] {
  return Object.entries(list).map(([code, { says, remedy, docs }]) => {
    const [, anchor] = docs.split('#');
    const see = anchor === own ? '' : ` See [${anchor.replaceAll('-', ' ')}](#${anchor}).`;
    return `| \`${code}\` | ${says}. | ${remedy}.${see} |`;
  });
}

t.test("the operating guide's tables of reasons, warnings, problems and notices are those of the lists", async (t) => {
  for (const [list, own] of [
    [abortReasons, 'aborted-series'],
    [refusals, 'refused-orders'],
    [seriesWarnings, 'warnings-of-a-series'],
    [findings, 'problems'],
    [consumerNotices, 'consumers-that-come-and-go'],
  ] as const) {
    const rows = section('docs/operating.md', own)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    t.strictSame(rows.slice(1), tableOf(list, own), own);
  }
});

t.test('what says only that a series was aborted leads to the table of all reasons', async (t) => {
  const [alert] = /- alert: VdcuSeriesAborted[^]*?(?=- alert:)/.exec(read('deploy/prometheus/alerts.yaml')) ?? [];
  t.match(alert, 'runbook: docs/operating.md#aborted-series\n');
  t.equal(findings.cut_short.docs, 'docs/operating.md#aborted-series');
});

t.test('the alert of strangers rings for each reason that somebody has to look at, and for no other', async (t) => {
  const [, asked = ''] =
    /vdcu_zmq_peers_refused_total\{reason=~"([^"]*)"\}/.exec(read('deploy/prometheus/alerts.yaml')) ?? [];
  const ringing = Object.entries(peerRefusals).filter(([, { alerts }]) => alerts);
  t.strictSame(sorted(asked.split('|')), sorted(ringing.map(([code]) => code)));
  for (const [code, { maybeConsumer, alerts }] of Object.entries(peerRefusals))
    t.ok(alerts || !maybeConsumer, `${code}: a consumer may be meant`);
});

t.test('state, page and alert call the ring and a socket nearly full from the same share on', async (t) => {
  const [alert] = /- alert: VdcuRingFilling[^]*?(?=- alert:)/.exec(read('deploy/prometheus/alerts.yaml')) ?? [];
  t.match(alert, `expr: vdcu_ring_slots_used / vdcu_ring_slots > ${nearlyFull.ring}\n`);
  t.match(alert, `more than ${100 * nearlyFull.ring} % full`);
  t.equal(nearlyFull.socket, 0.5, 'the sentence and its row say half full');
  for (const file of ['page/panels.ts', 'view/diagnosis.ts'])
    t.notMatch(codeOf(file), /\b0\.[58]\b/, `src/${file}: a share of its own`);
});

t.test('a word that a document gives to aborted, reason or cause is one of a list', async (t) => {
  const labels = new Set(Object.values(packetClassTable).flatMap((row) => Object.values(row.labels)));
  const known = new Set<string>([...Object.values(lists).flatMap((rows) => Object.keys(rows)), ...labels, 'none']);
  const documents = [
    'README.md',
    'deploy/README.md',
    ...readdirSync(join(repository, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  const words = /\b(?:aborted|reason|cause)["`]?\s*[:=]\s*["`]?([a-z_]+)/g;
  t.match(
    [...'`aborted: gone_away`'.matchAll(words)][0],
    ['', 'gone_away'].map((word) => word || String),
  );
  for (const document of documents)
    for (const [text, word] of read(document).matchAll(words)) t.ok(known.has(word), `${document}: ${text}`);
});

t.test('where missing packets are added up, all causes stand, in the order of the ledger', async (t) => {
  const files = ['clients/python/vdcu_client/answers.py', 'docs/architecture.md', 'docs/performance.md'];
  for (const file of files) {
    const sums = [...read(file).matchAll(/\bmissing = (\w+(?: \+ \w+)+)/g)].map(([, sum]) => sum);
    t.strictSame(sums, [codesOf(lossCauses).join(' + ')], file);
  }
  const ledger = /^class _ReceivingAlways[^]*?^class /m.exec(read('clients/python/vdcu_client/answers.py'))?.[0] ?? '';
  t.strictSame(
    [...ledger.matchAll(/^ +(\w+): Optional\[int\]$/gm)].map(([, key]) => key),
    codesOf(lossCauses),
    'the Python client: what the kernel may not tell',
  );
});

/** Values of each label of each metric, as a service exports them. */
async function exportedLabels(): Promise<Map<string, Set<string>>> {
  const view = new HandMadeView();
  view.state = { ...view.state, last_series: summaryOf() };
  view.figures = [50001, 50002].map((port) => ({ ...figuresOf(port), series: currentPortOf(port).packets }));
  const found = new Map<string, Set<string>>();
  for (const [, metric, labels] of (await makeMetrics(view, { version: '0', backend: 'test' }).render()).matchAll(
    /^(\w+)\{([^}]*)\}/gm,
  )) {
    for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      const key = `${metric}.${label}`;
      found.set(key, (found.get(key) ?? new Set()).add(value));
    }
  }
  return found;
}

t.test('metrics have a sample for every code', async (t) => {
  const labels = await exportedLabels();
  const values = (key: string): string[] => sorted([...(labels.get(key) ?? [])]);
  t.strictSame(values('vdcu_frames_total.reason'), sorted([...codesOf(frameReasons), 'none']));
  t.strictSame(values('vdcu_series_missing_packets.cause'), sorted(codesOf(lossCauses)));
  t.strictSame(values('vdcu_series_state.state'), sorted(seriesStates));
  t.strictSame(values('vdcu_zmq_peers_refused_total.reason'), sorted(codesOf(peerRefusals)));
  for (const { metric, labels: own } of Object.values(packetClassTable)) {
    for (const [label, value] of Object.entries(own))
      t.ok(values(`${metric}.${label}`).includes(value), `${metric} ${label} ${value}`);
  }
});

t.test('alerts, dashboard and documents ask only for labels that are exported', async (t) => {
  const labels = await exportedLabels();
  const problems: string[] = [];
  let asked = 0;
  const files = [
    'deploy/prometheus/alerts.yaml',
    'deploy/prometheus/alerts.test.yaml',
    'deploy/grafana/dashboard.json',
    'docs/operating.md',
    'docs/robustness.md',
    'docs/scaling.md',
    'docs/stream.md',
  ];
  for (const file of files.filter((name) => existsSync(join(repository, name)))) {
    for (const [, metric, matchers] of read(file)
      .replaceAll('\\"', '"')
      .matchAll(/\b(vdcu_\w+)\{([^}]*)\}/g)) {
      for (const [, label, values] of matchers.matchAll(
        /\b(reason|cause|outcome|kind|class|type|state)=~?"([^"]*)"/g,
      )) {
        for (const value of values.split('|')) {
          asked++;
          if (labels.get(`${metric}.${label}`)?.has(value) !== true)
            problems.push(`${file}: ${metric} has no ${label} ${value}`);
        }
      }
    }
  }
  t.ok(asked > 20);
  t.strictSame(problems, []);
});

t.test("every counter that a row names is in the table, with the row's own words as labels", async (t) => {
  for (const [name, rows] of [['classes', packetClassTable]] as const) {
    for (const row of Object.values(rows))
      t.match(
        portCounterTable.find(({ id }) => id === row.counter),
        { metric: row.metric, labels: row.labels },
        `${name}: ${row.counter}`,
      );
  }
  const streamRow = (counter: string): unknown => streamCounterTable.find(({ id }) => id === counter);
  for (const reason of codesOf(peerRefusals)) t.match(streamRow(peerRefusals[reason].counter), { labels: { reason } });
  for (const reason of codesOf(frameReasons)) {
    t.match(streamRow(incompleteCounter(reason, false)), { labels: { outcome: 'marked', reason } });
    t.match(streamRow(incompleteCounter(reason, true)), { labels: { outcome: 'discarded', reason } });
  }
  const ids = [...portCounterTable, ...streamCounterTable].map(({ id }) => id);
  t.equal(
    new Set(portCounterTable.map(({ id }) => id)).size + new Set(streamCounterTable.map(({ id }) => id)).size,
    ids.length,
    'no counter twice',
  );
});

t.test('API, page and simulators know the same words', async (t) => {
  t.strictSame(seriesSummary.properties?.['aborted']?.enum, codesOf(abortReasons));
  t.strictSame(refused.properties?.['why']?.enum, codesOf(refusals));
  t.strictSame(
    waterfall([])
      .filter(({ kind }) => kind === 'loss')
      .map(({ name }) => name)
      .reverse(),
    codesOf(lossCauses),
  );
  t.strictSame(sorted(seriesAborts), sorted(codesOf(abortReasons)));
  t.strictSame(imageReasons, codesOf(frameReasons));
  t.strictSame(sorted(ledgerCauses), sorted(codesOf(lossCauses)));
  const answers = read('clients/python/vdcu_client/answers.py');
  t.strictSame(/``state`` (\w+), (\w+) or (\w+);/.exec(answers)?.slice(1), seriesStates, 'the Python client');
  const shown: readonly string[] = [...seriesStates, 'unknown'];
  const styled = [...read('src/page/page.css').matchAll(/data-state='(\w+)'/g)].map(([, state]) => state);
  t.ok(styled.length > 3);
  for (const state of styled) t.ok(shown.includes(state), `page.css: ${state}`);
  for (const file of readdirSync(join(repository, 'src/page')).filter((name) => name.endsWith('.ts'))) {
    t.notMatch(read(`src/page/${file}`), /'(?:kernel|ring full)'/, `${file}: the cause is called as everywhere`);
  }
});

t.test('orders, the way of a packet and what is known of it speak of no protocol of their callers', async (t) => {
  const rooms = /^(?:assembly|contract|control|encode|flight|memory|stream|udp|view)\//;
  const below = sources.filter((file) => rooms.test(file));
  t.ok(below.length > 150);
  const route = /\/api\/v1|\/readyz|\bHTTP\b|\b(?:GET|POST|DELETE) \//;
  for (const file of below) t.notMatch(codeOf(file), route, `src/${file}`);
});

t.test('no other source writes down a list of words once more', async (t) => {
  const copies = Object.entries(wordLists).map(([name, list]): [string, RegExp] => {
    const any = `'(?:${list.join('|')})'`;
    return [name, new RegExp(`${any}\\s*[|,]\\s*${any}`)];
  });
  for (const file of sources.filter((name) => !name.startsWith('contract/'))) {
    const text = codeOf(file);
    for (const [name, copy] of copies) t.notMatch(text, copy, `src/${file}: ${name}`);
  }
});
