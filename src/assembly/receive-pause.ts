// hot path. Whether a receiver thread sleeps a little before its next turn. Where single datagrams come fast, a turn that begins as soon
// as there is one costs system calls for every one or two of them; a short sleep lets a batch gather. The rule: as long as the last
// turns brought few datagrams each, and that at a high rate, sleep for as long as a good batch takes, never longer than
// `longestMicroseconds`, nor than an eighth of what a socket buffer covers at this rate. A sleep after which there is nothing ends it
// at once. Turns that found nothing without a sleep are not judged: a thread of several ports looks without waiting.

/** Turns that are judged together. */
const judgedTurns = 16;
/** Fewer datagrams per turn than this are a small batch. */
const smallBatch = 16;
/** Datagrams per second, of all ports of the thread, from which on sleeping pays. */
const highRate = 8_000;
/** Datagrams that a sleep shall gather. */
const goodBatch = 24;
const longestMicroseconds = 1000;

export class ReceivePause {
  readonly #now: () => number;
  #bufferedPackets = 0;
  #turns = 0;
  #packets = 0;
  #since: number;
  #microseconds = 0;

  /** @param now ms, monotonic */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** How long to sleep before the next turn, in microseconds; 0 = not at all. */
  get microseconds(): number {
    return this.#microseconds;
  }

  /** How many datagrams the socket buffer and the landing buffers of a port hold, whichever is fewer; 0 = not known, never sleep. */
  setBuffered(packets: number): void {
    this.#bufferedPackets = packets;
  }

  /** A turn brought `packets` datagrams, of all ports of the thread. */
  note(packets: number): void {
    if (packets === 0) {
      if (this.#microseconds > 0) this.#begin(0);
      return;
    }
    this.#packets += packets;
    if (++this.#turns === judgedTurns) this.#judge();
  }

  #judge(): void {
    const perMicrosecond = this.#packets / Math.max(1, (this.#now() - this.#since) * 1000);
    // While it sleeps batches are large because of that: then the rate alone decides.
    const small = this.#microseconds > 0 || this.#packets < judgedTurns * smallBatch;
    const wanted = small && perMicrosecond * 1e6 >= highRate
      ? Math.min(longestMicroseconds, goodBatch / perMicrosecond, this.#bufferedPackets / 8 / perMicrosecond)
      : 0;
    this.#begin(Math.floor(wanted));
  }

  #begin(microseconds: number): void {
    this.#microseconds = microseconds;
    this.#turns = 0;
    this.#packets = 0;
    this.#since = this.#now();
  }
}
