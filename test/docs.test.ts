import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { simulatorMetrics } from '../simulators/detector/metrics.js';
import { GroundTruth } from '../simulators/detector/truth.js';
import { checkNames } from '../src/doctor/report.js';
import { makeMetrics } from '../src/metrics/metrics.js';
import { HandMadeView } from './view/hand-made-view.js';
import { repository as root, vdcu } from './commands/repository.js';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** All files below `folder` with this ending, relative to the repository. */
function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'deploy/README.md',
  'clients/python/README.md',
  ...filesBelow('docs', '.md'),
];

/** Text without what stands in code. */
const prose = (text: string): string =>
  text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));

/** Anchors of the headings of a document, as GitHub and its like make them. */
function anchorsOf(file: string): Set<string> {
  const headings = read(file)
    .replace(/^```[^]*?^```/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, title]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

/** What is wrong with a reference `docs/x.md#anchor`; null = nothing. */
function wrongReference(path: string): string | null {
  const [file = '', anchor] = path.split('#');
  if (!existsSync(join(root, file))) return `${file} does not exist`;
  if (anchor === undefined || anchor === '') return null;
  if (!statSync(join(root, file)).isFile()) return `${file} is no document`;
  return anchorsOf(file).has(anchor) ? null : `${file} has no heading #${anchor}`;
}

t.test('every relative link of the documents leads to a file and to a heading of it', async (t) => {
  for (const document of documents) {
    for (const [, target = ''] of prose(read(document)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const path = target.startsWith('#') ? `${document}${target}` : join(dirname(document), target);
      t.equal(wrongReference(path), null, `${document}: ${target}`);
    }
  }
});

t.test('a link to a heading that is not there is found', async (t) => {
  t.equal(wrongReference('docs/operating.md#exit-codes'), null);
  t.match(wrongReference('docs/operating.md#exit-code'), /no heading/);
  t.match(wrongReference('docs/operation.md'), /does not exist/);
});

t.test('every document that sources, examples and messages point to is there, with its heading', async (t) => {
  const sources = [...filesBelow('src', '.ts'), ...filesBelow('simulators', '.ts'), ...filesBelow('examples', '.yaml')];
  for (const source of sources) {
    for (const [path] of read(source).matchAll(/\bdocs\/[\w/-]+\.md(?:#[\w-]+)?/g))
      t.equal(wrongReference(path), null, `${source}: ${path}`);
  }
});

t.test('source files that the documents name exist', async (t) => {
  for (const document of documents) {
    for (const [path] of read(document).matchAll(
      /\b(?:src|simulators|test|examples|scripts|deploy)\/[\w/.@-]+\.(?:ts|mjs|yaml|sh|tpl|conf|service)\b/g,
    )) {
      // Figures of the packet header are cited from PSI's own tree.
      t.ok(existsSync(join(root, path)) || document === 'docs/wire-input.md', `${document}: ${path}`);
    }
  }
});

t.test('the table of metrics names those that are exported, all of them and no others', async (t) => {
  const exported =
    (await makeMetrics(new HandMadeView(), { version: '0', backend: 'test' }).render()) +
    (await simulatorMetrics(new GroundTruth(1, 1, [50001], []), 'det').metrics());
  const there = new Set([...exported.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name));
  const told = new Set(
    documents.flatMap((document) =>
      [...read(document).matchAll(/\bvdcu_(?!(?:client|url)\b)[a-z0-9_]+\b/g)].map(([name]) => name),
    ),
  );
  t.ok(there.size > 20, 'metrics were read');
  t.strictSame(
    [...told].filter((name) => !there.has(name)),
    [],
    'told, but not exported',
  );
  const table = read('docs/reference/metrics.md');
  t.strictSame(
    [...there].filter((name) => !table.includes(`\`${name}\``)),
    [],
    'exported, but not in docs/reference/metrics.md',
  );
});

t.test('every command that the README names is a command, and every command is named', async (t) => {
  const { stdout } = await vdcu('--help');
  const commands = [...((stdout.split('Commands:')[1] ?? '').split('\n\n')[0]?.matchAll(/^ {2}([a-z]+) /gm) ?? [])].map(
    ([, name]) => name,
  );
  const rows = read('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| `vdcu '));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`vdcu ([a-z]+)/g)].map(([, name]) => name),
  );
  t.strictSame([...named].sort(), commands.filter((name) => name !== 'help').sort());
});

t.test('the configuration that the README begins with is a configuration', async (t) => {
  const { parseConfig } = await import('../src/config/load.js');
  const yaml = /```yaml\n([^]*?)```/.exec(read('README.md'))?.[1] ?? '';
  t.match(parseConfig(yaml, 'README.md', 'softimax-eiger'), { dataHost: '0.0.0.0', detector: { quad: true } });
});

t.test(
  'the operating guide has an entry for every alert and every check of the doctor, and for none that is not there',
  async (t) => {
    const text = read('docs/operating.md');
    const { groups } = parse(read('deploy/prometheus/alerts.yaml')) as {
      groups: { rules: { alert: string; annotations: { runbook: string } }[] }[];
    };
    const alerts = groups.flatMap(({ rules }) => rules);
    const section = (title: string): string => new RegExp(`^## ${title}$([^]*?)(?=^## )`, 'm').exec(text)?.[1] ?? '';
    const rows = section('Alerts')
      .split('\n')
      .filter((line) => line.startsWith('| Vdcu'));
    const entries = new Map(
      rows.flatMap((row) => [...row.matchAll(/\bVdcu\w+/g)].map(([name]): [string, string] => [name, row])),
    );
    t.ok(alerts.length > 10);
    t.strictSame([...entries.keys()].sort(), alerts.map(({ alert }) => alert).sort());
    for (const { alert, annotations } of alerts) {
      const anchor = annotations.runbook.split('#')[1];
      t.match(entries.get(alert), `(#${anchor})`, `${alert}: entry and runbook lead to the same place`);
    }
    const headings = [...section('Doctor').matchAll(/^### (.+)$/gm)].map(([, title]) => title);
    t.strictSame(headings.sort(), [...checkNames].sort());
  },
);
