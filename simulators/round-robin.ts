// A detector's several destinations: frame k of the run goes to the k-th of them, modulo their number, with all its packets, however
// late one of them leaves. Between the pacing loop and one sender for each destination.

import type { Datagram } from './detector.js';
import type { DatagramSender } from './udp-sender.js';

/** One sender that hands each frame's datagrams to its turn's destination. */
export class RoundRobinSender implements DatagramSender {
  readonly #senders: readonly DatagramSender[];
  readonly #firstFrame: number;

  /** @param firstFrame number of the frame that the first destination gets */
  constructor(senders: readonly DatagramSender[], firstFrame: number) {
    this.#senders = senders;
    this.#firstFrame = firstFrame;
  }

  async sendBatch(batch: readonly Datagram[]): Promise<void> {
    const shares = new Map<number, Datagram[]>();
    for (const datagram of batch) {
      const turn = this.#turnOf(datagram);
      const share = shares.get(turn);
      if (share === undefined) shares.set(turn, [datagram]);
      else share.push(datagram);
    }
    for (const [turn, share] of shares) await this.#senders[turn]?.sendBatch(share);
  }

  get sent(): number {
    return this.#senders.reduce((sum, { sent }) => sum + sent, 0);
  }

  get errors(): number {
    return this.#senders.reduce((sum, { errors }) => sum + errors, 0);
  }

  get lastError(): string | null {
    return this.#senders.map(({ lastError }) => lastError).find((error) => error !== null) ?? null;
  }

  get batchLimit(): number {
    return Math.min(...this.#senders.map(({ batchLimit }) => batchLimit ?? 64));
  }

  async close(): Promise<void> {
    for (const sender of this.#senders) await sender.close();
  }

  /** By the frame number in the header: a postponed packet leaves in a later round than its frame's. One cut off before it goes by its round. */
  #turnOf({ bytes, round }: Datagram): number {
    if (bytes.length < 8) return round % this.#senders.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    return (view.getUint32(4, true) * 4294967296 + view.getUint32(0, true) - this.#firstFrame) % this.#senders.length;
  }
}
