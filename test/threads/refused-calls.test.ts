// System calls that the kernel refuses at run time, as seccomp profiles and gVisor do: strace injects the error into a
// real service.

import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { programNamed, without } from '../programs.js';
import { runProcess, vdcuProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { until, within } from './waiting.js';

const skip = without('strace');

/**
 * The program that is started stays this process's child (-D), so signals reach it; other calls do not stop
 * (--seccomp-bpf).
 */
const refusing = (call: string, error: string, when = ''): string[] => [
  programNamed('strace') ?? '',
  '-D',
  '-f',
  '--seccomp-bpf',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  `trace=${call}`,
  '-e',
  `inject=${call}:error=${error}${when}`,
];

/** A series of 10 frames through this service, every pixel compared. */
async function aSeries(
  text: string,
  endpoint: string,
  apiUrl: string,
): Promise<{ problems: readonly unknown[]; images: number }> {
  const settings = parseConfig(text, 'test.yaml', 'det').detector;
  const watching = watchStream({ endpoint, verify: settings, series: 1, signal: AbortSignal.timeout(60_000) });
  await until(
    async () => ((await (await fetch(`${apiUrl}/api/v1/series`)).json()) as { consumers: number }).consumers === 1,
    "the consumer's connection",
  );
  await fetch(`${apiUrl}/api/v1/series`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ filename: '/data/d.h5', frames: 10, first_frame_number: 1, force: true }),
  });
  await simulate({ settings, udpHost: '127.0.0.1', frames: 10, rate: 20, signal: AbortSignal.timeout(60_000) });
  const { checker } = await within(watching, 'the end of the stream');
  return { problems: checker.problems, images: checker.counts.images };
}

for (const error of ['ENOSYS', 'EPERM']) {
  t.test(
    `recvmmsg refused with ${error}: receive: auto takes node:dgram and says why, and frames come`,
    { skip },
    async (t) => {
      const text = await configText(quadYaml);
      const { run, endpoint, apiUrl } = await runProcess(t, text, [], refusing('recvmmsg', error));
      t.match(
        JSON.stringify(await run.line(({ event }) => event === 'note', 'the note')),
        new RegExp(`node:dgram.*recvmmsg cannot be had: the kernel, or .*seccomp.*refuses recvmmsg \\(${error}\\)`),
      );
      t.strictSame(await aSeries(text, endpoint, apiUrl), { problems: [], images: 10 });
      run.child.kill('SIGTERM');
      t.equal(await run.code(), 0);
    },
  );
}

t.test('insisted on, it ends the start, and the error names receive: dgram', { skip }, async (t) => {
  const text = await configText(`${quadYaml}\nreceive: recvmmsg`);
  await t.rejects(
    runProcess(t, text, [], refusing('recvmmsg', 'ENOSYS')),
    /receive: recvmmsg cannot be had here: .*refuses recvmmsg \(ENOSYS\)\. Use receive: dgram/,
  );
});

t.test('refused only later, it ends the service with the remedy', { skip }, async (t) => {
  const text = await configText(quadYaml);
  const { run } = await runProcess(t, text, [], refusing('recvmmsg', 'EPERM', ':when=100+'));
  t.equal(await run.code(), 3);
  t.match(
    run.stderr,
    /receiving by recvmmsg failed \(EPERM\)\. Use receive: dgram \(docs\/operating\.md#portable-ways\)/,
  );
});

// What only makes things faster or better known: the service goes on with the calls that there are. (Without futex or
// madvise Node itself does not run.)
for (const [call, error] of [
  ['prctl', 'EPERM'],
  ['clock_nanosleep', 'ENOSYS'],
] as const) {
  t.test(`${call} refused: the service runs, and frames come`, { skip }, async (t) => {
    const text = await configText(quadYaml);
    const { run, endpoint, apiUrl } = await runProcess(t, text, [], refusing(call, error));
    t.strictSame(await aSeries(text, endpoint, apiUrl), { problems: [], images: 10 });
    run.child.kill('SIGTERM');
    t.equal(await run.code(), 0);
  });
}

t.test('the simulator sends by node:dgram where sendmmsg is refused', { skip }, async (t) => {
  const text = await configText(quadYaml);
  const { run, endpoint, apiUrl, file } = await runProcess(t, text);
  const settings = parseConfig(text, 'test.yaml', 'det').detector;
  const watching = watchStream({ endpoint, verify: settings, series: 1, signal: AbortSignal.timeout(60_000) });
  await until(
    async () => ((await (await fetch(`${apiUrl}/api/v1/series`)).json()) as { consumers: number }).consumers === 1,
    "the consumer's connection",
  );
  await fetch(`${apiUrl}/api/v1/series`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ filename: '/data/d.h5', frames: 10, first_frame_number: 1, force: true }),
  });
  const sent = vdcuProcess(
    t,
    ['simulate', file, 'det', '--frames', '10', '--rate', '20'],
    [],
    refusing('sendmmsg', 'EPERM'),
  );
  t.equal(await sent.code(), 0);
  t.match((await within(watching, 'the end of the stream')).checker, { problems: [], counts: { images: 10 } });
  run.child.kill('SIGTERM');
  t.equal(await run.code(), 0);
});
