// The ground truth of a simulated run: what was planned, what became of it, and which packets of which frame never left
// complete. Comes in: what the simulated detector does with each packet. Goes out: counts and lists, to compare with
// the service's ledger.
// Tested by test/simulators/detector/detector.test.ts.

/** Exact counts of one port. planned = intact + lost + truncated; sent = intact + truncated + duplicated + foreign. */
export interface PortTruth {
  readonly udpPort: number;
  /** Switched off: sends nothing. */
  readonly off: boolean;
  /** Frames begun. */
  frames: number;
  planned: number;
  /** Datagrams of any kind. */
  sent: number;
  /** Distinct packets sent whole, however late. */
  intact: number;
  lost: number;
  /** Sent cut short, and only so. */
  truncated: number;
  /** Sent whole, frames later. */
  delayed: number;
  /** Sent whole, some places later. */
  reordered: number;
  /** Second copies. */
  duplicated: number;
  /** Strangers' packets on top, by what is wrong with them. */
  foreignDetectorType: number;
  foreignVersion: number;
  /** First copies of whole packets that left after a later packet of their port. */
  outOfOrder: number;
}

/** Packets of one frame and port that a receiver cannot have, or can have only late. */
export interface FrameTruth {
  readonly frameNumber: number;
  /** Packet numbers by UDP port, ascending. */
  readonly neverIntact: Map<number, number[]>;
  readonly delayed: Map<number, number[]>;
}

/** Frames kept with their packets; later ones are only counted, so that memory stays bounded. */
const frameTruthLimit = 100_000;

/** Exact once the detector's datagrams have been taken to their end. */
export class GroundTruth {
  readonly firstFrame: number;
  readonly seed: number;
  readonly ports: readonly PortTruth[];
  readonly frames = new Map<number, FrameTruth>();
  /** Frames with a fault that were not kept. */
  framesDropped = 0;
  #lastDropped = -1;

  constructor(firstFrame: number, seed: number, udpPorts: readonly number[], portsOff: readonly number[]) {
    this.firstFrame = firstFrame;
    this.seed = seed;
    this.ports = udpPorts.map((udpPort) => ({
      udpPort,
      off: portsOff.includes(udpPort),
      frames: 0,
      planned: 0,
      sent: 0,
      intact: 0,
      lost: 0,
      truncated: 0,
      delayed: 0,
      reordered: 0,
      duplicated: 0,
      foreignDetectorType: 0,
      foreignVersion: 0,
      outOfOrder: 0,
    }));
  }

  /** Remember a packet that never leaves whole, or leaves frames late. */
  note(kind: 'neverIntact' | 'delayed', frameNumber: number, udpPort: number, packet: number): void {
    let frame = this.frames.get(frameNumber);
    if (frame === undefined) {
      if (this.frames.size === frameTruthLimit) {
        if (this.#lastDropped !== frameNumber) this.framesDropped++;
        this.#lastDropped = frameNumber;
        return;
      }
      frame = { frameNumber, neverIntact: new Map(), delayed: new Map() };
      this.frames.set(frameNumber, frame);
    }
    const packets = frame[kind].get(udpPort);
    if (packets === undefined) frame[kind].set(udpPort, [packet]);
    else packets.push(packet);
  }

  /** The truth as it leaves the process. */
  toJson(): Record<string, unknown> {
    return {
      first_frame_number: this.firstFrame,
      frames: Math.max(0, ...this.ports.map((port) => port.frames)),
      seed: this.seed,
      ports: Object.fromEntries(
        this.ports.map((port) => [
          port.udpPort,
          {
            off: port.off,
            frames: port.frames,
            packets_planned: port.planned,
            packets_sent: port.sent,
            packets_intact: port.intact,
            lost: port.lost,
            truncated: port.truncated,
            delayed: port.delayed,
            reordered: port.reordered,
            duplicated: port.duplicated,
            foreign_detector_type: port.foreignDetectorType,
            foreign_version: port.foreignVersion,
            out_of_order: port.outOfOrder,
          },
        ]),
      ),
      faulty_frames: [...this.frames.values()].map((frame) => ({
        frame_number: frame.frameNumber,
        never_intact: rangesByPort(frame.neverIntact),
        delayed: rangesByPort(frame.delayed),
      })),
      faulty_frames_not_listed: this.framesDropped,
    };
  }
}

function rangesByPort(packets: ReadonlyMap<number, readonly number[]>): Record<string, [number, number][]> {
  return Object.fromEntries([...packets].map(([udpPort, numbers]) => [udpPort, toRanges(numbers)]));
}

/** Ascending numbers as inclusive ranges, neighbours joined. */
export function toRanges(numbers: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
