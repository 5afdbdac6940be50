// Series after series through one service, as a beamline would run them in a day, each with other settings or another
// fault, and one through a second service whose images leave in another form: the simulated detector and the checking
// consumer are commands of their own beside it. After each series what was sent, counted and seen is compared
// (rehearsal/ledger.ts), at the end the sums with those that Prometheus has, if it is installed.
// Tested by test/threads/rehearsal.test.ts.

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode } from '../base/errors.js';
import { endAll, interrupted, startBeside } from './child-commands.js';
import { loadConfig } from '../config/load.js';
import type { StandingView } from '../view/standing-view.js';
import { everyHundredthPixel, formOf, playFormed } from './formed.js';
import { freeTcpPorts, freeUdpPorts } from './free-ports.js';
import type { PortCounter } from '../memory/counters.js';
import { startPrometheus } from './prometheus.js';
import type { PrometheusReport } from './prometheus.js';
import { play } from './scene.js';
import type { RehearsalOptions, Scene, SceneReport } from './scene.js';
import type { SeriesSummary } from '../contract/series.js';

function scenes(short: boolean, silentPort: number): Scene[] {
  const frames = (whole: number): number => (short ? Math.ceil(whole / 10) : whole);
  const missing = ({ ledger }: SeriesSummary): boolean => ledger.some((port) => port.missing > 0);
  // As long as the silence may last within the series, whatever frame number it begins with.
  const silent = short ? 4 : 20;
  return [
    { title: '16 bit, nothing goes wrong', frames: frames(600), rate: 200 },
    {
      title: 'packets lost, late, twice, out of order',
      frames: frames(800),
      rate: 200,
      simulate: ['--loss', '0.002', '--reorder', '0.01', '--duplicate', '0.002', '--delay', '0.0005'],
      shows: missing,
    },
    {
      title: '32 bit, packets lost',
      settings: { dynamic_range: 32 },
      frames: frames(300),
      rate: 100,
      simulate: ['--loss', '0.001'],
      shows: missing,
    },
    { title: '8 bit', settings: { dynamic_range: 8 }, frames: frames(600), rate: 300 },
    {
      title: 'a quarter of the rows',
      settings: { read_n_rows: 64 },
      frames: frames(1000),
      rate: 500,
      simulate: ['--loss', '0.001'],
      shows: missing,
    },
    {
      title: `port ${silentPort} silent for ${silent} frames`,
      frames: frames(200),
      rate: 100,
      simulate: ['--loss', `${silentPort}:FIRST+5-FIRST+${4 + silent}:*`],
      shows: ({ marked }) => marked >= silent,
    },
    { title: 'a slow consumer', frames: frames(500), rate: 200, watch: ['--delay', '15'] },
    {
      title: 'packets cut short, and strangers',
      frames: frames(400),
      rate: 200,
      simulate: ['--truncate', '0.001', '--foreign', '0.01'],
      shows: missing,
    },
    { title: 'until stopped', frames: frames(400), rate: 200, stopped: true },
  ];
}

/**
 * Run all series.
 * @returns exit code: ok when everything agreed in all of them
 * @throws OperatorError when something cannot be started, or when interrupted
 */
