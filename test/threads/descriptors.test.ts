// A service that is out of descriptors, for idle connections hold them all: the series goes on and ends as it should.

import { spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import t from 'tap';
import { exitCode } from '../../src/base/errors.js';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { without } from '../programs.js';
import { runProcess, vdcuProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { until, within } from './waiting.js';

/**
 * Little more than Node needs to load the service; tap's own loader, which it hands down by NODE_OPTIONS, would need
 * more.
 */
const limit = 256;

/** Connections that say nothing; those that are closed again are made anew by nobody. */
function idle(t: { teardown(end: () => void): void }, port: number, count: number): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
    return socket;
  });
}

t.test(
  'a service that has too few descriptors to begin says so, and what to do',
  { skip: process.platform !== 'linux' && 'limits of Linux', timeout: 120_000 },
  async (t) => {
    const folder = t.testdir({ 'test.yaml': await configText(quadYaml) });
    const run = vdcuProcess(
      t,
      ['run', `${folder}/test.yaml`, 'det'],
      [],
      ['sh', '-c', 'ulimit -n 48; unset NODE_OPTIONS; exec "$@"', 'sh'],
    );
    t.equal(await run.code(), exitCode.environment);
    t.match(run.stderr, /^vdcu: no file descriptor is left: .*ulimit -n/);
  },
);

for (const door of ['data port', 'HTTP'] as const) {
  t.test(
    `idle connections to the ${door} beyond the limit of descriptors end neither series nor service`,
    { skip: process.platform !== 'linux' && 'limits of Linux', timeout: 120_000 },
    async (t) => {
      const text = await configText(quadYaml);
      const settings = parseConfig(text, 'test.yaml', 'det').detector;
      const { run, endpoint, apiUrl } = await runProcess(
        t,
        text,
        [],
        ['sh', '-c', `ulimit -n ${limit}; unset NODE_OPTIONS; exec "$@"`, 'sh'],
      );
      // It stays until the service has gone: who leaves with the last byte may be taken for one who lacks it.
      const leave = new AbortController();
      setTimeout(() => leave.abort(), 90_000).unref();
      const watching = watchStream({
        endpoint,
        verify: settings,
        signal: leave.signal,
      });
      const status = async (): Promise<{ consumers: number; series: { images_sent: number } | null } | null> => {
        try {
          return (await (
            await fetch(`${apiUrl}/api/v1/series`, { signal: AbortSignal.timeout(2000) })
          ).json()) as never;
        } catch {
          return null;
        }
      };
      await until(async () => (await status())?.consumers === 1, 'the consumer');
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
      const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 30, signal: end.signal });
      const sockets = idle(t, Number(new URL(door === 'HTTP' ? apiUrl : endpoint).port), 3 * limit);
      // The page's history looks each second, heartbeats twice, the flight recorder five times.
      await new Promise((resolve) => setTimeout(resolve, 6000));
      t.equal(run.child.exitCode, null, run.stderr);
      if (door === 'HTTP') t.equal((await fetch(`${apiUrl}/healthz`)).status, 200, 'probes get in all the same');
      for (const socket of sockets) socket.destroy();
      await until(async () => ((await status())?.series?.images_sent ?? 0) > 5, 'images');
      run.child.kill('SIGTERM');
      t.equal(await run.code(), 0);
      end.abort();
      leave.abort();
      await sending;
      const { checker } = await within(watching, 'series_end');
      t.strictSame(checker.problems, []);
      t.match(checker.counts, { headers: 1, seriesEnds: 1, aborted: 0 });
    },
  );
}

t.test(
  'without a free descriptor a series ends, the next one is armed and goes out, and metrics are told',
  { skip: without('prlimit'), timeout: 120_000 },
  async (t) => {
    const text = await configText(quadYaml);
    const settings = parseConfig(text, 'test.yaml', 'det').detector;
    const { run, endpoint, apiUrl } = await runProcess(
      t,
      text,
      [],
      ['sh', '-c', 'unset NODE_OPTIONS; exec "$@"', 'sh'],
    );
    const leave = new AbortController();
    const watching = watchStream({ endpoint, verify: settings, series: 2, signal: leave.signal });
    // A connection that is there already is served.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.teardown(() => agent.destroy());
    const ask = (method: string, path: string, body = ''): Promise<{ status: number; text: string }> =>
      new Promise((resolve, reject) => {
        const headers = body === '' ? {} : { 'content-type': 'application/json' };
        const asked = request(`${apiUrl}${path}`, { agent, method, headers }, (answer) => {
          let told = '';
          answer.on('data', (chunk: Buffer) => (told += chunk.toString()));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: told }));
        });
        asked.on('error', reject);
        asked.end(body);
      });
    const consumers = async (): Promise<boolean> =>
      (JSON.parse((await ask('GET', '/api/v1/series')).text) as { consumers: number }).consumers === 1;
    await until(consumers, 'the consumer');
    const series = async (first: number): Promise<void> => {
      const armed = await ask('POST', '/api/v1/series', JSON.stringify({ frames: 20, first_frame_number: first }));
      t.equal(armed.status, 201, armed.text);
      if (first === 1) t.equal(spawnSync('prlimit', ['--pid', String(run.child.pid), '--nofile=20:20']).status, 0);
      await simulate({ settings, udpHost: '127.0.0.1', frames: 20, firstFrame: first, rate: 30, signal: leave.signal });
    };
    await series(1);
    await until(async () => (await ask('GET', '/api/v1/series')).text.includes('"state":"idle"'), 'its end');
    const metrics = await ask('GET', '/metrics');
    t.equal(metrics.status, 200, metrics.text);
    t.match(metrics.text, /^vdcu_frames_total/m);
    await series(21);
    const { checker } = await within(watching, 'both ends');
    t.strictSame(checker.problems, []);
    t.match(checker.counts, { headers: 2, seriesEnds: 2, images: 40, aborted: 0 });
    run.child.kill('SIGTERM');
    t.equal(await run.code(), 0, run.stderr);
  },
);
