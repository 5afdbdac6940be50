// `vdcu demo` as somebody types it who has just installed the service.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { without } from '../programs.js';
import { freeTcpPort, takenTcpPort } from './free-ports.js';
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

/** As at a terminal, where Ctrl-C goes to a whole group of processes: the demo is the head of one. */
const ownGroup = ['setsid'];

/** How many processes have this text in their command line. */
const processesWith = (text: string): number =>
  readdirSync('/proc').filter((id) => {
    try {
      return /^[0-9]+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  }).length;

for (const [when, said] of [
  ['before the first frame', /stream /],
  ['while frames are sent', / [1-9]\d*\/100000 frames/],
] as const)
  t.test(
    `interrupted by Ctrl-C ${when}, it ends with 130, quietly, and leaves nobody running`,
    { skip: without('setsid') },
    async (t) => {
      const seed = String(1_000_000 + process.pid);
      const demo = vdcuProcess(t, ['demo', '--frames', '100000', '--rate', '20', '--seed', seed], [], ownGroup);
      await until(() => said.test(demo.stderr), String(said), 100_000);
      process.kill(-(demo.child.pid as number), 'SIGINT');
      t.equal(await demo.code(), 130);
      t.equal(demo.stdout, '', 'no line of the log');
      t.equal(demo.stderr.trim().split('\n').at(-1), 'vdcu: interrupted');
      await until(() => processesWith(seed) === 0, 'nobody runs any more');
    },
  );

t.test(
  'with --keep it goes on, on the port that was asked for, until it is interrupted; all of it is checked',
  async (t) => {
    const port = await freeTcpPort();
    const demo = vdcuProcess(t, ['demo', '--frames', '20', '--rate', '40', '--keep', String(port)]);
    await until(() => demo.stderr.includes('The service stays'), 'the ledger, and then it stays', 100_000);
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

t.test('where its port is taken, it says with which words it would run, and leaves nothing behind', async (t) => {
  const tcp = await takenTcpPort();
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-demo-test-'));
  t.teardown(async () => {
    await tcp.release();
    rmSync(folder, { recursive: true, force: true });
  });
  const { port } = tcp;
  const demo = vdcuProcess(t, ['demo', '--frames', '20', '--keep', String(port)], [], ['env', `TMPDIR=${folder}`]);
  t.equal(await demo.code(), 3);
  const next = port === 65535 ? 65534 : port + 1;
  t.equal(
    demo.stderr.trim().split('\n').at(-1),
    `vdcu: port ${port} of 127.0.0.1 is taken by another process. Give the page another one: vdcu demo --keep ${next}`,
  );
  t.strictSame(readdirSync(folder), []);
});
