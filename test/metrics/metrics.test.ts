import t from 'tap';
import { makeMetrics } from '../../src/metrics/metrics.js';
import { portCounterTable, streamCounterTable } from '../../src/memory/counters.js';
import { promtool } from '../deploy/prometheus-tools.js';
import { without } from '../programs.js';
import { HandMadeView, figuresOf, ledgerOf, portCountersOf, streamCountersOf } from '../view/hand-made-view.js';

const build = { version: '1.2.3', backend: 'dgram' };

/** Samples by name and labels (sorted), as text. */
async function samples(view: HandMadeView, metrics = makeMetrics(view, build)): Promise<Map<string, string>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) as RegExpExecArray;
      return [`${name}{${(labels ?? '').split(',').sort().join(',')}}`, value];
    }),
  );
}

t.test('every row of the counter tables is a sample with its own value', async (t) => {
  const view = new HandMadeView();
  const numbered = (from: number, table: readonly { id: string }[]) =>
    Object.fromEntries(table.map(({ id }, index) => [id, from + index]));
  view.ports = [
    { udpPort: 50001, counters: portCountersOf(numbered(100, portCounterTable)) },
    { udpPort: 50002, counters: portCountersOf(numbered(200, portCounterTable)) },
  ];
  view.stream = streamCountersOf(numbered(300, streamCounterTable));
  const found = await samples(view);
  const labelsOf = (labels: Readonly<Record<string, string>>): string =>
    Object.entries(labels)
      .map(([key, value]) => `${key}="${value}"`)
      .sort()
      .join(',');
  portCounterTable.forEach(({ metric, labels }, index) => {
    for (const [port, from] of [
      ['50001', 100],
      ['50002', 200],
    ] as const) {
      t.equal(found.get(`${metric}{${labelsOf({ ...labels, port, detector: 'quad' })}}`), String(from + index));
    }
  });
  streamCounterTable.forEach(({ metric, labels }, index) =>
    t.equal(found.get(`${metric}{${labelsOf({ ...labels, detector: 'quad' })}}`), String(300 + index)),
  );
});

t.test('each encoder has its counters, and without compression there are none', async (t) => {
  const view = new HandMadeView();
  const found = await samples(view);
  t.equal(found.get('vdcu_encoder_frames_total{detector="quad",encoder="0"}'), '3');
  t.equal(found.get('vdcu_encoder_bytes_total{detector="quad",encoder="0",kind="raw"}'), '3000');
  t.equal(found.get('vdcu_encoder_bytes_total{detector="quad",encoder="0",kind="compressed"}'), '500');
  t.equal(found.get('vdcu_encoder_busy_seconds_total{detector="quad",encoder="0"}'), '0.25');
  view.compressed = [];
  t.notOk([...(await samples(view)).keys()].some((name) => name.startsWith('vdcu_encoder')));
});

t.test('a second scrape shows the counters of that moment, not their sum', async (t) => {
  const view = new HandMadeView();
  const metrics = makeMetrics(view, build);
  view.ports[0].counters.received = 5;
  await samples(view, metrics);
  view.ports[0].counters.received = 7;
  t.equal((await samples(view, metrics)).get('vdcu_udp_packets_received_total{detector="quad",port="50001"}'), '7');
});

t.test('build, readiness, state, ring and consumers are gauges', async (t) => {
  const view = new HandMadeView();
  view.ready = { ready: false, reasons: ['port 50001 is not bound'] };
  view.clientProblems = ['the ports are taken', 'rows do not fit'];
  view.state = { ...view.state, state: 'closing' };
  const found = await samples(view);
  t.equal(found.get('vdcu_build_info{backend="dgram",detector="quad",version="1.2.3"}'), '1');
  t.equal(found.get('vdcu_ready{detector="quad"}'), '0');
  t.equal(found.get('vdcu_client_settings_problems{detector="quad"}'), '2');
  t.equal(found.get('vdcu_series_state{detector="quad",state="closing"}'), '1');
  t.equal(found.get('vdcu_series_state{detector="quad",state="open"}'), '0');
  t.equal(found.get('vdcu_ring_slots{detector="quad"}'), '64');
  t.equal(found.get('vdcu_ring_slots_used{detector="quad"}'), '3');
  t.equal(found.get('vdcu_ring_slots_used_max{detector="quad"}'), '9');
  t.equal(found.get('vdcu_zmq_peers{detector="quad"}'), '1');
  t.equal(found.get('vdcu_zmq_underway_messages{detector="quad"}'), '2');
  t.equal(found.get('vdcu_zmq_underway_bytes{detector="quad"}'), '1000');
  t.equal(found.get('vdcu_zmq_send_buffer_bytes{detector="quad",kind="requested"}'), '4194304');
  t.equal(found.get('vdcu_zmq_send_buffer_bytes{detector="quad",kind="actual"}'), '212992');
  t.equal(found.get('vdcu_udp_socket_receive_buffer_bytes{detector="quad",kind="actual",port="50001"}'), '425984');
});

