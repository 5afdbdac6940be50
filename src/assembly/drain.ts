// hot path. When is a stop, a give-up or the end of a start window obeyed? Once everything has been read that waited in
// the socket when the receiver heard of it: a receiver that did not run for a while has lost nothing of that, however
// long the pause was. Comes in: the port's source and counters, turn by turn. Goes out: whether it is time.

import { portCounter } from '../memory/counters.js';
import type { PacketSource } from '../udp/packet-source.js';

/** A turn counts as so much reading at most, in ms: in one that takes longer the thread did not run. */
const longestTurnMs = 10;

/** One question that waits. Times in ms of the service's clock. */
export class Drain {
  readonly #source: PacketSource;
  readonly #counters: Float64Array;
  readonly #drainMs: number;
  #readMs = 0;
  #turnAt = 0;
  #readUntil = 0;

  /**
   * @param counters of the port @param drainMs of reading, after which a socket that is never found empty holds nothing
   * back any more
   */
  constructor(source: PacketSource, counters: Float64Array, drainMs: number) {
    this.#source = source;
    this.#counters = counters;
    this.#drainMs = drainMs;
  }

  /** The receiver has heard of it; before it looks into the socket. */
  begin(now: number): void {
    this.#readMs = 0;
    this.#turnAt = now;
    // What the kernel charges for a datagram is more than its bytes: when as many bytes have come, all that waited has.
    this.#readUntil = this.#counters[portCounter.bytes] + (this.#source.lookAnew() ?? 0);
  }

  /**
   * Once per turn, after the batch was taken: the socket was found empty, or what waited in it has been read, and that
   * for long enough.
   * @param emptied this turn has found the socket empty
   */
  over(emptied: boolean, now: number): boolean {
    this.#readMs += Math.min(now - this.#turnAt, longestTurnMs);
    this.#turnAt = now;
    if (emptied) return true;
    return this.#readMs >= this.#drainMs && this.#counters[portCounter.bytes] >= this.#readUntil;
  }
}
