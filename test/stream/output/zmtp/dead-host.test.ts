// A consumer whose machine is gone, and one whose program only does not read. The first in network namespaces of the
// test's own (root, iproute2; skipped without): the cable is cut, which nobody at either end is told.

import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';
import { greeting, ready } from '../../../../src/stream/output/zmtp/codec.js';
import { Liveness } from '../../../../src/stream/output/zmtp/liveness.js';
import { repository } from '../../../commands/repository.js';
import { Fabric } from '../../../threads/fabric.js';
import { fill, open, until } from './peers.js';

const run = promisify(execFile);

function start(t: Test, words: readonly string[]): { child: ChildProcess; lines: { code: string; message: string }[] } {
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], cwd: repository });
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  const lines: { code: string; message: string }[] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(JSON.parse(line) as { code: string; message: string });
  });
  return { child, lines };
}

async function within(so: () => boolean, limitMs: number): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(20)) if (so()) return true;
  return false;
}

const program = join(import.meta.dirname, 'sink-process.js');
/** Reads all, or nothing. */
const consumer = (endpoint: string, reads: boolean): string[] => [
  process.execPath,
  '-e',
  `
  const { Pull } = require('zeromq');
  const pull = new Pull({ receiveHighWaterMark: 1 });
  pull.connect(${JSON.stringify(endpoint)});
  ${reads ? '(async () => { for await (const _ of pull); })();' : 'setInterval(() => undefined, 1000);'}`,
];

for (const [mode, reads] of [
  ['busy', true],
  ['busy', false],
  ['idle', true],
] as const) {
  t.test(
    `a machine that is gone is noticed in seconds: ${mode}, its program ${reads ? 'was reading' : 'was not reading'}`,
    async (t) => {
      const fabric = await Fabric.lay(t, []);
      if (typeof fabric === 'string') return t.pass(`not tried: ${fabric}`, { skip: fabric });
      const { lines } = start(t, fabric.atService([process.execPath, program, fabric.serviceHost, mode, '2000']));
      if (!(await within(() => lines.length > 0, 20_000))) return t.fail('the sink does not start');
      start(t, fabric.atDetector(consumer(lines[0]?.message ?? '', reads)));
      t.ok(await within(() => lines.some(({ code }) => code === 'connected'), 20_000));
      await sleep(reads ? 500 : 4000);
      t.equal(lines.length, 2, 'who does not read for twice the time-out stays');
      const [ip, ...words] = fabric.atDetector(['ip', 'link', 'set', 'cable', 'down']) as [string, ...string[]];
      await run(ip, words);
      t.ok(await within(() => lines.length > 2, 40_000));
      t.match(lines[2], { code: 'unacknowledged', message: /has acknowledged nothing for 2 s although it was asked/ });
    },
  );
}

t.test('a silent machine that knows no PING (ZMTP 3.0) is found out by the kernel, in seconds as well', async (t) => {
  const fabric = await Fabric.lay(t, []);
  if (typeof fabric === 'string') return t.pass(`not tried: ${fabric}`, { skip: fabric });
  const { lines } = start(t, fabric.atService([process.execPath, program, fabric.serviceHost, 'idle', '2000']));
  if (!(await within(() => lines.length > 0, 20_000))) return t.fail('the sink does not start');
  const [, host = '', port = ''] = /^tcp:\/\/(.*):(\d+)$/.exec(lines[0]?.message ?? '') ?? [];
  // The minor version is the second byte behind the signature of ten.
  const words = [greeting().with(11, 0), ready('PULL')].map((bytes) => Buffer.from(bytes).toString('hex')).join('');
  const old = `require('node:net').connect(${port}, '${host}').write(Buffer.from('${words}', 'hex'))`;
  start(t, fabric.atDetector([process.execPath, '-e', old]));
  t.ok(await within(() => lines.some(({ code }) => code === 'connected'), 20_000));
  await sleep(4000);
  t.equal(lines.length, 2, 'while its kernel answers it stays');
  const [ip, ...cut] = fabric.atDetector(['ip', 'link', 'set', 'cable', 'down']) as [string, ...string[]];
  await run(ip, cut);
  t.ok(await within(() => lines.length > 2, 20_000));
  t.match(lines[2], { code: 'gone' });
});

t.test('a consumer that does not read, however long, is not lost', async (t) => {
  const { sink, endpoint } = await open(t, { consumerTimeoutMs: 1000, sendBufferBytes: 100_000 });
  const socket = connect(Number(endpoint.split(':').at(-1)), '127.0.0.1');
  t.teardown(() => {
    socket.destroy();
  });
  socket.write(greeting());
  socket.write(ready('PULL'));
  t.ok(await until(sink, () => sink.peers === 1));
  socket.pause();
  await fill(sink, () => [new Uint8Array(4 << 20)], 20);
  t.notOk(await until(sink, () => sink.disconnects > 0, 5000));
  t.equal(sink.peers, 1);
});

t.test('an answer that is missing is told from one that is late', (t) => {
  const live = { unacknowledged: 0, probes: 0, sinceSent: 5000, sinceAcknowledged: 5000 };
  const judge = (
    ...samples: readonly [now: number, acknowledged: number, waiting: number, path: Partial<typeof live>][]
  ): boolean => {
    const liveness = new Liveness();
    return samples
      .map(([now, acknowledged, waiting, path]) =>
        liveness.dead(now, acknowledged, waiting, { ...live, ...path }, 1000),
      )
      .at(-1) as boolean;
  };
  t.notOk(judge([0, 5, 0, {}], [9000, 5, 0, {}]), 'nothing is waited for');
  t.notOk(
    judge([0, 5, 9, { probes: 1 }], [500, 5, 9, { probes: 0 }], [9000, 5, 9, { probes: 1 }]),
    'a probe was answered meanwhile',
  );
  t.notOk(
    judge([0, 5, 9, { probes: 1 }], [250, 5, 9, { probes: 1 }], [1100, 5, 9, { probes: 1 }]),
    'a second has not passed since the first that was not',
  );
  t.ok(judge([0, 5, 9, {}], [250, 5, 9, { probes: 1 }], [1300, 5, 9, { probes: 3 }]), 'probes are not answered');
  t.ok(
    judge(
      [0, 5, 9, { unacknowledged: 2 }],
      [1200, 5, 9, { unacknowledged: 2, sinceSent: 400, sinceAcknowledged: 1200 }],
    ),
    'what was sent again is not acknowledged',
  );
  t.notOk(
    judge(
      [0, 5, 9, { unacknowledged: 2 }],
      [1200, 5, 9, { unacknowledged: 2, sinceSent: 10, sinceAcknowledged: 1200 }],
    ),
    'what was sent just now may still be',
  );
  t.notOk(
    judge(
      [0, 5, 9, { unacknowledged: 2 }],
      [1200, 6, 9, { unacknowledged: 2, sinceSent: 400, sinceAcknowledged: 1200 }],
    ),
    'some of it was',
  );
  t.notOk(
    judge(
      [0, 5, 9, { unacknowledged: 2 }],
      [1200, 5, 9, { unacknowledged: 2, sinceSent: 400, sinceAcknowledged: 300 }],
    ),
    'the peer said something later',
  );
  t.notOk(
    judge(
      [0, 5, 0, {}],
      [60_000, 5, 9, { unacknowledged: 2, sinceSent: 300, sinceAcknowledged: 60_000 }],
      [60_500, 5, 9, { unacknowledged: 2, sinceSent: 300, sinceAcknowledged: 60_500 }],
    ),
    'after a long silence its time begins with what is sent',
  );
  t.end();
});
