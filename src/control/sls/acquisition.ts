// The acquisition that goes on, or went on last. Comes in: what the client wanted of it, and how far its series has
// come. Goes out: the figures of its ports as PSI's client reads them.

import type { SeriesProgress } from '../../contract/series.js';

/** A port of a module as its client sees it. */
export interface PortFigures {
  /** Complete images. */
  readonly caught: number;
  /** Packets. */
  readonly missing: number;
  /** Newest frame number, 0 = none. */
  readonly newest: number;
}

/** Of a port of which nothing is known. */
export const noFigures: PortFigures = { caught: 0, missing: 0, newest: 0 };

/** What the client wanted. */
export interface AcquisitionWish {
  readonly seriesId: number;
  readonly frames: number;
  /** Packets of one port image. */
  readonly packets: number;
  /** How far the series has come; null = not known yet, or not any more. */
  progress(): SeriesProgress | null;
}

export class Acquisition {
  readonly #wish: AcquisitionWish;
  /** Ended by the client in the ordinary way: all frames that it wanted were to come. */
  finished = false;
  #seen: SeriesProgress | null = null;

  constructor(wish: AcquisitionWish) {
    this.#wish = wish;
  }

  get seriesId(): number {
    return this.#wish.seriesId;
  }

  /** Of a series that has ended and of which nobody has heard yet, or that is long over: what was known last. */
  get progress(): SeriesProgress | null {
    this.#seen = this.#wish.progress() ?? this.#seen;
    return this.#seen;
  }

  /** Is it known that the series has ended? */
  get ended(): boolean {
    return (this.progress?.ended ?? null) !== null;
  }

  figures(udpPort: number): PortFigures {
    const port = this.progress?.ports.find(({ udp_port }) => udp_port === udpPort);
    if (port === undefined) return noFigures;
    const { frames, packets } = this.#wish;
    return {
      caught: port.images_complete,
      // Frames of which nothing came belong to those that the client wanted, not to the series.
      missing: this.finished ? Math.max(port.missing, frames * packets - port.accepted) : port.missing,
      newest: port.newest_frame_number ?? 0,
    };
  }

  /** Percent of its frames that these ports have seen, by the newest of each. At least one port. */
  percent(udpPorts: readonly number[]): number {
    const { progress } = this;
    const first = progress?.first_frame_number ?? null;
    // An endless one has no share of its frames.
    if (progress === null || first === null || this.#wish.frames === 0) return 0;
    const seen = progress.ports
      .filter(({ udp_port }) => udpPorts.includes(udp_port))
      .reduce((sum, { newest_frame_number: newest }) => sum + (newest === null ? 0 : newest - first + 1), 0);
    return (100 * seen) / (this.#wish.frames * udpPorts.length);
  }
}
