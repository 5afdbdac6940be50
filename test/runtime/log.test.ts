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

t.test('on a terminal the further lines of a message stand below its JSON, without anything that steers it', (t) => {
  const written: string[] = [];
  const logger = makeLogger('info', 'quad', { write: (text: string) => void written.push(text) }, true);
  logger.info({ event: 'x' }, 'series 1\nport  missing\n50001\u001b[2J      3');
  logger.info({ note: 'a\nb' }, 'one line');
  const [json, ...below] = (written[0] ?? '').split('\n');
  t.match(JSON.parse(json), { event: 'x', msg: 'series 1' });
  t.strictSame(below, ['  port  missing', '  50001[2J      3', '']);
  t.match(JSON.parse(written[1] ?? ''), { note: 'a\nb', msg: 'one line' });
  t.end();
});
