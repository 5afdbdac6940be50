// What one port's receiver is made of. Goes out: its parts, made once and put together.
// Tested by test/pipeline/classes.test.ts.

import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { everyFrame } from '../detector/frame-share.js';
import type { FrameShare } from '../detector/frame-share.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { portCountersAt } from '../memory/counters.js';
import { FlightRing } from '../memory/flight-ring.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import { SeriesWords } from '../memory/series-words.js';
import type { PacketSource } from '../udp/packet-source.js';
import { Drain } from './drain.js';
import { FlightWriter } from './flight-writer.js';
import { FrameCompletion } from './frame-completion.js';
import { FrameWindow } from './frame-window.js';
import { ImageCloser } from './image-closer.js';
import { PacketIntake } from './packet-intake.js';
import type { Placement, PlacementMaker } from './placement.js';
import { PortImages } from './port-images.js';
import { ReceiverPulse } from './receiver-pulse.js';
import { SeriesCounts } from './series-counts.js';

/** Everything a port assembler is made of. Times in ms. */
export interface PortSetup {
  /** Index into `udp_ports` and into the layout's ports. */
  readonly port: number;
  /** Indices of all ports that receive, to see which positions are taken. */
  readonly activePorts: readonly number[];
  readonly buffer: ArrayBufferLike;
  readonly map: MemoryMap;
  readonly source: PacketSource;
  readonly overtakeFrames: number;
  readonly startWindowMs: number;
  readonly drainMs: number;
  readonly maxOwedFrames: number;
  readonly enforceSource: boolean;
  /** The frames that this instance takes; left out = all. */
  readonly share?: FrameShare;
  /**
   * Read when a turn begins, and again when the socket has been read: the call may wait, and the thread may have to.
   */
  readonly clock: Clock;
  /** What places packets, on this memory. */
  readonly makePlacement: PlacementMaker;
  /** As configured: what packets are checked by before the first series. `readNRows` 0 = all rows. */
  readonly dynamicRange: number;
  readonly readNRows: number;
  /** The layout of a series; `readNRows` 0 = all rows. */
  layoutFor(dynamicRange: number, readNRows: number): Layout;
}

/** The layout that a port goes by; made anew only when a series has another one. */
export class PortSeriesLayout {
  readonly #setup: PortSetup;
  #whole: Layout;
  #key: string;

  constructor(setup: PortSetup) {
    this.#setup = setup;
    this.#whole = setup.layoutFor(setup.dynamicRange, setup.readNRows);
    this.#key = layoutKey(setup.dynamicRange, setup.readNRows);
  }

  get whole(): Layout {
    return this.#whole;
  }

  get port(): PortLayout {
    const port = this.#whole.ports[this.#setup.port];
    assert(port !== undefined, 'a port has no layout');
    return port;
  }

  follow(dynamicRange: number, readNRows: number): void {
    const key = layoutKey(dynamicRange, readNRows);
    if (key === this.#key) return;
    this.#whole = this.#setup.layoutFor(dynamicRange, readNRows);
    this.#key = key;
  }
}

const layoutKey = (dynamicRange: number, readNRows: number): string => `${dynamicRange}/${readNRows}`;

/** What a port assembler runs. */
export interface PortParts {
  readonly series: SeriesWords;
  readonly words: PortWords;
  readonly pulse: ReceiverPulse;
  readonly placement: Placement;
  readonly images: PortImages;
  readonly counts: SeriesCounts;
  readonly window: FrameWindow;
  readonly closer: ImageCloser;
  readonly completion: FrameCompletion;
  readonly intake: PacketIntake;
  readonly layout: PortSeriesLayout;
  readonly share: FrameShare;
  readonly ring: number;
  /** Of a command, and of a first frame that is told while packets are accepted. */
  readonly commandDrain: Drain;
  readonly firstDrain: Drain;
}

export function portParts(setup: PortSetup): PortParts {
  const { buffer, map, port, source, overtakeFrames, maxOwedFrames, drainMs } = setup;
  const ring = map.sizes.slots;
  const series = new SeriesWords(buffer, map.seriesWords);
  const words = new PortWords(buffer, map.portWords[port]);
  const others = setup.activePorts
    .filter((other) => other !== port)
    .map((other) => new PortWords(buffer, map.portWords[other]));
  const counters = portCountersAt(buffer, map.portCounters[port]);
  const placement = setup.makePlacement(map, port, source.landing);
  const share = setup.share ?? everyFrame;
  const images = new PortImages({ buffer, map, port, counters: counters.now, words, placement });
  const window = new FrameWindow({ ring, overtakeFrames, maxOwedFrames });
  const drain = (): Drain => new Drain(source, counters.now, drainMs);
  const { flightPackets = 0, landingPackets } = map.sizes;
  const flight = new FlightWriter(
    new FlightRing(buffer, map.flightRings[port], flightPackets, landingPackets),
    placement,
  );
  const counts = new SeriesCounts({ counters, source, images, words, series });
  const layout = new PortSeriesLayout(setup);
  const intake = new PacketIntake(
    {
      buffer,
      source,
      ring,
      overtakeFrames,
      startWindowMs: setup.startWindowMs,
      enforceSource: setup.enforceSource,
      placement,
      counters: counters.now,
      words,
      others,
      series,
      window,
      images,
      flight,
      share,
      beginsFrames: () => counts.beginFrames(),
    },
    layout.whole,
    layout.port,
  );
  const closer = new ImageCloser({ images, window, words, others, series, drain: drain(), ring, overtakeFrames });
  return {
    series,
    words,
    pulse: new ReceiverPulse(buffer, map, port, words, source),
    placement,
    images,
    counts,
    window,
    closer,
    completion: new FrameCompletion(series, closer, others),
    intake,
    layout,
    share,
    ring,
    commandDrain: drain(),
    firstDrain: drain(),
  };
}
