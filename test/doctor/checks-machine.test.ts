import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import type { Facts } from '../../src/doctor/facts.js';
import { plausibleClock } from '../../src/config/message-numbers.js';
import { makePlan } from '../../src/config/plan.js';
import { checked, setupOf, unchecked, goodFacts } from './good-facts.js';

const mebibyte = 2 ** 20;

t.test('cores: as many as the rate keeps busy, two where it is unknown', async (t) => {
  const cores = (available: number, allowed: readonly number[] | null = null) => ({
    cores: { available, allowed, limit: null },
  });
  const fast = { setup: setupOf(', frame_rate_hz: 2000, receiver_threads: 2') };
  const wanted = fast.setup.plan.rate?.processors.cores as number;
  t.match(checked('cores', { ...fast, ...cores(wanted) }), { status: 'ok' });
  t.match(checked('cores', { ...fast, ...cores(wanted - 1) }), {
    status: 'warning',
    remedy: `give the container or machine ${wanted} cores`,
  });
  t.match(checked('cores', { setup: setupOf(''), ...cores(2) }), { status: 'ok' });
  t.match(checked('cores', { setup: setupOf(''), ...cores(1) }), { status: 'warning' });
  t.match(checked('cores', { setup: setupOf(', pin_cpus: [1, 7]'), ...cores(4, [0, 1, 2, 3]) }), {
    status: 'warning',
    needed: 'CPU 7, which pin_cpus names',
    remedy: /^pin_cpus: \[0, 1, 2, 3\]/,
  });
  t.match(checked('cores', { setup: setupOf(', pin_cpus: [1, 3]'), ...cores(4, [0, 1, 2, 3]) }), { status: 'ok' });
});

t.test('cores: a thread that no core can carry is named', async (t) => {
  const setup = setupOf(', frame_rate_hz: 4000, receiver_threads: 1, frame_timeout_ms: 100');
  t.match(checked('cores', { setup }), {
    status: 'warning',
    seen: /too much for one core: receiver 0/,
    remedy: /^receiver_threads: 2 in the configuration/,
  });
});

t.test('CPU limit: none, or whole cores that suffice', async (t) => {
  const limit = (value: number | null) => ({
    setup: setupOf(''),
    cores: { available: 4, allowed: null, limit: value },
  });
  t.match(checked('cpu_limit', limit(null)), { status: 'ok', seen: 'no limit' });
  t.match(checked('cpu_limit', limit(2)), { status: 'ok' });
  t.match(checked('cpu_limit', limit(2.5)), {
    status: 'warning',
    seen: '2.5 cores',
    remedy: /^docker update --cpus=3 CONTAINER/,
  });
  t.match(checked('cpu_limit', limit(1)), { status: 'warning', remedy: /limits\.cpu: 2$/ });
});

t.test('memory: what is used for certain must be there, what full queues use should be', async (t) => {
  const { plan } = setupOf();
  const certain = plan.memoryBytes - plan.sendQueue.bytes - 2 * plan.receiveBufferBytes.total;
  const memory = (availableBytes: number | null, ownBytes = 0) => ({
    memory: { availableBytes, ownBytes, limitBytes: null },
  });
  t.match(checked('memory', memory(plan.memoryBytes)), { status: 'ok' });
  t.match(checked('memory', memory(plan.memoryBytes - 1)), { status: 'warning', loses_data: false });
  t.match(checked('memory', memory(certain)), { status: 'warning' });
  t.match(checked('memory', memory(certain - 1)), { status: 'failed', loses_data: true, remedy: /lower ring_frames/ });
  t.match(
    checked('memory', memory(plan.memoryBytes - 400 * mebibyte, 400 * mebibyte)),
    { status: 'ok' },
    'what the service holds need not be free',
  );
  t.match(unchecked('memory', memory(null)), /cannot be read/);
  t.equal(unchecked('memory', { setup: null }), 'needs CONFIG NAME');
});

t.test('memory: socket buffers count as they were granted', async (t) => {
  const { plan } = setupOf();
  const small = [{ udpPort: 50001, requestedBytes: 104857600, grantedBytes: 4194304 }];
  const saved = 2 * 2 * (104857600 - 4194304);
  t.match(
    checked('memory', {
      receiveBuffers: small,
      memory: { availableBytes: plan.memoryBytes - saved, ownBytes: 0, limitBytes: null },
    }),
    { status: 'ok' },
  );
});

