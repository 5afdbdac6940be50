// Signals to commands as processes: those that end end in order, those that do nothing do nothing, and no debugger is
// opened.

import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { runProcess, vdcuProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { until, within } from './waiting.js';

interface Status {
  readonly consumers: number;
  readonly series: { readonly images_sent: number } | null;
}

const statusOf = async (apiUrl: string): Promise<Status> =>
  (await (await fetch(`${apiUrl}/api/v1/series`)).json()) as Status;

/** Node's debugger listens there. */
const debuggerPort = 9229;

/** Does this process listen for debuggers? */
function debuggerOpen(pid: number): boolean {
  const local = `:${debuggerPort.toString(16).toUpperCase()}`;
  const listening = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'latin1').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(local) === true && columns[3] === '0A')
    .map((columns) => `socket:[${columns[9]}]`);
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return listening.includes(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false;
    }
  });
}

async function fileOf(t: Test, text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-signals-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'test.yaml');
  writeFileSync(file, text);
  return Promise.resolve(file);
}

for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const) {
  t.test(
    `${signal} in the middle of a series ends like SIGTERM, twice as well: frames, series_end, exit code 0`,
    async (t) => {
      const text = await configText(quadYaml);
      const settings = parseConfig(text, 'test.yaml', 'det').detector;
      const { run, endpoint, apiUrl } = await runProcess(t, text);
      // It stays until the service has gone: who leaves with the last byte may be taken for one who lacks it.
      const leave = new AbortController();
      setTimeout(() => leave.abort(), 60_000).unref();
      const watching = watchStream({
        endpoint,
        verify: settings,
        signal: leave.signal,
      });
      await until(async () => (await statusOf(apiUrl)).consumers === 1, 'the consumer');
      t.equal(
        (
          await fetch(`${apiUrl}/api/v1/series`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: '{}',
          })
        ).status,
        201,
      );
      const end = new AbortController();
      const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 40, signal: end.signal });
      await until(async () => ((await statusOf(apiUrl)).series?.images_sent ?? 0) >= 5, 'five images');
      run.child.kill('SIGUSR1');
      run.child.kill(signal);
      // Once more while it begins to end; in the last moment of a process Node has no hand on signals any more.
      await sleep(5);
      run.child.kill(signal);
      t.equal(await run.code(), 0);
      end.abort();
      leave.abort();
      await sending;
      const { checker } = await within(watching, 'the end of the stream');
      t.strictSame(checker.problems, []);
      t.match(checker.counts, { headers: 1, seriesEnds: 1, aborted: 0 });
      t.ok(
        run.lines().some(({ event, reason }) => event === 'stopping' && reason === signal),
        'the log names the signal',
      );
    },
  );
}

t.test('every other signal that would end a process ends in order', { timeout: 120_000 }, async (t) => {
  const text = await configText(quadYaml);
  for (const signal of [
    'SIGABRT',
    'SIGVTALRM',
    'SIGPROF',
    'SIGXCPU',
    'SIGIO',
    ...(process.platform === 'linux' ? (['SIGPWR', 'SIGSTKFLT'] as const) : []),
  ] as const) {
    const { run } = await runProcess(t, text);
    run.child.kill(signal);
    t.equal(await run.code(), 0, signal);
    t.match(
      run.lines().find(({ event }) => event === 'stopping'),
      { reason: signal },
    );
  }
});

t.test("SIGXFSZ does nothing, and under Node's profiler its SIGPROF neither", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-profile-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { run, apiUrl } = await runProcess(t, await configText(quadYaml), ['--cpu-prof', '--cpu-prof-dir', folder]);
  for (let times = 0; times < 20; times++) {
    run.child.kill('SIGXFSZ');
    await statusOf(apiUrl);
    await sleep(20);
  }
  run.child.kill('SIGTERM');
  t.equal(await run.code(), 0);
  t.match(
    run.lines().find(({ event }) => event === 'stopping'),
    { reason: 'SIGTERM' },
  );
});