t.test('a way out that cannot tell what is on its way, and has no buffer of its own, shows neither', async (t) => {
  const view = new HandMadeView();
  view.ring = { ...view.ring, underway: null, sendBuffer: null };
  const names = [...(await samples(view)).keys()];
  t.notOk(names.some((name) => /^vdcu_zmq_(underway|send_buffer)/.test(name)));
});

t.test('what is unknown has no sample', async (t) => {
  const view = new HandMadeView();
  view.ring = { ...view.ring, ringSlotsUsed: NaN };
  view.ports[0].counters.socketDropped = NaN;
  view.figures = [{ ...figuresOf(50001), series: ledgerOf(50001, { socket: null, unexplained: null, late: 2 }) }];
  const found = await samples(view);
  t.notOk([...found.keys()].some((key) => key.startsWith('vdcu_ring_slots_used{')));
  t.notOk(found.has('vdcu_udp_socket_dropped_packets_total{detector="quad",port="50001"}'));
  t.ok(found.has('vdcu_udp_socket_dropped_packets_total{detector="quad",port="50002"}'));
  t.equal(found.get('vdcu_series_missing_packets{cause="late",detector="quad",port="50001"}'), '2');
  t.notOk(found.has('vdcu_series_missing_packets{cause="socket",detector="quad",port="50001"}'));
});

t.test('a packet without a class shows as an accounting error of its port', async (t) => {
  const view = new HandMadeView();
  Object.assign(view.ports[0].counters, { received: 12, accepted: 10 });
  Object.assign(view.ports[1].counters, { received: 14, accepted: 9 });
  const found = await samples(view);
  t.equal(found.get('vdcu_accounting_error_packets{detector="quad",port="50001"}'), '0');
  t.equal(found.get('vdcu_accounting_error_packets{detector="quad",port="50002"}'), '5');
});

t.test('a histogram is exported with accumulated buckets, sum and count', async (t) => {
  const view = new HandMadeView();
  view.figures = [
    { ...figuresOf(50001), histograms: { batchPackets: { counts: [1, 0, 2, 0, 0, 0, 0, 0, 3, 4], sum: 1234 } } },
  ];
  const found = await samples(view);
  const bucket = (le: string): string | undefined =>
    found.get(`vdcu_udp_receive_batch_packets_bucket{detector="quad",le="${le}",port="50001"}`);
  t.strictSame(['1', '2', '4', '256', '+Inf'].map(bucket), ['1', '1', '3', '6', '10']);
  t.equal(found.get('vdcu_udp_receive_batch_packets_sum{detector="quad",port="50001"}'), '1234');
  t.equal(found.get('vdcu_udp_receive_batch_packets_count{detector="quad",port="50001"}'), '10');
  t.equal(found.get('vdcu_frame_latency_seconds_count{detector="quad",stage="handover"}'), '0');
});

t.test('figures of ports and threads are gauges; what is unknown of them has no sample', async (t) => {
  const view = new HandMadeView();
  view.figures = [
    {
      ...figuresOf(50001),
      queueBytes: 77,
      queueBytesMax: 99,
      lagFrames: 3,
      lastPacketAt: 1_700_000_000_500,
      series: ledgerOf(50001, { missing: 4, ring: 4 }),
    },
    { ...figuresOf(50002), queueBytes: null },
  ];
  const found = await samples(view);
  const port = 'detector="quad",port="50001"';
  t.equal(found.get(`vdcu_udp_socket_queue_bytes{${port}}`), '77');
  t.equal(found.get(`vdcu_udp_socket_queue_bytes_max{${port}}`), '99');
  t.equal(found.get(`vdcu_port_lag_frames{${port}}`), '3');
  t.equal(found.get(`vdcu_port_last_packet_timestamp_seconds{${port}}`), '1700000000.5');
  t.equal(found.get(`vdcu_series_missing_packets{cause="ring",${port}}`), '4');
  t.equal(found.get(`vdcu_series_packets{class="missing",${port}}`), '4');
  t.notOk([...found.keys()].some((key) => key.includes('50002') && /queue_bytes|last_packet|series_packets/.test(key)));
  t.equal(found.get('vdcu_agent_heartbeat_age_seconds{agent="streamer",detector="quad"}'), '0.25');
  t.equal(found.get('vdcu_agent_stall_seconds_max{agent="receiver_50001",detector="quad"}'), '0.012');
  t.notOk(found.has('vdcu_agent_stall_seconds_max{agent="streamer",detector="quad"}'));
});

t.test('an image without an outcome shows as an accounting error, one that is under way does not', async (t) => {
  const view = new HandMadeView();
  for (const [images, error] of [
    [5, '0'],
    [6, '0'],
    [7, '2'],
    [4, '-1'],
  ] as const) {
    view.stream = streamCountersOf({ images, complete: 3, markedTimeout: 2 });
    t.equal((await samples(view)).get('vdcu_accounting_error_frames{detector="quad"}'), error);
  }
});

t.test('promtool finds nothing wrong with names and help', { skip: without('promtool') }, async (t) => {
  const checked = await promtool(['check', 'metrics'], await makeMetrics(new HandMadeView(), build).render());
  t.equal(checked.code, 0, checked.output);
  t.equal(checked.output.trim(), '');
});
