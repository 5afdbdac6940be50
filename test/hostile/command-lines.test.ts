// Command lines of words that nobody would type: each ends, with an exit code of the documented ones that is not a
// defect, one message a line, and nothing written.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../src/base/random.js';
import { exampleFile, vdcu } from '../commands/repository.js';

const commands = [
  'run',
  'simulate',
  'watch',
  'record',
  'arm',
  'stop',
  'status',
  'doctor',
  'explain',
  'demo',
  'reference',
  'help',
  '',
];
const optionNames = [
  '--frames',
  '--rate',
  '--url',
  '--metadata',
  '--first-frame',
  '--frame-period',
  '--dynamic-range',
  '--token-file',
  '--hdf5',
  '--pcap',
  '--timing',
  '--svg',
  '--seed',
  '--loss',
  '--json',
  '--verify',
  '--check',
  '--no-such-option',
  '-x',
  '--',
];
const values = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  'NaN',
  '9'.repeat(400),
  '../../etc/passwd',
  '@/dev/null',
  '@/nowhere',
  '{"a":',
  '[[[[',
  '{"__proto__":{}}',
  'ü\u202e\u0007',
  '%s%n',
  '$(id)',
  '`id`',
  'tcp://',
  'http://[',
  'file:///etc/passwd',
  '--',
  '\u{1F980}'.repeat(100),
  exampleFile,
  'softimax-eiger',
  '/',
  '.',
];

t.test('any words after vdcu end in a message and an exit code that is no defect', { timeout: 200_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-words-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  const random = new Random(17);
  const lines = Array.from({ length: 30 }, (_, index) => {
    const words = Array.from({ length: 1 + random.integer(4) }, () =>
      random.chance(0.5) ? random.pick(optionNames) : random.pick(values),
    );
    // The last word keeps a line that happens to be right from starting something that goes on.
    return [commands[index % commands.length], ...words, '--no-such-option-at-all'];
  });
  // Lines that are right in form; their values are not.
  lines.push(
    ['arm', '--url', 'http://127.0.0.1:1', '--metadata', '{"a":'],
    ['arm', '--url', 'http://127.0.0.1:1', '--metadata', '@/dev/null'],
    ['stop', '--url', 'http://['],
    ['status', '--url', 'file:///etc/passwd'],
    ['run', '/dev/null', 'x'],
    ['run', folder, 'x'],
    ['run', exampleFile, '__proto__', '--check'],
    ['run', exampleFile, 'constructor', '--check'],
    ['explain', exampleFile],
    ['explain', '/dev/null'],
    ['explain', folder],
    ['simulate', exampleFile, 'softimax-eiger', '--hdf5', `${exampleFile}:x`, '--frames', '1'],
    ['simulate', exampleFile, 'softimax-eiger', '--pcap', exampleFile],
    ['doctor', exampleFile, 'no such detector'],
  );
  const next = lines.entries();
  const work = async (): Promise<void> => {
    for (const [, words] of next) {
      const { code, stdout, stderr } = await vdcu(...words);
      const said = `vdcu ${words.join(' ').slice(0, 100)}: ${code}`;
      t.ok(code !== null && code >= 0 && code <= 3, said);
      t.notMatch(stderr, /unexpected:|\n {4}at |UnhandledPromise/, said);
      t.ok(code === 0 || stderr.length > 0, `${said}: says why`);
      t.ok(stdout.length < 100_000 && stderr.length < 100_000, said);
    }
  };
  await Promise.all([work(), work()]);
  t.strictSame(readdirSync(folder), []);
});
