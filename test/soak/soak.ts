// The soak: the service as its own process, phases of trouble in turn, every pixel of every frame checked, and a look
// at memory, descriptors and counters every few seconds. The command prints what this returns; a test runs it for some
// seconds.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/base/errors.js';
import { historyLength } from '../../src/view/told-series.js';
import { freeUdpPorts } from '../threads/free-ports.js';
import { HostileBeside } from './children.js';
import type { HostileSums } from './children.js';
import { judgeGrowth } from './growth.js';
import type { Growth, GrowthLimit } from './growth.js';
import { phases as allPhases } from './phases.js';
import type { Phase } from './phases.js';
import { ServiceUnderSoak } from './service-under-soak.js';
import type { ServiceSample } from './service-under-soak.js';
import { CutShort, Stage } from './stage.js';
import type { PhaseResult, StageSetup } from './stage.js';

export type SoakDetector = 'eiger' | 'gotthard2';

export interface SoakOptions {
  readonly minutes: number;
  /** Frames per second. */
  readonly rate: number;
  readonly seed: number;
  /** A quad of 514 × 514, or two modules of Gotthard2, whose small frames come by the thousand; default eiger. */
  readonly detector?: SoakDetector;
  readonly signal: AbortSignal;
  /** Hostile datagrams that are played in memory beside the phases; 0 = none. */
  readonly hostile?: number;
  /** Fewer than all, for a test. */
  readonly phases?: readonly Phase[];
  readonly onPhase?: (result: PhaseResult) => void;
  readonly onSample?: (minutes: number, sample: ServiceSample) => void;
}

export interface SoakReport {
  readonly minutes: number;
  readonly rate: number;
  readonly seed: number;
  readonly interrupted: boolean;
  readonly phases: readonly PhaseResult[];
  /** What was watched, every few seconds: figures in the order of `growthLimits`. */
  readonly samples: readonly { readonly minutes: number; readonly figures: readonly number[] }[];
  /** Counters of the service at its end, all ports together: everything of /metrics that is one, by name and labels. */
  readonly counters: Readonly<Record<string, number>>;
  readonly growth: readonly Growth[];
  /** Hostile datagrams beside; null = none were asked for, or the soak was interrupted. */
  readonly hostile: HostileSums | null;
  /** CPU time of the service, cores on average. */
  readonly cores: number;
  readonly exit: number | string;
  /** Everything that was wrong, one sentence each; empty = nothing. */
  readonly problems: readonly string[];
  readonly ok: boolean;
}

/** What may grow by how much over the judged part: less than what it goes up and down by, or one at most. */
export const growthLimits: readonly (GrowthLimit & { readonly of: (sample: ServiceSample) => number })[] = [
  { name: 'resident memory', unit: 'MB', atMost: 8, of: ({ residentMB }) => residentMB },
  { name: 'of that anonymous', unit: 'MB', atMost: 8, of: ({ anonymousMB }) => anonymousMB },
  { name: 'heap of the main thread', unit: 'MB', atMost: 2, of: ({ heapMB }) => heapMB },
  { name: 'memory outside that heap', unit: 'MB', atMost: 2, of: ({ externalMB }) => externalMB },
  { name: 'descriptors', unit: '', atMost: 1, of: ({ descriptors }) => descriptors },
  { name: 'threads', unit: '', atMost: 1, of: ({ threads }) => threads },
];

/** Silence that ends an automatic series: longer than the simulator takes to start. */
const seriesIdleMs = 1500;
const sampleEveryMs = 5000;
/** What the ring holds, and at least 64 frames. */
const ringMs = 800;

