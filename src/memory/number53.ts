// Frame numbers (0 … 2⁵³ − 1) in three Int32 words of shared memory, without BigInt and without a lock: high, low, high
// again. One thread writes, any thread reads. 0 stands for "none".

import type { OwnNumber } from '../detector/frame-share.js';

/** Words that one number takes. */
export const number53Words = 3;

/**
 * Store `value`. Partner: `load53`. The second copy of the high word is written last and read first, so a torn pair is
 * seen.
 */
export function store53(words: Int32Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32) | 0;
  Atomics.store(words, at, high);
  Atomics.store(words, at + 1, (value % 2 ** 32) | 0);
  Atomics.store(words, at + 2, high);
}

/**
 * As `store53`, unless the number stands there already: most figures that a thread tells in a turn are those of the
 * turn before, and V8 calls a function for each atomic store. Only for words of which the calling thread is the writer.
 */
export function storeChanged53(words: Int32Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32) | 0;
  if (words[at + 1] === ((value % 2 ** 32) | 0) && words[at] === high && words[at + 2] === high) return;
  store53(words, at, value);
}

/** The same of one word. */
export function storeChanged(words: Int32Array, at: number, value: number): void {
  if (words[at] !== value) Atomics.store(words, at, value);
}

/** Load what `store53` wrote; retries while a write that changes the high word is under way. */
export function load53(words: Int32Array, at: number): number {
  for (;;) {
    const check = Atomics.load(words, at + 2);
    const low = Atomics.load(words, at + 1) >>> 0;
    const high = Atomics.load(words, at);
    if (high === check) return high * 2 ** 32 + low;
  }
}

/** As `load53`, of a word that holds the own number of a frame. */
export const loadOwn = (words: Int32Array, at: number): OwnNumber => load53(words, at) as OwnNumber;
