// The detector of a simulated world and what the network does to its packets: acquisitions with loss, bursts, second
// copies, silent and late ports, jumps of the number, misrouted frames, strays and garbage, put into the network with
// their times of arrival. The world (world.ts) lets time pass and lands them. Where the frames go to several instances
// in turn, only those for this one are sent, and now and then another's.

import type { VirtualClock } from '../../src/base/clock.js';
import type { Random } from '../../src/base/random.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { PacketMaker } from '../pipeline/packets.js';
import { drawWrong } from './network.js';
import type { Datagram, DatagramKind, Network } from './network.js';
import type { Scenario } from './scenario.js';

/** Frame numbers that no acquisition uses, far apart: they never agree with each other. */
const strayBase = 2 ** 40;

/** Start windows that setting a number takes; five are needed. */
const setNumberWindows = 8;
/** The packets of a frame come within so long. */
const readoutMostMs = 3;
/** First and last frames of an acquisition that strays may cost. */
const edgeFrames = 4;
/** Frames that modules which disagree are apart. */
const apartBy = 2000;

/** Frames that a stranger is ahead. */
const strangerAhead = 1500;

/** Packets that name another port's place, of each port: three could agree. */
const elsewhereMost = 2;

/** Worlds of the same settings share what makes their packets. */
const makers = new WeakMap<DetectorSettings, PacketMaker>();

export function makerOf(settings: DetectorSettings): PacketMaker {
  let maker = makers.get(settings);
  if (maker === undefined) makers.set(settings, (maker = new PacketMaker(settings)));
  return maker;
}

export interface DetectorSurroundings {
  readonly random: Random;
  /** Draws what came to be played later: worlds that have none of it stay what they were. */
  readonly later: Random;
  /** Number of the first frame; null = drawn. */
  readonly firstFrame: number | null;
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly network: Network;
  readonly tell: (text: () => string) => void;
}

/** Times in ms. */
export class SimulatedDetector {
  /** Present bit depth and rows. */
  settings: DetectorSettings;
  /** Of the next frame, whichever instance it goes to. */
  frameNumber: number;
  /** Indices of ports that send. */
  readonly ports: readonly number[];
  readonly #random: Random;
  readonly #later: Random;
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #network: Network;
  readonly #tell: (text: () => string) => void;
  readonly #lost = new Set<string>();
  readonly #arrived = new Set<string>();
  /**
   * How often each frame was sent; only of acquisitions long enough to be told from copies, and not of their first and
   * last frames.
   */
  readonly sent = new Map<number, number>();
  /** The numbers have begun again in this world. */
  #repeats = false;
  #highestSent = 0;
  /** A port whose module counts elsewhere, in this acquisition. */
  #apart = -1;
  readonly #elsewhere = new Map<number, number>();
  /** Packets that each port still loses in a row. */
  readonly #bursts = new Map<number, number>();
  /** Packets of the last acquisition. */
  #previous: Datagram[] = [];
  #firstSent = 0;
  #strays = 0;
  /** Smallest number that the detector has. */
  readonly #least: number;

  constructor({ random, later, firstFrame, scenario, clock, network, tell }: DetectorSurroundings) {
    const { detector } = scenario.config;
    this.#random = random;
    this.#later = later;
    this.#scenario = scenario;
    this.#clock = clock;
    this.#network = network;
    this.#tell = tell;
    this.settings = detector;
    this.ports = detector.udpPorts
      .map((_, port) => port)
      .filter((port) => !detector.portsOff.includes(detector.udpPorts[port]));
    const drawn = random.pick([1, 1, 20_000, 2 ** 32 - 10, 2 ** 33 + 7, 2 ** 52]);
    this.frameNumber = firstFrame ?? drawn;
    this.#least = firstFrame ?? 1;
  }

  /** Did the network lose this packet? */
  hasLost(port: number, frameNumber: number, packet: number): boolean {
    return this.#lost.has(`${port}/${frameNumber}/${packet}`);
  }

