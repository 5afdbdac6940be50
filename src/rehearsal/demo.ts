// Everything together on one machine: the service in this process, and beside it the simulated detector and the
// checking consumer as commands of their own. Ends by itself with a ledger in which the simulator's truth, the
// service's counters and the consumer's pixels must agree.
// Tested by test/threads/demo.test.ts.

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError, exitCode } from '../base/errors.js';
import { command, endAll, interrupted, startBeside, until } from './child-commands.js';
import { armWish } from '../control/arm-request.js';
import { loadConfig } from '../config/load.js';
import { seriesTable } from '../view/series-log.js';
import type { StandingView } from '../view/standing-view.js';
import { freeUdpPorts } from './free-ports.js';
import { compareDemo } from './ledger.js';
import type { ConsumerReport, SimulatorTruth } from './ledger.js';
import type { RunningService } from '../service/service.js';

/** Ratios of packets that the simulator loses, sends after others, twice, and frames too late. */
const faults = { loss: '0.001', reorder: '0.005', duplicate: '0.0005', delay: '0.0001' } as const;

const progressMs = 500;
const connectLimitMs = 10_000;
/** The series ends by itself within this time after the last packet, or the demo stops it. */
const endLimitMs = 15_000;

export interface DemoOptions {
  readonly frames: number;
  /** Frames per second. */
  readonly rate: number;
  readonly seed: number;
  /** Serve the simulator's truth for Prometheus on this port of loopback. */
  readonly metricsPort?: number;
  /** Go on until interrupted, with HTTP on this port; null = end with the ledger, on any free port. */
  readonly keepOnPort: number | null;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly out: {
    readonly stdout: { write(text: string): unknown };
    readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  };
}

/**
 * Run the demo.
 * @returns exit code: ok when every pixel was right and all sums agree
 * @throws OperatorError when something cannot be started
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'vdcu-demo-'));
  const children: ChildProcess[] = [];
  const say = (text: string): void => void options.out.stderr.write(`${text}\n`);
  const file = join(folder, 'demo.yaml');
  await writeFile(file, demoYaml(await freeUdpPorts(2), options.keepOnPort ?? 0));
  const config = loadConfig(file, 'demo');
  const service = await startBeside(folder, config, (error) => keptPortTaken(error, options.keepOnPort));
  const cutShort = Promise.race([service.failed, interrupted(options.signal)]);
  cutShort.catch(() => undefined);
  let progress: Progress | null = null;
  try {
    const { view } = service;
    say(
      `  frames      ${options.frames} at ${options.rate} frames/s, seed ${options.seed}, with packets lost, ` +
        'reordered, sent twice, late',
    );
    say(
      `  look at     ${service.apiUrl}/  (live page)   ${service.apiUrl}/docs  (HTTP interface)   ` +
        `${service.apiUrl}/metrics`,
    );
    if (options.metricsPort !== undefined) say(`  simulator   http://127.0.0.1:${options.metricsPort}/metrics`);
    say(`  stream      ${service.dataEndpoint}`);
    for (const { udp_port: udpPort, receive_buffer_granted_bytes: granted } of view.udpPorts()) {
      if (granted !== null && granted < config.receiveBufferBytes)
        say(
          `  note        port ${udpPort}: the kernel granted ${megabytes(granted)} of socket buffer instead of ` +
            `${megabytes(config.receiveBufferBytes)}; a busy machine may drop packets (they are counted)`,
        );
    }
    const consumer = command(children, [
      'watch',
      service.dataEndpoint,
      '--verify',
      file,
      'demo',
      '--picture',
      'rings',
      '--series',
      '1',
      '--json',
    ]);
    await until(() => view.status().consumers > 0, connectLimitMs, 'the checking consumer did not connect', cutShort);
    await view.orders.arm(
      armWish({
        frames: options.frames,
        first_frame_number: 1,
        frame_period_ms: 1000 / options.rate,
        metadata: { description: 'demo' },
      }),
    );
    const faultOptions = Object.entries(faults).flatMap(([name, ratio]) => [`--${name}`, ratio]);
    const simulator = command(children, [
      'simulate',
      file,
      'demo',
      '--picture',
      'rings',
      '--frames',
      String(options.frames),
      '--rate',
      String(options.rate),
      '--seed',
      String(options.seed),
      ...faultOptions,
      ...(options.metricsPort === undefined ? [] : ['--metrics-port', String(options.metricsPort)]),
      '--json',
    ]);
    progress = new Progress(view, options);
    const truth = (await Promise.race([simulator, cutShort])) as SimulatorTruth & Record<string, unknown>;
    await until(() => view.history().length > 0, endLimitMs, null, cutShort);
    // A last frame that was lost entirely ends the series only by a stop.
    const summary = view.history()[0] ?? (await view.orders.stop());
    const report = (await Promise.race([consumer, cutShort])) as ConsumerReport & Record<string, unknown>;
    if (summary === null) throw new OperatorError('the series was gone before it had ended', exitCode.internal);
    const { table, problems } = compareDemo(truth, summary, view.portCounters(), report);
    if (options.json)
      options.out.stdout.write(
        `${JSON.stringify({
          ok: problems.length === 0,
          problems,
          simulator: truth,
          series: summary,
          consumer: report,
        })}\n`,
      );
    else options.out.stdout.write(`\n${table}\n\n${seriesTable(summary)}\n\n${verdict(problems, report)}\n`);
    const code = problems.length === 0 ? exitCode.ok : exitCode.failed;
    if (options.keepOnPort === null) return code;
    progress.end();
    progress = null;
    say(`\nThe service stays, with a series that goes on: ${service.apiUrl}/  Ctrl-C ends it.`);
    const right = await goOn(service, file, faultOptions, options, children);
    return right ? code : exitCode.failed;
  } finally {
    progress?.end();
    await endAll(children, () => service.stop('the demo is over'));
    await rm(folder, { recursive: true, force: true });
  }
}

/** `vdcu demo --keep` has no api_port that could be set. */
function keptPortTaken(error: unknown, port: number | null): unknown {
  if (port === null || !(error instanceof OperatorError)) return error;
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') return error;
  const remedy = `Give the page another one: vdcu demo --keep ${port === 65535 ? 65534 : port + 1}`;
  return new OperatorError(`port ${port} of 127.0.0.1 is taken by another process. ${remedy}`, error.exitCode, {
    cause: error,
  });
}

