import t from 'tap';
import { answers } from '../../../src/control/sls/answers.js';
import { functionOf, functions } from '../../../src/control/sls/functions.js';
import type { FunctionName } from '../../../src/control/sls/functions.js';

const rows = Object.entries(functions) as [FunctionName, (typeof functions)[FunctionName]][];

t.test('every number from 513 to 622 has one function, but four that have none', async (t) => {
  const ids = rows.map(([, { id }]) => id);
  t.strictSame(
    ids,
    Array.from({ length: 110 }, (_, index) => 513 + index).filter((id) => ![513, 517, 563, 564].includes(id)),
  );
  for (const [name, { id }] of rows) t.equal(functionOf(id), name);
  for (const id of [0, -1, 512, 513, 517, 563, 564, 623]) t.equal(functionOf(id), null, `${id}`);
});

t.test('every function is answered, or is of no detector here', async (t) => {
  for (const [name, row] of rows) {
    const board = 'only' in row && row.only.length === 0;
    t.equal(Object.hasOwn(answers, name), !board, name);
  }
});
