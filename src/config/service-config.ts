// The configuration of one detector after loading: checked, defaults filled in, camelCase. `schema.ts` is the list of options
// that users see; everything derived from these values (bytes, slots, threads) is the plan's business.

import type { FrameShare } from '../detector/frame-share.js';
import type { DetectorSettings } from '../detector/settings.js';

/** Times in milliseconds unless the name says otherwise. Semantics of every limit: docs/architecture.md. */
export interface ServiceConfig {
  /** Name of the detector in the file; the `detector` label of metrics. */
  readonly name: string;
  readonly detector: DetectorSettings;
  /** Largest `dynamic_range` that an arm request may ask for; slots are sized for it. */
  readonly dynamicRangeMax: number;

  /** The address that each port of `udpPorts` is received on. */
  readonly udpHosts: readonly string[];
  /** Only datagrams from this address (and port, unless null) are the detector's; null = any. */
  readonly udpSource: { readonly address: string; readonly port: number | null } | null;
  readonly receiveBufferBytes: number;
  readonly receive: 'auto' | 'recvmmsg' | 'dgram';
  /** Take coalesced datagrams (UDP_GRO). */
  readonly receiveCoalesced: boolean;
  /** Null = the plan decides. */
  readonly receiverThreads: number | null;
  /** CPUs for receiver threads, then the streamer; empty = the scheduler decides. */
  readonly pinCpus: readonly number[];
  readonly send: 'auto' | 'zmtp' | 'libzmq' | 'zeromq.js';

  readonly dataHost: string;
  readonly dataPort: number;
  readonly apiHost: string;
  readonly apiPort: number;
  /** File with the token of requests that change something; null = the environment may hold one. */
  readonly apiTokenFile: string | null;
  /** Names under which browsers and proxies may ask; null = any, unless `apiHost` is loopback. */
  readonly apiNames: readonly string[] | null;

  /** Ring length as asked: frames, or milliseconds at `frameRateHz`, or null for the plan's default. */
  readonly ring: { readonly frames: number } | { readonly milliseconds: number } | null;
  /** Highest frame rate of the detector in Hz; null = unknown. */
  readonly frameRateHz: number | null;

  readonly series: 'armed' | 'auto';
  /** Frames of an auto series; 0 = until the detector falls silent. */
  readonly frames: number;
  /** Template of the file names of auto series (auto-filename.ts); null = they have none. */
  readonly autoFilename: string | null;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  readonly incompleteFrames: 'mark' | 'discard';
  readonly overtakeFrames: number;
  readonly frameTimeoutMs: number;
  readonly drainMs: number;
  readonly startWindowMs: number;
  /** Null = ten rings. */
  readonly maxOwedFrames: number | null;
  readonly seriesIdleMs: number;
  /** Null = none, unless the arm request gives a frame period. */
  readonly seriesTimeoutMs: number | null;
  /** Null = by `overtakeFrames` and the frame period. */
  readonly fillTailFrames: number | null;
  readonly closingTimeoutMs: number;
  /** A consumer's machine that acknowledges nothing for so long is gone. */
  readonly consumerTimeoutMs: number;
  /** Addresses and networks that consumers may come from; empty = anybody. */
  readonly consumerSource: readonly string[];
  readonly consumerConnections: number;

  /** Packets of each port that the flight recorder keeps; 0 = off, null = the plan decides. */
  readonly flightRecorderPackets: number | null;
  /** Where recordings are written; null = nowhere. */
  readonly flightRecorderDir: string | null;
}
