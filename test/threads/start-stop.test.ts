// Beginning and end of a service with real threads: what the environment refuses, failure of a thread, stop in the
// order of the data, start again.

import { readdirSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import { OperatorError, exitCode } from '../../src/base/errors.js';
import { parseConfig } from '../../src/config/load.js';
import { makeLogger } from '../../src/runtime/log.js';
import { startService } from '../../src/service/service.js';
import { takenTcpPort, takenUdpPort } from './free-ports.js';
import { configText, quadYaml, start } from './running.js';
import { until, within } from './waiting.js';

/** The one-line message with which a service does not start. */
async function refusal(yaml: string): Promise<string> {
  const config = parseConfig(await configText(yaml), 'test.yaml', 'det');
  const starting = startService(config, { logger: makeLogger('error', 'det', { write: () => undefined }) });
  try {
    const service = await within(starting, 'a refusal');
    await service.stop('it should not have started');
    return 'it started';
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return `${error.exitCode}: ${error.message}`;
  }
}

t.test('a taken port, or an address of another machine, is one line: what, seen, needed, remedy', async (t) => {
  const udp = await takenUdpPort();
  const tcp = await takenTcpPort();
  t.teardown(() => Promise.all([udp.release(), tcp.release()]));
  const other = udp.port === 65535 ? 65534 : udp.port + 1;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['UDP port', `udp_ports: [${udp.port}, ${other}]`, new RegExp(`^3: port ${udp.port}.*taken.*udp_ports`)],
    [
      'data port',
      `data_port: ${tcp.port}`,
      new RegExp(`^3: data port tcp://127\\.0\\.0\\.1:${tcp.port}: address already in use.*data_port`, 'i'),
    ],
    [
      'API port',
      `api_port: ${tcp.port}`,
      new RegExp(
        `^3: HTTP interface on 127\\.0\\.0\\.1 port ${tcp.port}: the port is taken by another process\\..*api_port`,
      ),
    ],
    ['UDP address', 'udp_host: 192.0.2.7', /^3: port \d+.* 192\.0\.2\.7.*no such address.*udp_host/],
    [
      'data address',
      'data_host: 192.0.2.7',
      /^3: data port tcp:\/\/192\.0\.2\.7:\*: (cannot assign requested address|no such device).*data_host/i,
    ],
    [
      'API address',
      'api_host: 192.0.2.7',
      /^3: HTTP interface on 192\.0\.2\.7 port 0: this machine has no such address\..*api_host/,
    ],
  ];
  for (const [what, key, expected] of cases) {
    const seen = await refusal(`${quadYaml}\n${key}`);
    t.match(seen, expected, what);
    t.notMatch(seen, /\n/, `${what}: one line`);
  }
  t.equal(exitCode.environment, 3);
});

t.test('what was refused leaves nothing behind: the same ports serve when the other process has gone', async (t) => {
  const tcp = await takenTcpPort();
  const yaml = await configText(`${quadYaml}\napi_port: ${tcp.port}`);
  const config = parseConfig(yaml, 'test.yaml', 'det');
  await t.rejects(startService(config), { name: 'OperatorError' });
  await tcp.release();
  const service = await startService(config);
  t.equal(service.apiUrl, `http://127.0.0.1:${tcp.port}`);
  await service.stop('done');
});

t.test('stop ends the series: what was received goes out, then series_end, then nobody turns any more', async (t) => {
  const running = await start(t);
  const consumer = await running.consume({ series: 1, delayMs: 5 });
  await running.arm({ filename: '/data/c.h5' });
  await running.simulate({ frames: 25, rate: 100 });
  await running.stop();
  const report = await consumer.report;
  t.strictSame(report.checker.problems, []);
  t.match(report.checker.counts, { headers: 1, images: 25, seriesEnds: 1, aborted: 0 });
  t.match(running.service.view.history(), [{ frames: 25, end_pending: false }]);
  await t.rejects(running.fetch('GET', '/healthz'), 'HTTP is closed');
  t.equal(running.service.stop('again'), running.service.stop('and again'), 'stop may be asked several times');
});

t.test('stop without a consumer, with an end that nobody takes, does not wait for ever', async (t) => {
  const running = await start(t, `${quadYaml}\nclosing_timeout_ms: 300`);
  const consumer = await running.consume();
  await running.arm();
  const end = new AbortController();
  const sending = running.simulate({ frames: 0, rate: 40, signal: end.signal });
  await until(() => (running.status().series?.images_sent ?? 0) > 2, 'images');
  await consumer.vanish();
  await running.stop();
  end.abort();
  await sending;
  t.match(running.service.view.history()[0], { aborted: 'consumer_lost' });
});

t.test('message numbers of a service that was started again are larger than all before', async (t) => {
  const numbers: number[] = [];
  for (const id of [1, 2, 3]) {
    const running = await start(t);
    const consumer = await running.consume({ series: 1 });
    const { body } = await running.arm({ frames: 3, first_frame_number: 1 });
    numbers.push(body['msg_number'] as number);
    await running.simulate({ frames: 3, rate: 50 });
    t.match(await running.ended(1), { series_id: 1, frames: 3 }, `start ${id}`);
    t.ok((await consumer.report).ok);
    await running.stop();
  }
  t.ok(
    numbers.every((number, index) => Number.isSafeInteger(number) && (index === 0 || number > numbers[index - 1] + 4)),
    String(numbers),
  );
});

t.test('a thread that ends is the end of the service, with the reason', async (t) => {
  for (const [index, name] of [
    [0, 'receiver 0'],
    [-1, 'streamer'],
  ] as const) {
    const workers: Worker[] = [];
    const listener = (worker: Worker): void => void workers.push(worker);
    process.on('worker', listener);
    const running = await start(t);
    process.off('worker', listener);
    const failed = running.service.failed.then(
      () => null,
      (error: Error) => error,
    );
    t.match((await running.http('GET', '/healthz')).status, 200);
    await workers.at(index)?.terminate();
    const error = await within(failed, `the failure of ${name}`);
    t.match(error?.message, new RegExp(`^${name}.* ended with code 1`));
    t.match(await running.http('GET', '/healthz'), {
      status: 503,
      body: { alive: false, reasons: [new RegExp(`^${name}`)] },
    });
    t.match(await running.http('GET', '/readyz'), { status: 503, body: { ready: false } });
    t.match((await running.http('GET', '/status')).body, { state: 'error', error: new RegExp(name) });
    t.match(await running.arm({ force: true }), { status: 503, body: { problems: [new RegExp(name)] } });
    t.ok(
      running.log.some(({ level, msg }) => level === 'error' && String(msg).startsWith(name)),
      'the log says so',
    );
    await running.stop();
  }
});

t.test(
  'a service that was stopped leaves no descriptors open',
  { skip: process.platform !== 'linux' && 'counts /proc/self/fd' },
  async (t) => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const run = async (): Promise<void> => {
      const running = await start(t);
      const consumer = await running.consume({ series: 1 });
      await running.arm({ frames: 2, first_frame_number: 1 });
      await running.simulate({ frames: 2, rate: 50 });
      await consumer.report;
      await running.stop();
    };
    await run();
    const before = open();
    await run();
    await run();
    await until(() => open() <= before, 'as few descriptors as before');
    t.pass();
  },
);
