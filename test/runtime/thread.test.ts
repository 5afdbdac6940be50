import t from 'tap';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { allowedCpus, nameThread, pinThread } from '../../src/runtime/thread.js';

const missing = ffiUnavailable();
const skip = missing === null ? {} : { skip: missing };

t.test('a thread has its name, cut to what the kernel keeps', skip, async (t) => {
  const before = readFileSync('/proc/thread-self/comm', 'utf8').trim();
  t.equal(nameThread('receiver 50001 and more'), null);
  t.equal(readFileSync('/proc/thread-self/comm', 'utf8'), 'receiver 50001 \n');
  nameThread(before);
});

t.test('a thread is pinned alone', skip, async (t) => {
  const before = allowedCpus();
  const cpu = Number(/^\d+/.exec(before)?.[0]);
  const worker = new Worker(new URL('./pinned-thread.js', import.meta.url), { workerData: cpu });
  t.strictSame(await new Promise((resolve) => worker.once('message', resolve)), {
    warning: null,
    allowed: String(cpu),
  });
  await worker.terminate();
  t.equal(allowedCpus(), before);
});

t.test('a CPU that this process may not use: the warning says which it may', skip, async (t) => {
  const warning = pinThread('receiver 0', [1023]) ?? '';
  t.match(
    warning,
    /^thread receiver 0: not pinned to CPU 1023 \(EINVAL\): this process may use [0-9,-]+\. Choose among these/,
  );
  t.match(pinThread('receiver 0', [4096]), /4096 is no CPU/);
  t.match(pinThread('receiver 0', [0, -1]), /-1 is no CPU/);
});

t.test(
  'where it cannot be done, a warning says so',
  missing === null ? { skip: 'it can be done here' } : {},
  async (t) => {
    t.match(nameThread('receiver 0'), /not named/);
    t.match(pinThread('receiver 0', [0]), /not pinned/);
  },
);
