import t from 'tap';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { priorityRefusals, realtimeFacts, receiverPriority } from '../../src/runtime/realtime.js';
import type { RealtimeFacts, Refusals } from '../../src/runtime/realtime.js';
import { without } from '../programs.js';
import { cpusOfProcess, mayBeFirst, mayBeRealtime, niceOf, policyOf } from './thread-policy.js';

const none = { realtime: null, first: null };
const may: RealtimeFacts = { runtimeUs: 950_000, cores: 4, noCalls: null, refusals: none };

t.test('receivers are real-time threads where the process may raise them, and two cores are left', async (t) => {
  t.strictSame(receiverPriority(2, [], may), { priority: 'realtime', lacks: null });
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

t.test('what the kernel refuses they do not get; without what it takes back they are first', async (t) => {
  t.match(receiverPriority(1, [], { ...may, refusals: { realtime: 'EPERM', first: 'EACCES' } }), {
    priority: 'normal',
    lacks: { why: 'the kernel refuses a real-time thread (EPERM)', remedy: /cap-add=SYS_NICE.*LimitNICE=-20/ },
  });
  t.match(receiverPriority(1, [], { ...may, refusals: { realtime: 'EPERM', first: null } }), {
    priority: 'first',
    lacks: { remedy: /user namespace.*cpu\.rt_runtime_us/ },
  });
  for (const runtimeUs of [-1, null])
    t.match(receiverPriority(1, [], { ...may, runtimeUs }), {
      priority: 'first',
      lacks: { remedy: /kernel\.sched_rt_runtime_us=950000/ },
    });
});

t.test('what decides is asked of the kernel', async (t) => {
  const refusals = { realtime: 'EPERM', first: null };
  const read = (path: string): string | null => (path === '/proc/sys/kernel/sched_rt_runtime_us' ? '-1\n' : null);
  t.strictSame(
    realtimeFacts(read, 8, null, () => refusals),
    { runtimeUs: -1, cores: 8, noCalls: null, refusals },
  );
  t.strictSame(
    realtimeFacts(
      () => null,
      8,
      'no koffi',
      () => t.fail('no C function is called where none can be') as unknown as Refusals,
    ),
    { runtimeUs: null, cores: 8, noCalls: 'no koffi', refusals: none },
  );
});

t.test('the thread that asks the kernel stays as it was', { skip: ffiUnavailable() ?? false }, async (t) => {
  const own = readFileSync('/proc/thread-self/stat', 'latin1');
  t.match(priorityRefusals(), {
    realtime: mayBeRealtime() ? null : 'EPERM',
    first: mayBeFirst() ? null : 'EACCES',
  });
  const after = readFileSync('/proc/thread-self/stat', 'latin1');
  t.strictSame([policyOf(after), niceOf(after)], [policyOf(own), niceOf(own)]);
});

t.test(
  'a capability that counts in its own user namespace alone gives nothing, and that is known before',
  { skip: ffiUnavailable() ?? without('unshare') },
  async (t) => {
    const module = JSON.stringify(new URL('../../src/runtime/realtime.js', import.meta.url));
    const program =
      `import { priorityRefusals, raisePriority } from ${module}; ` +
      "console.log(JSON.stringify([priorityRefusals(), raisePriority('x', 'realtime')]));";
    const words = ['--map-root-user', process.execPath, '--input-type=module', '--eval', program];
    const ran = spawnSync('unshare', words, { encoding: 'utf8' });
    if (ran.status !== 0) return t.pass(`not tried: ${ran.stderr.trim()}`, { skip: 'no user namespaces here' });
    const [refusals, said] = JSON.parse(ran.stdout) as [Refusals, string];
    t.strictSame(refusals, { realtime: 'EPERM', first: 'EACCES' });
    t.match(said, /^thread x: no real-time priority \(EPERM\), not before other threads \(EACCES\): another program/);
  },
);

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