/** Run for `minutes`, then to the end of the phase. @throws Error when the service cannot be started */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { minutes, rate, seed, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'vdcu-soak-'));
  try {
    const udpPorts = await freeUdpPorts(2);
    const files = { 8: join(folder, '8.yaml'), 16: join(folder, '16.yaml') } as const;
    await writeFile(files[16], soakYaml(udpPorts, 16, options));
    await writeFile(files[8], soakYaml(udpPorts, 8, options));
    const service = await ServiceUnderSoak.start(files[16], 'soak');
    const { hostile = 0 } = options;
    const beside = hostile === 0 ? null : new HostileBeside(hostile, minutes * 60, seed);
    try {
      return await soak({ service, udpPorts, files, rate, signal }, options, minutes, seed, beside);
    } finally {
      await beside?.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function soak(
  setup: StageSetup,
  options: SoakOptions,
  minutes: number,
  seed: number,
  beside: HostileBeside | null,
): Promise<SoakReport> {
  const { service, signal, rate } = setup;
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 60_000;
  const results: PhaseResult[] = [];
  const samples: { readonly minutes: number; readonly sample: ServiceSample }[] = [];
  const problems: string[] = [];
  let died: string | null = null;
  void service.ended.then((code) => (died = `the service ended by itself with ${code}: ${service.complaints.trim()}`));

  const look = async (): Promise<void> => {
    const sample = await service.sample();
    samples.push({ minutes: elapsed(), sample });
    for (const [key, value] of sample.metrics)
      if (key.startsWith('vdcu_accounting_error') && value !== 0)
        problems.push(`after ${elapsed().toFixed(1)} min: ${key} is ${value}`);
    options.onSample?.(elapsed(), sample);
  };
  let looking: Promise<void> | null = null;
  const lookInTurn = (): Promise<void> =>
    (looking ??= look()
      .catch((error: unknown) => void problems.push(`the service could not be asked: ${messageOf(error)}`))
      .finally(() => (looking = null)));
  await lookInTurn();
  const timer = setInterval(() => void lookInTurn(), sampleEveryMs);

  let nextFrame = 1;
  const { detector = 'eiger' } = options;
  const turn = options.phases ?? allPhases.filter(({ only = detector }) => only === detector);
  for (let index = 0; elapsed() < minutes && !signal.aborted && died === null; index++) {
    const phase = turn[index % turn.length];
    const stage = await Stage.open(setup, (seed + index) >>> 0, nextFrame).catch((error: unknown) => messageOf(error));
    if (typeof stage === 'string') {
      problems.push(`phase ${index + 1} (${phase.name}) could not begin: ${stage}`);
      break;
    }
    const result = await play(phase, stage);
    nextFrame = stage.nextFrame;
    results.push(result);
    problems.push(...result.problems.map((problem) => `phase ${index + 1} (${phase.name}): ${problem}`));
    options.onPhase?.(result);
  }
  clearInterval(timer);
  if (died === null) await lookInTurn();
  const counters = countersOf(samples.at(-1)?.sample.metrics ?? new Map<string, number>());
  const cpu = (samples.at(-1)?.sample.cpuSeconds ?? 0) - (samples[0]?.sample.cpuSeconds ?? 0);
  const cores = cpu / (60 * elapsed());
  const ran = elapsed();
  if (died !== null) problems.push(died);
  const asked = died === null;
  const exit = await service.stop();
  if (asked && exit !== 0) problems.push(`the service ended with ${exit}: ${service.complaints.trim()}`);
  // It ends when the phases do; one that was interrupted has nothing to tell.
  const hostile = beside === null || signal.aborted ? null : await beside.result();
  if (hostile?.problem != null) problems.push(hostile.problem);
  // The service remembers so many series: what it keeps of them grows until then.
  const fullAt =
    samples.find(({ sample: { metrics } }) => (metrics.get('vdcu_series_total{}') ?? 0) >= historyLength)?.minutes ??
    Number.POSITIVE_INFINITY;
  const growth = growthLimits.map(({ of, ...limit }) =>
    judgeGrowth(
      limit,
      samples.map(({ minutes: at, sample }) => ({ minutes: at, value: of(sample) })),
      fullAt,
    ),
  );
  for (const { name, unit, ok, grown, atMost } of growth)
    if (ok === false) problems.push(`${name} has grown by ${grown?.toFixed(1)} ${unit}, at most ${atMost} may be`);
  return {
    minutes: ran,
    rate,
    seed,
    interrupted: signal.aborted,
    phases: results,
    samples: samples.map(({ minutes: at, sample }) => ({
      minutes: at,
      figures: growthLimits.map(({ of }) => of(sample)),
    })),
    counters,
    growth,
    hostile: hostile?.sums ?? null,
    cores,
    exit,
    problems,
    ok: problems.length === 0,
  };
}

async function play(phase: Phase, stage: Stage): Promise<PhaseResult> {
  try {
    await phase.run(stage);
    return await stage.close(phase.name, phase.whole);
  } catch (error) {
    return await stage.giveUp(phase.name, error instanceof CutShort ? null : messageOf(error));
  }
}

/** Counters of the service itself, ports added up. */
function countersOf(metrics: ReadonlyMap<string, number>): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const [key, value] of metrics) {
    const found = /^vdcu_((?!nic|host)\w+)_total\{(.*)\}$/.exec(key);
    if (found === null) continue;
    const labels = found[2]
      .split(',')
      .filter((label) => label !== '' && !label.startsWith('port='))
      .map((label) => label.replaceAll('"', ''))
      .join(' ');
    const name = labels === '' ? found[1] : `${found[1]} ${labels}`;
    counters[name] = (counters[name] ?? 0) + value;
  }
  return counters;
}

/** The detector: a quad may be armed with either bit depth. */
const detectorYaml = {
  eiger: (bits: number): string => `detector: eiger
  quad: true
  dynamic_range: ${bits}
  dynamic_range_max: 16`,
  gotthard2: (): string => `detector: gotthard2
  modules: [1, 2]`,
} as const;

/** Short time-outs, so that much happens in little time. */
function soakYaml(udpPorts: readonly number[], bits: number, { rate, detector = 'eiger' }: SoakOptions): string {
  return `soak:
  ${detectorYaml[detector](bits)}
  udp_ports: [${udpPorts.join(', ')}]
  data_port: 0
  api_port: 0
  series: auto
  series_idle_ms: ${seriesIdleMs}
  frame_rate_hz: ${rate}
  frame_timeout_ms: 200
  ring_frames: ${Math.max(64, Math.ceil((rate * ringMs) / 1000))}
  max_owed_frames: 1000000
  closing_timeout_ms: 30000
`;
}
