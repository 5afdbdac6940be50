// Where messages go: the seam between series and zmq. Comes in: whole messages. Goes out: the same, to whoever is
// connected, and what became of them. output/zmtp/zmtp-sink.ts, libzmq-sink.ts and zmq-sink.ts are the ways; tests
// bring consumers of every temper.

import type { RefusedPeer } from '../../contract/refused-peers.js';
import type { SendBuffer, Undelivered } from '../../contract/series.js';

/** `sent`: taken over, the bytes may change. `full`: nothing was taken, offer again. `pending`: ask `outcome`. */
export type Offer = 'sent' | 'full' | 'pending';

/** One PUSH socket. Nothing here blocks. One message at a time: no offer while one is pending. */
export interface MessageSink {
  /** Bind. Resolves with the endpoint. @throws OperatorError when the address is taken */
  open(): Promise<string>;
  /**
   * Hand over all parts of a message or none. The bytes must stay as they are until it is 'sent', by the answer or by
   * `outcome`.
   */
  offer(parts: readonly Uint8Array[]): Offer;
  /** Look after connections; first thing in each turn of the streamer. */
  poll(): void;
  /** What became of the pending offer. */
  outcome(): Offer;
  /**
   * The memory of the pending offer is needed: a sink that does not hold a copy makes one, and the message counts as
   * sent.
   */
  keep?(): void;
  /**
   * Block until there may be room, at most so long; only of ways that have a thread of their own. @returns whether it
   * waited
   */
  awaitRoom?(milliseconds: number): boolean;
  /**
   * Where the sink knows what its consumers' machines have acknowledged: so many messages, of all that were taken over,
   * had been acknowledged without a gap when a consumer was lost, since this was asked last.
   */
  takeLoss?(): number;
  /** What the kernel holds for each connection, known once it is open; absent where zmq queues in this process. */
  readonly sendBuffer?: SendBuffer | null;
  /** Consumers connected now. */
  readonly peers: number;
  /** Consumers that went away so far. */
  readonly disconnects: number;
  /** What is on its way, here and in the kernel, to consumers that are connected; null = this way cannot tell. */
  readonly underway: Undelivered | null;
  /**
   * Handed over to consumers that went away before they had acknowledged it, since the sink was opened; null, or
   * absent = this way cannot tell.
   */
  readonly lost?: Undelivered | null;
  /** Peers that were refused or cut off since this was last asked. Nothing is allocated where there are none. */
  takeRefused(): readonly RefusedPeer[];
  /**
   * Close; messages already taken over are still delivered for at most `lingerMs`, and this resolves as soon as they
   * are.
   * @returns what did not get out (0 messages = all of it did), null = this way cannot tell
   */
  close(lingerMs: number): Promise<Undelivered | null>;
}