t.test('two signals in the same moment are one wish: the end is orderly', async (t) => {
  const { run } = await runProcess(t, await configText(quadYaml));
  run.child.kill('SIGINT');
  run.child.kill('SIGTERM');
  t.equal(await run.code(), 0);
  t.equal(run.lines().at(-1)?.['event'], 'stopped');
});

t.test(
  'SIGUSR1 ends nothing and leaves no debugger open, however early it comes, in every command',
  { skip: process.platform !== 'linux' && 'looks into /proc', timeout: 240_000 },
  async (t) => {
    const file = await fileOf(t, await configText(quadYaml));
    const nowhere = 'tcp://127.0.0.1:1';
    const hdf5 = join(file, '..', 'a.h5');
    const commands: readonly (readonly string[])[] = [
      ['run', file, 'det'],
      ['watch', nowhere],
      ['record', nowhere, hdf5],
      ['simulate', file, 'det', '--frames', '0', '--rate', '10'],
      ['demo', '--frames', '100000'],
      ['rehearse', '--no-prometheus'],
    ];
    for (const words of commands) {
      const name = words[0];
      const { child, ...command } = vdcuProcess(t, words);
      const pid = child.pid as number;
      // Node catches SIGUSR1 as soon as it has begun; before that it would end any process.
      await until(
        () =>
          (BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0'}`) >> 9n) %
            2n ===
          1n,
        'Node catches signals',
      );
      for (let times = 0; times < 100; times++) {
        child.kill('SIGUSR1');
        await sleep(20);
      }
      // Until main.ts is loaded Node opens it; then it is closed.
      await until(() => !debuggerOpen(pid), `${name}: no debugger`);
      for (let times = 0; times < 20; times++) {
        child.kill('SIGUSR1');
        await sleep(20);
        if (debuggerOpen(pid)) t.fail(`${name}: a debugger`);
      }
      t.equal(child.exitCode, null, `${name} goes on`);
      t.equal(child.signalCode, null, `${name} goes on`);
      child.kill('SIGTERM');
      const { code, signal } = await within(command.ended, `the end of ${name}`);
      // Who watches or records what is not there has seen nothing. On a slow machine SIGTERM may come before a command
      // listens.
      t.ok(
        signal === 'SIGTERM' ||
          code === 0 ||
          code === 1 ||
          (code === 3 && ['watch', 'record'].includes(name)) ||
          (code === 130 && ['demo', 'rehearse'].includes(name)),
        `${name}: ${code ?? signal}`,
      );
    }
  },
);

for (const signal of ['SIGHUP', 'SIGTERM', 'SIGQUIT', 'SIGXCPU'] as const) {
  t.test(`${signal} ends a recording: the file is closed and there`, async (t) => {
    const text = await configText(quadYaml);
    const settings = parseConfig(text, 'test.yaml', 'det').detector;
    const { run, endpoint, apiUrl, file } = await runProcess(t, text);
    const hdf5 = join(file, '..', `${signal}.h5`);
    const record = vdcuProcess(t, ['record', endpoint, hdf5, '--json']);
    await until(async () => (await statusOf(apiUrl)).consumers === 1, 'the recorder');
    t.equal(
      (
        await fetch(`${apiUrl}/api/v1/series`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
      201,
    );
    await simulate({ settings, udpHost: '127.0.0.1', frames: 20, rate: 40, signal: new AbortController().signal });
    await until(async () => ((await statusOf(apiUrl)).series?.images_sent ?? 0) >= 18, 'images');
    await sleep(500);
    record.child.kill(signal);
    const code = await record.code();
    t.ok(code === 0 || code === 1, `${code}: ${record.stderr}`);
    t.ok(
      ((record.lines()[0]?.['images'] as number | undefined) ?? 0) >= 15 ||
        /"(?:written|images|frames)":1[5-9]|"(?:written|images|frames)":20/.test(record.stdout),
      record.stdout.slice(0, 400),
    );
    t.ok(existsSync(hdf5));
    run.child.kill('SIGTERM');
    t.equal(await run.code(), 5, 'nobody is there for its series_end');
  });
}
