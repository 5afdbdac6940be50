// Where messages go: the seam between series and zmq. Comes in: whole messages. Goes out: the same, to whoever is connected, and what
// became of them. libzmq-sink.ts and zmq-sink.ts are real; tests bring consumers of every temper.

import type { RefusedPeer } from './refused-peers.js';
import type { Undelivered } from './series-types.js';

/** `sent`: taken over, the bytes may change. `full`: nothing was taken, offer again. `pending`: ask `outcome`. */
export type Offer = 'sent' | 'full' | 'pending';

/** One PUSH socket. Nothing here blocks. One message at a time: no offer while one is pending. */
export interface MessageSink {
  /** Bind. Resolves with the endpoint. @throws OperatorError when the address is taken */
  open(): Promise<string>;
  /** Hand over all parts of a message or none. The bytes are copied before this returns or settles. */
  offer(parts: readonly Uint8Array[]): Offer;
  /** Look after connections; first thing in each turn of the streamer. */
  poll(): void;
  /** What became of the pending offer. */
  outcome(): Offer;
  /** Consumers connected now. */
  readonly peers: number;
  /** Consumers that went away so far. */
  readonly disconnects: number;
  /** What is on its way, here and in the kernel, to consumers that are connected; null = this way cannot tell. */
  readonly underway: Undelivered | null;
  /** Peers that were refused or cut off since this was last asked. Nothing is allocated where there are none. */
  takeRefused(): readonly RefusedPeer[];
  /**
   * Close; messages already taken over are still delivered for at most `lingerMs`, and this resolves as soon as they are.
   * @returns what did not get out (0 messages = all of it did), null = this way cannot tell
   */
  close(lingerMs: number): Promise<Undelivered | null>;
}
