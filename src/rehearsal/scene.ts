// One series of the rehearsal, played: a consumer and a simulated detector as commands of their own beside a running
// service. Comes in: the settings and faults of the series, and which service. Goes out: whether what was sent, counted
// and seen agrees.
// Tested by test/threads/rehearsal.test.ts.

import type { ChildProcess } from 'node:child_process';
import { OperatorError, exitCode } from '../base/errors.js';
import { armWish } from '../control/arm-request.js';
import type { SeriesSummary } from '../contract/series.js';
import type { PortCounter } from '../memory/counters.js';
import type { RunningService } from '../service/service.js';
import type { StandingView } from '../view/standing-view.js';
import { command, until } from './child-commands.js';
import { compareDemo } from './ledger.js';
import type { ConsumerReport, SimulatorTruth } from './ledger.js';

const connectLimitMs = 10_000;
/** A series ends by itself within this time after the last packet, or it is stopped. */
const endLimitMs = 15_000;

/** What the whole rehearsal was asked to be. */
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
export interface Scene {
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
export interface SceneReport {
  readonly title: string;
  readonly problems: readonly string[];
  readonly summary: SeriesSummary;
  readonly consumer: ConsumerReport;
}

/** What it is played with. */
export interface Playing {
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

/** Play it. @throws OperatorError when something cannot be started */
export async function play({
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
