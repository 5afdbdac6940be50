// Hand-overs between real threads, as many as fit into the time: receivers and the streamer of the service on a ring of
// a few slots, more threads than processors, each of which loses the processor now and then. Played by stress.test.ts
// and stress-command.ts.

import { Worker } from 'node:worker_threads';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { ownOf } from '../frame-numbers.js';
import { CommandBox, commandText } from '../../src/memory/command-box.js';
import { packetClasses, portCounterTable } from '../../src/memory/counters.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { SeriesWords } from '../../src/memory/series-words.js';
import { ThreadWords } from '../../src/memory/thread-words.js';
import type { SeriesSummary, StreamEvent } from '../../src/contract/series.js';
import { armRequest } from '../pipeline/pipeline.js';
import type { StressFindings, StressTask } from './stress-thread.js';

/** What is run, one after the other: detectors of few pixels, so that hand-overs are what costs. */
export const stressCases = [
  { name: 'one packet a port image', yaml: 'detector: gotthard2\nmodules: [1, 2]\nudp_ports: [50001, 50002]', ring: 4 },
  {
    name: 'several packets a port image',
    yaml: 'detector: mythen3\ncounters: 3\nten_giga: false\nmodules: [1, 2]\nudp_ports: [50001, 50002]',
    ring: 5,
  },
  {
    name: 'more threads than processors',
    yaml: 'detector: gotthard2\nmodules: [1, 4]\nudp_ports: [50001, 50002, 50003, 50004]',
    ring: 7,
  },
] as const;

export interface StressResult extends StressFindings {
  /** Port images handed over. */
  readonly handOvers: number;
  readonly seconds: number;
}

const limitMs = 30_000;

/** Run one case for so long. */
export async function stress(
  { yaml, ring }: { readonly yaml: string; readonly ring: number },
  compiled: boolean,
  seed: number,
  milliseconds: number,
): Promise<StressResult> {
  const keys =
    `${yaml}\nseries: armed\nring_frames: ${ring}\novertake_frames: 2\nframe_timeout_ms: 20\ndrain_ms: ` +
    '5\nstart_window_ms: 2\nmax_owed_frames: 1000000';
  const text = `det:\n${keys
    .split('\n')
    .map((line) => `  ${line}\n`)
    .join('')}`;
  const config = parseConfig(text, 'stress.yaml', 'det');
  const map = mapMemory(makePlan(config, 2).memory);
  const memory = allocateMemory(map);
  const words = new ThreadWords(memory.buffer, map.threadWords, 0);
  const box = new CommandBox(memory.buffer, map.commandBox);
  const series = new SeriesWords(memory.buffer, map.seriesWords);
  const problems: string[] = [];
  let findings: StressFindings | null = null;
  let summary: SeriesSummary | null = null;
  const ports = [null, ...config.detector.udpPorts.keys()];
  const workers = ports.map(
    (port) =>
      new Worker(new URL('./stress-thread.js', import.meta.url), {
        workerData: { memory, yaml: text, compiled, seed: seed * 64 + (port ?? 63), port } satisfies StressTask,
      }),
  );
  const exits = workers.map(
    (worker) =>
      new Promise<void>((resolve) => {
        worker.on('error', (error) => {
          problems.push(`a thread failed: ${String(error)}`);
        });
        worker.on('exit', () => {
          resolve();
        });
        worker.on('message', (message: { event?: StreamEvent; findings?: StressFindings }) => {
          if (message.findings !== undefined) findings = message.findings;
          if (message.event?.kind === 'ended') summary = message.event.summary;
          if (message.event?.kind === 'refused') problems.push(`not armed: ${JSON.stringify(message.event)}`);
        });
      }),
  );
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    const end = performance.now() + limitMs;
    while (!holds() && problems.length === 0) {
      if (performance.now() > end) {
        problems.push(`not within ${limitMs} ms: ${what}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const command = (value: object): void => {
    box.post(commandText(value));
    series.wake();
  };

  command({ kind: 'arm', id: 1, request: { ...armRequest, firstFrameNumber: 1 } });
  await until(() => series.next > ownOf(1), 'the first frame');
  const begin = performance.now();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const seconds = (performance.now() - begin) / 1000;
  command({ kind: 'stop', id: 2 });
  await until(() => summary !== null, 'the end of the series');
  words.askToStop();
  series.wake();
  await Promise.race([Promise.all(exits), new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
  await Promise.all(workers.map((worker) => worker.terminate()));

  const found: StressFindings = findings ?? {
    frames: 0,
    complete: 0,
    pixels: 0,
    problems: ['the streamer found nothing'],
  };
  problems.push(...found.problems);
  const ended = summary as SeriesSummary | null;
  if (ended !== null) {
    if (ended.aborted !== undefined) problems.push(`aborted: ${ended.aborted}`);
    if (ended.frames !== found.frames)
      problems.push(`${ended.frames} frames by the summary, ${found.frames} were offered`);
    if (ended.frames !== ended.complete + ended.marked + ended.discarded) problems.push('frames do not add up');
    for (const port of ended.ledger)
      if (port.expected !== port.accepted + port.missing)
        problems.push(
          `port ${port.udp_port}: ${port.expected} expected, ${port.accepted} accepted, ${port.missing} missing`,
        );
  }
  for (const port of config.detector.udpPorts.keys()) {
    const values = new Float64Array(memory.buffer, map.portCounters[port], portCounterTable.length);
    const counters = Object.fromEntries(portCounterTable.map(({ id }, index) => [id, values[index]]));
    const classed = packetClasses.reduce((sum, name) => sum + counters[name], 0);
    if (classed !== counters['received'])
      problems.push(`port index ${port}: ${counters['received']} received, ${classed} classed`);
  }
  return { ...found, problems, handOvers: found.frames * config.detector.udpPorts.length, seconds };
}
