// What is said about series, in the words that leave the process (JSON, snake_case): by the streamer summaries at the
// end, replies to commands, events, which main turns into answers, log lines and history; by main how far a series is.
// Tested by test/contract/closed-lists.test.ts.

import type { ConsumerNotice } from './consumer-notices.js';
import type { AbortReason } from './abort-reasons.js';
import type { MissingByCause } from './loss-causes.js';
import type { RefusalReason } from './refusals.js';
import type { PeerRefusal } from './refused-peers.js';
import type { WarningCode } from './series-warnings.js';

/** Names of the state of the service: `state` in answers, on the page, and of `vdcu_series_state`. */
export const seriesStates = ['idle', 'open', 'closing'] as const;

export type SeriesState = (typeof seriesStates)[number];

/** The send buffer of a consumer's connection, in bytes; the kernel may charge twice that. Null = it does not say. */
export interface SendBuffer {
  readonly requestedBytes: number;
  readonly grantedBytes: number | null;
}

/** What was handed over and is not with a consumer: its machine has not acknowledged all of it. */
export interface Undelivered {
  readonly messages: number;
  /** As they are on the wire. */
  readonly bytes: number;
}

/** Loss of one port in one series. Counts of packets. `null` = cannot be known here. */
export interface PortLedger extends MissingByCause {
  readonly udp_port: number;
  readonly expected: number;
  readonly accepted: number;
  readonly missing: number;
  /** The kernel dropped more packets than are missing: `socket` was cut to what remained. */
  readonly socket_limited: boolean;
  readonly kernel_drops: number | null;
  readonly duplicate: number;
  readonly reordered: number;
  readonly late_duplicate: number;
  readonly late_unknown: number;
  readonly malformed: number;
  readonly foreign: number;
}

/** How far one port came in a series that has ended. */
export interface PortReached {
  readonly udp_port: number;
  readonly images_complete: number;
  /** The detector's number of the newest frame that it saw; null = none. */
  readonly newest_frame_number: number | null;
}

/** How far a series has come. */
export interface SeriesProgress {
  /** The detector's; null = none seen. */
  readonly first_frame_number: number | null;
  /** It is over: why it was cut short, null = it was not. */
  readonly ended: { readonly aborted: AbortReason | null } | null;
  readonly ports: readonly (PortReached & Pick<PortLedger, 'accepted' | 'missing'>)[];
}

/** What one instance's part of a series is, where several share a detector. */
export interface SharedSeries {
  readonly stride: number;
  readonly offset: number;
  /** Frames of the whole series, of all instances together. */
  readonly frames: number;
  /** Number of the header; frame `i` is message base + 1 + i, `series_end` base + 1 + frames. */
  readonly msg_number_base: number;
}

/** How a series went; the fields of `series_end` that people want to see. Frame indices are 0-based in the series. */
export interface SeriesSummary {
  readonly series_id: number;
  readonly filename: string;
  readonly auto: boolean;
  /** Images sent: complete + marked + discarded. */
  readonly frames: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
  /** Frames dropped without a number; only in aborted series. */
  readonly unsent: number;
  /** Why the series was cut short, or absent. */
  readonly aborted?: AbortReason;
  /**
   * Only of a series that is aborted as `consumer_lost`: frames, from the first on, that the consumer's machine had
   * acknowledged; absent where that is not known.
   */
  readonly delivered_frames?: number;
  /** The socket that the consumer of such a series was connected to, where there are several. */
  readonly lost_endpoint?: string;
  readonly incomplete: readonly (readonly [first: number, last: number])[];
  /** `incomplete` was cut at 1000 ranges. */
  readonly truncated: boolean;
  readonly first_frame_number: number | null;
  readonly ledger: readonly PortLedger[];
  /** Sentences about settings that look wrong, with their remedy. */
  readonly warnings: readonly string[];
  readonly header_sent: boolean;
  /** `series_end` could not be handed over yet. */
  readonly end_pending: boolean;
  /**
   * In the answer to a stop: what was handed over and did not reach the consumer; absent = nothing, or it cannot be
   * told.
   */
  readonly undelivered?: Undelivered;
  /**
   * Images that the receiver has received, once it was done with the series (receiver_url); null = it was not seen with
   * the series; absent = not known yet.
   */
  readonly received_by_consumer?: number | null;
  /** Why the receiver could not save them. */
  readonly receiver_error?: string;
  /** This is the part of one instance of several; frames and ledger are its own. */
  readonly shared?: SharedSeries;
}

