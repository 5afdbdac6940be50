import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { FlightFolder, recordingsBytes, whyNotWritten } from '../../src/flight/folder.js';
import { without } from '../programs.js';

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-folder-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const nameAt = (second: number): string => `det-20261129T1200${String(second).padStart(2, '0')}.000Z-loss`;

function recording(second: number, bytes: number) {
  return {
    name: nameAt(second),
    report: { second },
    bytes,
    pcap: function* pcap() {
      for (let left = bytes; left > 0; left -= 65_536) yield new Uint8Array(Math.min(left, 65_536));
    },
  };
}

t.test('older recordings make room before a new one is written: never more bytes than allowed', async (t) => {
  const folder = folderOf(t);
  const files = new FlightFolder(folder, 'det');
  // Sparse files of the size of a detector with eight ports.
  const large = 48 * 1024 * 1024;
  for (let second = 0; second < 6; second++) {
    writeFileSync(join(folder, `${nameAt(second)}.pcap`), '');
    truncateSync(join(folder, `${nameAt(second)}.pcap`), large);
    writeFileSync(join(folder, `${nameAt(second)}.json`), '{}');
  }
  writeFileSync(join(folder, 'notes.pcap'), 'mine');
  await files.write(recording(7, 1000));
  const left = readdirSync(folder).filter((file) => file.startsWith('det-'));
  t.ok(left.filter((file) => file.endsWith('.pcap')).length * large < recordingsBytes + large);
  t.strictSame(
    left.sort(),
    [3, 4, 5, 7].flatMap((second) => [`${nameAt(second)}.json`, `${nameAt(second)}.pcap`]),
  );
  t.ok(existsSync(join(folder, 'notes.pcap')));
});

t.test('a recording that fails in the middle leaves nothing behind', async (t) => {
  const folder = folderOf(t);
  const files = new FlightFolder(folder, 'det');
  const broken = {
    ...recording(1, 10),
    pcap: function* pcap() {
      yield new Uint8Array(100_000);
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  };
  await t.rejects(files.write(broken), { code: 'ENOSPC' });
  t.strictSame(readdirSync(folder), []);
  await files.write(recording(2, 10));
  t.equal(readdirSync(folder).length, 2);
});

t.test(
  'what a killed process left half written is taken away at the next start; what is whole, young or not ours stays',
  async (t) => {
    const folder = folderOf(t);
    const old = ['.pcap.part', '.json.part', '.json'].map((end, index) => `${nameAt(index)}${end}`);
    const stays = [
      `${nameAt(8)}.pcap`,
      `${nameAt(8)}.json`,
      `other-20261129T120000.000Z-loss.pcap.part`,
      'det-notes.part',
      `${nameAt(9)}.pcap.part`,
    ];
    for (const file of [...old, ...stays]) writeFileSync(join(folder, file), 'x');
    const now = Date.now();
    for (const file of [...old, ...stays.slice(0, 4)])
      utimesSync(join(folder, file), new Date(now - 3_600_000), new Date(now - 3_600_000));
    const files = new FlightFolder(folder, 'det');
    await files.clean(now);
    t.strictSame(readdirSync(folder).sort(), [...stays].sort());
    await new FlightFolder(join(folder, 'not there'), 'det').clean(now);
  },
);

t.test('why it was not written: a full disk is told from a folder that may not be written', (t) => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG'])
    t.match(whyNotWritten(Object.assign(new Error('x'), { code })), {
      full: true,
      text: new RegExp(`${code}.*nothing was left behind`),
    });
  t.match(whyNotWritten(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })), {
    full: false,
    text: /permission denied.*may write/,
  });
  t.end();
});

t.test(
  'a disk that is really full: nothing is left, and there is room again afterwards',
  {
    skip:
      ((process.getuid?.() !== 0 || process.platform !== 'linux') && 'mounts a small file system: root on Linux') ||
      without('mount', 'umount'),
  },
  async (t) => {
    const folder = join(folderOf(t), 'small');
    mkdirSync(folder);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', folder]).status !== 0) {
      t.pass('not tried', { skip: 'nothing can be mounted here' });
      return;
    }
    try {
      const files = new FlightFolder(folder, 'det');
      await t.rejects(files.write(recording(1, 2_000_000)), { code: 'ENOSPC' });
      t.strictSame(readdirSync(folder), []);
      await files.write(recording(2, 100_000));
      t.strictSame(readdirSync(folder).sort(), [`${nameAt(2)}.json`, `${nameAt(2)}.pcap`]);
    } finally {
      spawnSync('umount', [folder]);
    }
  },
);
