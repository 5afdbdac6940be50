// Where messages go: the seam between series and zmq. zmq-sink.ts is the real one; tests bring consumers of every temper.

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
  /** Close; messages already taken over are still delivered for at most `lingerMs`. */
  close(lingerMs: number): Promise<void>;
}
