// STEP 1, front door. A packet source brings the datagrams of one port into the port's landing buffers. Comes in: UDP
// from the detector. Goes out: a batch of offsets and lengths for the port assembler, in the same thread.
// Which sources there are: ways-in.ts; tests bring packets from memory.

import type { Landing } from '../memory/landing.js';
import type { SenderWords } from '../memory/sender-words.js';

/** What was granted when the socket was opened. */
export interface SourceInfo {
  readonly address: string;
  readonly udpPort: number;
  readonly receiveBufferRequestedBytes: number;
  /** Null where it cannot be read back. */
  readonly receiveBufferGrantedBytes: number | null;
  /** Which of the sockets that /proc/net/udp lists it is; null where that is not known. */
  readonly inode: number | null;
}

/** One port's datagrams. Not shared between threads. */
export interface PacketSource {
  readonly landing: Landing;
  /** Bind. @throws OperatorError when the port is taken or the address is not here */
  open(): Promise<SourceInfo>;
  /**
   * Take the datagrams that have arrived into `landing`; returns how many. Waits for a first one only where the source
   * was made to, for a bounded time. The batch is valid until the next call. More than `landing.capacity` never come at
   * once.
   */
  receive(): number;
  /** The last `receive` found nothing more in the socket, by a look that began after the last `lookAnew`. */
  readonly empty: boolean;
  /**
   * From here on `empty` tells of a look that is still to come. Returns the bytes charged for what waits now, null =
   * cannot be known.
   */
  lookAnew(): number | null;
  /**
   * Nothing is taken for a while, and what arrives waits for that, in the socket where possible; the last batch stays
   * valid. Absent where that is so whenever `receive` is not called.
   */
  pause?(paused: boolean): void;
  /** Write the sender of entry `index` of the last batch; absent where it is not known. */
  tellSender?(index: number, to: SenderWords): void;
  /** Datagrams that the kernel dropped since `open` because the socket buffer was full; null = cannot be known. */
  kernelDrops(): number | null;
  /** Bytes charged for what waits in the socket, null = cannot be known; absent where asking costs too much. */
  queueBytes?(): number | null;
  /** Stop receiving; idempotent. */
  close(): Promise<void>;
}
