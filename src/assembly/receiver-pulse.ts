// hot path. What a receiver reports about itself, port by port: that it turns, how long it did not, how much it finds
// in the socket.

import { histogramsAt, portHistogramTable } from '../memory/histogram.js';
import type { Histogram } from '../memory/histogram.js';
import type { MemoryMap } from '../memory/memory-map.js';
import type { PortWords } from '../memory/port-words.js';
import type { PacketSource } from '../udp/packet-source.js';

/**
 * The socket is asked at most this often how much waits in it, in ms, and only while packets come: a
 * receiver that waits for packets knows without asking.
 */
const queueIntervalMs = 10;

/** Times in ms of the service's clock. */
export class ReceiverPulse {
  readonly #words: PortWords;
  readonly #source: PacketSource;
  readonly #batchPackets: Histogram;
  #turnAt = -1;
  #stallMax = 0;
  #queueAt = -Infinity;
  /** The turn before brought packets. */
  #busy = false;
  #queueMax = 0;

  constructor(buffer: ArrayBufferLike, map: MemoryMap, port: number, words: PortWords, source: PacketSource) {
    this.#words = words;
    this.#source = source;
    this.#batchPackets = histogramsAt(buffer, map.portHistograms[port], portHistogramTable).batchPackets;
  }

  /** First thing in a turn, before the socket is emptied. */
  turn(now: number): void {
    this.#words.beat();
    const stalled = this.#turnAt < 0 ? 0 : now - this.#turnAt;
    this.#turnAt = now;
    if (stalled > this.#stallMax) {
      this.#stallMax = stalled;
      this.#words.setFigure('stallMsMax', stalled);
    }
    if (this.#busy && now - this.#queueAt >= queueIntervalMs && this.#source.queueBytes !== undefined)
      this.#lookAtQueue(now);
    this.#busy = false;
  }

  /** So many datagrams were in the socket, at least one. */
  batch(count: number, now: number): void {
    this.#busy = true;
    this.#words.setFigure('lastPacketAt', now);
    this.#batchPackets.observe(count);
  }

  /** A series is opened: largest values begin anew. */
  beginSeries(): void {
    this.#stallMax = this.#queueMax = 0;
    this.#words.setFigure('stallMsMax', 0);
    if (this.#source.queueBytes !== undefined) this.#words.setFigure('queueBytesMax', 0);
  }

  #lookAtQueue(now: number): void {
    this.#queueAt = now;
    const bytes = this.#source.queueBytes?.() ?? null;
    if (bytes === null || bytes <= this.#queueMax) return;
    this.#queueMax = bytes;
    this.#words.setFigure('queueBytesMax', bytes);
  }
}
