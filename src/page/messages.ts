// What the service tells the page: the JSON of its events. The one source for both sides: src/http/page/ writes these
// shapes, the page reads them. Types only, so that the browser's program and the service's can share them.

import type { AbortReason } from '../contract/abort-reasons.js';
import type { Compression } from '../contract/compressions.js';
import type { Sample } from '../contract/sample.js';
import type { PortLedger, SeriesState } from '../contract/series.js';

/** First and last of something, both included. */
export type Span = readonly [first: number, last: number];

export interface PortPlace {
  readonly udp_port: number;
  readonly off: boolean;
  /**
   * Placed by configuration; otherwise this is where PSI's order of ports puts it, and packet headers may say
   * otherwise.
   */
  readonly fixed: boolean;
  readonly frame_rows: Span;
  readonly frame_columns: Span;
  readonly rows_run: 'down' | 'up';
}

/** Event `about`: what does not change while the service runs. */
export interface About {
  /** Another number = another data plane, or another process: frames are counted anew. */
  readonly plane: number;
  readonly name: string;
  readonly version: string;
  readonly detector: string;
  readonly series: 'armed' | 'auto';
  /** PSI's client finds receivers here. */
  readonly receivers: boolean;
  readonly shape: readonly [rows: number, columns: number];
  readonly port_image: readonly [rows: number, columns: number];
  readonly ports: readonly PortPlace[];
  readonly gap_rows: readonly Span[];
  readonly gap_columns: readonly Span[];
  /** Null = as the frame lies. */
  readonly sent_as: SentAs | null;
}

/** How images leave, where that is not as the frame lies in the ring. */
export interface SentAs {
  readonly shape: readonly [rows: number, columns: number];
  /** What becomes of the pixels, in words and in order. */
  readonly steps: readonly string[];
  readonly compression: Compression;
}

export type { Sample };

/**
 * Where the packets of a series went, one port: expected = accepted + missing, and missing is the sum of its causes.
 */
export type PortLoss = Omit<PortLedger, 'socket_limited' | 'kernel_drops'>;

export interface Series {
  /** Still going on; otherwise the last one. */
  readonly open: boolean;
  readonly series_id: number;
  readonly filename: string;
  readonly auto: boolean;
  readonly frames: number;
  readonly header_pending: boolean;
  readonly images_sent: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
  readonly unsent: number;
  readonly aborted?: AbortReason;
  /** Images that the receiver has, once it was done with the series; null = not known, absent = not known yet. */
  readonly received_by_consumer?: number | null;
  /** Why it could not save them. */
  readonly receiver_error?: string;
  readonly warnings: readonly string[];
  readonly ports: readonly PortLoss[];
}

export interface Socket {
  readonly udp_port: number;
  readonly queue_bytes: number | null;
  readonly buffer_bytes: number | null;
  readonly kernel_drops: number | null;
}

/** Event `state`. */
export interface State {
  readonly state: SeriesState;
  readonly message: string;
  readonly problems: readonly string[];
  readonly consumers: number;
  readonly consumers_expected: number;
  readonly series: Series | null;
  readonly rates: Omit<Sample, 'missing' | 'unarmed_per_second' | 'outside_per_second' | 'placed_per_second'> | null;
  readonly ring: { readonly slots: number; readonly used: number; readonly used_max: number };
  readonly sockets: readonly Socket[];
  readonly frame: { readonly count: number; readonly age_ms: number | null };
}
