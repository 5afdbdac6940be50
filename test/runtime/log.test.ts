import t from 'tap';
import { makeLogger } from '../../src/runtime/log.js';

t.test('a log line is one JSON object with level as a word, time in UTC, detector; lower levels are silent', (t) => {
  const lines: string[] = [];
  const logger = makeLogger('warn', 'quad', {
    write: (line: string) => {
      lines.push(line);
    },
  });
  logger.info('not written');
  logger.warn({ port: 50001 }, 'two\nlines');
  t.equal(lines.length, 1);
  t.equal(lines[0]?.split('\n').length, 2);
  t.match(JSON.parse(lines[0]), {
    level: 'warn',
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    detector: 'quad',
    port: 50001,
    msg: 'two\nlines',
  });
  t.end();
});
