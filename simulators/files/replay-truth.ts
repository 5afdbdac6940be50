// The ground truth of a replayed capture: what was sent on each port, and what a receiver of this configuration can
// make of it. Comes in: each datagram when it goes out. Goes out: counts, to compare with the service's ledger.
// Tested by test/simulators/replay.test.ts.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { firstPacketNumber, headerBytes, wireFormat } from '../detector/packet.js';
import type { WireFormat } from '../detector/packet.js';

/**
 * Exact counts of one port. sent = intact + duplicated + wrong size + foreign type + foreign version + wrong number.
 */
export interface ReplayPortTruth {
  readonly udpPort: number;
  /** Datagrams of any kind. */
  sent: number;
  /** Distinct packets of this detector. */
  intact: number;
  duplicated: number;
  wrongSize: number;
  foreignDetectorType: number;
  foreignVersion: number;
  /** Frame or packet numbers that cannot be. */
  wrongNumber: number;
  /** Intact packets that were sent after a later one of their port. */
  outOfOrder: number;
  /** Distinct frame numbers, and packets that these frames lack. */
  frames: number;
  lost: number;
  firstFrame: number | null;
  lastFrame: number | null;
}

/** Frames of a port that may still be incomplete; of an older one the next packet would be counted as a new frame. */
const openFrames = 1024;

class PortState {
  readonly truth: ReplayPortTruth;
  readonly firstPacket: number;
  /** Frame number → packets seen; oldest first. */
  readonly open = new Map<number, Uint8Array>();
  newestFrame = -1;
  newestPacket = -1;

  constructor(udpPort: number, firstPacket: number) {
    this.firstPacket = firstPacket;
    this.truth = {
      udpPort,
      sent: 0,
      intact: 0,
      duplicated: 0,
      wrongSize: 0,
      foreignDetectorType: 0,
      foreignVersion: 0,
      wrongNumber: 0,
      outOfOrder: 0,
      frames: 0,
      lost: 0,
      firstFrame: null,
      lastFrame: null,
    };
  }
}

/** Exact at every moment. */
export class ReplayTruth {
  readonly format: WireFormat;
  readonly #ports = new Map<number, PortState>();

  /** Counts for the ports that are on. */
  constructor(settings: DetectorSettings) {
    this.format = wireFormat(settings);
    for (const [index, udpPort] of settings.udpPorts.entries()) {
      if (!settings.portsOff.includes(udpPort))
        this.#ports.set(udpPort, new PortState(udpPort, firstPacketNumber(settings, index)));
    }
  }

  get ports(): ReplayPortTruth[] {
    return [...this.#ports.values()].map(({ truth }) => truth);
  }

  has(udpPort: number): boolean {
    return this.#ports.has(udpPort);
  }

  /**
   * Count a datagram that is being sent to one of the ports.
   * @returns true when a frame begins on its port: the first packet of a higher frame number than any before
   */
  note(udpPort: number, bytes: Uint8Array): boolean {
    const port = this.#ports.get(udpPort) as PortState;
    const { truth } = port;
    const { profile, datagramBytes, packetsSent } = this.format;
    truth.sent++;
    if (bytes.length !== datagramBytes) truth.wrongSize++;
    else if (bytes[headerBytes - 2] !== profile.detectorType) truth.foreignDetectorType++;
    else if (bytes[headerBytes - 1] !== profile.headerVersion) truth.foreignVersion++;
    else {
      const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
      const frame = Number(view.getBigUint64(0, true));
      const index = view.getUint32(12, true) - port.firstPacket;
      if (Number.isSafeInteger(frame) && frame > 0 && index >= 0 && index < packetsSent)
        return this.#packet(port, frame, index);
      truth.wrongNumber++;
    }
    return false;
  }

  #packet(port: PortState, frame: number, index: number): boolean {
    const { truth } = port;
    const begins = frame > port.newestFrame;
    let seen = port.open.get(frame);
    if (seen === undefined) {
      seen = new Uint8Array(this.format.packetsSent);
      port.open.set(frame, seen);
      truth.frames++;
      truth.lost += this.format.packetsSent;
      truth.firstFrame = Math.min(truth.firstFrame ?? frame, frame);
      truth.lastFrame = Math.max(truth.lastFrame ?? frame, frame);
      if (port.open.size > openFrames) port.open.delete(port.open.keys().next().value as number);
    }
    if (seen[index] === 1) {
      truth.duplicated++;
      return begins;
    }
    seen[index] = 1;
    truth.intact++;
    truth.lost--;
    if (frame < port.newestFrame || (frame === port.newestFrame && index < port.newestPacket)) truth.outOfOrder++;
    else {
      port.newestFrame = frame;
      port.newestPacket = index;
    }
    return begins;
  }

  /** The counts as they leave the process, by UDP port. */
  toJson(): Record<string, unknown> {
    return Object.fromEntries(
      this.ports.map((port) => [
        port.udpPort,
        {
          packets_sent: port.sent,
          packets_intact: port.intact,
          duplicated: port.duplicated,
          wrong_size: port.wrongSize,
          foreign_detector_type: port.foreignDetectorType,
          foreign_version: port.foreignVersion,
          wrong_number: port.wrongNumber,
          out_of_order: port.outOfOrder,
          frames: port.frames,
          lost: port.lost,
          first_frame_number: port.firstFrame,
          last_frame_number: port.lastFrame,
        },
      ]),
    );
  }
}
