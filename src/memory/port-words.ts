// What one receiver tells about its port. Writer: that receiver. Readers: streamer, main, other receivers (position,
// what is closed).
// Tested by test/pipeline/series.test.ts.

import type { OwnNumber } from '../detector/frame-share.js';
import { loadOwn, store53 } from './number53.js';
import { SenderWords, senderWordsBytes } from './sender-words.js';

/** Things that a receiver noticed in this series, as bits of one word. */
export const portEvent = {
  /** A confirmed jump to frame numbers below the series. */
  jumpBackward: 1,
  /** A confirmed jump further ahead than frames may be owed. */
  jumpForward: 2,
  /** This port accepted frames a ring or more above the first frame of the series. */
  ringSpan: 4,
  /** The packet header names a position that another port already fills. */
  positionTaken: 8,
  /** Ten successive port images missed the same packets. */
  sameMissing: 16,
  /**
   * Three packets had a number that the configured image does not have: no later image of this port is called complete.
   */
  suspect: 32,
  /** Packets came from another sender than the one that the series began with. */
  secondSource: 64,
  /** And were not taken. */
  secondRefused: 128,
} as const;

/**
 * Figures of datagrams that are wrong by themselves, of one series; an automatic one forgets those from before its
 * first frame. `…Seen` count packets, a packet number is the highest or `…Lowest`.
 */
const wrongFigures = [
  'wrongSize',
  'wrongSizeType',
  'wrongSizeLowest',
  'wrongSizeHighest',
  'wrongSizeSeen',
  'wrongSizeRow',
  'wrongVersion',
  'wrongDetectorType',
  'wrongPacketNumber',
  'wrongPacketLowest',
  'wrongPacketSeen',
  'wrongPacketRow',
  'wrongRow',
  'wrongColumn',
  'wrongFrameNumber',
] as const;

/** All figures of one series. */
const seriesFigures = [
  ...wrongFigures,
  'sameMissingAccepted',
  'sameMissingLowest',
  'sameMissingHighest',
  'otherShare',
  'numberStep',
  'refusedPackets',
  'refusedNumber',
  'refusedStep',
  'outsideNumber',
] as const;

/**
 * Figures that explain, in 64-bit floats; NaN = nothing seen. The order is the order in memory. `refused…`: packets
 * whose numbers no other packet confirmed, the number of the last, and the step from each to the next, 0 = not always
 * the same; `outsideNumber`: of the last packet beyond the end of an armed series; `numberStep`: the equal steps that
 * numbers go in, where frames between are left out.
 */
export const portFigures = [
  'lastPacketAt',
  'receiveBufferRequested',
  'receiveBufferGranted',
  'queueBytesMax',
  'dropsBeforeOpen',
  'stallMsMax',
  ...seriesFigures,
] as const;
export type PortFigure = (typeof portFigures)[number];

/** Where each is, found once: figures are set with every batch. */
const figureIndex = Object.fromEntries(portFigures.map((name, index) => [name, index])) as Record<PortFigure, number>;

/** Senders that are named: the one learned, the first other one, the first that the configuration does not have. */
const senders = ['learned', 'second', 'foreign'] as const;
export type NamedSender = (typeof senders)[number];

const at = {
  answer: 0,
  firstAnswer: 1,
  position: 2,
  holding: 3,
  events: 4,
  heartbeat: 5,
  smallest: 8,
  newestAccepted: 12,
  newestSeen: 16,
  jump: 20,
  closeNext: 24,
  candidate: 28,
} as const;
const figuresAt = 128;
const sendersAt = figuresAt + portFigures.length * 8;

export const portWordsBytes = Math.ceil((sendersAt + senders.length * senderWordsBytes) / 128) * 128;

