// The tests of clients/python, played against a real service: this file starts service, simulated detector and
// consumers, and Python (clients/python/tests/station.py) asks for them. Python's own tests judge.

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';
import { repository } from '../commands/repository.js';
import { pythonWith, toolCache } from '../programs.js';
import { quadYaml, start } from '../threads/running.js';
import type { Consumer, Running } from '../threads/running.js';
import { until } from '../threads/waiting.js';

const folder = join(repository, 'clients', 'python');
/** A file of tests waits for some twenty time-outs on purpose. */
const limitMs = 120_000;

/** The interpreter that has these modules, and why a test is skipped without. */
function needing(...modules: readonly string[]): { python: string; skip: string | false } {
  const python = pythonWith(...modules);
  const skip =
    python === null && `no Python with ${modules.join(', ') || 'anything'} here (scripts/install-python-clients.sh)`;
  return { python: python ?? '', skip };
}

async function wishOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
}

/** Plays detector and consumers for whoever asks at this URL. */
async function station(t: Test, running: Running): Promise<string> {
  const consumers: Consumer[] = [];
  const plays: Readonly<Record<string, (wish: Record<string, unknown>) => Promise<void>>> = {
    '/simulate': async (wish) => void (await running.simulate(wish)),
    '/consume': async (wish) => {
      // The one before goes by itself when it has its series.
      await until(() => running.status().consumers === 0, 'the leave of the consumer before');
      consumers.push(await running.consume(wish));
    },
    '/vanish': async () => void (await consumers.pop()?.vanish()),
  };
  const server = createServer((request, response) => {
    const answer = (status: number, text: string): void => void response.writeHead(status).end(JSON.stringify(text));
    wishOf(request)
      .then((wish) => plays[request.url ?? '']?.(wish))
      .then(
        () => answer(200, 'done'),
        (error: unknown) => answer(500, String(error)),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    server.close();
    for (const consumer of consumers) await consumer.vanish();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Run one file of Python's tests. */
async function play(t: Test, python: string, file: string, yaml = quadYaml): Promise<void> {
  const running = await start(t, yaml);
  const environment = {
    ...process.env,
    PYTHONPATH: [folder, join(folder, 'tests')].join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    VDCU_URL: running.service.apiUrl,
    VDCU_DATA: running.service.dataEndpoint,
    VDCU_STATION: await station(t, running),
  };
  try {
    const words = ['-X', 'faulthandler', '-W', 'error::ResourceWarning', '-m', 'unittest', '-v', file];
    const { stderr } = await promisify(execFile)(python, words, {
      env: environment,
      cwd: join(folder, 'tests'),
      timeout: limitMs,
    });
    t.match(stderr, /Ran [1-9]\d* tests? in [^]*\nOK/, 'tests were run, and all held');
  } catch (error) {
    t.fail(`${file}: ${(error as { stderr?: string }).stderr ?? String(error)}`);
  }
}

const types = needing('mypy', 'tango', 'ophyd_async');
t.test('the types of the client hold, strictly', { skip: types.skip }, async (t) => {
  const words = ['-m', 'mypy', '--cache-dir', join(toolCache, 'mypy'), 'vdcu_client'];
  await promisify(execFile)(types.python, words, { cwd: folder, timeout: limitMs }).catch(
    (error: Error & { stdout?: string }) => t.fail(`${error.message}\n${error.stdout ?? ''}`),
  );
});

const core = needing();
t.test('the core: orders, answers, errors, the example of the README', { skip: core.skip }, (t) =>
  play(t, core.python, 'test_client.py'),
);

const devices = needing('tango', 'zmq', 'h5py');
t.test('the Tango device: scans, triggers that are lost, receivers that fail', { skip: devices.skip }, (t) =>
  play(t, devices.python, 'test_tango.py', `${quadYaml}\nturn: 90\nmirror: true`),
);

const scans = needing('ophyd_async', 'bluesky', 'zmq', 'h5py');
t.test('the ophyd-async detector: step and fly scans, what goes wrong in them', { skip: scans.skip }, (t) =>
  play(t, scans.python, 'test_ophyd.py'),
);
