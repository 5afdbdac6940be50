import t from 'tap';
import { makeMetrics } from '../../src/control/metrics.js';
import { portCounterTable, streamCounterTable } from '../../src/memory/counters.js';
import { HandMadeView, ledgerOf, portCountersOf, streamCountersOf, summaryOf } from './hand-made-view.js';

const build = { version: '1.2.3', backend: 'dgram' };

/** Samples by name and labels (sorted), as text. */
async function samples(view: HandMadeView, metrics = makeMetrics(view, build)): Promise<Map<string, string>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => {
    const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) as RegExpExecArray;
    return [`${name}{${(labels ?? '').split(',').sort().join(',')}}`, value as string];
  }));
}

t.test('every row of the counter tables is a sample with its own value', async (t) => {
  const view = new HandMadeView();
  const numbered = (from: number, table: readonly { id: string }[]) => Object.fromEntries(table.map(({ id }, index) => [id, from + index]));
  view.ports = [{ udpPort: 50001, counters: portCountersOf(numbered(100, portCounterTable)) }, { udpPort: 50002, counters: portCountersOf(numbered(200, portCounterTable)) }];
  view.stream = streamCountersOf(numbered(300, streamCounterTable));
  const found = await samples(view);
  const labelsOf = (labels: Readonly<Record<string, string>>): string => Object.entries(labels).map(([key, value]) => `${key}="${value}"`).sort().join(',');
  portCounterTable.forEach(({ metric, labels }, index) => {
    for (const [port, from] of [['50001', 100], ['50002', 200]] as const) {
      t.equal(found.get(`${metric}{${labelsOf({ ...labels, port, detector: 'quad' })}}`), String(from + index));
    }
  });
  streamCounterTable.forEach(({ metric, labels }, index) => t.equal(found.get(`${metric}{${labelsOf({ ...labels, detector: 'quad' })}}`), String(300 + index)));
});

t.test('a second scrape shows the counters of that moment, not their sum', async (t) => {
  const view = new HandMadeView();
  const metrics = makeMetrics(view, build);
  view.ports[0]!.counters.received = 5;
  await samples(view, metrics);
  view.ports[0]!.counters.received = 7;
  t.equal((await samples(view, metrics)).get('vdcu_udp_packets_received_total{detector="quad",port="50001"}'), '7');
});

t.test('build, readiness, state, ring and consumers are gauges', async (t) => {
  const view = new HandMadeView();
  view.ready = { ready: false, reasons: ['port 50001 is not bound'] };
  view.state = { ...view.state, state: 'closing' };
  const found = await samples(view);
  t.equal(found.get('vdcu_build_info{backend="dgram",detector="quad",version="1.2.3"}'), '1');
  t.equal(found.get('vdcu_ready{detector="quad"}'), '0');
  t.equal(found.get('vdcu_series_state{detector="quad",state="closing"}'), '1');
  t.equal(found.get('vdcu_series_state{detector="quad",state="open"}'), '0');
  t.equal(found.get('vdcu_ring_slots{detector="quad"}'), '64');
  t.equal(found.get('vdcu_ring_slots_used{detector="quad"}'), '3');
  t.equal(found.get('vdcu_ring_slots_used_max{detector="quad"}'), '9');
  t.equal(found.get('vdcu_zmq_peers{detector="quad"}'), '1');
  t.equal(found.get('vdcu_udp_socket_receive_buffer_bytes{detector="quad",kind="actual",port="50001"}'), '425984');
});

t.test('what is unknown has no sample', async (t) => {
  const view = new HandMadeView();
  view.ring = { ...view.ring, ringSlotsUsed: NaN };
  view.ports[0]!.counters.socketDropped = NaN;
  view.state = { ...view.state, last_series: summaryOf({ ledger: [ledgerOf(50001, { socket: null, unexplained: null, late: 2 })] }) };
  const found = await samples(view);
  t.notOk([...found.keys()].some((key) => key.startsWith('vdcu_ring_slots_used{')));
  t.notOk(found.has('vdcu_udp_socket_dropped_packets_total{detector="quad",port="50001"}'));
  t.ok(found.has('vdcu_udp_socket_dropped_packets_total{detector="quad",port="50002"}'));
  t.equal(found.get('vdcu_series_missing_packets{cause="late",detector="quad",port="50001"}'), '2');
  t.notOk(found.has('vdcu_series_missing_packets{cause="socket",detector="quad",port="50001"}'));
});

t.test('a packet without a class shows as an accounting error of its port', async (t) => {
  const view = new HandMadeView();
  Object.assign(view.ports[0]!.counters, { received: 12, accepted: 10 });
  Object.assign(view.ports[1]!.counters, { received: 13, accepted: 9 });
  const found = await samples(view);
  t.equal(found.get('vdcu_accounting_error_packets{detector="quad",port="50001"}'), '0');
  t.equal(found.get('vdcu_accounting_error_packets{detector="quad",port="50002"}'), '4');
});
