// Does the service keep its memory? Resident memory of the whole process over minutes at 500 frames/s, Eiger quad 16
// bit, against the bytes of its ring; and whether it grows: the slope over the second half.
//
//   node dist/bench/memory.js [--minutes 10] [--rate 500] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import { ServiceProcess } from './service-process.js';
import { table, verdict } from './statistics.js';

export interface MemoryOptions {
  readonly minutes: number;
  readonly rate: number;
}

export const memoryDefaults: MemoryOptions = { minutes: 10, rate: 500 };

/** Megabytes are 10⁶ bytes. */
export interface MemoryResult {
  readonly minutes: number;
  readonly rate: number;
  readonly ringMB: number;
  readonly sharedMB: number;
  /** Resident before the first packet, at the end, and at most. */
  readonly idleMB: number;
  readonly lastMB: number;
  readonly mostMB: number;
  /** Of that at the end: pages of program files, which other processes share. */
  readonly filesMB: number;
  /** MB per minute over the second half, a straight line through all samples. */
  readonly growth: number;
  readonly missing: number;
  /** CPU of the idle service before the first packet, percent of one core: receivers, and all the rest. */
  readonly idleReceivers: number;
  readonly idleRest: number;
}

/**
 * V8's heaps rise by some MB until they are collected: a straight line through a part of that is no growth. MB per
 * minute.
 */
const growthLimit = 1;
const sampleMs = 500;
const idleSeconds = 5;

/** `minutes` and ten seconds. */
export async function measureMemory({ minutes, rate }: MemoryOptions): Promise<MemoryResult> {
  const programs = await compilePrograms();
  const detector = await quad({ frame_rate_hz: rate });
  const service = await ServiceProcess.start(programs, detector);
  const samples: { readonly at: number; readonly bytes: number }[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = service.cpu();
    await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
    const after = service.cpu();
    const percent = (wanted: boolean): number =>
      Object.keys(after)
        .filter((name) => name.startsWith('vdcu-rx') === wanted)
        .reduce((sum, name) => sum + (after[name] - (before[name] ?? 0)) / idleSeconds / 1e7, 0);
    const idle = service.residentBytes().total;
    const begin = performance.now();
    const timer = setInterval(
      () => samples.push({ at: (performance.now() - begin) / 60_000, bytes: service.residentBytes().total }),
      sampleMs,
    );
    const { missing } = await service.series({ coalesced: false, rate, frames: Math.round(minutes * 60 * rate) });
    clearInterval(timer);
    const bytes = samples.map((sample) => sample.bytes);
    const { total, anonymous } = service.residentBytes();
    return {
      minutes,
      rate,
      missing,
      ringMB: detector.plan.ring.bytes / 1e6,
      sharedMB: detector.plan.sharedMemoryBytes / 1e6,
      idleMB: idle / 1e6,
      lastMB: (bytes.at(-1) ?? Number.NaN) / 1e6,
      mostMB: Math.max(...bytes) / 1e6,
      filesMB: (total - anonymous) / 1e6,
      growth: slope(samples.slice(samples.length / 2)) / 1e6,
      idleReceivers: percent(true),
      idleRest: percent(false),
    };
  } finally {
    await service.stop();
  }
}

/** Bytes per minute. */
function slope(samples: readonly { readonly at: number; readonly bytes: number }[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = mean(samples.map((sample) => sample.at));
  const bytes = mean(samples.map((sample) => sample.bytes));
  const [above, below] = samples.reduce(
    ([a, b], sample) => [a + (sample.at - at) * (sample.bytes - bytes), b + (sample.at - at) ** 2],
    [0, 0],
  );
  return below === 0 ? Number.NaN : above / below;
}

/** Tables for people. */
export function memoryTables(result: MemoryResult): string {
  const { minutes, rate, ringMB, sharedMB, idleMB, lastMB, mostMB, filesMB, growth, missing, idleReceivers, idleRest } =
    result;
  const beyond = mostMB - ringMB;
  const rows = [
    ['ring', `${ringMB.toFixed(0)} MB`],
    ['shared memory with the ring', `${sharedMB.toFixed(0)} MB`],
    ['resident before the first packet', `${idleMB.toFixed(0)} MB`],
    [
      `resident at most, in ${minutes} minutes at ${rate} frames/s`,
      `${mostMB.toFixed(0)} MB = ring + ${beyond.toFixed(0)} MB`,
    ],
    ['resident at the end', `${lastMB.toFixed(0)} MB`],
    ['of that pages of program files', `${filesMB.toFixed(0)} MB`],
    ['growth over the second half', `${growth.toFixed(2)} MB per minute`],
    ['packets missing', String(missing)],
    ['CPU while idle: both receivers', `${idleReceivers.toFixed(2)} % of a core`],
    ['CPU while idle: all the rest', `${idleRest.toFixed(2)} % of a core`],
  ];
  return (
    `${table(['what', 'figure'], rows)}\n\n- beyond the ring: ${verdict(beyond, 250, ' MB')}; aim ` +
    `${verdict(beyond, 100, ' MB')}.\n- growth over the second half: ` +
    `${verdict(growth, growthLimit, ' MB per minute')}.\n- idle: receivers ${verdict(idleReceivers, 2, ' %')} (1 % ` +
    `per port), the rest ${verdict(idleRest, 2, ' %')}.`
  );
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(memoryDefaults);
  print(await measureMemory(options), memoryTables, json);
}
