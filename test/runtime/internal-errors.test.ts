import t from 'tap';
import { InternalErrors } from '../../src/runtime/internal-errors.js';
import { makeLogger } from '../../src/runtime/log.js';

t.test('errors are all counted, said at most once in ten seconds, and shown in the state for ten minutes', (t) => {
  const lines: Record<string, unknown>[] = [];
  const logger = makeLogger('info', 'det', {
    write: (line: string) => {
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  let now = 0;
  const errors = new InternalErrors(() => now);
  t.equal(errors.problem, null);
  for (; now < 25_000; now += 100) errors.note(new Error(`too many open files ${now}`), logger);
  t.equal(errors.count, 250);
  t.equal(lines.length, 3);
  t.match(lines[0], { event: 'internal_error', level: 'error', msg: /too many open files 0/, err: { stack: /Error/ } });
  t.match(lines[1], { msg: /one of 100/ });
  t.match(errors.problem, /250 so far, the last: too many open files 24900.*docs\/operating.md#internal-errors/);
  now += 600_001;
  t.equal(errors.problem, null);
  errors.note('no error at all', logger);
  errors.note(undefined, logger);
  errors.note(
    {
      get message(): string {
        return 'x';
      },
    },
    logger,
  );
  t.equal(errors.count, 253);
  t.end();
});
