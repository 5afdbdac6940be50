// Every expression of dashboard and alerts by Prometheus' own grammar (the one of its web page), without any program
// installed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import t from 'tap';
import { parse } from 'yaml';
import { panels } from '../../deploy/grafana/dashboard.js';
import { repository } from '../commands/repository.js';

/** Where the grammar finds a mistake, as offsets into the expression. */
function mistakes(expr: string): number[] {
  const found: number[] = [];
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) found.push(node.from);
    },
  });
  return found;
}

/** As Grafana fills it in. */
const filledIn = (expr: string): string =>
  expr.replace(/\$__(?:rate_interval|range)/g, '1m').replaceAll('$detector', 'det');

const { groups } = parse(readFileSync(join(repository, 'deploy', 'prometheus', 'alerts.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string }[] }[];
};
const told = [
  ...panels.flatMap(({ title, exprs }) => exprs.map((expr) => ({ place: title, expr: filledIn(expr) }))),
  ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ place: alert, expr }))),
];

t.test('every expression of dashboard and alerts follows the grammar of PromQL', async (t) => {
  t.ok(told.length > 60);
  for (const { place, expr } of told) t.strictSame(mistakes(expr), [], `${place}: ${expr}`);
});

t.test('the same expressions with one bracket less do not', async (t) => {
  const bracketed = told.filter(({ expr }) => /[)}\]]\s*(?:[<>=!]=?\s*[\d.]+)?$/.test(expr));
  t.ok(bracketed.length > 40);
  for (const { place, expr } of bracketed) {
    const last = Math.max(expr.lastIndexOf(')'), expr.lastIndexOf('}'), expr.lastIndexOf(']'));
    t.not(mistakes(expr.slice(0, last) + expr.slice(last + 1)).length, 0, place);
  }
});

t.test('a range that is not filled in, two operators and a label without a value are mistakes', async (t) => {
  for (const expr of ['rate(vdcu_ready[$__rate_interval])', 'vdcu_ready + * 2', 'vdcu_ready{detector=}', ''])
    t.not(mistakes(expr).length, 0, expr);
});
