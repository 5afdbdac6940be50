// What lies between a simulated detector and the sockets: datagrams in flight, good ones and bad ones, ordered by the
// time of their arrival. The world launches them and lands those that are due; each knows what it really is, for the
// truth that is kept of it.

import type { Random } from '../../src/base/random.js';
import { changed } from '../pipeline/packets.js';
import type { PacketMaker } from '../pipeline/packets.js';

/** What a datagram really is. All but the first three are wrong in the way of the counter of that name. */
export type DatagramKind =
  | 'good'
  /** An intact packet that names a place which is another port's. */
  | 'elsewhere'
  /** A good packet that somebody else than the detector sends. */
  | 'stranger'
  | 'headerPacket'
  | 'malformedSize'
  | 'malformedVersion'
  | 'malformedDetectorType'
  | 'malformedPacketNumber'
  | 'malformedPosition'
  | 'malformedFrameNumber'
  | 'foreignSource';

/** Those that show by themselves, whatever the service is doing. */
export const plainlyWrong = [
  'headerPacket',
  'malformedSize',
  'malformedVersion',
  'malformedDetectorType',
  'malformedPacketNumber',
  'malformedPosition',
  'malformedFrameNumber',
  'foreignSource',
] as const satisfies readonly DatagramKind[];

/** A datagram on its way. `packet` counts from the first that the port sends. */
export interface Datagram {
  readonly at: number;
  readonly order: number;
  readonly port: number;
  readonly kind: DatagramKind;
  readonly frameNumber: number;
  readonly packet: number;
  readonly maker: PacketMaker;
  /** Chooses among the ways of being wrong. */
  readonly variant: number;
}

/** Datagrams in flight: a heap by time of arrival, then by order of departure. */
export class Network {
  readonly #heap: Datagram[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the next one arrives; Infinity = none is under way. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  launch(datagram: Omit<Datagram, 'order'>): void {
    const heap = this.#heap;
    const flight = { ...datagram, order: this.#order++ };
    let index = heap.push(flight) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(flight, heap[parent])) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = flight;
  }

  /** The next datagram that arrives at or before `now`, or null. */
  land(now: number): Datagram | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > now) return null;
    const last = heap.pop() as Datagram;
    if (heap.length > 0) {
      let index = 0;
      for (;;) {
        let child = 2 * index + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], last)) break;
        heap[index] = heap[child];
        index = child;
      }
      heap[index] = last;
    }
    return first;
  }
}

function before(a: Datagram, b: Datagram): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Who sends it: the detector, a stranger, or one that the configuration does not have. */
export const senders = { detector: 1, stranger: 2, foreign: 0 } as const;

export function senderOf(kind: DatagramKind): number {
  return kind === 'foreignSource' ? senders.foreign : kind === 'stranger' ? senders.stranger : senders.detector;
}

/** Ways of being wrong, drawn once per datagram. */
export function drawWrong(random: Random): { kind: DatagramKind; variant: number } {
  return { kind: random.pick(plainlyWrong), variant: random.integer(1000) };
}

/** The bytes of a datagram; valid until the next ones are made. */
export function bytesOf({ kind, port, frameNumber, packet, maker, variant }: Datagram): Uint8Array {
  const good = maker.packet(port, frameNumber, packet);
  switch (kind) {
    case 'good':
    case 'stranger':
    case 'foreignSource':
      return good;
    case 'headerPacket':
      return good.subarray(0, 40);
    case 'malformedSize': {
      // Cut short, or longer, but neither of the two sizes that mean something.
      if (variant % 3 === 0) return Uint8Array.from([...good, ...new Uint8Array(1 + (variant % 7))]);
      const bytes = variant % good.length;
      return good.subarray(0, bytes === 40 ? 41 : bytes);
    }
    case 'malformedVersion':
      return changed(good, { version: variant % 2 === 0 ? 1 : 3 + (variant % 200) });
    case 'malformedDetectorType':
      return changed(good, { detectorType: variant % 2 === 0 ? 2 : 20 + (variant % 200) });
    case 'malformedPacketNumber': {
      // Just beyond what is read out, far beyond, or negative.
      const number = [maker.number(port, maker.packets), 100_000 + variant, 4294967295 - variant][variant % 3];
      return changed(good, { packetNumber: number });
    }
    case 'malformedPosition':
      return variant % 2 === 0 ? changed(good, { row: 64 + variant }) : changed(good, { column: 64 + variant });
    case 'malformedFrameNumber':
      return changed(good, { frameNumber: variant % 2 === 0 ? 2 ** 53 - 2 : 2 ** 53 * (2 + (variant % 100)) });
    case 'elsewhere':
      return changed(good, elsewhere(good));
  }
}

/** Row or column of a neighbour. */
function elsewhere(good: Uint8Array): { row: number; column: number } {
  const view = new DataView(good.buffer, good.byteOffset);
  const row = view.getUint16(34, true);
  const column = view.getUint16(36, true);
  return column > 0 ? { row, column: column - 1 } : row > 0 ? { row: row - 1, column } : { row, column: column + 1 };
}
