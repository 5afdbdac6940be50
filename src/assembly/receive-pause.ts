// hot path. Whether a receiver thread sleeps a little before its next turn, and for how long. Where datagrams come
// fast, a turn that begins as soon as there is one costs system calls for every one or two of them; a short sleep lets
// a batch gather. The rule: when turns bring few datagrams each, and that at a high rate, sleep until the image that is
// coming in should be complete, in equal parts of a good batch at most; never longer than `longestMicroseconds`, nor
// than a quarter of what the buffers hold at this rate. So the last packets of a frame do not wait for a sleep that has
// nothing to do with them. What a batch costs comes after its last packet: where images take little time a good batch
// is a smaller one. Frames that come in bursts: the rate is that within a burst, so sleeps are short, and one after
// which there is nothing is the last. Turns that found nothing without a sleep are not judged: a thread of several
// ports looks without waiting.

/** Turns that are judged together. */
const judgedTurns = 16;
/** Fewer datagrams per turn than this are a small batch. */
const smallBatch = 16;
/** Datagrams per second, of all ports of the thread, from which on sleeping pays. */
const highRate = 8_000;
/** Datagrams of one port that a sleep shall gather, at least and at most. */
const leastBatch = 8;
const goodBatch = { slow: 64, fast: 32 } as const;
/** Datagrams per microsecond of one port above which images take little time. */
const fastRate = 0.04;
const longestMicroseconds = 2000;

export class ReceivePause {
  readonly #ports: number;
  #bufferedPackets = 0;
  /** Turns with datagrams since `begin`; the first one only tells when the next one began. */
  #turns = 0;
  #packets = 0;
  /** Times in ms: where judging begins, and the turn before. */
  #since = 0;
  #last = 0;
  /** Longest time from turn to turn since then, in ms. */
  #silence = 0;
  /** Datagrams per microsecond of one port; 0 = no sleeping. */
  #rate = 0;
  #microseconds = 0;

  /** @param ports of the thread */
  constructor(ports: number) {
    this.#ports = ports;
  }

  /** How long to sleep before the next turn, in microseconds; 0 = not at all. */
  get microseconds(): number {
    return this.#microseconds;
  }

  /**
   * How many datagrams the socket buffer and the landing buffers of a port hold, whichever is fewer; 0 = not known,
   * never sleep.
   */
  setBuffered(packets: number): void {
    this.#bufferedPackets = packets;
  }

  /**
   * A turn is over.
   * @param packets datagrams that it brought, of all ports
   * @param lacking packets that the image which is coming in lacks, of the port that is nearest to its end; a whole
   * image's when there is none
   * @param now ms, monotonic, after the sleep and before the sockets were read
   */
  note(packets: number, lacking: number, now: number): void {
    if (packets === 0) {
      if (this.#rate > 0) this.#turns = this.#rate = this.#microseconds = 0;
      return;
    }
    const turn = this.#turns++;
    if (turn === 1) {
      this.#begin(now);
    } else {
      this.#silence = Math.max(this.#silence, now - this.#last);
      if (turn > judgedTurns) this.#judge(now);
    }
    this.#last = now;
    this.#packets += packets;
    this.#microseconds = this.#rate === 0 ? 0 : this.#lengthFor(lacking);
  }

  /** Of all turns from `since` on but the one that is noted now. */
  #judge(now: number): void {
    // While it sleeps turns are equally long, and batches large because of that: then the rate alone decides.
    const sleeping = this.#rate > 0;
    const elapsedMs = now - this.#since;
    const busyMs = sleeping ? elapsedMs : ((elapsedMs - this.#silence) * judgedTurns) / (judgedTurns - 1);
    const fast = this.#packets >= (highRate / 1000) * elapsedMs;
    const small = sleeping || this.#packets < judgedTurns * smallBatch;
    this.#rate = fast && small ? this.#packets / Math.max(1, busyMs * 1000) / this.#ports : 0;
    this.#turns = 2;
    this.#begin(now);
  }

  #begin(now: number): void {
    this.#since = now;
    this.#packets = 0;
    this.#silence = 0;
  }

  #lengthFor(lacking: number): number {
    const most = this.#rate > fastRate ? goodBatch.fast : goodBatch.slow;
    const batch = Math.max(leastBatch, lacking / Math.ceil(Math.max(1, lacking) / most));
    return Math.round(Math.min(longestMicroseconds, batch / this.#rate, this.#bufferedPackets / 4 / this.#rate));
  }
}
