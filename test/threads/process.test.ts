// `vdcu run` as a process: signals, exit codes, and what the consumer sees of them.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { Pull } from 'zeromq';
import { filenameBytesLimit, metadataBytesLimit } from '../../src/contract/series.js';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { takenTcpPort, takenUdpPort } from './free-ports.js';
import { runProcess, vdcuProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { askAt, scrapedProblems } from './scraped-truth.js';
import { until, within } from './waiting.js';

interface Status {
  readonly state: string;
  readonly consumers: number;
  readonly series: {
    readonly images_sent: number;
    readonly ports: readonly { readonly counters: Readonly<Record<string, number>> }[];
  } | null;
}

const statusOf = async (apiUrl: string): Promise<Status> =>
  (await (await fetch(`${apiUrl}/api/v1/series`)).json()) as Status;

async function arm(t: Test, apiUrl: string, request: object): Promise<void> {
  const { status } = await fetch(`${apiUrl}/api/v1/series`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  t.equal(status, 201, 'armed');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} in the middle of a series: the frames, series_end, exit code 0`, async (t) => {
    const text = await configText(quadYaml);
    const settings = parseConfig(text, 'test.yaml', 'det').detector;
    const { run, endpoint, apiUrl } = await runProcess(t, text);
    const watching = watchStream({ endpoint, verify: settings, series: 1, signal: AbortSignal.timeout(30_000) });
    await until(async () => (await statusOf(apiUrl)).consumers === 1, "the consumer's connection");
    await arm(t, apiUrl, { filename: '/data/d.h5' });
    const end = new AbortController();
    const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 40, signal: end.signal });
    await until(async () => ((await statusOf(apiUrl)).series?.images_sent ?? 0) >= 5, 'five images');
    t.strictSame(await scrapedProblems(askAt(apiUrl), () => null), [], 'the metrics add up while packets come');
    run.child.kill(signal);
    t.equal(await run.code(), 0);
    end.abort();
    await sending;
    const { checker } = await within(watching, 'the end of the stream');
    t.strictSame(checker.problems, []);
    t.match(checker.counts, { headers: 1, seriesEnds: 1, aborted: 0 });
    t.ok(checker.counts.images >= 5);
    t.equal(run.stderr, '');
    t.ok(
      run.lines().some(({ event, reason }) => event === 'stopping' && reason === signal),
      'the log names the signal',
    );
    t.equal(run.lines().at(-1)?.['event'], 'stopped');
  });
}

t.test(
  'after the longest arm request that is accepted, orders are carried out and SIGTERM ends in order',
  async (t) => {
    const text = await configText(quadYaml);
    const settings = parseConfig(text, 'test.yaml', 'det').detector;
    const { run, endpoint, apiUrl } = await runProcess(t, text);
    const watching = watchStream({ endpoint, verify: settings, series: 2, signal: AbortSignal.timeout(30_000) });
    await until(async () => (await statusOf(apiUrl)).consumers === 1, "the consumer's connection");
    const longest = {
      filename: `/${'\u0001'.repeat(filenameBytesLimit - 1)}`,
      metadata: { a: '"'.repeat((metadataBytesLimit - '{"a":""}'.length) / 2) },
    };
    await arm(t, apiUrl, longest);
    const stopped = await fetch(`${apiUrl}/api/v1/series`, { method: 'DELETE' });
    t.match(await stopped.json(), { summary: { series_id: 1, filename: longest.filename } });
    await arm(t, apiUrl, longest);
    await simulate({ settings, udpHost: '127.0.0.1', frames: 10, rate: 40, signal: AbortSignal.timeout(20_000) });
    await until(async () => ((await statusOf(apiUrl)).series?.images_sent ?? 0) >= 5, 'five images');
    run.child.kill('SIGTERM');
    t.equal(await run.code(), 0);
    const { checker } = await within(watching, 'the end of the stream');
    t.strictSame(checker.problems, []);
    t.match(checker.counts, { headers: 2, seriesEnds: 2, aborted: 0 });
    t.equal(run.stderr, '');
  },
);

t.test('a second Ctrl-C ends at once, also while a consumer holds up the end', async (t) => {
  const text = await configText(`${quadYaml}\nclosing_timeout_ms: 600000\nmax_owed_frames: 1000000`);
  const settings = parseConfig(text, 'test.yaml', 'det').detector;
  const { run, endpoint, apiUrl } = await runProcess(t, text);
  const socket = new Pull({ receiveHighWaterMark: 1, linger: 0 });
  t.teardown(() => socket.close());
  socket.connect(endpoint);
  await until(async () => (await statusOf(apiUrl)).consumers === 1, "the consumer's connection");
  await arm(t, apiUrl, {});
  const end = new AbortController();
  const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 80, signal: end.signal });
  let [sent, before] = [0, -1];
  await until(async () => {
    before = sent;
    sent = (await statusOf(apiUrl)).series?.images_sent ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return sent > 2 && sent === before;
  }, 'images that nobody takes');
  run.child.kill('SIGINT');
  await run.line(({ event }) => event === 'stopping', 'the log line of the first signal');
  await until(async () => (await statusOf(apiUrl)).state === 'closing', 'the series is closing');
  // (Two within a quarter of a second are one wish: signals.test.ts.)
  await new Promise((resolve) => setTimeout(resolve, 300));
  run.child.kill('SIGINT');
  t.equal(await run.code(), 130);
  end.abort();
  await sending;
});

t.test('a thread that ends makes the process end with code 4 and the reason', async (t) => {
  // Node's own thread for hooks, where a runner of tests has some, is told of as well: of a class of its own.
  const preload =
    'import { Worker } from "node:worker_threads"; const workers = []; process.on("worker", (worker) => ' +
    'worker.constructor === Worker && workers.push(worker)); process.once("SIGUSR1", () => workers[0].terminate())';
  const { run } = await runProcess(t, await configText(quadYaml), [
    '--import',
    `data:text/javascript,${encodeURIComponent(preload)}`,
  ]);
  run.child.kill('SIGUSR1');
  t.equal(await run.code(), 4);
  t.match(run.stderr, /receiver 0: the thread ended with code 1/);
  t.match(
    run.lines().find(({ event }) => event === 'failed'),
    { level: 'error', msg: /receiver 0/ },
  );
});

t.test('a taken port is one line on standard error and code 3', async (t) => {
  const udp = await takenUdpPort();
  t.teardown(() => udp.release());
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
  const file = join(folder, 'a.yaml');
  writeFileSync(
    file,
    await configText(`${quadYaml}\nudp_ports: [${udp.port}, ${udp.port === 65535 ? 65534 : udp.port + 1}]`),
  );
  const run = vdcuProcess(t, ['run', file, 'det']);
  t.equal(await run.code(), 3);
  t.match(run.stderr, new RegExp(`^vdcu: port ${udp.port}.*taken[^\\n]*\\n$`));
});

for (const [key, said] of [
  ['api_port', 'HTTP interface on 127\\.0\\.0\\.1 port PORT: the port is taken by another process\\..*api_port'],
  ['data_port', 'data port tcp://127\\.0\\.0\\.1:PORT: address already in use.*data_port'],
] as const)
  t.test(`a taken ${key}: exit code 3, one line that names the remedy, no stack, and no internal error`, async (t) => {
    const tcp = await takenTcpPort();
    t.teardown(() => tcp.release());
    const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
    const file = join(folder, 'a.yaml');
    writeFileSync(file, await configText(`${quadYaml}\n${key}: ${tcp.port}`));
    const run = vdcuProcess(t, ['run', file, 'det']);
    t.equal(await run.code(), 3);
    t.match(run.stderr, new RegExp(`^vdcu: ${said.replace('PORT', String(tcp.port))}[^\\n]*\\n$`, 'i'));
    t.notMatch(run.stdout, /internal_error|unexpected|\n\s+at /, 'nor does the log say more');
  });
