// Plays seeds, one after the other, in this process.

import { Random } from '../../src/base/random.js';
import { ProblemsFound, World } from './world.js';
import { makeScenario } from './scenario.js';
import type { Scenario } from './scenario.js';

/** What came of one seed; no problems = everything held. */
export interface SeedResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly frames: number;
  readonly series: number;
  readonly packets: number;
  readonly processes: number;
  readonly calm: boolean;
  /** Several instances shared the detector. */
  readonly shared: boolean;
  readonly aborted: readonly string[];
}

/** Memory of an earlier world, used again. */
let memory: WebAssembly.Memory | undefined;

/** Set = all seeds place by the kernel (`compiled`), or by the reference. */
const placement = process.env['VDCU_PLACEMENT'];

/**
 * Play one seed. Never throws for a fault of the code under test: an assertion that fails is a problem like others.
 * @param tell is told what happens while it happens: also of a seed that never ends
 */
export async function playSeed(seed: number, tell: ((line: string) => void) | null = null): Promise<SeedResult> {
  const problems: string[] = [];
  const world = new World({ seed, tell, memory, compiled: placement === undefined ? null : placement === 'compiled' });
  try {
    await world.play();
  } catch (error) {
    if (!(error instanceof ProblemsFound))
      problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await world.close();
  const used = world.processes.memory;
  if (used !== undefined && (memory === undefined || memory.buffer.byteLength < used.buffer.byteLength)) memory = used;
  const {
    scenario,
    packets,
    processes: { frames, series, started, aborted },
  } = world;
  return {
    seed,
    problems: [...world.problems, ...problems],
    frames,
    series,
    packets,
    processes: started,
    calm: scenario.calm,
    shared: scenario.config.share.stride > 1,
    aborted,
  };
}

/** The configuration of a seed, for a person who looks into it. */
export function describeSeed(seed: number): Scenario {
  return makeScenario(new Random(seed));
}
