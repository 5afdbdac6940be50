// hot path. Whether to sleep a little before the next receive call. Where single datagrams come fast, a call that returns as soon as there is
// one costs a system call for every one or two of them; a short sleep lets a batch gather. The rule: as long as the last calls brought
// few datagrams each, and that at a high rate, sleep for as long as a good batch takes, never longer than `longestMicroseconds`, nor
// than an eighth of what the socket buffer covers at this rate. Any call that found nothing ends it at once.

/** Calls that are judged together. */
const judgedCalls = 16;
/** Fewer datagrams per call than this are a small batch. */
const smallBatch = 12;
/** Datagrams per second from which on sleeping pays. */
const highRate = 5_000;
/** Datagrams that a sleep shall gather. */
const goodBatch = 24;
const longestMicroseconds = 300;

export class ReceivePause {
  readonly #now: () => number;
  readonly #bufferedPackets: number;
  #calls = 0;
  #packets = 0;
  #since: number;
  #microseconds = 0;

  /**
   * @param now ms, monotonic
   * @param bufferedPackets datagrams that the socket buffer and the landing buffers hold, whichever is fewer
   */
  constructor(now: () => number, bufferedPackets: number) {
    this.#now = now;
    this.#bufferedPackets = bufferedPackets;
    this.#since = now();
  }

  /** How long to sleep before the next call, in microseconds; 0 = not at all. */
  get microseconds(): number {
    return this.#microseconds;
  }

  /** A call brought `packets` datagrams. */
  note(packets: number): void {
    if (packets === 0) {
      if (this.#microseconds > 0 || this.#calls > 0) this.#begin(0);
      return;
    }
    this.#packets += packets;
    if (++this.#calls === judgedCalls) this.#judge();
  }

  #judge(): void {
    const perMicrosecond = this.#packets / Math.max(1, (this.#now() - this.#since) * 1000);
    // While it sleeps batches are large because of that: then the rate alone decides.
    const small = this.#microseconds > 0 || this.#packets < judgedCalls * smallBatch;
    const wanted = small && perMicrosecond * 1e6 >= highRate
      ? Math.min(longestMicroseconds, goodBatch / perMicrosecond, this.#bufferedPackets / 8 / perMicrosecond)
      : 0;
    this.#begin(Math.floor(wanted));
  }

  #begin(microseconds: number): void {
    this.#microseconds = microseconds;
    this.#calls = 0;
    this.#packets = 0;
    this.#since = this.#now();
  }
}
