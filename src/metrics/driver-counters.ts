// What the driver of a network card counts beyond the kernel's own statistics: `ethtool -S`, where it is installed.
// Asked outside the data path, by a program that is cut off after two seconds, at most once in five seconds and
// interface; readers get what was last heard, at once.

import { systemClock } from '../base/clock.js';
import type { Clock } from '../base/clock.js';
import { runProgram } from '../doctor/network-card.js';
import type { RunProgram } from '../doctor/network-card.js';

/** A card is asked at most so often, in ms. */
const everyMs = 5000;

/** No driver makes more samples than this: labels are bounded. */
const mostCounters = 40;

/** Counters by the driver's names. */
export type DriverCounterValues = ReadonlyMap<string, number>;

/**
 * Those lines of `ethtool -S` that tell of lost packets on the way in, of the whole card: `rx_out_of_buffer`,
 * `rx_discards_phy`, `rx_no_dma_resources`… Counters of single queues are left out.
 */
export function lossCountersOf(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, name, digits] of text.matchAll(/^\s*([\w.\-[\]]+):\s*(\d+)\s*$/gm) as Iterable<
    [string, string, string]
  >) {
    if (found.size === mostCounters) break;
    const incoming = /rx|port\.|pause/.test(name) && !/tx/.test(name);
    const loss = /drop|discard|miss|fifo|over|out_of_buf|no_?buf|no_dma|crc|err|pause/.test(name);
    const ofQueue = /(?:rx|queue|ch|ring|prio)[_\-.[]?\d/.test(name);
    if (incoming && loss && !ofQueue) found.set(name, Number(digits));
  }
  return found;
}

interface Heard {
  askedAt: number;
  values: DriverCounterValues;
}

/** Answers from what was heard last, and asks again in the background. */
export class DriverCounters {
  readonly #run: RunProgram;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #heard = new Map<string, Heard>();
  #installed = true;

  constructor(run: RunProgram = runProgram, clock: Pick<Clock, 'now'> = systemClock) {
    this.#run = run;
    this.#clock = clock;
  }

  /**
   * What the driver of this interface counted when last asked; empty before the first answer and where there is none.
   * Never throws.
   */
  of(device: string): DriverCounterValues {
    let heard = this.#heard.get(device);
    if (heard === undefined) this.#heard.set(device, (heard = { askedAt: -Infinity, values: new Map() }));
    const now = this.#clock.now();
    if (this.#installed && now - heard.askedAt >= everyMs) {
      heard.askedAt = now;
      void this.#ask(device, heard);
    }
    return heard.values;
  }

  async #ask(device: string, heard: Heard): Promise<void> {
    const answer = await this.#run('ethtool', ['-S', device]);
    if ('output' in answer) heard.values = lossCountersOf(answer.output);
    else if (answer.error === 'ENOENT') this.#installed = false;
  }
}
