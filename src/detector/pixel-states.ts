// What each pixel of a frame is: a value, missing, not read out, a gap. Comes in: which packets the image message calls
// missing, and where each port had its place. Goes out: one state by pixel. A pixel's value decides nothing here,
// because a saturated pixel has the value that stands for a missing one.

import { makeLayout } from './layout.js';
import type { Layout, PortLayout } from './layout.js';
import { makePieceTable } from './piece-table.js';
import type { PieceTable } from './piece-table.js';
import type { DetectorSettings } from './settings.js';

/**
 * States of a pixel. `unread`: its port is off, or its row is not read out. `masked`, for viewers: a value that the
 * configured mask covers.
 */
export const pixelState = { value: 0, missing: 1, unread: 2, gap: 3, masked: 4 } as const;

/** Under which settings a frame was put together, and where its ports had their places. */
export interface FramePlaces {
  readonly dynamicRange: number;
  /** Rows read out of each port image; null = all. */
  readonly readNRows: number | null;
  /** By UDP port, of those whose place is known: index into the layout's positions. */
  readonly positions: Readonly<Record<string, number>>;
}

/** Field `missing` of an image message: by UDP port, ranges of packet numbers, both ends included. */
export type MissingByPort = Readonly<Record<string, readonly (readonly [first: number, last: number])[]>>;

export interface StatesOfFrame {
  /** `pixelState` of each pixel, C order. Valid until the next frame is asked for. */
  readonly states: Uint8Array;
  /** Value of a pixel that was received and is saturated: all bits of the wire are set. */
  readonly saturation: number;
}

/** A place in the frame, and the port that holds it; null = none is known. */
interface Holder {
  readonly position: number;
  readonly port: PortLayout | null;
  readonly table: PieceTable;
}

/** Everything that frames of the same places have in common. */
interface Prepared {
  readonly key: string;
  readonly layout: Layout;
  readonly holders: readonly Holder[];
  /** States of a frame that lacks nothing. */
  readonly complete: Uint8Array;
}

/** States of frames of one detector; remembers the places of the frame before. */
export class PixelStates {
  readonly #settings: DetectorSettings;
  #prepared: Prepared | null = null;
  #scratch = new Uint8Array(0);

  constructor(settings: DetectorSettings) {
    this.#settings = settings;
  }

  of(places: FramePlaces, missing: MissingByPort): StatesOfFrame {
    const prepared = this.#prepare(places);
    const { layout, holders, complete } = prepared;
    const saturation = 2 ** layout.wireBits - 1;
    if (Object.keys(missing).length === 0) return { states: complete, saturation };
    if (this.#scratch.length !== complete.length) this.#scratch = new Uint8Array(complete.length);
    const states = this.#scratch;
    states.set(complete);
    for (const { position, port, table } of holders) {
      const { firstPacket } = layout.positions[position];
      const all = [[firstPacket, firstPacket + layout.expectedPackets - 1]] as const;
      // A place that no port has taken yet holds nothing: the port that shall take it is one of those that are missing.
      const ranges = port === null ? all : (missing[port.udpPort] ?? []);
      for (const [first, last] of ranges)
        mark(states, table, first - firstPacket, last - firstPacket, layout.pixelBytes, pixelState.missing);
    }
    return { states, saturation };
  }

  #prepare(places: FramePlaces): Prepared {
    const key = JSON.stringify(places);
    if (this.#prepared?.key === key) return this.#prepared;
    const { dynamicRange, readNRows, positions } = places;
    const layout = makeLayout(this.#settings, { dynamicRange, readNRows });
    const complete = new Uint8Array(layout.shape[0] * layout.shape[1]).fill(pixelState.gap);
    const holders: Holder[] = [];
    layout.positions.forEach((_, position) => {
      const { packetsPerPortImage: count, expectedPackets, pixelBytes } = layout;
      mark(
        complete,
        makePieceTable(layout, position, false, { first: 0, count }),
        0,
        count - 1,
        pixelBytes,
        pixelState.unread,
      );
      const port = layout.ports.find(({ udpPort }) => positions[udpPort] === position) ?? null;
      if (port === null && layout.ports.some(({ off, expectedPosition }) => off && expectedPosition === position))
        return;
      const table = makePieceTable(layout, position, port?.flip ?? null);
      mark(complete, table, 0, expectedPackets - 1, pixelBytes, pixelState.value);
      holders.push({ position, port, table });
    });
    return (this.#prepared = { key, layout, holders, complete });
  }
}

/** Give the pixels of packets `first` to `last` of a table a state. A pixel that two packets share goes with either. */
function mark(
  states: Uint8Array,
  { starts, pieces, seams }: PieceTable,
  first: number,
  last: number,
  pixelBytes: number,
  state: number,
): void {
  for (let piece = starts[first], end = starts[last + 1]; piece < end; piece++) {
    const from = pieces[piece * 3 + 1] / pixelBytes;
    states.fill(state, from, from + pieces[piece * 3 + 2] / pixelBytes);
  }
  for (let packet = first; packet <= last + 1 && packet * 2 < seams.length; packet++) {
    const at = seams[packet * 2];
    if (at >= 0) states[at / pixelBytes] = state;
  }
}
