// One side of the test of the fence: stores to its own words, looks at the other's, turn by turn with the other side.

import { isMainThread, workerData } from 'node:worker_threads';
import { fence } from '../../src/memory/fence.js';

/** Words of one side lie 128 bytes from those of the other. */
const apart = 32;

/**
 * @param words turn counters of both sides, the two cells, and what each side saw, 128 bytes apart each
 * @param side 0 or 1
 */
export function playSide(words: Int32Array, side: 0 | 1, turns: number, fenced: boolean, seen: Int32Array): void {
  const own = (2 + side) * apart;
  const other = (3 - side) * apart;
  for (let turn = 1; turn <= turns; turn++) {
    Atomics.store(words, side * apart, turn);
    while (Atomics.load(words, (1 - side) * apart) < turn);
    words[own] = turn;
    if (fenced) fence();
    seen[turn - 1] = words[other];
  }
}

if (!isMainThread) {
  const { words, turns, fenced, seen } = workerData as {
    words: Int32Array;
    turns: number;
    fenced: boolean;
    seen: Int32Array;
  };
  playSide(words, 1, turns, fenced, seen);
}
