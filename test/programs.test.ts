import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { repository } from './commands/repository.js';
import { programNamed, pythonWith, without } from './programs.js';

t.test('a program is found on PATH, where it may be run; an absent one is named with its package', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-programs-'));
  const before = process.env['PATH'];
  t.teardown(() => {
    process.env['PATH'] = before;
    rmSync(folder, { recursive: true });
  });
  process.env['PATH'] = folder;
  t.equal(programNamed('nft'), null);
  t.equal(without('nft', 'tcpdump'), 'not installed: nft (nftables), tcpdump (tcpdump)');
  writeFileSync(join(folder, 'nft'), '');
  t.equal(programNamed('nft'), null, 'a file that may not be run is no program');
  chmodSync(join(folder, 'nft'), 0o755);
  t.equal(programNamed('nft'), join(folder, 'nft'));
  t.equal(without('nft'), false);
  t.equal(pythonWith('no_such_module'), null);
  writeFileSync(join(folder, 'python3'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  t.equal(pythonWith('no_such_module'), null, 'a Python without the module');
  const second = join(folder, 'second');
  mkdirSync(second);
  writeFileSync(join(second, 'python3'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  process.env['PATH'] = `${folder}:${second}`;
  t.equal(pythonWith('no_such_module'), join(second, 'python3'), 'the next one has it');
});

t.test('no test names a program of the system by its folder: it would be there where it must not be', async (t) => {
  const sources = readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('programs.test.ts'),
  );
  t.ok(sources.length > 100);
  for (const file of sources) {
    const found = readFileSync(join(repository, 'test', file), 'utf8').match(/'\/usr\/s?bin\/[^:']*'/);
    t.equal(found, null, file);
  }
});

t.test('a test starts no program but shells and Node unless it asks whether the program is there', async (t) => {
  const started = /\b(?:execFile|spawn)(?:Sync)?\(\s*'([^']+)'/g;
  for (const file of readdirSync(join(repository, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(repository, 'test', file), 'utf8');
    for (const [, program] of text.matchAll(started)) {
      if (program === 'sh' || program === 'bash') continue;
      t.match(text, new RegExp(`\\bwithout\\([^)]*'${program}'`), `${file} starts ${program}`);
    }
  }
});

t.test('.ci/run finds the tests that have a fallback by what they import', async (t) => {
  const { stdout, status } = spawnSync('bash', [join(repository, '.ci', 'tests-with-programs')], { encoding: 'utf8' });
  t.equal(status, 0);
  const found = stdout.trim().split('\n');
  for (const name of [
    'simulators/record',
    'consumer/python-consumer',
    'clients/python',
    'threads/page',
    'threads/loss-fabric',
    'deploy/chart',
    'deploy/image',
    'http/pickle',
    'metrics/metrics',
    'commands/explain',
    'threads/rehearsal',
  ]) {
    t.ok(found.includes(`dist/test/${name}.test.js`), name);
  }
  t.notOk(found.includes('dist/test/simulators/files/pcap-source.test.js'));
});
