import t from 'tap';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { realtimeFacts, realtimeRefusal } from '../../src/runtime/realtime.js';
import type { RealtimeFacts } from '../../src/runtime/realtime.js';

const may: RealtimeFacts = { capabilities: 1n << 23n, limit: 0, runtimeUs: 950_000, cores: 4 };

t.test('receivers have it where the process may raise them, and a core is left', async (t) => {
  t.equal(realtimeRefusal(3, may), null);
  t.equal(realtimeRefusal(3, { ...may, capabilities: 0n, limit: 1 }), null, 'by a limit of the process');
  t.match(realtimeRefusal(4, may), {
    why: 'receivers (4) would leave no core (of 4) to the others',
    remedy: 'receiver_threads: 3 in the configuration, or more cores',
  });
});

t.test('without the right, or without what the kernel takes back, they keep the ordinary one', async (t) => {
  for (const facts of [
    { ...may, capabilities: 0n },
    { ...may, capabilities: null, limit: null },
  ])
    t.match(realtimeRefusal(1, facts), { why: 'the process may not raise it', remedy: /cap-add=SYS_NICE/ });
  for (const runtimeUs of [-1, null])
    t.match(realtimeRefusal(1, { ...may, runtimeUs }), { remedy: /kernel\.sched_rt_runtime_us=950000/ });
});

t.test('what decides is read from the kernel', async (t) => {
  const files: Record<string, string> = {
    '/proc/self/status': 'Name:\tnode\nCapEff:\t0000000000800000\n',
    '/proc/self/limits': 'Max nice priority         0                    0\nMax realtime priority     1      1\n',
    '/proc/sys/kernel/sched_rt_runtime_us': '-1\n',
  };
  t.strictSame(
    realtimeFacts((path) => files[path] ?? null, 8),
    { capabilities: 1n << 23n, limit: 1, runtimeUs: -1, cores: 8 },
  );
  t.strictSame(
    realtimeFacts(() => null, 8),
    { capabilities: null, limit: null, runtimeUs: null, cores: 8 },
  );
});

t.test('a thread is raised alone, or left as it is', async (t) => {
  const refusal = realtimeRefusal(1, realtimeFacts());
  const worker = new Worker(new URL('./raised-thread.js', import.meta.url), { workerData: 1 });
  const { said, policy } = await new Promise<{ said: string | null; policy: number }>((resolve) =>
    worker.once('message', resolve),
  );
  await worker.terminate();
  t.equal(said, null);
  t.equal(policy, refusal === null ? 1 : 0, refusal?.why ?? 'SCHED_FIFO');
  const crowd = new Worker(new URL('./raised-thread.js', import.meta.url), { workerData: availableParallelism() });
  t.match(await new Promise((resolve) => crowd.once('message', resolve)), { said: null, policy: 0 });
  await crowd.terminate();
});
