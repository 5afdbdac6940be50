// Commands as processes whose standard output is in trouble: a pipe or socket that nobody reads, one that was closed, a
// full disk. The service goes on, answers, and ends as it should; others end cleanly.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { without } from '../programs.js';
import { freeTcpPort } from './free-ports.js';
import { configText, quadYaml } from './running.js';
import { until, within } from './waiting.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** Each makes a log line of some kilobytes at level debug. */
const longUrl = `/status?${'x'.repeat(8000)}`;

interface Output {
  readonly fd: number;
  /** Take what is there. */
  read(): string;
  close(): void;
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-output-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A named pipe; its reader is there, and reads when told. */
function pipe(folder: string): Output & { closeReader(): void } {
  const file = join(folder, 'pipe');
  spawnSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(file, constants.O_WRONLY);
  return {
    fd,
    read: () => {
      const piece = Buffer.alloc(65_536);
      let text = '';
      try {
        for (let length = readSync(reader, piece); length > 0; length = readSync(reader, piece))
          text += piece.toString('utf8', 0, length);
      } catch {
        // Nothing more just now.
      }
      return text;
    },
    closeReader: () => {
      closeSync(reader);
    },
    close: () => {
      closeSync(fd);
    },
  };
}

interface Service {
  readonly child: ChildProcess;
  readonly code: Promise<number | string | null>;
  readonly url: string;
  readonly endpoint: string;
  readonly text: string;
}

/** `vdcu run` at level debug with this as its standard output (and standard error, if both). */
async function service(t: Test, folder: string, stdio: StdioOptions): Promise<Service> {
  const [api, data] = [await freeTcpPort(), await freeTcpPort()];
  const text = await configText(`${quadYaml}\napi_port: ${api}\ndata_port: ${data}`);
  const file = join(folder, 'test.yaml');
  writeFileSync(file, text);
  const child = spawn(process.execPath, [main, 'run', file, 'det'], {
    stdio,
    env: { ...process.env, LOG_LEVEL: 'debug' },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const code = new Promise<number | string | null>((resolve) =>
    child.on('exit', (number, signal) => {
      resolve(signal ?? number);
    }),
  );
  const url = `http://127.0.0.1:${api}`;
  await until(
    () =>
      fetch(`${url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    'the service is ready',
  );
  return { child, code, url, endpoint: `tcp://127.0.0.1:${data}`, text };
}

const ask = async (url: string): Promise<string> => (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text();

const dropped = async (url: string): Promise<number> =>
  Number(/^vdcu_log_lines_dropped_total\{.*\} (\d+)$/m.exec(await ask(`${url}/metrics`))?.[1]);

/** Requests until lines are dropped; then a series, and SIGTERM in its middle. */
async function seriesWithStuckLog(t: Test, { child, code, url, endpoint, text }: Service): Promise<void> {
  await until(async () => {
    for (let request = 0; request < 20; request++) await ask(`${url}${longUrl}`);
    return (await dropped(url)) > 0;
  }, 'lines that are dropped and counted');
  const { problems } = JSON.parse(await ask(`${url}/api/v1/series`)) as { problems: string[] };
  t.match(problems.join(), /the log does not go out: .*#log-lines-are-dropped/);
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  const settings = parseConfig(text, 'test.yaml', 'det').detector;
  // It stays until the service has gone: who leaves with the last byte may be taken for one who lacks it.
  const leave = new AbortController();
  const watching = watchStream({ endpoint, verify: settings, signal: leave.signal });
  await until(
    async () => (JSON.parse(await ask(`${url}/api/v1/series`)) as { consumers: number }).consumers === 1,
    'the consumer',
  );
  t.equal(
    (
      await fetch(`${url}/api/v1/series`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
    ).status,
    201,
  );
  const end = new AbortController();
  const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 30, signal: end.signal });
  await until(
    async () => Number(/"images_sent":(\d+)/.exec(await ask(`${url}/api/v1/series`))?.[1] ?? 0) > 5,
    'images',
  );
  child.kill('SIGTERM');
  t.equal(await within(code, 'the end of the service'), 0);
  end.abort();
  leave.abort();
  await sending;
  const { checker } = await within(watching, 'series_end');
  t.strictSame(checker.problems, []);
  t.match(checker.counts, { headers: 1, seriesEnds: 1, aborted: 0 });
}

t.test('a pipe that nobody reads: HTTP, metrics, series and SIGTERM go on', { skip: without('mkfifo') }, async (t) => {
  const folder = folderOf(t);
  const output = pipe(folder);
  await seriesWithStuckLog(t, await service(t, folder, ['ignore', output.fd, output.fd]));
  output.close();
});

t.test(
  'a pipe that is read again tells how many lines were dropped, and each line is there or counted',
  { skip: without('mkfifo') },
  async (t) => {
    const folder = folderOf(t);
    const output = pipe(folder);
    const { child, code, url } = await service(t, folder, ['ignore', output.fd, 'ignore']);
    for (let request = 0; request < 60; request++) await ask(`${url}${longUrl}&n=${request}&`);
    let text = '';
    await until(() => {
      text += output.read();
      return text.includes('log_lines_dropped');
    }, 'the line that tells');
    child.kill('SIGTERM');
    t.equal(await within(code, 'the end of the service'), 0);
    text += output.read();
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = lines
      .filter(({ event }) => event === 'log_lines_dropped')
      .reduce((sum, { lines: count }) => sum + (count as number), 0);
    const requests = lines.filter(({ msg, url: where }) => msg === 'request' && String(where).includes('&n=')).length;
    t.ok(told > 0);
    t.equal(requests + told, 60);
    t.equal(lines.at(-1)?.['event'], 'stopped');
  },
);

t.test('a socket that nobody reads, as journald is one: the same', async (t) => {
  const folder = folderOf(t);
  const server = createServer({ pauseOnConnect: true }).listen(join(folder, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const taken = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const mine = connect(join(folder, 'socket'));
  const other = await taken;
  t.teardown(() => {
    mine.destroy();
    other.destroy();
    server.close();
  });
  await seriesWithStuckLog(t, await service(t, folder, ['ignore', mine, 'ignore']));
});

t.test('a full disk: the same', { skip: !existsSync('/dev/full') && 'no /dev/full' }, async (t) => {
  const fd = openSync('/dev/full', 'w');
  await seriesWithStuckLog(t, await service(t, folderOf(t), ['ignore', fd, fd]));
  closeSync(fd);
});

t.test('a file at the limit of its size: the same', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'test.yaml');
  const [api, data] = [await freeTcpPort(), await freeTcpPort()];
  const text = await configText(`${quadYaml}\napi_port: ${api}\ndata_port: ${data}`);
  writeFileSync(file, text);
  const child = spawn(
    'sh',
    [
      '-c',
      `ulimit -f 8; unset NODE_OPTIONS; exec "${process.execPath}" "${main}" run "${file}" det > ` +
        `"${join(folder, 'log')}"`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, LOG_LEVEL: 'debug' } },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const code = new Promise<number | string | null>((resolve) =>
    child.on('exit', (number, signal) => {
      resolve(signal ?? number);
    }),
  );
  const url = `http://127.0.0.1:${api}`;
  await until(
    () =>
      fetch(`${url}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    'the service is ready',
  );
  await seriesWithStuckLog(t, { child, code, url, endpoint: `tcp://127.0.0.1:${data}`, text });
  t.ok(readFileSync(join(folder, 'log')).length <= 8 * 1024);
});

t.test('a reader who has gone: the same', { skip: without('mkfifo') }, async (t) => {
  const folder = folderOf(t);
  const output = pipe(folder);
  const running = await service(t, folder, ['ignore', output.fd, output.fd]);
  output.closeReader();
  await seriesWithStuckLog(t, running);
  output.close();
});

t.test('a command whose result nobody reads any more ends cleanly', async (t) => {
  const folder = folderOf(t);
  const text = await configText(quadYaml);
  const file = join(folder, 'test.yaml');
  writeFileSync(file, text);
  const shell = (words: string): ReturnType<typeof spawnSync> =>
    spawnSync('bash', ['-c', `set -o pipefail; "${process.execPath}" "${main}" ${words}`], {
      encoding: 'utf8',
      timeout: 30_000,
    });
  for (const words of [
    'reference | head -1',
    `run "${file}" det --print-plan | true`,
    `simulate "${file}" det --frames 3 | true`,
  ]) {
    const { status, stderr } = shell(words);
    t.ok(status === 0, `${words}: ${status}`);
    t.notMatch(stderr, /unexpected|at .*\.js/, words);
  }
});

t.test('a result that nobody reads does not make a failure a success', { skip: without('mkfifo') }, async (t) => {
  const folder = folderOf(t);
  const endpoint = `tcp://127.0.0.1:${await freeTcpPort()}`;
  for (const [words, code] of [
    [`watch ${endpoint} --timeout 1`, 3],
    [`watch ${endpoint} --timeout 1 --json`, 3],
    [`record ${endpoint} "${join(folder, 'scan.h5')}" --timeout 1`, 3],
  ] as const) {
    const output = pipe(folder);
    output.closeReader();
    const { status, stderr } = spawnSync('sh', ['-c', `exec "${process.execPath}" "${main}" ${words}`], {
      stdio: ['ignore', output.fd, 'pipe'],
      encoding: 'utf8',
      timeout: 30_000,
    });
    output.close();
    rmSync(join(folder, 'pipe'));
    t.equal(status, code, words);
    t.notMatch(stderr, /unexpected/, words);
  }
});

t.test(
  'a result for which the disk has no room is one line on standard error and code 3',
  { skip: !existsSync('/dev/full') && 'no /dev/full' },
  async (t) => {
    const folder = folderOf(t);
    const file = join(folder, 'test.yaml');
    writeFileSync(file, await configText(quadYaml));
    const fd = openSync('/dev/full', 'w');
    for (const words of [
      ['run', file, 'det', '--print-plan'],
      ['reference'],
      ['simulate', file, 'det', '--frames', '2'],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
        stdio: ['ignore', fd, 'pipe'],
        encoding: 'utf8',
        timeout: 30_000,
      });
      t.equal(status, 3, words.join(' '));
      t.match(stderr, /^vdcu: standard output cannot be written: .*ENOSPC[^\n]*\n$/, words.join(' '));
    }
    closeSync(fd);
  },
);
