// `vdcu demo` as somebody types it who has just installed the service.

import t from 'tap';
import { freePorts } from '../../src/rehearsal/child-commands.js';
import { vdcuProcess } from './process.js';
import { until } from './waiting.js';

t.test('the demo ends by itself with a ledger in which everything agrees, and code 0', async (t) => {
  const demo = vdcuProcess(t, ['demo', '--frames', '80', '--rate', '40', '--json']);
  t.equal(await demo.code(), 0, demo.stderr);
  const result = JSON.parse(demo.stdout) as Record<string, unknown>;
  t.match(result, {
    ok: true,
    problems: [],
    series: { frames: 80 },
    consumer: { images: 80, wrong_pixels: 0, ok: true, pixels_checked: 80 * 514 * 514 },
  });
  t.match(demo.stderr, /look at .*http:\/\/127\.0\.0\.1:\d+\/docs/);
});

t.test('for people it prints the ledger as a table', async (t) => {
  const demo = vdcuProcess(t, ['demo', '--frames', '20', '--rate', '40', '--seed', '5']);
  t.equal(await demo.code(), 0, demo.stderr);
  t.match(demo.stdout, /sent by the simulator +\d+ +\d+\n.*received +\d+ +\d+\n +accepted +\d+ +\d+\n/s);
  t.match(demo.stdout, /wrong pixels: 0\nAll sums agree/);
});

t.test('interrupted, it ends with 130 and leaves nobody running', async (t) => {
  const demo = vdcuProcess(t, ['demo', '--frames', '100000', '--rate', '20']);
  await new Promise<void>((resolve) =>
    demo.child.stderr?.on('data', () => {
      if (demo.stderr.includes('stream ')) resolve();
    }),
  );
  demo.child.kill('SIGINT');
  t.equal(await demo.code(), 130);
});

t.test(
  'with --keep it goes on, on the port that was asked for, until it is interrupted; all of it is checked',
  async (t) => {
    const [port] = await freePorts(1);
    const demo = vdcuProcess(t, ['demo', '--frames', '20', '--rate', '40', '--keep', String(port)]);
    await until(() => demo.stderr.includes('The service stays'), 'the ledger, and then it stays');
    const status = async (): Promise<{ series: { images_sent: number } | null }> =>
      (await (await fetch(`http://127.0.0.1:${port}/api/v1/series`)).json()) as {
        series: { images_sent: number } | null;
      };
    await until(async () => ((await status()).series?.images_sent ?? 0) > 10, 'frames of the second series');
    demo.child.kill('SIGINT');
    t.equal(await demo.code(), 0, demo.stderr);
    t.match(demo.stdout, /All sums agree/);
    t.match(demo.stderr.split('The service stays')[1], /pixels checked: [1-9]\d+ .*wrong pixels: 0/);
  },
);