t.test('memory limit of the control group: none, or room for the plan', async (t) => {
  const { plan } = setupOf();
  const limit = (limitBytes: number | null) => ({ memory: { availableBytes: 2 ** 33, ownBytes: 0, limitBytes } });
  t.match(checked('memory_limit', limit(null)), { status: 'ok', seen: 'no limit' });
  t.match(checked('memory_limit', limit(plan.memoryBytes)), { status: 'ok' });
  t.match(checked('memory_limit', limit(plan.memoryBytes - 1)), {
    status: 'warning',
    remedy: /^docker update --memory=\d+m .*resources\.limits\.memory: \d+Mi; or lower ring_frames$/,
  });
  t.match(checked('memory_limit', limit(64 * mebibyte)), { status: 'failed', loses_data: true });
});

t.test('capabilities: wanted only where the buffer was clamped', async (t) => {
  const clamped = { receiveBuffers: [{ udpPort: 50001, requestedBytes: 104857600, grantedBytes: 212992 }] };
  const kernel = (capabilities: bigint | null) => ({
    kernel: { ...goodFacts().kernel, rmemMax: 212992, netdevMaxBacklog: 1000, capabilities },
  });
  t.match(checked('capabilities'), { status: 'ok', seen: 'CAP_NET_ADMIN no, CAP_SYS_NICE no' });
  t.match(checked('capabilities', { ...clamped, ...kernel(0n) }), { status: 'warning', remedy: /--cap-add=NET_ADMIN/ });
  t.match(checked('capabilities', { ...clamped, ...kernel((1n << 12n) | (1n << 23n)) }), {
    status: 'ok',
    seen: 'CAP_NET_ADMIN yes, CAP_SYS_NICE yes',
  });
  t.match(unchecked('capabilities', kernel(null)), /cannot be read/);
});

t.test('fast ways: missing ones warn, or fail where they are insisted on', async (t) => {
  const missing = { recvmmsg: 'no koffi', compiled: 'not built', zmtp: 'no koffi', libzmq: 'not loaded' };
  for (const [check, key, fast, portable] of [
    ['recvmmsg', 'receive', 'recvmmsg', 'dgram'],
    ['send', 'send', 'zmtp', 'zeromq.js'],
  ] as const) {
    t.match(checked(check), { status: 'ok' });
    t.match(checked(check, { ways: missing }), {
      status: 'warning',
      loses_data: false,
      seen: new RegExp(`^${portable} is used: `),
    });
    t.match(checked(check, { ways: missing, setup: setupOf(`, ${key}: ${fast}`) }), {
      status: 'failed',
      loses_data: false,
      remedy: new RegExp(`${key}: auto`),
    });
    t.match(checked(check, { ways: missing, setup: setupOf(`, ${key}: ${portable}`) }), {
      status: 'ok',
      seen: `${portable}, as configured`,
    });
    t.match(checked(check, { ways: missing, setup: null }), { status: 'warning' });
  }
});

t.test('of the fast ways to send the one that is asked for matters; auto takes libzmq before zeromq.js', async (t) => {
  const ways = { recvmmsg: null, compiled: null };
  const asked = setupOf(', send: libzmq');
  t.match(checked('send', { ways: { ...ways, zmtp: 'no', libzmq: null }, setup: asked }), { status: 'ok' });
  t.match(checked('send', { ways: { ...ways, zmtp: null, libzmq: 'not loaded' }, setup: asked }), {
    status: 'failed',
    seen: 'not loaded',
  });
  t.match(checked('send', { ways: { ...ways, zmtp: 'refused', libzmq: null } }), {
    status: 'warning',
    seen: 'libzmq is used: refused',
  });
  const source = setupOf(', consumer_source: [192.0.2.7]');
  t.match(
    checked('send', { ways: { ...ways, zmtp: 'refused', libzmq: null }, setup: source }),
    { status: 'failed', seen: 'refused', needed: /consumer_source/, remedy: /firewall/ },
    'the service does not start',
  );
  t.match(checked('send', { ways: { ...ways, zmtp: null, libzmq: null }, setup: source }), { status: 'ok' });
});

t.test('without the compiled kernel nothing can be placed', async (t) => {
  t.match(checked('compiled_placement'), { status: 'ok' });
  t.match(
    checked('compiled_placement', { ways: { recvmmsg: null, compiled: 'not built', zmtp: null, libzmq: null } }),
    {
      status: 'failed',
      loses_data: false,
      seen: 'not built',
      remedy: /npm run build/,
    },
  );
});

