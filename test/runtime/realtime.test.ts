import t from 'tap';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { realtimeFacts, receiverPriority } from '../../src/runtime/realtime.js';
import type { RealtimeFacts } from '../../src/runtime/realtime.js';
import { cpusOfProcess, mayBeFirst, mayBeRealtime, niceOf, policyOf } from './thread-policy.js';

const may: RealtimeFacts = {
  capabilities: 1n << 23n,
  limit: 0,
  niceLimit: 0,
  runtimeUs: 950_000,
  cores: 4,
  noCalls: null,
};

t.test('receivers are real-time threads where the process may raise them, and two cores are left', async (t) => {
  t.strictSame(receiverPriority(2, [], may), { priority: 'realtime', lacks: null });
  t.match(receiverPriority(2, [], { ...may, capabilities: 0n, limit: 1 }), { priority: 'realtime' }, 'by a limit');
  t.match(receiverPriority(3, [], may), {
    priority: 'first',
    lacks: {
      why: 'receivers (3) would leave 1 of 4 cores to the streamer and all others',
      remedy: 'receiver_threads: 2 in the configuration, or more cores',
    },
  });
  t.match(receiverPriority(1, [], { ...may, cores: 2 }), {
    priority: 'first',
    lacks: { why: 'receivers (1) would leave 1 of 2 cores to the streamer and all others', remedy: 'more cores' },
  });
});

t.test('pinned, the streamer has a CPU of its own, and another is left to all others', async (t) => {
  t.match(receiverPriority(1, [0, 1], may), { priority: 'realtime' });
  t.match(receiverPriority(1, [3], may), { priority: 'first', lacks: { why: /no core of pin_cpus \(1\)$/ } });
  t.match(receiverPriority(2, [0, 1, 1], may), { priority: 'first', lacks: { why: /no core of pin_cpus \(2\)$/ } });
  t.match(receiverPriority(4, [0, 1, 2, 3, 4, 5], may), { lacks: { why: / 0 of 4 cores / } }, 'more than there are');
});

t.test('where C functions cannot be called nothing is raised, and that is the reason', async (t) => {
  t.match(receiverPriority(1, [], { ...may, noCalls: 'no koffi' }), {
    priority: 'normal',
    lacks: { why: 'no koffi', remedy: /npm ci/ },
  });
});

t.test('without the right they keep the ordinary one; without what the kernel takes back they are first', async (t) => {
  const not = { ...may, capabilities: 0n };
  for (const facts of [not, { ...may, capabilities: null, limit: null, niceLimit: null }, { ...not, niceLimit: 39 }])
    t.match(receiverPriority(1, [], facts), {
      priority: 'normal',
      lacks: { why: 'the process may not raise it', remedy: /cap-add=SYS_NICE.*LimitNICE=-20/ },
    });
  t.match(receiverPriority(1, [], { ...not, niceLimit: 40 }), { priority: 'first' }, 'by a limit of the process');
  for (const runtimeUs of [-1, null])
    t.match(receiverPriority(1, [], { ...may, runtimeUs }), {
      priority: 'first',
      lacks: { remedy: /kernel\.sched_rt_runtime_us=950000/ },
    });
});

t.test('what decides is read from the kernel', async (t) => {
  const files: Record<string, string> = {
    '/proc/self/status': 'Name:\tnode\nCapEff:\t0000000000800000\n',
    '/proc/self/limits': 'Max nice priority         40                   40\nMax realtime priority     1      1\n',
    '/proc/sys/kernel/sched_rt_runtime_us': '-1\n',
  };
  t.strictSame(
    realtimeFacts((path) => files[path] ?? null, 8, null),
    { capabilities: 1n << 23n, limit: 1, niceLimit: 40, runtimeUs: -1, cores: 8, noCalls: null },
  );
  t.strictSame(
    realtimeFacts(() => null, 8, 'no koffi'),
    { capabilities: null, limit: null, niceLimit: null, runtimeUs: null, cores: 8, noCalls: 'no koffi' },
  );
});

t.test('a thread is raised alone, pinned or not', { skip: ffiUnavailable() ?? false }, async (t) => {
  const own = readFileSync('/proc/thread-self/stat', 'latin1');
  const [cpu] = cpusOfProcess();
  for (const priority of ['realtime', 'first', 'normal'] as const) {
    const first = mayBeFirst();
    const may = priority === 'realtime' ? mayBeRealtime() : priority === 'first' && first;
    for (const pinned of [null, cpu]) {
      const workerData = { cpu: pinned, priority };
      const worker = new Worker(new URL('./raised-thread.js', import.meta.url), { workerData });
      const told = await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
      t.match(told, {
        pinned: null,
        policy: may && priority === 'realtime' ? 1 : 0,
        nice: first && (priority === 'first' || (priority === 'realtime' && !may)) ? -20 : niceOf(own),
        said:
          may || priority === 'normal'
            ? null
            : first
              ? /^thread raised: no real-time priority \(EPERM\); it is the first of the ordinary threads instead$/
              : /^thread raised: no.*receiver_priority: normal/,
        ...(pinned === null ? {} : { cpus: String(pinned) }),
      });
    }
  }
  const after = readFileSync('/proc/thread-self/stat', 'latin1');
  t.strictSame([policyOf(after), niceOf(after)], [policyOf(own), niceOf(own)], 'other threads stay as they are');
});
