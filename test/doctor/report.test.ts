import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkNames, examine, reasonsAgainstArming, reportText } from '../../src/doctor/report.js';
import { repository } from '../commands/repository.js';
import { card, goodFacts, receivingAddress } from './good-facts.js';

const wrong = goodFacts({
  addresses: [receivingAddress({ link: { ...card, mtu: 1500 } })],
  clock: { wallMs: 0, synchronised: true },
  service: { consumers: 0, acceptedPackets: 0, unserved: [] },
});

t.test('a machine on which nothing is wrong is ok, and nothing speaks against arming', async (t) => {
  const report = examine(goodFacts());
  t.match(report, { ok: true, name: 'quad', failed: 0, warnings: 0, not_checked: [{ check: 'ports' }] });
  t.equal(report.checks.length, checkNames.length - 1);
  t.strictSame(reasonsAgainstArming(report), []);
});

t.test('failures and warnings are counted; a warning alone leaves it ok', async (t) => {
  t.match(examine(wrong), { ok: false, failed: 2, warnings: 1 });
  t.match(examine(goodFacts({ service: { consumers: 0, acceptedPackets: 0, unserved: [] } })), {
    ok: true,
    failed: 0,
    warnings: 1,
  });
});

t.test(
  'only failures that lose data speak against arming, each with seen, needed, remedy and where to read on',
  async (t) => {
    t.strictSame(reasonsAgainstArming(examine(wrong)), [
      'mtu: eth1: 1500 bytes; needed: 4172 bytes: packets of 4144 with UDP and IP headers; also in the switches ' +
        'and the detector. ip link set dev eth1 mtu 9000 (docs/operating.md#mtu), or open the series with force.',
    ]);
  },
);

t.test('the text begins with what failed and ends with the sums', async (t) => {
  const lines = reportText(examine(wrong)).trimEnd().split('\n');
  t.match(lines[0], /^failed {3}mtu +eth1: 1500 bytes$/);
  t.strictSame(
    lines.slice(1, 4).map((line) => line.trim().split(' ')[0]),
    ['needed:', 'do:', 'see:'],
  );
  t.ok(
    lines.findIndex((line) => line.startsWith('warning')) > lines.findLastIndex((line) => line.startsWith('failed')),
  );
  t.ok(lines.some((line) => /^- +ports +not checked: /.test(line)));
  t.match(lines.at(-1), /^2 failed, 1 warning, \d+ ok, 1 not checked$/);
});

t.test('each check has a name of its own and an entry in the documentation', async (t) => {
  t.equal(new Set(checkNames).size, checkNames.length);
  const headings = new Set(
    [...readFileSync(join(repository, 'docs/operating.md'), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title]) => title),
  );
  for (const check of checkNames) t.ok(headings.has(check), check);
  for (const { check, docs } of examine(wrong).checks) t.equal(docs, `docs/operating.md#${check}`);
});
