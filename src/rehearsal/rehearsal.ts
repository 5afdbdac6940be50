// Series after series through one service, as a beamline would run them in a day, each with other settings or another
// fault: the simulated detector and the checking consumer are commands of their own beside it. After each series what
// was sent, counted and seen is compared (rehearsal/ledger.ts), at the end the sums with those that Prometheus has, if
// it is installed.
// Tested by test/threads/rehearsal.test.ts.

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode, OperatorError } from '../base/errors.js';
import { command, endAll, freePorts, interrupted, until } from './child-commands.js';
import { armWish } from '../control/arm-request.js';
import { loadConfig } from '../config/load.js';
import { makeLogger } from '../runtime/log.js';
import type { StandingView } from '../view/standing-view.js';
import { compareDemo } from './ledger.js';
import type { ConsumerReport, SimulatorTruth } from './ledger.js';
import type { PortCounter } from '../memory/counters.js';
import { startPrometheus } from './prometheus.js';
import type { PrometheusReport } from './prometheus.js';
import { startService } from '../service/service.js';
import type { RunningService } from '../service/service.js';
import type { SeriesSummary } from '../contract/series.js';

const connectLimitMs = 10_000;
/** After the last packet a series ends by itself within this, or it is stopped. */
const endLimitMs = 15_000;

export interface RehearsalOptions {
  /** A tenth of the frames. */
  readonly short: boolean;
  readonly seed: number;
  /** Run Prometheus if it is installed. */
  readonly prometheus: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly out: {
    readonly stdout: { write(text: string): unknown };
    readonly stderr: { write(text: string): unknown };
  };
}

/** One series of the rehearsal. */
interface Scene {
  readonly title: string;
  /** Settings as in the configuration, beside those of all series. */
  readonly settings?: { readonly dynamic_range?: number; readonly read_n_rows?: number };
  readonly frames: number;
  readonly rate: number;
  /** Words for the simulator and for the consumer. */
  readonly simulate?: readonly string[];
  readonly watch?: readonly string[];
  /** Armed without a number of frames, and stopped. */
  readonly stopped?: true;
  /** What must have happened, or the scene shows nothing; unless the run is short. */
  readonly shows?: (summary: SeriesSummary) => boolean;
}

/** How a series went. */
interface SceneReport {
  readonly title: string;
  readonly problems: readonly string[];
  readonly summary: SeriesSummary;
  readonly consumer: ConsumerReport;
}

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
  const udpPorts = await freePorts(2);
  const played = scenes(options.short, udpPorts[1]);
  const file = join(folder, 'rehearsal.yaml');
  await writeFile(file, rehearsalYaml(udpPorts, played));
  const config = loadConfig(file, 'rehearsal');
  const service = await startService(config, { logger: makeLogger('error', config.name) });
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
    return conclude(reports, figures, options);
  } finally {
    await endAll(children, () => service.stop('the rehearsal is over'));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One entry for the service, and one for each series with its own settings for simulator and consumer. */
function rehearsalYaml(udpPorts: readonly number[], played: readonly Scene[]): string {
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
  return JSON.stringify(Object.fromEntries([['rehearsal', { ...shared, dynamic_range_max: 32 }], ...entries]));
}

interface Playing {
  readonly scene: Scene;
  /** Of the configuration, with the settings of this series. */
  readonly entry: string;
  readonly firstFrame: number;
  readonly file: string;
  readonly service: RunningService;
  readonly children: ChildProcess[];
  readonly cutShort: Promise<never>;
  readonly options: RehearsalOptions;
}

async function play({
  scene,
  entry,
  firstFrame,
  file,
  service,
  children,
  cutShort,
  options,
}: Playing): Promise<SceneReport> {
  const { view } = service;
  const before = view.portCounters();
  const consumer = command(children, [
    'watch',
    service.dataEndpoint,
    '--verify',
    file,
    entry,
    '--series',
    '1',
    ...(scene.watch ?? []),
    '--json',
  ]);
  await until(() => view.status().consumers === 1, connectLimitMs, 'the checking consumer did not connect', cutShort);
  const armed = await view.orders.arm(
    armWish({
      first_frame_number: firstFrame,
      ...(scene.stopped === true ? {} : { frames: scene.frames, frame_period_ms: 1000 / scene.rate }),
      metadata: { description: scene.title },
      read_n_rows: 0,
      ...scene.settings,
      force: true,
    }),
  );
  const faults = (scene.simulate ?? []).map((word) =>
    word.replace(/FIRST\+([0-9]+)/g, (_, beyond: string) => String(firstFrame + Number(beyond))),
  );
  const truth = (await Promise.race([
    command(children, [
      'simulate',
      file,
      entry,
      '--frames',
      String(scene.frames),
      '--rate',
      String(scene.rate),
      '--first-frame',
      String(firstFrame),
      '--seed',
      String(options.seed),
      ...faults,
      '--json',
    ]),
    cutShort,
  ])) as SimulatorTruth;
  const ended = (): SeriesSummary | undefined => view.history().find(({ series_id: id }) => id === armed.series_id);
  if (scene.stopped !== true)
    await until(() => ended() !== undefined, scene.watch === undefined ? endLimitMs : 4 * endLimitMs, null, cutShort);
  const summary = ended() ?? (await Promise.race([view.orders.stop(), cutShort]));
  if (summary === null) throw new OperatorError('the series was gone before it had ended', exitCode.internal);
  const report = (await Promise.race([consumer, cutShort])) as ConsumerReport;
  await until(() => view.status().consumers === 0, connectLimitMs, 'the checking consumer did not go', cutShort);
  const { problems } = compareDemo(truth, summary, since(before, view), report);
  const shown = scene.shows === undefined || scene.shows(summary) || options.short;
  return {
    title: scene.title,
    problems: shown ? problems : [...problems, 'what this series is there to show did not happen'],
    summary,
    consumer: report,
  };
}

/** Counters of one series. */
function since(
  before: ReturnType<StandingView['portCounters']>,
  view: StandingView,
): ReturnType<StandingView['portCounters']> {
  return view.portCounters().map(({ udpPort, counters }) => {
    const base = before.find((port) => port.udpPort === udpPort)?.counters;
    const names = Object.keys(counters) as PortCounter[];
    return {
      udpPort,
      counters: Object.fromEntries(names.map((name) => [name, counters[name] - (base?.[name] ?? 0)])) as Record<
        PortCounter,
        number
      >,
    };
  });
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
