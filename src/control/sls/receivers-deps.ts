// What the receivers need of the service: orders, how far a series has come, and what has a data plane built.

import type { ServiceConfig } from '../../config/service-config.js';
import type { SeriesProgress } from '../../contract/series.js';
import type { Logger } from '../../runtime/log.js';
import type { Orders } from '../orders.js';
import type { Preview } from './preview.js';

/** What the receivers need of the service. */
export interface ReceiversDeps {
  readonly config: ServiceConfig;
  readonly orders: Orders;
  readonly logger: Logger;
  /** A series that is open, or was the last or one before; null = not known (any more). */
  progress(seriesId: number): SeriesProgress | null;
  /** What the kernel granted for each socket, bytes; null = not known. */
  receiveBufferBytes(): number | null;
  /** MAC of the interface that has an address, "" where it has none; null = no interface of this machine has it. */
  macOf(address: string): string | null;
  /** Runs something once, later; the answer cancels it. */
  after(milliseconds: number, run: () => void): () => void;
  /** PSI's preview stream; null = it is not offered. */
  readonly preview: Preview | null;
  /** As the follower's (follower.ts); only called where the configuration leaves the detector to the client. */
  build(config: ServiceConfig): Promise<void>;
}
