import { closeSync, existsSync, openSync } from 'node:fs';
import t from 'tap';
import { residentBytes } from '../../src/base/resident-bytes.js';
import { processFigures } from '../../src/metrics/process-figures.js';

t.test('memory and CPU time of this process', async (t) => {
  const { residentBytes, heapBytes, externalBytes, cpuSeconds } = processFigures();
  t.ok((residentBytes ?? 0) > (heapBytes ?? Infinity), 'the heap is a part of what is resident');
  t.ok((externalBytes ?? 0) > 0);
  const begun = process.cpuUsage();
  while (process.cpuUsage(begun).user < 20_000);
  t.ok((processFigures().cpuSeconds ?? 0) - (cpuSeconds ?? 0) >= 0.02, 'it increases with work');
});

t.test('memory that the system does not tell is not known; nothing fails', async (t) => {
  t.ok((residentBytes() ?? 0) > 1e6);
  t.equal(
    residentBytes(() => {
      throw new Error('EMFILE');
    }),
    null,
  );
});

t.test(
  'an open file is one descriptor more',
  { skip: existsSync('/proc/self/fd') ? false : 'no /proc here' },
  async (t) => {
    const before = processFigures().descriptors ?? NaN;
    const file = openSync('/dev/null', 'r');
    t.equal(processFigures().descriptors, before + 1);
    closeSync(file);
    t.equal(processFigures().descriptors, before);
  },
);
