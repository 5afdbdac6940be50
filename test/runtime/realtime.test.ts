import t from 'tap';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { realtimeFacts, realtimeRefusal } from '../../src/runtime/realtime.js';
import type { RealtimeFacts } from '../../src/runtime/realtime.js';
import { cpusOfProcess, mayBeRealtime, policyOf } from './thread-policy.js';

const may: RealtimeFacts = { capabilities: 1n << 23n, limit: 0, runtimeUs: 950_000, cores: 4, noCalls: null };

t.test('receivers have it where the process may raise them, and a core is left', async (t) => {
  t.equal(realtimeRefusal(3, [], may), null);
  t.equal(realtimeRefusal(3, [], { ...may, capabilities: 0n, limit: 1 }), null, 'by a limit of the process');
  t.match(realtimeRefusal(4, [], may), {
    why: 'receivers (4) would leave no core (of 4) to the others',
    remedy: 'receiver_threads: 3 in the configuration, or more cores',
  });
});

t.test('of pinned threads one CPU stays without a receiver', async (t) => {
  t.equal(realtimeRefusal(1, [0, 1], may), null);
  t.match(realtimeRefusal(1, [3], may), { why: 'receivers (1) would leave no core (of 1) to the others' });
  t.match(realtimeRefusal(2, [0, 1, 1], may), { why: 'receivers (2) would leave no core (of 2) to the others' });
  t.match(realtimeRefusal(4, [0, 1, 2, 3, 4, 5], may), { why: /of 4/ }, 'more than there are');
});

t.test('where C functions cannot be called nothing is raised, and that is the reason', async (t) => {
  t.match(realtimeRefusal(1, [], { ...may, noCalls: 'no koffi' }), { why: 'no koffi', remedy: /npm ci/ });
});

t.test('without the right, or without what the kernel takes back, they keep the ordinary one', async (t) => {
  for (const facts of [
    { ...may, capabilities: 0n },
    { ...may, capabilities: null, limit: null },
  ])
    t.match(realtimeRefusal(1, [], facts), { why: 'the process may not raise it', remedy: /cap-add=SYS_NICE/ });
  for (const runtimeUs of [-1, null])
    t.match(realtimeRefusal(1, [], { ...may, runtimeUs }), { remedy: /kernel\.sched_rt_runtime_us=950000/ });
});

t.test('what decides is read from the kernel', async (t) => {
  const files: Record<string, string> = {
    '/proc/self/status': 'Name:\tnode\nCapEff:\t0000000000800000\n',
    '/proc/self/limits': 'Max nice priority         0                    0\nMax realtime priority     1      1\n',
    '/proc/sys/kernel/sched_rt_runtime_us': '-1\n',
  };
  t.strictSame(
    realtimeFacts((path) => files[path] ?? null, 8, null),
    { capabilities: 1n << 23n, limit: 1, runtimeUs: -1, cores: 8, noCalls: null },
  );
  t.strictSame(
    realtimeFacts(() => null, 8, 'no koffi'),
    { capabilities: null, limit: null, runtimeUs: null, cores: 8, noCalls: 'no koffi' },
  );
});

t.test('a thread is raised alone, pinned or not', { skip: ffiUnavailable() ?? false }, async (t) => {
  const may = mayBeRealtime();
  const own = policyOf(readFileSync('/proc/thread-self/stat', 'latin1'));
  const [cpu] = cpusOfProcess();
  for (const pinned of [null, cpu]) {
    const worker = new Worker(new URL('./raised-thread.js', import.meta.url), { workerData: { cpu: pinned } });
    const told = await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    t.match(told, {
      pinned: null,
      policy: may ? 1 : 0,
      said: may ? null : /^thread raised: no real-time priority \(EPERM\).*receiver_priority: normal/,
      ...(pinned === null ? {} : { cpus: String(pinned) }),
    });
  }
  t.equal(policyOf(readFileSync('/proc/thread-self/stat', 'latin1')), own, 'other threads stay as they are');
});
