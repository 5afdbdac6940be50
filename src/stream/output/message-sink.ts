// Where messages go: the seam between series and zmq. Comes in: whole messages. Goes out: the same, to connected
// consumers, and what became of them. Which sinks there are: ways-out.ts, and several of one kind as one:
// sockets-sink.ts; tests bring consumers of every temper.
// Tested by test/stream/output/sockets-sink.test.ts.

import type { RefusedPeer } from '../../contract/refused-peers.js';
import type { SendBuffer, Undelivered } from '../../contract/series.js';

/** `sent`: taken over, the bytes may change. `full`: nothing was taken, offer again. `pending`: ask `outcome`. */
export type Offer = 'sent' | 'full' | 'pending';

/** What kind of message, as its counter. */
export type MessageKind = 'headers' | 'images' | 'seriesEnds';

/** One PUSH socket, or several as one. Nothing here blocks. One message at a time: no offer while one is pending. */
export interface MessageSink {
  /**
   * Bind. Resolves with the endpoint; several with commas between, as `vdcu watch` takes them.
   * @throws OperatorError when the address is taken; nothing is open then
   */
  open(): Promise<string>;
  /**
   * Hand over all parts of a message or none. The bytes must stay as they are until it is 'sent', by the answer or by
   * `outcome`.
   */
  offer(parts: readonly Uint8Array[], kind?: MessageKind): Offer;
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
  /** A series begins whose header somebody else hands over. Absent = that is nothing to this sink. */
  begins?(): void;
  /** Something that counts as sent is still in this process, as `keep` left it. Absent = never. */
  readonly unfinished?: boolean;
  /** The sockets of several that are one; absent = this is one. */
  readonly sockets?: readonly MessageSink[];
  /** Where each of `sockets` is bound, once they are open. */
  readonly endpoints?: readonly string[];
  /** Messages that each of `sockets` has taken over. */
  readonly takenBy?: readonly number[];
  /** Which of `sockets` the present message waits for; −1 = none does. */
  readonly waitsFor?: number;
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

/**
 * Would a message of this kind overtake what came before it, when it goes another way? An end must not pass what is
 * left in this process; a header nothing that the consumer's machine has not acknowledged, as far as that is known: a
 * real consumer throws away what comes behind the header of the next series (decision 59).
 */
export function overtakes(kind: MessageKind, way: Pick<MessageSink, 'unfinished' | 'underway'>): boolean {
  if (kind === 'images') return false;
  // What is under way the kernel is asked for: only where it matters.
  return way.unfinished === true || (kind === 'headers' && (way.underway?.messages ?? 0) > 0);
}

/** A sink as the sockets that it is made of. */
export const socketsOf = (sink: MessageSink): readonly MessageSink[] => sink.sockets ?? [sink];

/** Has each socket a consumer? Without, its share of the images could not leave. */
export function served(sink: MessageSink): boolean {
  if (sink.sockets === undefined) return sink.peers > 0;
  return sink.sockets.every(({ peers }) => peers > 0);
}

/** Is there a consumer for the end of a series? It leaves by the first socket. */
export const endServed = (sink: MessageSink): boolean => socketsOf(sink)[0].peers > 0;

/** Consumers of the socket that has most. */
export function mostPeers(sink: MessageSink): number {
  return sink.sockets === undefined ? sink.peers : Math.max(...sink.sockets.map(({ peers }) => peers));
}