  /** Send an acquisition; returns how long it takes. */
  acquire(): number {
    const random = this.#random;
    const scenario = this.#scenario;
    const { stride, offset } = scenario.config.share;
    const frames = 1 + random.integer(scenario.framesMost);
    const silent = random.chance(scenario.silentPort) ? random.pick(this.ports) : -1;
    const silentFrom = random.integer(frames);
    const silentTo = random.chance(0.3) ? frames : silentFrom + random.integer(12);
    const late = random.chance(scenario.latePort) ? random.pick(this.ports) : -1;
    const lateBy = random.integer(8);
    const jumpAt = random.chance(scenario.numberJump) ? random.integer(frames) * stride : -1;
    this.#apart =
      stride === 1 && !scenario.auto && !scenario.calm && this.ports.length > 1 && this.#later.chance(0.06)
        ? this.#later.pick(this.ports)
        : -1;
    if (random.chance(scenario.oldPackets)) this.replay(1 + random.integer(5), random.next() * 10);
    const all = stride === 1 ? frames : (frames - 1) * stride + 1 + random.integer(stride);
    this.#previous = [];
    this.#bursts.clear();
    const maker = makerOf(this.settings);
    const { packets } = maker;
    const readoutMs = Math.min(scenario.framePeriodMs, readoutMostMs);
    this.#firstSent = this.frameNumber;
    this.#tell(
      () =>
        `acquisition of ${all} frames from ${this.frameNumber}: port ${silent} silent in ${silentFrom}-${silentTo}, ` +
        `port ${late} late by ${lateBy}, jump at ${jumpAt}`,
    );
    for (let index = 0; index < all; index++) {
      if (index === jumpAt) this.#jump();
      const frameNumber = this.frameNumber++;
      // Among those of this instance.
      const frame = Math.floor(index / stride);
      const dueMs = (index / stride) * scenario.framePeriodMs;
      if (index % stride !== offset) {
        if (random.chance(scenario.misrouted)) this.#misroute(maker, frameNumber, dueMs);
        continue;
      }
      for (let packet = 0; packet < packets; packet++) {
        for (const port of this.ports) {
          if (port === silent && frame >= silentFrom && frame < silentTo) continue;
          if (port === late && frame < lateBy) continue;
          this.#perhaps(maker, port, frameNumber, packet, dueMs + (packet / packets) * readoutMs);
        }
      }
    }
    this.#highestSent = Math.max(this.#highestSent, this.frameNumber - 1);
    for (let frame = this.#firstSent + edgeFrames; frame < this.frameNumber - edgeFrames; frame++)
      this.sent.set(frame, (this.sent.get(frame) ?? 0) + 1);
    return frames * scenario.framePeriodMs;
  }

  /** No frame from this number on was ever on its way. */
  get beyondSent(): number {
    return this.#repeats ? this.#highestSent + 1 : this.frameNumber;
  }

  /** Between acquisitions the operator may set another number. Returns how long that takes, in ms. */
  rest(): number {
    if (this.#scenario.auto && this.#later.chance(0.3)) {
      this.#repeats = true;
      this.frameNumber = this.#firstSent;
    } else if (this.#random.chance(0.2) && !this.#scenario.calm)
      this.frameNumber = this.#random.pick([this.#least, 1000, this.frameNumber + 500]);
    return this.#repeats && this.frameNumber <= this.#highestSent
      ? setNumberWindows * this.#scenario.config.startWindowMs
      : 0;
  }

  /** Packets of the last frames before the present ones, again, or of an acquisition that nobody asked for. */
  replay(frames: number, dueMs = 0): void {
    const maker = makerOf(this.settings);
    const again = this.#previous.filter(
      ({ frameNumber, maker: made }) => made === maker && frameNumber >= this.frameNumber - frames,
    );
    for (const { port, frameNumber, packet } of again) this.#launch('good', maker, port, frameNumber, packet, dueMs);
  }

  #jump(): void {
    const { ring } = this.#scenario;
    const back = this.frameNumber > 2 ** 51 ? [-3, -2 * ring] : [-100_000, -3, -2 * ring];
    this.frameNumber = Math.max(this.#least, this.frameNumber + this.#random.pick([2, ring, 3 * ring, 5000, ...back]));
  }

