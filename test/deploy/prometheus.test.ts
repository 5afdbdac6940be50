// A real Prometheus scrapes a real run with injected loss; what the dashboard asks it is what the simulator did.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import {
  heldBack,
  panels,
  unexplained as unexplainedOfSeries,
  waterfallSteps,
} from '../../deploy/grafana/dashboard.js';
import { serveSimulatorMetrics } from '../../simulators/detector/metrics.js';
import type { GroundTruth } from '../../simulators/detector/truth.js';
import { freeTcpPort } from '../threads/free-ports.js';
import { receiverOf } from '../threads/hand-made-receiver.js';
import { quadYaml, start } from '../threads/running.js';
import { until } from '../threads/waiting.js';
import { programNamed, without } from '../programs.js';
import { promtool } from './prometheus-tools.js';

interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/**
 * A Prometheus that scrapes these addresses every 200 ms; ended and removed with the test. Resolves when the first has
 * been scraped.
 */
async function startPrometheus(t: Test, ...targets: readonly string[]): Promise<(expr: string) => Promise<Result[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-prometheus-'));
  writeFileSync(
    join(folder, 'prometheus.yml'),
    'global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs: [{job_name: vdcu, static_configs: ' +
      `[{targets: ${JSON.stringify(targets)}}]}]\n`,
  );
  const port = await freeTcpPort();
  const child = spawn(
    programNamed('prometheus') as string,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const query = async (expr: string): Promise<Result[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
      signal: AbortSignal.timeout(10_000),
    });
    const body = (await answer.json()) as { status: string; error?: string; data: { result: Result[] } };
    if (body.status !== 'success') throw new Error(`${expr}: ${body.error}`);
    return body.data.result;
  };
  await until(
    () =>
      query(`up{instance="${targets[0]}"} == 1`).then(
        (result) => result.length === 1,
        () => false,
      ),
    'the first scrape',
    30_000,
  );
  return query;
}

/** Where the simulator's truth will be served, and what serves it there from the start of a run on. */
async function simulatorEndpoint(
  t: Test,
): Promise<{ readonly address: string; readonly onStart: (truth: GroundTruth) => Promise<void> }> {
  const port = await freeTcpPort();
  return {
    address: `127.0.0.1:${port}`,
    onStart: async (truth) => {
      const server = await serveSimulatorMetrics(truth, 'det', { port });
      t.teardown(() => server.close());
    },
  };
}

const ofDetector = (expr: string): string =>
  expr.replaceAll('$detector', 'det').replace(/\$__(?:rate_interval|range)/g, '1m');

