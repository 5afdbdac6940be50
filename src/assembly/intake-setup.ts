// What decides on the class of a packet, and where packets go, for one port. Types only.

import type { FrameShare } from '../detector/frame-share.js';
import type { PortWords } from '../memory/port-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import type { PacketSource } from '../udp/packet-source.js';
import type { FlightWriter } from './flight-writer.js';
import type { FrameWindow } from './frame-window.js';
import type { Placement } from './placement.js';
import type { PortImages } from './port-images.js';

/** Times in ms, distances in frames. */
export interface IntakeSetup {
  readonly buffer: ArrayBufferLike;
  readonly source: PacketSource;
  readonly counters: Float64Array;
  readonly words: PortWords;
  /** Words of all other ports that receive, to see which positions are taken. */
  readonly others: readonly PortWords[];
  readonly series: SeriesWords;
  readonly window: FrameWindow;
  readonly images: PortImages;
  readonly flight: FlightWriter;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  readonly ring: number;
  readonly overtakeFrames: number;
  readonly startWindowMs: number;
  /** Packets from another sender than the one that the series began with are not taken. */
  readonly enforceSource: boolean;
  readonly placement: Placement;
  /** The port accepts its first packet of the series. */
  beginsFrames(): void;
}