  #perhaps(maker: PacketMaker, port: number, written: number, packet: number, dueMs: number): void {
    const random = this.#random;
    const scenario = this.#scenario;
    const frameNumber = port === this.#apart ? written + apartBy : written;
    const left = this.#bursts.get(port) ?? 0;
    if (random.chance(scenario.burst)) this.#bursts.set(port, 1 + random.integer(40));
    if (random.chance(scenario.corrupt)) this.#stray(maker, port, packet, dueMs);
    if (random.chance(scenario.garbage)) this.#garbage(maker, port, frameNumber, packet, dueMs);
    if (random.chance(scenario.strangers)) this.#strange(maker, port, frameNumber, packet, dueMs);
    if (left > 0) this.#bursts.set(port, left - 1);
    // A packet that comes again in another acquisition has the fate of the first.
    const key = `${port}/${frameNumber}/${packet}`;
    const chosen = left > 0 || random.chance(scenario.loss);
    if (this.#lost.has(key) || (chosen && !this.#arrived.has(key))) {
      this.#lost.add(key);
      return;
    }
    this.#arrived.add(key);
    const lag = scenario.lagMs[port] ?? 0;
    const delay = random.chance(scenario.delay) ? random.next() * scenario.framePeriodMs * scenario.ring * 2 : 0;
    const early = random.chance(scenario.early) ? random.next() * scenario.framePeriodMs * 3 : 0;
    const jitter = random.next() * scenario.jitterMs;
    this.#launch('good', maker, port, frameNumber, packet, Math.max(0, dueMs + lag + jitter + delay - early), true);
    if (random.chance(scenario.duplicate))
      this.#launch(
        'good',
        maker,
        port,
        frameNumber,
        packet,
        dueMs + lag + jitter + random.next() * 3 * scenario.framePeriodMs,
      );
  }

  /** A frame of another instance comes here: one packet of it, or all that a port sends. */
  #misroute(maker: PacketMaker, frameNumber: number, dueMs: number): void {
    const random = this.#random;
    const port = random.pick(this.ports);
    const whole = random.chance(0.5);
    const first = whole ? 0 : random.integer(maker.packets);
    const last = whole ? maker.packets - 1 : first;
    for (let packet = first; packet <= last; packet++)
      this.#launch('good', maker, port, frameNumber, packet, dueMs + random.next() * this.#scenario.jitterMs);
  }

  /**
   * A packet with a frame number that is an accident. Its pixels are those of that number, so that placing it would be
   * no lie.
   */
  #stray(maker: PacketMaker, port: number, packet: number, dueMs: number): void {
    const random = this.#random;
    const number = random.chance(0.5) ? strayBase + this.#strays++ * 1000 : (this.#strays++ * 37) % 900;
    if (number >= this.#firstSent - 50 && number <= this.frameNumber + 2000) return;
    this.#launch('good', maker, port, number, packet, dueMs);
  }

  /**
   * A stranger sends what is due, so that it could stand for what gets lost; or, where the sender is enforced, numbers
   * far ahead that agree with each other.
   */
  #strange(maker: PacketMaker, port: number, frameNumber: number, packet: number, dueMs: number): void {
    const ahead = this.#scenario.config.enforceSource && this.#random.chance(0.2) ? strangerAhead : 0;
    for (let frame = frameNumber + ahead; frame <= frameNumber + (ahead === 0 ? 0 : ahead + 2); frame++)
      this.#launch('stranger', maker, port, frame, packet, dueMs);
  }

  #garbage(maker: PacketMaker, port: number, frameNumber: number, packet: number, dueMs: number): void {
    const elsewhere = this.#elsewhere.get(port) ?? 0;
    if (elsewhere < elsewhereMost && this.#scenario.socketPackets > 1000 && this.#random.chance(0.1)) {
      this.#elsewhere.set(port, elsewhere + 1);
      // Where the place is configured the header's is not looked at, and the packet is a good one. A good one follows
      // at once: a false place that nothing contradicts would be believed when silence has to confirm it.
      const placed = this.settings.portPositions.size > 0;
      this.#launch(placed ? 'good' : 'elsewhere', maker, port, frameNumber, packet, dueMs);
      this.#launch('good', maker, port, frameNumber, packet, dueMs);
      return;
    }
    const { kind, variant } = drawWrong(this.#random);
    const placed = kind === 'malformedPosition' && this.settings.portPositions.size > 0;
    if (!placed) this.#launch(kind, maker, port, frameNumber, packet, dueMs, false, variant);
  }

  #launch(
    kind: DatagramKind,
    maker: PacketMaker,
    port: number,
    frameNumber: number,
    packet: number,
    dueMs: number,
    remember = false,
    variant = 0,
  ): void {
    const datagram = { at: this.#clock.now() + dueMs, kind, maker, port, frameNumber, packet, variant };
    this.#network.launch(datagram);
    if (remember) this.#previous.push({ ...datagram, order: 0 });
  }
}
