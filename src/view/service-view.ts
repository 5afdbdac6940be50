// What the control plane may know and do: the service as HTTP, metrics and log see it. An interface: behind it are
// shared memory and the streamer's events, in tests values written by hand.

import type { ServiceConfig } from '../config/service-config.js';
import type { Finding } from '../contract/findings.js';
import type { SendBuffer, SeriesState, SeriesSummary } from '../contract/series.js';
import type { Orders } from '../control/orders.js';
import type { FrameIndex, FrameNumber } from '../detector/frame-share.js';
import type { ReceiverFigures } from './receiver-watched.js';
import type { SeriesRecord } from './series-record.js';
import type { EncoderFigure } from '../memory/encoder-words.js';
import type { PortCounter, StreamCounter } from '../memory/counters.js';
import type { FrameHistogram, HistogramReading, PortHistogram } from '../memory/histogram.js';
import type { SeriesPackets } from '../memory/series-packets.js';
import type { Underway } from '../memory/socket-words.js';
import type { Sample } from '../contract/sample.js';
import type { DoctorReport } from '../doctor/report.js';
import type { FramePlaces } from '../detector/pixel-states.js';
import type { LastFrameMemory } from '../memory/last-frame.js';

/** The series that is open, or nothing. Frame numbers are the detector's, null = not known yet. */
export interface CurrentSeries {
  readonly series_id: number;
  readonly filename: string;
  readonly auto: boolean;
  readonly frames: number;
  readonly header_pending: boolean;
  /** As the arm request gave it. */
  readonly msg_number_base: number | null;
  readonly first_frame_number: number | null;
  readonly highest_frame_number: number | null;
  readonly images_sent: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
  readonly ports: readonly CurrentPort[];
}

/** One port since the series was opened. */
export interface CurrentPort {
  readonly udp_port: number;
  /** What became of its packets, and where the missing ones went, as if the series ended now. */
  readonly packets: SeriesPackets;
  readonly counters: Readonly<Record<PortCounter, number>>;
  readonly newest_frame_number: number | null;
  /** Address and port that its packets come from; null = not known yet. */
  readonly sender: string | null;
  /** The first other one of this series, and the first that udp_source does not have; null = there was none. */
  readonly second_sender: string | null;
  readonly foreign_sender: string | null;
}

/** One socket of the data port. */
export interface DataSocket {
  readonly endpoint: string;
  readonly consumers: number;
  /** Consumers that went away so far. */
  readonly disconnects: number;
  /** Messages that it has taken over. */
  readonly messages: number;
  /** As of the whole stream. */
  readonly underway: Underway | null;
  /** How long the stream has waited for this socket's consumer. */
  readonly blocked_seconds: number;
}

/** The output for live viewers. */
export interface PreviewStatus {
  readonly endpoint: string;
  /** Connected now. */
  readonly subscribers: number;
  /** Frames that were shown, and how often over all subscribers. */
  readonly shown: number;
  readonly sent: number;
  /** Frames that were not, for want of room, of time or of interest, to all or to one subscriber. */
  readonly skipped: number;
  /** Peers that were not let in. */
  readonly refused: number;
}

/** The answer of `GET /api/v1/series`. */
export interface ServiceStatus {
  readonly state: SeriesState;
  /** One plain sentence: what the service is doing or waiting for. */
  readonly message: string;
  /** What is wrong: what, where, remedy. Empty = nothing. */
  readonly problems: readonly string[];
  readonly consumers: number;
  /** Handed over, and not acknowledged by the consumers' machines; null = the way out cannot tell. */
  readonly underway: Underway | null;
  /** Those that the stream leaves by, in turns: data_port. */
  readonly data_sockets: readonly DataSocket[];
  /** Null = there is none. */
  readonly preview: PreviewStatus | null;
  readonly end_pending: boolean;
  /** The least that an arm request may give as `msg_number_base`. */
  readonly next_msg_number: number;
  /** How many instances share the detector, and which of them this is. */
  readonly frames_stride: number;
  readonly frames_offset: number;
  readonly series: CurrentSeries | null;
  readonly last_series: SeriesSummary | null;
}

/** The answer of `GET /api/v1/udp`, one per port. */
export interface UdpPortStatus {
  readonly udp_port: number;
  readonly off: boolean;
  readonly address: string;
  readonly interface: string | null;
  readonly mac: string | null;
  readonly mtu: number | null;
  readonly packet_bytes: number;
  readonly receive_buffer_requested_bytes: number;
  readonly receive_buffer_granted_bytes: number | null;
  readonly socket_queue_bytes: number | null;
  readonly kernel_drops: number | null;
}

/** What is known of a port that receives, besides its counters; null = unknown. */
export interface PortFigures {
  readonly udpPort: number;
  /** Bytes that the kernel charges for what waits in the socket; now, and most since the series was opened. */
  readonly queueBytes: number | null;
  readonly queueBytesMax: number | null;
  /** Frames by which the port is behind the one furthest ahead. */
  readonly lagFrames: number | null;
  /** When the last packet came, in ms since 1970. */
  readonly lastPacketAt: number | null;
  readonly series: SeriesPackets | null;
  readonly histograms: Readonly<Record<PortHistogram, HistogramReading>>;
}

