// Children of our own live no longer than who started them: also when that was killed and could end nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { freeTcpPort } from './free-ports.js';
import { spawnBound } from '../../src/runtime/bound-child.js';
import { Process, startProcess, vdcuProcess } from './process.js';
import { until } from './waiting.js';

const skip = process.platform !== 'linux' && 'looks into /proc';

/** State and parent of a process; null = it is gone. */
function processNow(pid: number): { state: string; parent: number; words: string } | null {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, parent: Number(parent), words: readFileSync(`/proc/${pid}/cmdline`, 'latin1') };
  } catch {
    return null;
  }
}

/** A process that ended and was not collected yet is gone. */
const runs = (pid: number): boolean => !['Z', 'X', undefined].includes(processNow(pid)?.state);

/** Processes that this one started, and that run. */
const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => processNow(pid)?.parent === parent && runs(pid));

/** Who has this word in its command line and runs. */
const withWord = (word: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => processNow(pid)?.words.split('\0').includes(word) === true && runs(pid));

const output = ['ignore', 'pipe', 'pipe'] as const;

t.test(
  'it ends as the program does: output, exit code, signal, and a program that is not there',
  { skip },
  async (t) => {
    const says = new Process(spawnBound('/bin/sh', ['-c', 'echo "$1"; exit 7', 'sh', 'a  b$c'], { stdio: output }));
    t.equal(await says.code(), 7);
    t.equal(says.stdout, 'a  b$c\n', 'words arrive as they are');
    const waits = new Process(spawnBound('sleep', ['1000'], { stdio: output }));
    waits.child.kill('SIGTERM');
    t.equal(await waits.code(), 'SIGTERM');
    t.equal(await new Process(spawnBound('no-such-program', [], { stdio: output })).code(), 127);
    const reads = new Process(spawnBound('cat', [], { stdio: ['pipe', 'pipe', 'pipe'] }));
    reads.child.stdin?.end('to standard input');
    t.equal(await reads.code(), 0);
    t.equal(reads.stdout, 'to standard input');
    const sees = new Process(spawnBound('/bin/sh', ['-c', 'test ! -e /proc/$$/fd/3'], { stdio: output }));
    t.equal(await sees.code(), 0, 'no descriptor more than usual');
    t.strictSame(childrenOf(process.pid), [], 'nobody who waited is left');
  },
);

t.test('who started a program is killed: the program is gone, also one that takes no signal', { skip }, async (t) => {
  const file = fileURLToPath(new URL('../../src/runtime/bound-child.js', import.meta.url));
  const word = `a-program-of-${process.pid}`;
  const script = `
    import { spawnBound } from ${JSON.stringify(file)};
    const stubborn = 'trap "" TERM HUP INT QUIT; echo ready; while :; do sleep 1; done';
    const child = spawnBound('/bin/sh', ['-c', stubborn, ${JSON.stringify(word)}],
      { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    setInterval(() => undefined, 1000);
  `;
  // Not by startProcess: that would end this one, too.
  const starter = startProcess(t, [process.execPath, '--input-type=module', '-e', script]);
  await until(() => starter.stdout.includes('ready'), 'the program runs');
  t.equal(withWord(word).length >= 1, true);
  starter.child.kill('SIGKILL');
  await until(() => withWord(word).length === 0, 'the program is gone');
});

for (const [what, words, when] of [
  ['demo', ['demo', '--frames', '100000', '--rate', '20'], / [1-9]\d*\/100000 frames/],
  ['demo that stays', ['demo', '--frames', '20', '--rate', '40', '--keep'], /The service stays/],
  ['rehearsal', ['rehearse', '--no-prometheus'], /./],
] as const)
  t.test(`a ${what} that is killed leaves no simulator and no consumer behind`, { skip }, async (t) => {
    const more = words.includes('--keep' as never) ? [String(await freeTcpPort())] : [];
    const run = vdcuProcess(t, [...words, ...more]);
    const pid = run.child.pid as number;
    await until(() => when.test(run.stderr), String(when), 100_000);
    let children: number[] = [];
    await until(() => (children = childrenOf(pid)).length >= 2, 'simulator and consumer', 60_000);
    run.child.kill('SIGKILL');
    await until(() => !children.some(runs), 'they are gone');
  });
