// What a soak found, for people and as JSON.

import { formatTable } from '../../simulators/terminal.js';
import type { PhaseResult } from './stage.js';
import type { SoakReport } from './soak.js';

/** Phases of one name added up, in the order in which they came first. */
function byName(results: readonly PhaseResult[]): Map<string, PhaseResult[]> {
  const grouped = new Map<string, PhaseResult[]>();
  for (const result of results) grouped.set(result.name, [...(grouped.get(result.name) ?? []), result]);
  return grouped;
}

const sum = (results: readonly PhaseResult[], value: (result: PhaseResult) => number): number =>
  results.reduce((total, result) => total + value(result), 0);

/** Tables and a verdict. */
export function soakText(report: SoakReport): string {
  const { phases, growth, problems, counters, hostile } = report;
  const head = [
    'phase',
    'times',
    'frames sent',
    'series',
    'aborted',
    'images checked',
    'complete',
    'marked',
    'packets missing',
    'kernel drops',
    'wrong pixels',
  ];
  const rows = [...byName(phases), ['all', phases] as const].map(([name, results]) => [
    name,
    results.length,
    sum(results, ({ framesSent }) => framesSent),
    sum(results, ({ series }) => series),
    sum(results, ({ aborted }) => aborted.length),
    sum(results, ({ images }) => images),
    sum(results, ({ complete }) => complete),
    sum(results, ({ marked }) => marked),
    sum(results, ({ missingPackets }) => missingPackets),
    sum(results, ({ kernelDrops }) => kernelDrops),
    sum(results, ({ wrongPixels }) => wrongPixels),
  ]);
  const figures = growth.map(({ name, unit, first, last, most, grown, atMost, ok }) => [
    name,
    figure(first, unit),
    figure(last, unit),
    figure(most, unit),
    grown === null ? 'too short to say' : `${grown >= 0 ? '+' : ''}${grown.toFixed(1)}`,
    atMost,
    ok === null ? '–' : ok ? 'no growth' : 'GROWS',
  ]);
  return [
    `${report.minutes.toFixed(1)} minutes at ${report.rate} frames/s while the detector sends, seed ` +
      `${report.seed}${report.interrupted ? ', interrupted' : ''}; the service took ${report.cores.toFixed(2)} cores ` +
      `on average and ended with ${report.exit}.`,
    '',
    formatTable([head, ...rows]),
    '',
    formatTable([['the service', 'at first', 'at last', 'most', 'growth after warm-up', 'limit', ''], ...figures]),
    '',
    'counters of the service, all ports, as far as they are not 0:',
    formatTable(
      Object.entries(counters)
        .filter(([, value]) => value !== 0)
        .map(([name, value]) => [`  ${name}`, Number.isInteger(value) ? value : value.toFixed(1)]),
    ),
    '',
    ...(hostile === null
      ? []
      : [
          `beside it, in memory: ${hostile.datagrams} datagrams, ${hostile.hostile} of them hostile, in ` +
            `${hostile.rounds} rounds, ${hostile.failed} failed; ${hostile.frames} frames compared; ` +
            `${hostile.rssMiB} MiB`,
          '',
        ]),
    `pixels checked: ${sum(phases, ({ pixelsChecked }) => pixelsChecked)}   wrong pixels: ` +
      `${sum(phases, ({ wrongPixels }) => wrongPixels)}`,
    ...(problems.length === 0
      ? ['Nothing was wrong: every pixel, every sum, no growth beyond its limit.']
      : [
          'SOMETHING WAS WRONG:',
          ...problems.slice(0, 30).map((problem) => `  ${problem}`),
          ...(problems.length > 30 ? [`  and ${problems.length - 30} more`] : []),
        ]),
    '',
  ].join('\n');
}

/** The report as it leaves the process: snake_case. */
export function soakJson(report: SoakReport): Record<string, unknown> {
  const { ok, minutes, rate, seed, interrupted, cores, exit, problems, phases, growth, samples, counters, hostile } =
    report;
  return {
    ok,
    minutes,
    rate,
    seed,
    interrupted,
    cores,
    exit,
    problems,
    pixels_checked: sum(phases, ({ pixelsChecked }) => pixelsChecked),
    wrong_pixels: sum(phases, ({ wrongPixels }) => wrongPixels),
    counters,
    hostile:
      hostile === null
        ? null
        : {
            rounds: hostile.rounds,
            datagrams: hostile.datagrams,
            hostile: hostile.hostile,
            failed: hostile.failed,
            frames: hostile.frames,
            seconds: hostile.seconds,
            resident_mib: hostile.rssMiB,
          },
    samples: samples.map(({ minutes: at, figures }) =>
      Object.fromEntries([['minutes', at], ...growth.map(({ name }, index) => [name, figures[index]])]),
    ),
    growth: growth.map(({ name, unit, atMost, first, last, most, grown, ok: within }) => ({
      name,
      unit,
      limit: atMost,
      first,
      last,
      most,
      grown,
      ok: within,
    })),
    phases: phases.map((phase) => ({
      name: phase.name,
      seconds: phase.seconds,
      frames_sent: phase.framesSent,
      images: phase.images,
      complete: phase.complete,
      marked: phase.marked,
      series: phase.series,
      aborted: phase.aborted,
      pixels_checked: phase.pixelsChecked,
      wrong_pixels: phase.wrongPixels,
      missing_packets: phase.missingPackets,
      kernel_drops: phase.kernelDrops,
      problems: phase.problems,
    })),
  };
}

function figure(value: number, unit: string): string {
  return Number.isNaN(value) ? '–' : unit === '' ? String(value) : `${value.toFixed(1)} ${unit}`;
}
