import t from 'tap';
import { makeLogger } from '../../src/runtime/log.js';
import { logSeriesEnd, seriesTable } from '../../src/view/series-log.js';
import { ledgerOf, summaryOf } from './hand-made-view.js';

t.test('the ledger is a table with one line per port and their sum', (t) => {
  const ledger = [
    ledgerOf(50001, {
      accepted: 1270,
      missing: 10,
      late: 1,
      ring: 2,
      socket: 3,
      unexplained: 4,
      duplicate: 5,
      reordered: 6,
      malformed: 7,
      foreign: 8,
    }),
    ledgerOf(50002, { expected: 12800, accepted: 12800 }),
  ];
  t.equal(
    seriesTable(
      summaryOf({
        complete: 8,
        marked: 2,
        incomplete: [
          [3, 3],
          [5, 6],
        ],
        ledger,
      }),
    ),
    [
      'series 1 (/data/scan.h5): 10 frames: 8 complete, 2 marked, 0 discarded',
      ' port  expected  accepted  missing  late  ring  socket  cut_off  unexplained  duplicate  reordered  malformed  foreign',
      '50001      1280      1270       10     1     2       3        0            4          5          6          7        8',
      '50002     12800     12800        0     0     0       0        0            0          0          0          0        0',
      '  all     14080     14070       10     1     2       3        0            4          5          6          7        8',
      'incomplete frames (index in the series): 3, 5-6',
    ].join('\n'),
  );
  t.end();
});

t.test('what cannot be known is a question mark, in the sum too; what was cut is marked', (t) => {
  const ledger = [
    ledgerOf(50001, { socket: null, unexplained: null, kernel_drops: null }),
    ledgerOf(50002, { missing: 3, socket: 3, socket_limited: true, kernel_drops: 9 }),
  ];
  const text = seriesTable(summaryOf({ ledger }));
  t.match(text, /50001 +1280 +1280 +0 +0 +0 +\? +0 +\? /);
  t.match(text, / 3\* /);
  t.match(text, /all +2560 +2560 +3 +0 +0 +\? +0 +\? /);
  t.match(text, '* port 50002: the kernel dropped 9 packets, more than are missing');
  t.end();
});

t.test('the headline says why a series was cut short and what is still to be sent', (t) => {
  const text = seriesTable(
    summaryOf({
      filename: '',
      auto: true,
      unsent: 4,
      aborted: 'consumer_lost',
      header_sent: false,
      end_pending: true,
      ledger: [],
      warnings: ['dynamic_range: 32?'],
    }),
  );
  t.equal(
    text,
    'series 1 (auto, no file): 10 frames: 10 complete, 0 marked, 0 discarded; 4 unsent; aborted: consumer_lost; ' +
      'header never sent; series_end still to be sent\nconsumer_lost: its consumer went away, or had to be closed ' +
      '(the log says why). Find out why it ended, start it again, and repeat the series; ' +
      'docs/operating.md#consumer-lost.\nwarning: dynamic_range: 32?',
  );
  t.end();
});

t.test('ranges are shown up to a bound', (t) => {
  const incomplete = Array.from({ length: 20 }, (_, index) => [index * 3, index * 3 + 1] as const);
  t.match(seriesTable(summaryOf({ incomplete, truncated: true })), / 21-22 and 12 or more further ranges$/);
  t.end();
});

t.test('the end of a series is one JSON line: info when clean, warn when anything was lost', (t) => {
  const lines: string[] = [];
  const logger = makeLogger('info', 'quad', {
    write: (line: string) => {
      lines.push(line);
    },
  });
  logSeriesEnd(logger, summaryOf());
  logSeriesEnd(logger, summaryOf({ complete: 9, marked: 1 }));
  logSeriesEnd(logger, summaryOf({ aborted: 'consumer_lost' }));
  logger.debug('not at this level');
  const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  t.strictSame(
    parsed.map(({ level }) => level),
    ['info', 'warn', 'warn'],
  );
  t.match(parsed[0], {
    detector: 'quad',
    time: /^\d{4}-\d\d-\d\dT.*Z$/,
    msg: /^series 1 /,
    series: { series_id: 1, complete: 10 },
  });
  t.end();
});
