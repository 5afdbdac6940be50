// The simulator's truth as Prometheus reads it.

import t from 'tap';
import { parseConfig } from '../../../src/config/load.js';
import { serveSimulatorMetrics, simulatorMetrics } from '../../../simulators/detector/metrics.js';
import { runSimulate } from '../../../simulators/simulate.js';
import { GroundTruth } from '../../../simulators/detector/truth.js';
import { promtool } from '../../deploy/prometheus-tools.js';
import { without } from '../../programs.js';
import { configText } from '../../threads/running.js';

const truth = new GroundTruth(1, 1, [50001, 50002, 50003], [50003]);
Object.assign(truth.ports[0], { sent: 90, lost: 7, truncated: 2 });
Object.assign(truth.ports[1], { sent: 99 });

t.test('what was sent and what was held back, by port and fault; a port that is off has no samples', async (t) => {
  const lines = (await simulatorMetrics(truth, 'det').metrics())
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  t.strictSame(lines.sort(), [
    'vdcu_simulator_packets_sent_total{port="50001",detector="det"} 90',
    'vdcu_simulator_packets_sent_total{port="50002",detector="det"} 99',
    'vdcu_simulator_packets_suppressed_total{port="50001",fault="loss",detector="det"} 7',
    'vdcu_simulator_packets_suppressed_total{port="50001",fault="truncate",detector="det"} 2',
    'vdcu_simulator_packets_suppressed_total{port="50002",fault="loss",detector="det"} 0',
    'vdcu_simulator_packets_suppressed_total{port="50002",fault="truncate",detector="det"} 0',
  ]);
});

t.test('promtool finds nothing wrong with them', { skip: without('promtool') }, async (t) => {
  const checked = await promtool(['check', 'metrics'], await simulatorMetrics(truth, 'det').metrics());
  t.strictSame([checked.code, checked.output.trim()], [0, '']);
});

t.test('the endpoint serves the truth as it stands, and nothing else', async (t) => {
  const server = await serveSimulatorMetrics(truth, 'det', { port: 0 });
  t.teardown(() => server.close());
  const { signal } = new AbortController();
  t.equal(await server.scraped(1, signal), false, 'nobody asked');
  const scraped = server.scraped(30_000, signal);
  const text = await (await fetch(server.url)).text();
  t.match(text, /suppressed_total\{port="50001",fault="loss",detector="det"\} 7\n/);
  t.equal(await scraped, true);
  t.equal((await fetch(server.url.replace('/metrics', '/other'))).status, 404);
  await t.rejects(serveSimulatorMetrics(truth, 'det', { port: Number(new URL(server.url).port) }), {
    message: /--metrics-port \d+: .*Choose another port/,
    exitCode: 3,
  });
});

t.test('vdcu simulate serves them while it sends, and once more at its end', async (t) => {
  const config = parseConfig(await configText('detector: eiger\nquad: true'), 'test.yaml', 'det');
  let said = '';
  let printed = '';
  const ended = runSimulate({
    settings: config.detector,
    udpHost: config.udpHosts,
    frames: 20,
    rate: 200,
    loss: '*:7:0-9',
    name: 'det',
    metricsPort: 0,
    json: true,
    signal: new AbortController().signal,
    out: { stdout: { write: (text) => (printed += text) }, stderr: { write: (text) => (said += text) } },
  });
  for (let turn = 0; turn < 3000 && !said.includes('waiting up to'); turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const [url] = /http:\S+\/metrics/.exec(said) as RegExpExecArray;
  const text = await (await fetch(url)).text();
  t.equal(await ended, 0);
  const { ports } = JSON.parse(printed) as { ports: Record<string, { packets_sent: number; lost: number }> };
  for (const [port, counts] of Object.entries(ports)) {
    t.match(text, `vdcu_simulator_packets_sent_total{port="${port}",detector="det"} ${counts.packets_sent}\n`);
    t.match(
      text,
      `vdcu_simulator_packets_suppressed_total{port="${port}",fault="loss",detector="det"} ${counts.lost}\n`,
    );
    t.equal(counts.lost, 10);
  }
  await t.rejects(fetch(url), 'the endpoint is gone');
});