export class PortWords {
  readonly #words: Int32Array;
  readonly #figures: Float64Array;
  readonly #senders: Readonly<Record<NamedSender, SenderWords>>;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, figuresAt / 4);
    this.#figures = new Float64Array(buffer, offset + figuresAt, portFigures.length);
    this.#senders = Object.fromEntries(
      senders.map((name, index) => [name, new SenderWords(buffer, offset + sendersAt + index * senderWordsBytes)]),
    ) as Record<NamedSender, SenderWords>;
  }

  /** Before the first series. */
  initialise(): void {
    this.#figures.fill(Number.NaN);
    this.forget();
  }

  /** Forget the last series. @param keepPlace images of the next are there already, in the same place */
  forget(keepPlace = false): void {
    if (!keepPlace) Atomics.store(this.#words, at.position, -1);
    Atomics.store(this.#words, at.holding, 0);
    Atomics.store(this.#words, at.events, 0);
    Atomics.store(this.#words, at.firstAnswer, 0);
    for (const field of [at.smallest, at.newestAccepted, at.newestSeen, at.jump, at.closeNext, at.candidate])
      store53(this.#words, field, 0);
    for (const figure of seriesFigures) this.setFigure(figure, Number.NaN);
    for (const name of senders) this.#senders[name].forget();
  }

  /** Forget wrong datagrams that came before the series had its first frame. */
  forgetWrong(): void {
    for (const figure of wrongFigures) this.setFigure(figure, Number.NaN);
    this.#senders.foreign.forget();
    Atomics.and(this.#words, at.events, ~portEvent.suspect);
  }

  /** The last command that was carried out. Everything stored before is visible to a thread that reads it. */
  get answer(): number {
    return Atomics.load(this.#words, at.answer);
  }

  setAnswer(command: number): void {
    Atomics.store(this.#words, at.answer, command);
  }

  /** Version of the first frame that this receiver goes by: it accepts nothing below it from here on. */
  get firstAnswer(): number {
    return Atomics.load(this.#words, at.firstAnswer);
  }

  setFirstAnswer(version: number): void {
    Atomics.store(this.#words, at.firstAnswer, version);
  }

  /** Index into the layout's positions; −1 until the header of confirmed packets has said. */
  get position(): number {
    return Atomics.load(this.#words, at.position);
  }

  setPosition(position: number): void {
    Atomics.store(this.#words, at.position, position);
  }

  /** Packets are held and the port has accepted none: its first frame is not settled. */
  get holding(): boolean {
    return Atomics.load(this.#words, at.holding) !== 0;
  }

  setHolding(holding: boolean): void {
    Atomics.store(this.#words, at.holding, holding ? 1 : 0);
  }

  /** Bits of `portEvent`. */
  get events(): number {
    return Atomics.load(this.#words, at.events);
  }

  raise(event: number): void {
    Atomics.store(this.#words, at.events, Atomics.load(this.#words, at.events) | event);
  }

  /** Turns of the receiver, for the watch on stalled agents. */
  get heartbeat(): number {
    return Atomics.load(this.#words, at.heartbeat);
  }

  beat(): void {
    Atomics.store(this.#words, at.heartbeat, (Atomics.load(this.#words, at.heartbeat) + 1) | 0);
  }

  get smallest(): OwnNumber {
    return loadOwn(this.#words, at.smallest);
  }

  setSmallest(frameNumber: OwnNumber): void {
    store53(this.#words, at.smallest, frameNumber);
  }

  get newestAccepted(): OwnNumber {
    return loadOwn(this.#words, at.newestAccepted);
  }

  setNewestAccepted(frameNumber: OwnNumber): void {
    store53(this.#words, at.newestAccepted, frameNumber);
  }

  /** Newest accepted or refused for want of room. */
  get newestSeen(): OwnNumber {
    return loadOwn(this.#words, at.newestSeen);
  }

  setNewestSeen(frameNumber: OwnNumber): void {
    store53(this.#words, at.newestSeen, frameNumber);
  }

  /** Frame number of a confirmed jump that ended this port's part in the series. */
  get jump(): OwnNumber {
    return loadOwn(this.#words, at.jump);
  }

  setJump(frameNumber: OwnNumber): void {
    store53(this.#words, at.jump, frameNumber);
  }

  /** Number that three packets of this port agree on, which waits for another port to come there, or for time. */
  get candidate(): OwnNumber {
    return loadOwn(this.#words, at.candidate);
  }

  setCandidate(frameNumber: OwnNumber): void {
    store53(this.#words, at.candidate, frameNumber);
  }

  /** First frame that this port has not closed. */
  get closeNext(): OwnNumber {
    return loadOwn(this.#words, at.closeNext);
  }

  setCloseNext(frameNumber: OwnNumber): void {
    store53(this.#words, at.closeNext, frameNumber);
  }

  /** One of the senders of this series. */
  sender(name: NamedSender): SenderWords {
    return this.#senders[name];
  }

  figure(name: PortFigure): number {
    return this.#figures[figureIndex[name]];
  }

  /** One that is the own number of a frame; NaN = nothing seen. */
  ownFigure(name: 'refusedNumber' | 'outsideNumber'): OwnNumber {
    return this.figure(name) as OwnNumber;
  }

  setFigure(name: PortFigure, value: number): void {
    this.#figures[figureIndex[name]] = value;
  }
}
