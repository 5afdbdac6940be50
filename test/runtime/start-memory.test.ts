import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { collectStartObjects, dropStartPages, fileMappings, isAsInFile } from '../../src/runtime/start-memory.js';

/** As Linux writes it: program text, constants that the loader changed, data, memory without a file, and shared. */
const smaps = `00b72000-025f2000 r-xp 00772000 fe:00 8675                               /opt/node/bin/node
Size:              27136 kB
Rss:               22452 kB
Pss:               22452 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
0563a000-0563e000 r--p 05239000 fe:00 8675                               /opt/node/bin/node
Rss:                  16 kB
Anonymous:            16 kB
0563e000-05656000 rw-p 0523d000 fe:00 8675                               /opt/node/bin/node
Rss:                  96 kB
Anonymous:             0 kB
7f00-7f10 rw-p 00000000 00:00 0
Rss:                  64 kB
Anonymous:            64 kB
7f2000000000-7f2000010000 r--s 00000000 fe:00 9                          /var/lib/a file (deleted)
Rss:                  64 kB
Anonymous:             0 kB
7ffd3a000000-7ffd3a021000 rw-p 00000000 00:00 0                          [stack]
Rss:                 100 kB
Anonymous:           100 kB
`;

t.test('only pages that are those of their file may be dropped', async (t) => {
  const mappings = fileMappings(smaps);
  t.strictSame(
    mappings.map(({ file, resident }) => [file, resident / 1024]),
    [
      ['/opt/node/bin/node', 22452],
      ['/opt/node/bin/node', 16],
      ['/opt/node/bin/node', 96],
      ['/var/lib/a file (deleted)', 64],
    ],
    'what is no file is left out',
  );
  t.strictSame(mappings.map(isAsInFile), [true, false, false, false], 'neither changed, nor writable, nor shared');
  t.strictSame([mappings[0]?.begin, mappings[0]?.end], [0xb72000n, 0x25f2000n]);
});

t.test('what the kernel writes otherwise is never dropped', async (t) => {
  t.strictSame(fileMappings(''), []);
  t.strictSame(fileMappings('00b72000-025f2000 r-xp\nRss: 5 kB\n'), []);
  const [unknown] = fileMappings('00b72000-025f2000 r-xp 0 fe:00 1 /opt/node/bin/node\nRss:     500 kB\n');
  t.ok(unknown);
  t.notOk(unknown !== undefined && isAsInFile(unknown), 'it does not say whether pages were changed');
});

t.test('program files go, and the process goes on', { skip: ffiUnavailable() ?? false }, async (t) => {
  const resident = (): number => Number(/^RssFile:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
  const before = resident();
  const dropped = dropStartPages();
  const after = resident();
  t.ok(dropped > 2 ** 20, `${dropped} bytes`);
  t.ok(after < before, `${before} kB before, ${after} kB after`);
  // Code and constants that come back: regular expressions, dates, text, compiled anew.
  t.equal(new Intl.NumberFormat('en').format(1234567), '1,234,567');
  t.equal('ÄÖÜ'.normalize('NFD').replace(/\p{M}/gu, ''), 'AOU');
  t.equal(runInNewContext('[1, 2, 3].map((x) => x ** 2).join()'), '1,4,9');
});

t.test('objects that nobody refers to any more go, and their room with them', async (t) => {
  const megabytes = (): number => getHeapStatistics().total_physical_size / 1e6;
  let left: unknown[] = Array.from({ length: 500_000 }, (_, index) => ({ index }));
  t.equal(left.length, 500_000);
  const before = megabytes();
  left = [];
  await collectStartObjects();
  const after = megabytes();
  t.ok(before - after > 15, `${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after`);
  t.equal(left.length, 0);
});
