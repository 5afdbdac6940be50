import { Writable } from 'node:stream';
import t from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import type { Machine } from '../../src/doctor/machine.js';
import { Preflight } from '../../src/doctor/preflight.js';
import { makeLogger } from '../../src/runtime/log.js';
import { setupOf } from './good-facts.js';

/**
 * A service at 4000 Hz on loopback whose sockets got `granted` bytes; `reads` counts how often the machine was looked
 * at, `runs` how often a program was started.
 */
function setUp(granted = 104857600, link = 'lo') {
  const { config, plan } = setupOf(', frame_rate_hz: 4000, frame_timeout_ms: 100');
  const clock = new VirtualClock();
  const state = { granted, reads: 0, runs: 0 };
  const machine: Machine = {
    read: () => null,
    interfaces: () => {
      state.reads++;
      return {
        [link]: [
          { address: '10.0.0.1', internal: link === 'lo' },
          { address: '127.0.0.1', internal: link === 'lo' },
        ],
      };
    },
    cores: () => 8,
    wall: () => Date.UTC(2026, 5, 1),
    clockSynchronised: () => null,
    priorityRefusals: () => ({ realtime: null, first: null }),
    residentBytes: () => 0,
  };
  const preflight = new Preflight({
    config,
    plan,
    clock,
    machine,
    says: () => ({
      receiveBuffers: [{ udpPort: 50001, requestedBytes: 104857600, grantedBytes: state.granted }],
      service: { consumers: 1, acceptedPackets: 0, unserved: [] },
      client: null,
      backend: 'recvmmsg+zmtp',
    }),
    run: () => {
      state.runs++;
      return Promise.resolve({ output: '' });
    },
  });
  return { preflight, clock, state };
}

t.test('reasons against arming are those of this moment', async (t) => {
  const { preflight, state } = setUp();
  t.strictSame(preflight.reasons(), []);
  state.granted = 100_000;
  t.match(preflight.reasons(), [
    /^receive_buffer: port 50001: 100000 of 104857600 bytes granted = 0\.\d+ ms at 4000 Hz; needed: .*sysctl -w net\.core\.rmem_max=104857600 \(docs\/operating\.md#receive_buffer\), or open the series with force\.$/,
  ]);
});

t.test('metrics and readiness look at the machine every two seconds at most', async (t) => {
  const { preflight, clock, state } = setUp(100_000);
  t.match(
    preflight.recentResults().find(({ check }) => check === 'receive_buffer'),
    { ok: false },
  );
  t.match(
    preflight.recentResults().find(({ check }) => check === 'compiled_placement'),
    { ok: true },
    'a warning is no failure',
  );
  t.equal(preflight.recentReasons().length, 1);
  t.equal(state.reads, 1);
  clock.advance(2000);
  state.granted = 104857600;
  t.strictSame(preflight.recentReasons(), []);
  t.equal(state.reads, 2);
});

t.test('the report asks the network card as well, and what failed is told once', async (t) => {
  const { preflight } = setUp(100_000);
  const report = await preflight.report();
  t.match(report, { ok: false, name: 'quad', failed: 1 });
  t.equal(report.not_checked.find(({ check }) => check === 'nic_pause')?.reason, 'lo is no network card');
  const log: Record<string, unknown>[] = [];
  await preflight.tellFailures(
    makeLogger(
      'info',
      'quad',
      new Writable({
        write(line, _encoding, done) {
          log.push(JSON.parse(String(line)) as Record<string, unknown>);
          done();
        },
      }),
    ),
  );
  t.match(log, [
    { level: 'warn', event: 'check_failed', check: 'receive_buffer', remedy: 'sysctl -w net.core.rmem_max=104857600' },
  ]);
  t.equal(log.length, 1);
});

t.test('however many ask for the report, the network card is asked every five seconds at most', async (t) => {
  const { preflight, clock, state } = setUp(undefined, 'eth0');
  await Promise.all(Array.from({ length: 50 }, () => preflight.report()));
  t.equal(state.runs, 2);
  clock.advance(4999);
  await preflight.report();
  t.equal(state.runs, 2);
  clock.advance(1);
  await preflight.report();
  t.equal(state.runs, 4);
});
