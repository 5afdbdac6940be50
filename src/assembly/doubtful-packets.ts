// hot path. Packets whose frame number may be an accident, or the next series': held until others confirm it, or
// dropped. Comes in: packets that the intake doubts. Goes out: the same, to the table of classes (packet-classes.ts),
// or refused. Rules: docs/architecture.md, "Held packets".
// Tested by test/pipeline/jumps.test.ts.

import { noFrame } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import { portCounter } from '../memory/counters.js';
import { notClassed } from '../memory/flight-ring.js';
import { heldPackets } from '../memory/landing.js';
import { portEvent } from '../memory/port-words.js';
import type { PortWords } from '../memory/port-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import { recordState } from '../memory/slot-records.js';
import type { PacketSource } from '../udp/packet-source.js';
import type { FlightWriter } from './flight-writer.js';
import type { FrameWindow } from './frame-window.js';
import { HeldPackets } from './held-packets.js';
import type { IntakeSetup } from './intake-setup.js';
import type { PacketClasses } from './packet-classes.js';
import type { PortImages } from './port-images.js';
import type { PortPlace } from './port-place.js';
import { PortSilence } from './port-silence.js';

/** Silence before numbers that are known already, in start windows: a copy that the network makes is not so late. */
const silenceWindows = 5;

/** Is this a number, and less than `distance` away? */
const isNear = (frameNumber: OwnNumber, other: OwnNumber, distance: number): boolean =>
  frameNumber !== 0 && Math.abs(frameNumber - other) < distance;

export class DoubtfulPackets {
  readonly #setup: IntakeSetup;
  readonly #source: PacketSource;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #counters: Float64Array;
  readonly #images: PortImages;
  readonly #held: HeldPackets;
  readonly #window: FrameWindow;
  readonly #flight: FlightWriter;
  readonly #place: PortPlace;
  readonly #classes: PacketClasses;
  /** The start window is over for what is held, unless something waits in the socket. */
  #silent = false;
  /** What is held was confirmed, and is the next series'. */
  #heldForNext = false;
  /** What is held has numbers that are known already: the detector may have begun anew. */
  #heldAgain = false;
  readonly #silence = new PortSilence();

  constructor(setup: IntakeSetup, place: PortPlace, classes: PacketClasses) {
    this.#setup = setup;
    this.#source = setup.source;
    this.#series = setup.series;
    this.#words = setup.words;
    this.#counters = setup.counters;
    this.#images = setup.images;
    this.#held = new HeldPackets(setup.source.landing);
    this.#window = setup.window;
    this.#flight = setup.flight;
    this.#place = place;
    this.#classes = classes;
  }

  /** How many are held. */
  get count(): number {
    return this.#held.count;
  }

