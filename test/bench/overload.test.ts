import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { overloadTables } from '../../bench/overload.js';
import type { OverloadResult } from '../../bench/overload.js';
import { lossCauses } from '../../src/contract/loss-causes.js';
import { codesOf } from '../../src/contract/row.js';
import { repository } from '../commands/repository.js';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const { overload } = JSON.parse(read('docs/performance.json')) as { overload: OverloadResult };

t.test('the table of docs/performance.md is made of the rows that are kept', async (t) => {
  const marked = /<!-- bench:overload -->\n([^]*)\n<!-- \/bench:overload -->/.exec(read('docs/performance.md'));
  t.equal(marked?.[1], overloadTables(overload));
});

t.test('missing packets are the sum of the causes of the ledger, of these and no others', async (t) => {
  for (const { missingPackets, missingBy } of overload.rows) {
    t.strictSame(Object.keys(missingBy), codesOf(lossCauses));
    t.equal(
      Object.values(missingBy).reduce((sum, packets) => sum + packets, 0),
      missingPackets,
    );
  }
});
