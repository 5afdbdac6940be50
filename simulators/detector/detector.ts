// A detector that exists only as its packets: an iterable of datagrams with the virtual times at which they leave,
// ports interleaved packet by packet, faults applied and counted. Goes out: datagrams for a sender over a network, or
// for receivers in memory.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import { largestFrameNumber } from '../../src/detector/packet-header.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { FaultPlan, noFaults } from './faults.js';
import type { FaultSettings } from './faults.js';
import type { ImageSource } from './image-source.js';
import { imageBytes, PortImageDatagrams, wireFormat } from './packet.js';
import type { WireFormat } from './packet.js';
import { PixelMemory } from './pattern-kernel.js';
import { GroundTruth } from './truth.js';
import type { PortTruth } from './truth.js';

export interface DetectorRun {
  readonly settings: DetectorSettings;
  /** 0 = until `stop`. */
  readonly frames: number;
  /** Frame number of the first frame, 0 … 2⁵³ − 2. */
  readonly firstFrame: number;
  /** Frames per second; sets due times and the header's timestamps. */
  readonly rate: number;
  readonly faults?: FaultSettings;
  /** Pixels from here instead of the formula's. */
  readonly images?: ImageSource;
}

/**
 * One datagram on its way. `bytes` belongs to the detector: it is overwritten when the iterable begins the second round
 * after this one, so code that needs it longer calls `copyDatagram`. The object itself is never reused.
 */
export interface Datagram {
  readonly portIndex: number;
  readonly udpPort: number;
  /** Frame of the run that was being sent, from 0; a delayed packet carries the round in which it leaves. */
  readonly round: number;
  /** Milliseconds after the start of the run. */
  readonly dueMs: number;
  readonly bytes: Uint8Array;
}

/** A datagram with bytes of its own. */
export function copyDatagram(datagram: Datagram): Datagram {
  return { ...datagram, bytes: datagram.bytes.slice() };
}

/** A packet waiting for its later place in the order of its port. */
interface Postponed {
  readonly place: number;
  readonly order: number;
  readonly copy: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Images of two rounds are kept, so that a sender may still hold the datagrams of the last one, however long ago that
 * was.
 */
const imagesPerPort = 2;

class SimulatedPort {
  readonly index: number;
  readonly truth: PortTruth;
  readonly #images: readonly PortImageDatagrams[];
  /** Rounds of which this image's own bytes left: others take no further image, so that two are enough. */
  #roundsLent = 0;
  #lent = false;
  /** Both in the order of `place`: postponed by a few packets, and by frames. */
  readonly reordered: Postponed[] = [];
  readonly delayed: Postponed[] = [];
  /** Place in the port's order of the newest first copy that left. */
  newest = -1;

  constructor(settings: DetectorSettings, index: number, truth: PortTruth, memory: PixelMemory) {
    this.index = index;
    this.truth = truth;
    this.#images = Array.from({ length: imagesPerPort }, () => new PortImageDatagrams(settings, index, memory));
  }

  /** Number of the first packet sent. */
  get firstPacket(): number {
    return this.#image.firstPacket;
  }

  /** The image of a new round, to be written. */
  nextImage(): PortImageDatagrams {
    if (this.#lent) this.#roundsLent++;
    this.#lent = false;
    return this.#image;
  }

  /** A datagram of this round, to be copied. */
  datagram(index: number): Uint8Array {
    return this.#image.datagrams[index];
  }

  /** A datagram of this round whose bytes the sender will hold for a while. */
  lend(index: number): Uint8Array {
    this.#lent = true;
    return this.datagram(index);
  }

  get #image(): PortImageDatagrams {
    return this.#images[this.#roundsLent % imagesPerPort];
  }
}

/** An image is sent within this, however low the rate: detectors are triggered seldom, and send fast, ms. */
const imageLimitMs = 100;

/** One run of a simulated detector; `datagrams` may be taken once. */
export class SimulatedDetector {
  readonly truth: GroundTruth;
  readonly format: WireFormat;
  readonly #run: DetectorRun;
  readonly #faults: FaultPlan;
  readonly #ports: readonly SimulatedPort[];
  readonly #periodMs: number;
  #stopped = false;

  /** @throws OperatorError (usage) for frames, numbers or rates that cannot be */
  constructor(run: DetectorRun) {
    if (!Number.isSafeInteger(run.frames) || run.frames < 0) refuse('frames', run.frames, '0 (until stopped) or more');
    if (!Number.isSafeInteger(run.firstFrame) || run.firstFrame < 0)
      refuse('first frame', run.firstFrame, `0 to ${largestFrameNumber}`);
    if (run.firstFrame > largestFrameNumber - Math.max(run.frames - 1, 0)) {
      refuse(
        `${run.frames} frames from frame number`,
        run.firstFrame,
        `a last number of at most ${largestFrameNumber}`,
      );
    }
    if (!(run.rate > 0 && run.rate < Infinity)) refuse('rate', run.rate, 'more than 0 frames per second');
    const { udpPorts, portsOff } = run.settings;
    this.#run = run;
    this.#faults = new FaultPlan(run.faults ?? noFaults);
    this.#periodMs = 1000 / run.rate;
    this.format = wireFormat(run.settings);
    this.truth = new GroundTruth(run.firstFrame, this.#faults.settings.seed, udpPorts, portsOff);
    const memory = new PixelMemory(imageBytes(this.format) * imagesPerPort * (udpPorts.length - portsOff.length));
    this.#ports = this.truth.ports.flatMap((truth, index) =>
      truth.off ? [] : [new SimulatedPort(run.settings, index, truth, memory)],
    );
  }

