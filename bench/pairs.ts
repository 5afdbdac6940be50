// Two services compared in turns: pairs of series at one rate, the order changed from pair to pair. A pair in which
// anything was lost, or the rate was not kept, is refused. Comes in: two services that are warm. Goes out: what each
// series cost.

import { serviceProblem } from './pipeline.js';
import type { SeriesRun, ServiceProcess } from './service-process.js';
import { validRuns } from './valid-runs.js';
import type { Traffic } from './programs.js';

/** CPU seconds per GB of pixels on the wire. */
export interface Cost {
  readonly service: number;
  readonly streamer: number;
  readonly encoders: number;
}

export interface Pairs<Figure> {
  readonly first: readonly Figure[];
  readonly second: readonly Figure[];
  /** Why pairs were refused. */
  readonly refused: readonly string[];
}

/** `pairs` valid pairs; `traffic` of each series, `seconds` long; `figure` makes of a series what is kept of it. */
export async function measurePairs<Figure>(
  services: readonly [ServiceProcess, ServiceProcess],
  pairs: number,
  { rate, seconds, ...traffic }: Omit<Traffic, 'detector' | 'first' | 'frames'> & { readonly seconds: number },
  figure: (series: { readonly cost: Cost; readonly run: SeriesRun }) => Figure,
  consumerStamps = '',
): Promise<Pairs<Figure>> {
  let turn = 0;
  const { runs, refused } = await validRuns(pairs, async () => {
    const order = turn++ % 2 === 0 ? services : [...services].reverse();
    const figures = new Map<ServiceProcess, Figure>();
    for (const service of order) {
      const run = await service.series({ ...traffic, rate, frames: Math.round(rate * seconds) }, consumerStamps);
      const problem = serviceProblem(run, rate);
      if (problem !== null) return problem;
      figures.set(service, figure({ run, cost: costOf(service, run) }));
    }
    const [first, second] = services.map((service) => figures.get(service) as Figure);
    return { first, second };
  });
  return { first: runs.map(({ first }) => first), second: runs.map(({ second }) => second), refused };
}

function costOf({ detector: { layout, plan } }: ServiceProcess, { cpu, measuredFrames }: SeriesRun): Cost {
  const bytes = measuredFrames * plan.detector.packetsPerFrame * layout.payloadBytes;
  const spent = (name: RegExp): number =>
    Object.entries(cpu).reduce((sum, [thread, time]) => (name.test(thread) ? sum + time : sum), 0) / bytes;
  return { service: spent(/./), streamer: spent(/^vdcu-streamer/), encoders: spent(/^vdcu-enc/) };
}