/** One more series until interrupted. @returns was every pixel of it right? */
async function goOn(
  service: RunningService,
  file: string,
  faultOptions: readonly string[],
  { rate, seed, signal, out }: DemoOptions,
  children: ChildProcess[],
): Promise<boolean> {
  const { view } = service;
  const watching = ['watch', service.dataEndpoint, '--verify', file, 'demo', '--picture', 'rings', '--series', '1'];
  const consumer = command(children, [...watching, '--json']);
  await until(
    () => view.status().consumers > 0,
    connectLimitMs,
    'the checking consumer did not connect',
    service.failed,
  );
  await view.orders.arm(armWish({ metadata: { description: 'demo' } }));
  const sending = ['simulate', file, 'demo', '--picture', 'rings', '--frames', '0', '--rate', String(rate)];
  const simulator = command(children, [...sending, '--seed', String(seed), ...faultOptions, '--json']);
  const ended = Promise.race([service.failed, interrupted(signal), simulator, consumer]);
  await ended.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  for (const child of children.slice(-1)) child.kill('SIGINT');
  await simulator;
  await view.orders.stop();
  const report = (await consumer) as ConsumerReport & Record<string, unknown>;
  const told = report.problems.map(({ text }) => `\n  ${text}`).join('');
  out.stderr.write(`\n${pixelsText(report)}${told}\n`);
  return report.wrong_pixels === 0 && report.problems.length === 0;
}

function demoYaml(udpPorts: readonly number[], apiPort: number): string {
  return `demo:
  detector: eiger
  quad: true
  dynamic_range: 16
  udp_ports: [${udpPorts.join(', ')}]
  data_port: 0
  api_port: ${apiPort}
  series: armed
  frame_rate_hz: 1000
`;
}

/** One line that renews itself: how far, how fast, and what was lost. */
class Progress {
  readonly #view: StandingView;
  readonly #options: DemoOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #frameBytes = 514 * 514 * 2;
  #images = 0;
  #shown = false;

  constructor(view: StandingView, options: DemoOptions) {
    this.#view = view;
    this.#options = options;
    this.#timer = setInterval(() => this.#show(), progressMs);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#shown && this.#options.out.stderr.isTTY === true) this.#options.out.stderr.write('\n');
  }

  #show(): void {
    const { series } = this.#view.status();
    if (series === null) return;
    const rate = ((series.images_sent - this.#images) * 1000) / progressMs;
    this.#images = series.images_sent;
    const sum = (name: 'missing' | 'lateFirst' | 'ringFull' | 'duplicate' | 'reordered' | 'socketDropped'): number =>
      series.ports.reduce((total, { counters }) => total + counters[name], 0);
    const text =
      `  ${series.images_sent}/${series.frames} frames  ${rate.toFixed(0)} frames/s  ` +
      `${((rate * this.#frameBytes) / 1e9).toFixed(3)} GB/s  marked ${series.marked}  packets missing ` +
      `${sum('missing')} (late ${sum('lateFirst')}, ring ${sum('ringFull')}, socket ${sum('socketDropped')})  ` +
      `duplicate ${sum('duplicate')}  reordered ${sum('reordered')}`;
    this.#options.out.stderr.write(this.#options.out.stderr.isTTY === true ? `\r\u001b[2K${text}` : `${text}\n`);
    this.#shown = true;
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const pixelsText = (report: ConsumerReport): string =>
  `pixels checked: ${report.pixels_checked}   missing: ${report.missing_pixels}   wrong pixels: ${report.wrong_pixels}`;

function verdict(problems: readonly string[], report: ConsumerReport): string {
  const pixels = pixelsText(report);
  if (problems.length === 0)
    return `${pixels}\nAll sums agree: what the simulator sent, what the service counted and what the consumer saw.`;
  return `${pixels}\nSOMETHING DISAGREES:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
}