  /** End after the frame that is being sent. */
  stop(): void {
    this.#stopped = true;
  }

  /** All datagrams in the order of sending. The truth is exact when this has come to its end. */
  *datagrams(): Generator<Datagram, void, undefined> {
    const { frames, firstFrame, images } = this.#run;
    const { packetsSent } = this.format;
    let round = 0;
    for (; (frames === 0 || round < frames) && !this.#stopped; round++) {
      const frameNumber = firstFrame + round;
      for (const port of this.#ports) {
        port.truth.frames++;
        port
          .nextImage()
          .write(frameNumber, Math.round(round * this.#periodMs * 1e4), images?.portImage(port.index, round) ?? null);
      }
      for (let index = 0; index < packetsSent; index++) {
        const dueMs = round * this.#periodMs + (index / packetsSent) * Math.min(this.#periodMs, imageLimitMs);
        for (const port of this.#ports) yield* this.#packet(port, round, frameNumber, index, dueMs);
      }
    }
    for (const port of this.#ports) yield* this.#postponed(port, Infinity, round, round * this.#periodMs);
  }

  /** @param index of the packet among those sent; faults and truth go by its number */
  *#packet(
    port: SimulatedPort,
    round: number,
    frameNumber: number,
    index: number,
    dueMs: number,
  ): Generator<Datagram, void> {
    const truth = port.truth;
    const { udpPort } = truth;
    const { packetsSent } = this.format;
    const order = round * packetsSent + index;
    const packet = port.firstPacket + index;
    if (this.#faults.foreignBefore(udpPort, frameNumber, packet)) {
      yield sent(port, round, dueMs, this.#strangerOf(truth, port.datagram(index), frameNumber, packet));
    }
    truth.planned++;
    const fault = this.#faults.faultOf(udpPort, frameNumber, packet);
    const { reorderDistance, delayFrames } = this.#faults.settings;
    switch (fault) {
      case 'loss':
        truth.lost++;
        this.truth.note('neverIntact', frameNumber, udpPort, packet);
        break;
      case 'truncate':
        truth.truncated++;
        this.truth.note('neverIntact', frameNumber, udpPort, packet);
        yield sent(port, round, dueMs, port.lend(index).subarray(0, this.#cutLength(udpPort, frameNumber, packet)));
        break;
      case 'delay':
        truth.delayed++;
        this.truth.note('delayed', frameNumber, udpPort, packet);
        port.delayed.push({
          place: order + delayFrames * packetsSent,
          order,
          copy: false,
          bytes: port.datagram(index).slice(),
        });
        break;
      case 'reorder':
        truth.reordered++;
        port.reordered.push({
          place: order + reorderDistance,
          order,
          copy: false,
          bytes: port.datagram(index).slice(),
        });
        break;
      case 'duplicate':
        truth.duplicated++;
        port.reordered.push({ place: order + reorderDistance, order, copy: true, bytes: port.datagram(index).slice() });
        countIntact(port, order);
        yield sent(port, round, dueMs, port.lend(index));
        break;
      case null:
        countIntact(port, order);
        yield sent(port, round, dueMs, port.lend(index));
    }
    yield* this.#postponed(port, order, round, dueMs);
  }

  /** What was postponed to this place or an earlier one. */
  *#postponed(port: SimulatedPort, place: number, round: number, dueMs: number): Generator<Datagram, void> {
    for (const waiting of [port.reordered, port.delayed]) {
      while (waiting[0] !== undefined && waiting[0].place <= place) {
        const next = waiting.shift() as Postponed;
        if (!next.copy) countIntact(port, next.order);
        yield sent(port, round, dueMs, next.bytes);
      }
    }
  }

  /** Never 40 bytes: that is the size of Eiger's old header packet, which is no fault. */
  #cutLength(udpPort: number, frameNumber: number, packet: number): number {
    const length = 1 + this.#faults.detail(this.format.datagramBytes - 1, udpPort, frameNumber, packet);
    return length === 40 ? 41 : length;
  }

  /**
   * The same header from another detector type or header version, with pixels that would be seen if they were taken.
   */
  #strangerOf(truth: PortTruth, bytes: Uint8Array, frameNumber: number, packet: number): Uint8Array {
    const stranger = bytes.slice();
    stranger.fill(0x5a, 48);
    if (this.#faults.detail(2, truth.udpPort, frameNumber, packet) === 0) {
      stranger[46] = bytes[46] === 3 ? 1 : 3;
      truth.foreignDetectorType++;
    } else {
      stranger[47] = bytes[47] + 1;
      truth.foreignVersion++;
    }
    return stranger;
  }
}

function sent(port: SimulatedPort, round: number, dueMs: number, bytes: Uint8Array): Datagram {
  port.truth.sent++;
  return { portIndex: port.index, udpPort: port.truth.udpPort, round, dueMs, bytes };
}

function countIntact(port: SimulatedPort, order: number): void {
  port.truth.intact++;
  if (order < port.newest) port.truth.outOfOrder++;
  else port.newest = order;
}

function refuse(what: string, seen: number, needed: string): never {
  throw new OperatorError(`${what} ${seen}: needs ${needed}`, exitCode.usage);
}