t.test('the waterfall returns what the simulator did', { skip: without('prometheus') }, async (t) => {
  const running = await start(t);
  const { address, onStart } = await simulatorEndpoint(t);
  const query = await startPrometheus(t, new URL(running.service.apiUrl).host, address);
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 60, first_frame_number: 1 });
  const [first] = running.config.detector.udpPorts as [number];
  const { truth } = await running.simulate({
    frames: 60,
    seed: 3,
    loss: `${first}:7:3-9,*:20:*`,
    delay: `${first}:30:5`,
    delayFrames: 20,
    duplicate: '0.01',
    truncate: '0.002',
    foreign: '0.005',
    onStart,
  });
  const summary = await running.ended(1);
  await consumer.report;

  // A scrape that fails on a busy machine takes everything away until the next.
  const valueOf = async (expr: string): Promise<number> => {
    let result: Result[] = [];
    await until(async () => (result = await query(ofDetector(expr))).length > 0, `a value of ${expr}`);
    return Number(result[0]?.value[1]);
  };
  // Scraped once more after the end: the gauges of the last series stay.
  await until(
    async () => (await valueOf('vdcu_zmq_messages_sent_total{type="series_end"}')) === 1,
    'a scrape after the end of the series',
  );
  const planned = truth.ports.reduce((sum, port) => sum + port.planned, 0);
  const dropped =
    truth.ports.reduce((sum, port) => sum + port.sent, 0) - (await valueOf('sum(vdcu_udp_packets_received_total)'));
  const [expected, unexplained, cut, socket, ring, late, accepted] = (await Promise.all(
    waterfallSteps.map(({ bar }) => valueOf(bar)),
  )) as [number, number, number, number, number, number, number];
  t.equal(expected, planned, 'all that the detector should have sent');
  t.equal(cut, 0);
  t.equal(accepted + late + ring + socket + unexplained, expected, 'the steps lead from expected to accepted');
  t.equal(ring, 0);
  t.equal(await valueOf('sum(vdcu_udp_socket_dropped_packets_total)'), dropped, 'kernel drops');
  const suppressed = truth.ports.reduce((sum, port) => sum + port.lost + port.truncated, 0);
  await until(async () => (await valueOf(heldBack)) === suppressed, 'the truth of the simulator in Prometheus');
  t.equal(
    await valueOf('sum(vdcu_simulator_packets_sent_total)'),
    truth.ports.reduce((sum, port) => sum + port.sent, 0),
    'what the simulator sent',
  );
  if (dropped === 0) {
    t.equal(await valueOf(unexplainedOfSeries), suppressed, 'simulator truth against what was measured');
    t.equal(unexplained, suppressed, 'what the simulator did not send, or not whole');
    t.equal(socket, 0);
    t.equal(
      late,
      truth.ports.reduce((sum, port) => sum + port.delayed, 0),
      'the packet that came twenty frames later',
    );
    t.equal(
      await valueOf('sum(vdcu_series_packets{class="malformed"})'),
      truth.ports.reduce((sum, port) => sum + port.truncated + port.foreignDetectorType + port.foreignVersion, 0),
      'malformed',
    );
  }
  for (const [index, { below }] of waterfallSteps.entries()) {
    const lostAfter = [
      0,
      accepted + ring + late + socket,
      accepted + ring + late + socket,
      accepted + ring + late,
      accepted + late,
      accepted,
      0,
    ];
    t.equal(await valueOf(below), lostAfter[index], `where bar ${index + 1} begins`);
  }
  for (const ledger of summary.ledger) {
    for (const cause of ['late', 'ring', 'socket', 'cut_off', 'unexplained'] as const) {
      t.equal(
        await valueOf(`vdcu_series_missing_packets{port="${ledger.udp_port}", cause="${cause}"}`),
        ledger[cause],
        `port ${ledger.udp_port}: ${cause}, as in the ledger`,
      );
    }
  }
  t.equal(
    await valueOf('vdcu_frame_latency_seconds_count{stage="total"}'),
    summary.frames - 1,
    'one observation per frame that had a packet',
  );
  t.equal(await valueOf('vdcu_frame_latency_seconds_count{stage="handover"}'), summary.frames);
  t.equal(
    await valueOf('sum(abs(vdcu_accounting_error_packets)) + sum(abs(vdcu_accounting_error_frames))'),
    0,
    'sums hold',
  );
});

t.test(
  'every panel gets an answer, and the metrics are as Prometheus wants them',
  { skip: without('prometheus') },
  async (t) => {
    const receiver = await receiverOf(t);
    // Everything that has metrics of its own: a receiver that is watched, encoders, a preview.
    const running = await start(
      t,
      `${quadYaml}\nframe_timeout_ms: 100\nreceiver_url: "${receiver.url}"\ncompression: bslz4\npreview: { port: 0 }`,
    );
    const { address, onStart } = await simulatorEndpoint(t);
    const query = await startPrometheus(t, new URL(running.service.apiUrl).host, address);
    const consumer = await running.consume({ series: 1 });
    receiver.status = { state: 'running' };
    await running.arm({ frames: 60, first_frame_number: 1 });
    await running.simulate({ frames: 60, loss: '0.01', onStart });
    await running.ended(1);
    await consumer.report;
    Object.assign(receiver, { status: { state: 'idle' }, received: 60 });
    await until(
      async () => (await query('vdcu_zmq_messages_sent_total{type="series_end"} == 1')).length === 1,
      'a scrape after the end of the series',
    );
    for (const { title, exprs } of panels) {
      for (const expr of exprs) {
        await until(async () => (await query(ofDetector(expr))).length > 0, `an answer to ${title}`);
        t.pass(`${title}: ${expr}`);
      }
    }
    const checked = await promtool(['check', 'metrics'], await (await running.fetch('GET', '/metrics')).text());
    t.equal(checked.code, 0, checked.output);
    t.equal(checked.output.trim(), '');
  },
);