/** A thread of the data path; times in ms, null = unknown. */
export interface AgentFigures {
  readonly agent: string;
  readonly heartbeatAgeMs: number;
  /** Longest time between two turns since the series was begun. */
  readonly stallMsMax: number | null;
}

/** What an encoder has done since the start of the service. */
export interface EncoderDone {
  readonly encoder: number;
  readonly figures: Readonly<Record<EncoderFigure, number>>;
}

/**
 * A frame that was sent. `json`: part 0 of its message, `header`: the same read; `pixels`: C order, little endian, or
 * part 1 in the form in which it left.
 */
export interface LastSent {
  /** By UDP port, of a frame that lies in the ring: the header of the first packet that was placed. */
  readonly packetHeaders?: Readonly<Record<string, Uint8Array>>;
  readonly json: Uint8Array;
  readonly header: Readonly<Record<string, unknown>>;
  readonly places: FramePlaces;
  readonly pixels: Uint8Array;
}

/** Notifications since the start of the service. */
export interface NotificationFigures {
  readonly delivered: number;
  /** Tries that failed, of which each notification may have several. */
  readonly failedTries: number;
  /** Never delivered: refused for good, too old, too many, or too long. */
  readonly dropped: number;
  readonly waiting: number;
}

/** Notifications to the outside; nothing here waits. */
export interface Outside {
  ended(summary: SeriesSummary): void;
  /** A series that had ended lost its consumer before that had its end. */
  amended(summary: SeriesSummary): void;
  problem(finding: Finding): void;
  /** What people should know of the notifications themselves; null = all is well. */
  readonly trouble: string | null;
  readonly counts: NotificationFigures;
}

/** Which frame: by the detector's number, by its index in the series sent last, or the one sent last. */
export type FrameWish =
  | { readonly by: 'number'; readonly value: FrameNumber }
  | { readonly by: 'index'; readonly value: FrameIndex }
  | 'latest';

/**
 * Why there is no such frame: nothing was sent since the start, it was not sent yet, another instance takes it, its
 * slot holds a newer one, or only the slot of the form in which it left does.
 */
export type NoFrame = 'nothing_sent' | 'not_sent' | 'not_ours' | 'gone' | 'form_gone';

/** What was seen in the last minutes, second by second. */
export interface RecentSeconds {
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** Sockets as they were at the last sample. */
  readonly sockets: readonly UdpPortStatus[];
  /** Hear of every second from now on. @returns ends it */
  listen(listener: (sample: Sample) => void): () => void;
}

/** The service, seen from the control plane. Nothing here blocks the data path. */
export interface ServiceView {
  readonly config: ServiceConfig;
  /** The one way in for orders that open and end series. */
  readonly orders: Orders;
  status(): ServiceStatus;
  /** Summaries of the last 100 series, newest first; with history_dir also of earlier processes. */
  history(): readonly SeriesSummary[];
  /** One of them, with what its incomplete frames lack; null = it is not there. */
  record(seriesId: number): Promise<SeriesRecord | null>;
  udpPorts(): UdpPortStatus[];
  /** Can the service do its work, and if not, why. */
  readiness(): { ready: boolean; reasons: readonly string[] };
  /** What stands against the settings of a client that has a say; none = nothing, or nobody has. */
  readonly clientProblems: readonly string[];
  /** Is every thread turning. */
  liveness(): { alive: boolean; reasons: readonly string[] };
  /** The doctor's checks, all made now. */
  doctor(): Promise<DoctorReport>;
  /** The same as they were within the last seconds: false = failed; what could not be checked is left out. */
  preflightResults(): readonly { readonly check: string; readonly ok: boolean }[];
  /** The last frame that was sent; null = none yet. */
  lastFrame(): LastSent | null;
  /**
   * A frame that was sent and still lies in the ring, or why there is none. As the detector has it, whole; `asSent`: in
   * the form in which it left.
   */
  sentFrame(wish: FrameWish, asSent?: boolean): LastSent | NoFrame;
  /** Where the last one lies, for threads that copy it themselves; null = there is no data plane. */
  readonly lastFrameMemory: LastFrameMemory | null;
  /** The last minutes, second by second. */
  readonly recent: RecentSeconds;
  /** Images sent in the current or last series. */
  receivedFrames(): number;
  /** Counters since the start of the process. */
  portCounters(): readonly { udpPort: number; counters: Readonly<Record<PortCounter, number>> }[];
  streamCounters(): Readonly<Record<StreamCounter, number>>;
  portFigures(): readonly PortFigures[];
  frameHistograms(): Readonly<Record<FrameHistogram, HistogramReading>>;
  agents(): readonly AgentFigures[];
  /** None = frames leave as they are. */
  encoders(): readonly EncoderDone[];
  /** Null = the receiver is not asked. */
  receiver(): ReceiverFigures | null;
  /** Null = no notifications. */
  notifications(): NotificationFigures | null;
  /** Gauges that are no counters; NaN = unknown. */
  gauges(): {
    readonly ringSlots: number;
    readonly ringSlotsUsed: number;
    readonly ringSlotsUsedMax: number;
    readonly consumers: number;
    readonly dataSockets: readonly DataSocket[];
    readonly preview: PreviewStatus | null;
    /** Null = the way out cannot tell. */
    readonly underway: Underway | null;
    /** Null = zmq queues in this process. */
    readonly sendBuffer: SendBuffer | null;
  };
}
