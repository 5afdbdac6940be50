// Where a preview goes: the seam between preview-output.ts and a PUB socket. Nothing behind it may hold anything up.

export interface PreviewSink {
  /** Bind. Resolves with the endpoint. @throws OperatorError when the address is taken */
  open(): Promise<string>;
  /** First thing in each turn. */
  poll(): void;
  /** Connected now. */
  readonly subscribers: number;
  /** Of these, done with what they were handed. */
  readonly free: number;
  /** Peers that were not let in, so far. */
  readonly refused: number;
  /**
   * To each subscriber that wants it and has room; a `small` one waits where there is none.
   * @param parts must stay as they are while `uses` says so
   * @returns how many have taken it, or a part of it
   */
  send(parts: readonly Uint8Array[], small: boolean): number;
  /** Is something of this memory still on its way? */
  uses(bytes: Uint8Array): boolean;
  close(): void;
}