  /** Forget the last series. @param keepHeld packets that are held are the first ones of the next */
  forget(keepHeld: boolean): void {
    if (!keepHeld) {
      this.#held.clear();
      this.#heldForNext = false;
    }
    if (this.#held.count > 0) this.#words.setHolding(true);
    this.#silent = this.#heldAgain = false;
  }

  /** Settle frame 0, if it waits. @param seen a later frame that speaks for or against it */
  settleZero(seen: OwnNumber, now: number): void {
    if (!this.#classes.zero.waits || !this.#classes.settleZero(seen, now) || this.#held.count === 0) return;
    // The held packets agree with it, unless they are an accident of their own: such packets wait for witnesses.
    if (!this.#window.isDoubtful(this.#held.lowest)) this.#confirm(now);
  }

  /** A turn is over. @param begun when it began */
  endTurn(emptied: boolean, begun: number, now: number): void {
    this.#silence.note(this.#counters[portCounter.accepted], emptied, begun, now);
  }

  /** Has nothing come for the start window? Then a look into the socket decides; asked before it is read. */
  hearSilence(now: number): void {
    const held = this.#held;
    if (
      this.#silent ||
      held.count === 0 ||
      this.#window.newestAccepted !== 0 ||
      now - held.lastAt < this.#setup.startWindowMs
    )
      return;
    this.#silent = true;
    this.#source.lookAnew();
  }

  /**
   * Once per turn. Single packets and single frames have no others to confirm them: at the start of a series silence
   * does.
   */
  settle(emptied: boolean, now: number): void {
    const { zero } = this.#classes;
    if (zero.waits && zero.beganElsewhere) this.settleZero(noFrame, now);
    if (this.#classes.waits) return;
    const held = this.#held;
    if (held.confirmed) this.#weigh(now);
    else if (this.#silent && emptied && !zero.isAlone(held.highest)) this.#confirm(now);
    else if (this.#heldAgain && emptied && now - held.lastAt >= this.#witnessMs) this.drop(now);
  }

  /**
   * Packets of a jump that ended the last series are the first ones of this: they have confirmed each other already.
   */
  take(now: number): void {
    if (!this.#heldForNext) return;
    this.#heldForNext = false;
    this.#confirm(now);
  }

  /** At the end of a series whose followers are kept: held packets that may still be confirmed are the next one's. */
  dropOld(now: number): void {
    const held = this.#held;
    if (held.confirmed || held.count === 0) return;
    // Copies are no beginning, unless another port has seen one.
    const copies = this.#heldAgain && !this.#setup.others.some(({ jump }) => jump !== 0);
    // Nothing is taken into an image any more.
    this.#heldAgain = false;
    if (copies || now - held.lastAt >= this.#setup.startWindowMs) this.drop(now);
  }

  /**
   * After a silence: a number that is known already, or one behind such numbers. Three packets of them are a detector
   * that has begun anew; fewer are copies, or late.
   */
  comesAgain(frameNumber: OwnNumber, packet: number): boolean {
    const window = this.#window;
    // The first run may have been shorter than three packets. A number that is far from all others is no part of it.
    if (frameNumber > window.reference) {
      const third = this.#heldAgain && this.#held.count === heldPackets - 1 && this.#held.lowest === window.first;
      return third && !window.isDoubtful(frameNumber);
    }
    if (this.#heldAgain) return true;
    if (this.#silence.before(this.#counters[portCounter.accepted]) < silenceWindows * this.#setup.startWindowMs)
      return false;
    if (this.#images.stateOf(frameNumber) === recordState.empty) return window.isPast(frameNumber);
    // One that never came is the rest of an image in which the detector, or the way to here, stood still.
    return this.#images.knows(frameNumber, packet);
  }

  /** @param again its number is known already, and may be that of a detector that has begun anew */
  hold(
    frameNumber: OwnNumber,
    packet: number,
    position: number,
    at: number,
    bytes: number,
    index: number,
    now: number,
    again: boolean,
  ): number {
    const held = this.#held;
    if (held.count > 0 && this.#heldAgain !== again) this.drop(now);
    // A copy is no witness.
    if (held.knows(frameNumber, packet, position)) {
      const { zero } = this.#classes;
      if (zero.isAlone(frameNumber)) {
        zero.noteCopy();
        if (zero.refuses(frameNumber)) this.drop(now);
        return this.#classes.count(portCounter.malformedFrameNumber);
      }
      return this.#classes.count(frameNumber < this.#window.first ? portCounter.foreignSeries : portCounter.duplicate);
    }
    if (!held.agrees(frameNumber, position, this.#setup.overtakeFrames, this.#setup.ring)) this.drop(now);
    else if (held.confirmed) this.#refuseFirst(now);
    this.#flight.note(index, notClassed);
    this.#silent = false;
    this.#heldAgain = again;
    held.add(frameNumber, packet, position, at, bytes, now, this.#flight.numberOf(index));
    if (this.#window.newestAccepted === 0) this.#words.setHolding(true);
    if (held.confirmed) this.#weigh(now);
    return notClassed;
  }

  /** Held packets that nothing confirmed. */
  drop(now: number): void {
    const { zero } = this.#classes;
    if (this.#heldAgain || (zero.waits && zero.is(this.#held.highest))) {
      const { count } = this.#held;
      this.#letGo();
      return this.#classifyHeld(count, now);
    }
    for (let index = 0; index < this.#held.count; index++) this.#refuse(index);
    this.#letGo();
  }

  /** Packets that confirm a held one come within this time of it. */
  get #witnessMs(): number {
    return Math.max(this.#setup.startWindowMs, this.#window.pace.twoFramesMs);
  }

  /** Three agree: are they to be believed? */
  #weigh(now: number): void {
    const held = this.#held;
    if (this.#window.reference < 0 && held.strays(this.#setup.overtakeFrames)) return this.#refuseFirst(now);
    if (this.#heldAgain || this.#plausible(now)) this.#confirm(now);
    else this.#words.setCandidate(held.lowest);
  }

  /** Can the detector be there by now, has another port seen it, or has nothing else come for long enough? */
  #plausible(now: number): boolean {
    const { others, ring, overtakeFrames } = this.#setup;
    const { lowest, since } = this.#held;
    const { reference } = this.#window;
    if (now - since >= this.#witnessMs) return true;
    let alone = true;
    for (const { newestSeen, candidate, jump } of others) {
      if (isNear(newestSeen, lowest, ring) || isNear(candidate, lowest, ring) || isNear(jump, lowest, ring))
        return true;
      if (reference >= 0 && lowest > reference && newestSeen >= lowest - overtakeFrames) return true;
      if (newestSeen !== 0) alone = false;
    }
    return reference < 0 ? alone : this.#window.reachable(lowest, now);
  }

  /** The held packets are real: class them in the order of their arrival. */
  #confirm(now: number): void {
    const held = this.#held;
    const window = this.#window;
    const { count, lowest, highest } = held;
    const proven = !held.confirmed || held.steps;
    const again = this.#heldAgain;
    this.#letGo();
    if (again) return this.#beginsAgain(lowest, count, now);
    if (!this.#place.bound && !this.#place.claim(held.position(0)))
      return this.#settleAll(portCounter.malformedPosition, count);
    if (this.#series.auto && window.isBehindEnd(lowest)) return this.#waitForNext(count);
    this.#classes.zero.noteConfirmed(lowest, highest);
    const jump = window.jumpOf(lowest, highest);
    if (jump !== 0) return this.#jumped(jump, lowest, count);
    for (let index = 0; index < count; index++) {
      const frameNumber = held.frameNumber(index);
      // After the last of three no other has come.
      if (index === 2 && !proven && window.isDoubtful(frameNumber)) return held.keepLast();
      this.#flight.settle(
        held.number(index),
        this.#classes.classify(frameNumber, held.packet(index), held.at(index), now),
      );
    }
  }

  /**
   * Numbers that are known already come again: an auto series ends, and they are the next one's; an armed one only says
   * so.
   */
  #beginsAgain(lowest: OwnNumber, count: number, now: number): void {
    if (this.#series.auto) return this.#jumped(portEvent.jumpBackward, lowest, count);
    if ((this.#words.events & portEvent.jumpBackward) === 0) this.#words.setJump(lowest);
    this.#words.raise(portEvent.jumpBackward);
    this.#classifyHeld(count, now);
  }

  /** A jump that the ring cannot take ends this port's part in the series, or is not of the series at all. */
  #jumped(jump: number, frameNumber: OwnNumber, packets: number): void {
    const { auto } = this.#series;
    const ends = auto || jump === portEvent.jumpForward;
    if (ends) this.#classes.accepting = false;
    if (auto) this.#waitForNext(packets);
    else this.#settleAll(ends ? portCounter.foreignUnarmed : portCounter.foreignSeries, packets);
    this.#words.setJump(frameNumber);
    this.#words.raise(jump);
    this.#series.wake();
  }

  /** The packets that were confirmed, and all that follow, are the next series'. */
  #waitForNext(packets: number): void {
    this.#held.holdAgain(packets);
    this.#heldForNext = true;
    this.#classes.waits = true;
  }

  #classifyHeld(count: number, now: number): void {
    const held = this.#held;
    for (let index = 0; index < count; index++) {
      this.#flight.settle(
        held.number(index),
        this.#classes.classify(held.frameNumber(index), held.packet(index), held.at(index), now),
      );
    }
  }

  /** One class for the first `count` packets that were held. */
  #settleAll(counter: number, count: number): void {
    for (let index = 0; index < count; index++)
      this.#flight.settle(this.#held.number(index), this.#classes.count(counter));
  }

  /** The first of three gives way. Where its image is begun, as that of frame 0 may be, it belongs to that. */
  #refuseFirst(now: number): void {
    const { zero } = this.#classes;
    if (zero.waits && zero.is(this.#held.frameNumber(0))) this.#classifyHeld(1, now);
    else this.#refuse(0);
    this.#held.shift();
  }

  /** A held packet whose number nothing confirmed. */
  #refuse(index: number): void {
    const { first, next } = this.#window;
    const frameNumber = this.#held.frameNumber(index);
    const late = first !== 0 && frameNumber >= first && frameNumber < next;
    const zero = this.#classes.zero.is(frameNumber);
    this.#flight.settle(
      this.#held.number(index),
      this.#classes.count(
        late ? portCounter.lateUnknown : zero ? portCounter.malformedFrameNumber : portCounter.foreignSeries,
      ),
    );
    if (late) return;
    if (zero) return this.#classes.zero.tell();
    this.#tellRefused(frameNumber);
  }

  #tellRefused(frameNumber: OwnNumber): void {
    const words = this.#words;
    const before = words.figure('refusedPackets');
    if (!Number.isNaN(before)) {
      const step = frameNumber - words.figure('refusedNumber');
      words.setFigure('refusedStep', before === 1 || step === words.figure('refusedStep') ? step : 0);
    }
    words.setFigure('refusedPackets', Number.isNaN(before) ? 1 : before + 1);
    words.setFigure('refusedNumber', frameNumber);
  }

  #letGo(): void {
    this.#held.clear();
    this.#silent = this.#heldForNext = this.#heldAgain = false;
    this.#words.setHolding(this.#classes.zero.waits);
    this.#words.setCandidate(noFrame);
  }
}