/** Ranges of packets that `SeriesLoss` lists at most. */
export const lossRangesKept = 10_000;

/** Which packets the incomplete frames of a series lack. */
export interface SeriesLoss {
  /** Four numbers for each range: frame index, UDP port, first and last packet, both included; frames ascend. */
  readonly ranges: Uint32Array;
  /** Frames from this index on are not listed, there were too many ranges; null = all are. */
  readonly unlisted_from: number | null;
}

/** Longest path of a file, bytes of UTF-8: PATH_MAX of Linux without its NUL. */
export const filenameBytesLimit = 4095;

/** Largest metadata as JSON text, bytes of UTF-8. */
export const metadataBytesLimit = 128 * 1024;

/** A request to open a series, checked (control/arm-request.ts). */
export interface ArmRequest {
  /** At most `filenameBytesLimit`. */
  readonly filename: string;
  /** 0 = until stopped. */
  readonly frames: number;
  readonly firstFrameNumber: number | null;
  /** Number of the header; null = the next one. */
  readonly msgNumberBase: number | null;
  readonly framePeriodMs: number | null;
  /** JSON text of the header's second part, at most `metadataBytesLimit`, or null. */
  readonly metadata: string | null;
  readonly dynamicRange: number | null;
  /** 0 = all rows. */
  readonly readNRows: number | null;
  readonly force: boolean;
}

/**
 * What holds where a request says nothing: any number of frames, live view only, everything else as configured or as it
 * comes.
 */
export const plainRequest: ArmRequest = {
  filename: '',
  frames: 0,
  firstFrameNumber: null,
  msgNumberBase: null,
  framePeriodMs: null,
  metadata: null,
  dynamicRange: null,
  readNRows: null,
  force: false,
};

/** Where a series that several instances share ends. */
export interface SeriesStop {
  /** Frames of the whole series: at least as many as any instance has seen. */
  readonly frames: number;
  /** The header was never handed over, so there is no series: nothing is sent. */
  readonly withdraw: boolean;
}

/** What an instance has of a series that is shared, when it accepts no more packets. */
export interface HaltedSeries {
  readonly msg_number_base: number;
  /**
   * Index of the last frame of which this instance saw a packet, plus 1; after its end the frames of the whole series.
   */
  readonly frames: number;
  /** Its part is over; else it waits to be told where the series ends. */
  readonly ended: boolean;
}

/** Commands from main to the streamer. */
export type StreamCommand =
  | { readonly kind: 'arm'; readonly id: number; readonly request: ArmRequest }
  | {
      readonly kind: 'stop';
      readonly id: number;
      readonly end?: SeriesStop;
      readonly fill?: boolean;
      readonly seriesId?: number;
    }
  | { readonly kind: 'halt'; readonly id: number }
  | { readonly kind: 'shutdown'; readonly id: number };

/** Messages from the streamer to main. */
export type StreamEvent =
  | {
      readonly kind: 'armed';
      readonly id: number;
      readonly series_id: number;
      readonly msg_number: number | null;
      readonly header_pending: boolean;
    }
  | { readonly kind: 'refused'; readonly id: number; readonly why: RefusalReason; readonly problems: readonly string[] }
  | { readonly kind: 'stopped'; readonly id: number; readonly summary: SeriesSummary | null }
  | { readonly kind: 'halted'; readonly id: number; readonly halted: HaltedSeries | null }
  | {
      readonly kind: 'opened';
      readonly series_id: number;
      readonly filename: string;
      readonly auto: boolean;
      readonly frames: number;
      readonly msg_number_base?: number;
    }
  | {
      readonly kind: 'ended';
      readonly summary: SeriesSummary;
      readonly reached: readonly PortReached[];
      readonly loss: SeriesLoss;
    }
  /** Its end still waits for a consumer, and something has become known of it. */
  | { readonly kind: 'amended'; readonly summary: SeriesSummary }
  | { readonly kind: 'warning'; readonly code: WarningCode; readonly message: string }
  /** Warnings of a series that only waited: these, or all. */
  | { readonly kind: 'warnings_over'; readonly codes: readonly WarningCode[] | null }
  | { readonly kind: 'peer_refused'; readonly reason: PeerRefusal; readonly address: string; readonly message: string }
  /** A consumer came or went, where the way out knows more of it than that. `trouble`: people should know. */
  | (ConsumerNotice & { readonly kind: 'consumer' })
  /** The sink is closed: what did not get out, null = the way out cannot tell. */
  | { readonly kind: 'closed'; readonly undelivered: Undelivered | null }
  | { readonly kind: 'drained' };