t.test('node:dgram as configured warns above what it carries', async (t) => {
  t.match(checked('recvmmsg', { setup: setupOf(', receive: dgram, frame_rate_hz: 1000') }), {
    status: 'warning',
    seen: /at 64000 packets\/s on each port$/,
    remedy: /^receive: auto/,
  });
  t.match(checked('recvmmsg', { setup: setupOf(', receive: dgram, frame_rate_hz: 700') }), { status: 'ok' });
});

t.test('clock: plausible, and synchronised as far as anybody says', async (t) => {
  const clock = (wallMs: number, synchronised: boolean | null) => ({ clock: { wallMs, synchronised } });
  t.match(checked('clock'), { status: 'ok', seen: '2026-06-01T00:00:00.000Z, synchronised' });
  t.match(checked('clock', clock(Date.UTC(2026, 5, 1), null)), { status: 'ok', seen: /not known$/ });
  t.match(checked('clock', clock(Date.UTC(2026, 5, 1), false)), {
    status: 'warning',
    remedy: /^timedatectl set-ntp true/,
  });
  // With any other the service does not start.
  const { from, before } = plausibleClock;
  t.match(checked('clock', clock(from, true)), { status: 'ok' });
  for (const wall of [from - 1, before]) t.match(checked('clock', clock(wall, true)), { status: 'failed' });
  t.match(checked('clock', clock(0, true)), { status: 'failed', loses_data: false });
});

t.test(
  'burst: ring and socket buffer hold what the detector sends at once, or it is said what is too short',
  async (t) => {
    const of = (yaml: string): NonNullable<Facts['setup']> => {
      const config = parseConfig(`g2: {detector: gotthard2, udp_ports: [50001]${yaml}}`, 'facts.yaml', 'g2');
      return { config, plan: makePlan(config, 4) };
    };
    const buffers = (grantedBytes: number): Facts['receiveBuffers'] => [
      { udpPort: 50001, requestedBytes: 104857600, grantedBytes },
    ];
    t.match(checked('burst'), { status: 'ok', seen: /no bursts/ });
    t.match(checked('burst', { setup: of('') }), { status: 'ok', seen: /ring of 10082 frames/ });
    t.match(checked('burst', { setup: of(', ring_frames: 2719') }), {
      status: 'warning',
      remedy: 'ring_frames: 2720 in the configuration',
    });
    // 2720 datagrams of 2608 bytes are charged 4352 each, against twice what was granted.
    t.match(checked('burst', { setup: of(''), receiveBuffers: buffers((2720 * 4352) / 2) }), {
      status: 'ok',
      seen: /socket buffer of 2720$/,
    });
    t.match(checked('burst', { setup: of(''), receiveBuffers: buffers((2720 * 4352) / 2 - 1) }), {
      status: 'warning',
      seen: /socket buffer of 2719$/,
      remedy: /rmem_max=104857600$/,
    });
    t.match(checked('burst', { setup: of(', receive_buffer_bytes: 65536'), receiveBuffers: buffers(65536) }), {
      status: 'warning',
      remedy: /receive_buffer_bytes: 5918720 in/,
    });
  },
);

t.test('priority: receivers that share their cores with other programs are told, with the remedy', async (t) => {
  t.match(checked('priority'), { status: 'ok', seen: 'real-time' });
  const kernel = goodFacts().kernel;
  const without = {
    kernel: { ...kernel, realtime: { ...kernel.realtime, refusals: { realtime: 'EPERM', first: 'EACCES' } } },
  };
  t.match(checked('priority', without), {
    status: 'warning',
    seen: 'normal: the kernel refuses a real-time thread (EPERM)',
    remedy: /--cap-add=SYS_NICE.*receiver_priority: normal/,
  });
  t.match(checked('priority', { ...without, setup: setupOf(', receiver_priority: normal') }), {
    status: 'ok',
    seen: 'normal, as configured',
  });
  t.match(
    checked('priority', { setup: setupOf(', pin_cpus: [3], receiver_threads: 1') }),
    {
      status: 'ok',
      seen: 'first of the ordinary threads: receivers (1) would leave the streamer no core of pin_cpus (1)',
    },
    'the streamer is pinned to the same one',
  );
  const small = { kernel: { ...kernel, realtime: { ...kernel.realtime, cores: 2 } } };
  t.match(checked('priority', small), { status: 'ok', seen: /^first of the ordinary threads: .* of 2 cores to/ });
  t.match(unchecked('priority', { setup: null }), /without a configuration/);
});
