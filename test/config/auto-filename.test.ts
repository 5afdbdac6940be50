import t from 'tap';
import { filenameOf, isFilenameTemplate } from '../../src/config/auto-filename.js';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { planText } from '../../src/config/print-plan.js';

const first = { detector: 'softimax-eiger', series: 1, wall: Date.UTC(2026, 10, 29, 8, 15, 2, 123) };

t.test('date, series and detector stand where the template has them', async (t) => {
  t.equal(filenameOf('/data/{detector}/{date}_{series}.h5', first), '/data/softimax-eiger/20261129-081502-123_0001.h5');
  t.equal(
    filenameOf('/data/{series}/scan {date}', { ...first, series: 12345 }),
    '/data/12345/scan 20261129-081502-123',
  );
});

t.test('a template is an absolute path of a file with date and series once each', async (t) => {
  for (const right of [
    '/{date}{series}',
    '/data/{date}_{series}.h5',
    '/data/{detector}/{series}/{date}.h5',
    '/data/Ålesund {date} {series}',
  ])
    t.ok(isFilenameTemplate(right), right);
  for (const wrong of [
    '',
    'data/{date}_{series}.h5',
    '/data/scan.h5',
    '/data/{date}.h5',
    '/data/{series}.h5',
    '/data/{date}_{series}/',
    '/{date}{date}{series}',
    '/{date}{series}{series}',
    '/{date}{series}{detector}{detector}',
    '/{date}{series}{time}',
    '/{date}{series}{',
    '/{date}{series}}',
    '/{{date}}{series}',
    '/{}{date}{series}',
    '/{ date}{series}',
    '/{date}{series}\n',
    '/{date}{series}\0',
    '/{date}{series}\ud800',
    `/{date}{series}${'x'.repeat(800)}`,
  ])
    t.notOk(isFilenameTemplate(wrong), JSON.stringify(wrong));
});

t.test(
  'a name never comes twice: not in one process, not after a restart, not in the hour that clocks repeat',
  async (t) => {
    const template = '/data/{date}_{series}.h5';
    const names = new Set<string>();
    for (let process = 0; process < 5; process++) {
      for (let series = 1; series <= 200; series++)
        names.add(filenameOf(template, { ...first, series, wall: first.wall + process }));
    }
    t.equal(names.size, 1000);
    const [before, after] = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)].map((wall) =>
      filenameOf(template, { ...first, wall }),
    );
    t.not(before, after, 'local time has 02:30 twice in this night');
  },
);

t.test("a detector's name makes no folders and no path that is too long", async (t) => {
  t.equal(
    filenameOf('/data/{detector}{date}{series}', { ...first, detector: '../../etc/passwd' }),
    '/data/__.._etc_passwd20261129-081502-1230001',
  );
  const longest = filenameOf(`/${'ü'.repeat(770)}{detector}{date}{series}`, { ...first, detector: 'x'.repeat(5000) });
  t.ok(Buffer.byteLength(longest) < 4095);
});

t.test(
  'the configuration takes a template for automatic series only, and the plan says what becomes of files',
  async (t) => {
    const parse = (more: string) => parseConfig(`a: {detector: eiger, quad: true, udp_ports: [1, 2]${more}}`, 'f', 'a');
    t.equal(parse('').autoFilename, null);
    const named = parse(', auto_filename: "/data/{date}_{series}.h5"');
    t.equal(named.autoFilename, '/data/{date}_{series}.h5');
    t.throws(
      () => parse(', auto_filename: "/data/{date}.h5"'),
      /auto_filename: "\/data\/\{date\}\.h5" is not allowed: needs an absolute path with \{date\} and \{series\}/,
    );
    t.throws(
      () => parse(', series: armed, auto_filename: "/data/{date}_{series}.h5"'),
      /auto_filename: .* beside series: armed, where each arm request names its file\. Remove it/,
    );
    const files = (config: ReturnType<typeof parse>): string | undefined =>
      /^ {2}file +(.*)$/m.exec(planText(config, makePlan(config, 2)))?.[1];
    t.equal(files(named), '/data/{date}_{series}.h5');
    t.match(
      files(parse('')),
      /^none: the consumer writes no file of automatic series \(set auto_filename, or series: armed\)/,
    );
    t.equal(files(parse(', series: armed')), 'as each arm request names it');
  },
);
