// What bench/receive.ts measures of ours: the receiver of one port as the service makes it (source, assembler,
// placement), alone in a process. The streamer's part is played here: it releases what is closed. Prints "ready", then
// JSON, as bench/c/receiver.c does.
//
//   node dist/bench/receive-subject.js '{"keys": {…}, "port": 0, "warm": 1000, "last": 5000}'

import { setImmediate as nextTurn } from 'node:timers/promises';
import { ownOf } from '../test/frame-numbers.js';
import { makeReceiver } from '../src/service/make-receiver.js';
import { systemClock } from '../src/base/clock.js';
import { portCounter, portCounterTable } from '../src/memory/counters.js';
import { allocateMemory, mapMemory } from '../src/memory/memory-map.js';
import { PortWords } from '../src/memory/port-words.js';
import { SeriesWords, phase } from '../src/memory/series-words.js';
import type { Phase } from '../src/memory/series-words.js';
import { EventLoopDriver, driveBlocking } from '../src/runtime/agent.js';
import type { Agent } from '../src/runtime/agent.js';
import { adviseHugePages } from '../src/runtime/huge-pages.js';
import { noDescriptor } from '../src/runtime/wake-descriptor.js';
import { ownCpuTime } from './cpu-time.js';
import { withKeys } from './detector.js';
import type { ConfigKeys, BenchDetector } from './detector.js';
import { noFrame } from '../src/detector/frame-share.js';

/** What to do. Frame numbers begin at 1. */
export interface SubjectTask {
  readonly keys: ConfigKeys;
  /** Index into `udp_ports`. */
  readonly port: number;
  /** Frames before the measurement begins. */
  readonly warm: number;
  readonly last: number;
}

/** Silence after which no more packets are expected, in ms. */
const silenceMs = 300;

const { keys, port, warm, last } = JSON.parse(process.argv[2] ?? '{}') as SubjectTask;
const { config, plan } = withKeys({ keys } as BenchDetector, {});
const map = mapMemory(plan.memory);
const memory = allocateMemory(map);
adviseHugePages(memory.buffer);
const series = new SeriesWords(memory.buffer, map.seriesWords);
const words = new PortWords(memory.buffer, map.portWords[port]);
const counters = new Float64Array(memory.buffer, map.portCounters[port], portCounterTable.length);

let driver: EventLoopDriver | null = null;
const wake = { wake: () => driver?.wake(), turnNow: () => driver?.turnNow() };
const { agent, wait } = await makeReceiver({
  name: 'bench',
  ports: [port],
  wiring: { config, plan, map, buffer: memory.buffer, clock: systemClock },
  memory,
  wake,
  wakeDescriptor: noDescriptor,
});

const start = { cpu: -1, time: 0, packets: 0, turns: 0 };
let turns = 0;
let released = 1;
let lastAt = Number.POSITIVE_INFINITY;
let over = false;

const measured: Agent = {
  name: agent.name,
  start: () => Promise.resolve(),
  close: () => agent.close(),
  turn: () => {
    if (start.cpu < 0 && released > warm)
      Object.assign(start, {
        cpu: ownCpuTime(),
        time: performance.now(),
        packets: counters[portCounter.received],
        turns,
      });
    const work = agent.turn();
    turns++;
    const next = words.closeNext;
    if (next > released) {
      released = next;
      series.setNext(next);
    }
    if (work > 0) lastAt = performance.now();
    over = released > last || (work === 0 && performance.now() - lastAt > silenceMs);
    return work;
  },
};

async function obey(command: Phase): Promise<void> {
  const word = series.command(command);
  while (words.answer !== word) {
    agent.turn();
    await nextTurn();
  }
}

await agent.start();
series.setParameters(1, false, config.detector.dynamicRange, 0);
series.reset();
await obey(phase.prepare);
series.setFirst(ownOf(1), noFrame);
await obey(phase.open);
series.settleFirst();
process.stdout.write('ready\n');
if (wait !== null) {
  driveBlocking(measured, { stopAsked: () => over, mark: () => 0, rest: () => undefined });
} else {
  driver = new EventLoopDriver(measured, (error) => {
    throw error;
  });
  await driver.start();
  while (!over) await new Promise((resolve) => setTimeout(resolve, 5));
}
const spent = ownCpuTime() - start.cpu;
await agent.close();
const count = (name: keyof typeof portCounter): number => counters[portCounter[name]];
process.stdout.write(
  `${JSON.stringify({
    packets: count('received') - start.packets,
    cpu_ns: spent,
    calls: turns - start.turns,
    seconds: (lastAt - start.time) / 1000,
    received: count('received'),
    accepted: count('accepted'),
    complete: count('imagesComplete'),
    reordered: count('reordered'),
  })}\n`,
);
process.exit(0);
