// `vdcu rehearse`, the short one, as somebody types it before the detector is there.

import t from 'tap';
import { programNamed } from '../programs.js';
import { vdcuProcess } from './process.js';

t.test(
  'series with different settings and faults agree from the simulator to the consumer, and with Prometheus where ' +
    'it is installed',
  async (t) => {
    const rehearsal = vdcuProcess(t, ['rehearse', '--short', '--json']);
    const { code } = await rehearsal.ended;
    const report = JSON.parse(rehearsal.stdout) as {
      series: { title: string; summary: { frames: number } }[];
      prometheus: { samples: number; missing: number } | null;
    };
    t.match(report, { ok: true, problems: [] });
    t.equal(code, 0, rehearsal.stderr);
    t.ok(report.series.length >= 10);
    for (const { title, summary } of report.series) t.ok(summary.frames >= 20, title);
    t.match(
      report.series.map(({ title }) => title),
      [
        /nothing goes wrong/,
        /lost/,
        /32 bit/,
        /8 bit/,
        /rows/,
        /silent/,
        /slow consumer/,
        /strangers/,
        /stopped/,
        /turned/,
      ],
    );
    if (programNamed('prometheus') === null) t.equal(report.prometheus, null);
    else
      t.ok(
        (report.prometheus?.samples ?? 0) > 0 && (report.prometheus?.missing ?? 0) > 0,
        'Prometheus has scraped, and counted what was missing',
      );
  },
);

t.test('interrupted, it ends with 130 and leaves nobody running', async (t) => {
  const rehearsal = vdcuProcess(t, ['rehearse', '--no-prometheus']);
  await new Promise<void>((resolve) =>
    rehearsal.child.stderr?.on('data', () => {
      if (rehearsal.stderr.includes('Prometheus  ')) resolve();
    }),
  );
  rehearsal.child.kill('SIGINT');
  t.equal(await rehearsal.code(), 130);
  t.match(rehearsal.stderr, /interrupted/);
});