export async function runRehearsal(options: RehearsalOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'vdcu-rehearsal-'));
  const children: ChildProcess[] = [];
  const say = (text: string): void => void options.out.stderr.write(`${text}\n`);
  const udpPorts = await freeUdpPorts(2);
  const played = scenes(options.short, udpPorts[1]);
  const file = join(folder, 'rehearsal.yaml');
  const mask = join(folder, 'mask.npy');
  await writeFile(mask, everyHundredthPixel());
  await writeFile(file, rehearsalYaml(udpPorts, played, await freeTcpPorts(2), mask));
  const config = loadConfig(file, 'rehearsal');
  const service = await startBeside(folder, config);
  const cutShort = Promise.race([service.failed, interrupted(options.signal)]);
  cutShort.catch(() => undefined);
  try {
    say(
      `Virtual DCU rehearsal: ${played.length} series through one service, seed ${options.seed}. Live page: ` +
        `${service.apiUrl}/`,
    );
    const prometheus = options.prometheus ? await startPrometheus(folder, service.apiUrl, children) : null;
    say(
      prometheus === null
        ? '  Prometheus  not installed, or not wanted: its figures are not compared'
        : `  Prometheus  ${prometheus.url}`,
    );
    const reports: SceneReport[] = [];
    let firstFrame = 1;
    for (const [index, scene] of played.entries()) {
      const report = await play({
        scene,
        entry: `series-${index + 1}`,
        firstFrame,
        file,
        service,
        children,
        cutShort,
        options,
      });
      reports.push(report);
      say(`  ${report.problems.length === 0 ? 'ok    ' : 'WRONG '} ${index + 1} ${sceneLine(report)}`);
      firstFrame += scene.frames;
    }
    const figures =
      prometheus === null ? null : await Promise.race([prometheus.report(sumsOf(service.view)), cutShort]);
    const formed = await playFormed({ file, children, cutShort, options });
    reports.push(formed);
    say(`  ${formed.problems.length === 0 ? 'ok    ' : 'WRONG '} ${reports.length} ${sceneLine(formed)}`);
    return conclude(reports, figures, options);
  } finally {
    await endAll(children, () => service.stop('the rehearsal is over'));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One entry for the service, and one for each series with its own settings for simulator and consumer. */
function rehearsalYaml(
  udpPorts: readonly number[],
  played: readonly Scene[],
  formedPorts: readonly number[],
  mask: string,
): string {
  const shared = {
    detector: 'eiger',
    quad: true,
    udp_ports: udpPorts,
    series: 'armed',
    data_port: 0,
    api_port: 0,
    ring_frames: 128,
  };
  const entries = played.map(({ settings }, index): [string, object] => [
    `series-${index + 1}`,
    { ...shared, ...settings },
  ]);
  const formed = { ...shared, udp_ports: formedPorts, ...formOf(mask) };
  return JSON.stringify(
    Object.fromEntries([['rehearsal', { ...shared, dynamic_range_max: 32 }], ...entries, ['formed', formed]]),
  );
}

/** What Prometheus must have at the end. */
function sumsOf(view: StandingView): { missing: number; received: number; images: number } {
  const ports = view.portCounters();
  const sum = (name: PortCounter): number => ports.reduce((total, { counters }) => total + counters[name], 0);
  return { missing: sum('missing'), received: sum('received'), images: view.streamCounters().images };
}

function sceneLine({ title, summary, consumer }: SceneReport): string {
  const lost = summary.ledger.reduce((total, port) => total + port.missing, 0);
  return (
    `${title}: ${summary.frames} frames, ${summary.complete} complete, ${summary.marked} marked, ${lost} packets ` +
    `missing; ${consumer.pixels_checked} pixels checked, ${consumer.wrong_pixels} wrong`
  );
}

function conclude(
  reports: readonly SceneReport[],
  prometheus: PrometheusReport | null,
  { json, out }: RehearsalOptions,
): number {
  const problems = [
    ...reports.flatMap(({ title, problems: found }) => found.map((problem) => `${title}: ${problem}`)),
    ...(prometheus?.problems ?? []).map((problem) => `Prometheus: ${problem}`),
  ];
  const ok = problems.length === 0;
  if (json) {
    out.stdout.write(`${JSON.stringify({ ok, problems, series: reports, prometheus })}\n`);
    return ok ? exitCode.ok : exitCode.failed;
  }
  const rows = reports.map(
    (report, index) => `${report.problems.length === 0 ? 'ok   ' : 'WRONG'}  ${index + 1}  ${sceneLine(report)}`,
  );
  const scraped =
    prometheus === null
      ? 'Prometheus was not run.'
      : `Prometheus: ${prometheus.samples} scrapes; ${prometheus.missing} packets missing, ${prometheus.images} ` +
        'images, as the service ' +
        `says${prometheus.alerts.length === 0 ? '' : `; alerts: ${prometheus.alerts.join(', ')}`}.`;
  const wrong = problems.map((problem) => `  ${problem}`).join('\n');
  const verdict = ok ? 'Everything agrees.' : `SOMETHING DISAGREES:\n${wrong}`;
  out.stdout.write(`\n${rows.join('\n')}\n\n${scraped}\n${verdict}\n`);
  return ok ? exitCode.ok : exitCode.failed;
}
