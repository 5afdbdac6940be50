import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { withTable } from '../../bench/scaling.js';
import { repository } from '../commands/repository.js';

const document = readFileSync(join(repository, 'docs/scaling.md'), 'utf8');

t.test('the tables of docs/scaling.md are those of the formula: node dist/bench/scaling.js --write', async (t) => {
  t.equal(withTable(document), document);
});

t.test('what stands between the marks is made anew, and nothing else is touched', async (t) => {
  const stale = document.replace(/(<!-- bench:scaling -->\n)[^<]*/, '$1of last year\n');
  t.not(stale, document);
  t.equal(withTable(stale), document);
  t.throws(() => withTable(document.replace('<!-- /bench:scaling-sockets -->', '')), /no marks for the table/);
});
