// hot path. STEP 2, classes: each datagram of a batch ends in exactly one class. Comes in:
// batches of the source, and whether packets are accepted, by which layout. Goes out: accepted packets into the port's
// images, and counts.
// Tested by test/pipeline/classes.test.ts.

import { firstOwnNumber } from '../detector/frame-share.js';
import type { FrameShare } from '../detector/frame-share.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { headerOffset } from '../detector/packet-header.js';
import { portCounter } from '../memory/counters.js';
import { notClassed } from '../memory/flight-ring.js';
import { heldPackets } from '../memory/landing.js';
import { portEvent } from '../memory/port-words.js';
import type { PortWords } from '../memory/port-words.js';
import { phase } from '../memory/series-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import { recordState } from '../memory/slot-records.js';
import type { PacketSource } from '../udp/packet-source.js';
import type { FlightWriter } from './flight-writer.js';
import type { FrameWindow } from './frame-window.js';
import { HeldPackets } from './held-packets.js';
import { PortSender } from './port-sender.js';
import { PortSilence } from './port-silence.js';
import { noteWrongNumber, noteWrongSize } from './wrong-packets.js';
import { anyPosition, checkPacket, firstPacketOf, makeCheckTable, unknownPosition, verdict } from './packet-check.js';
import type { CheckTable } from './packet-check.js';
import type { Placement } from './placement.js';
import type { PortImages } from './port-images.js';

/** Equal steps in a row of which the operator hears. */
const stepsTold = 10;

/** Counters by verdict of the packet check. */
const verdictCounter: readonly number[] = [
  -1,
  portCounter.headerPacket,
  portCounter.malformedSize,
  portCounter.malformedVersion,
  portCounter.malformedDetectorType,
  portCounter.malformedPacketNumber,
  portCounter.malformedPosition,
  portCounter.malformedFrameNumber,
];

/** Silence before numbers that are known already, in start windows: a copy that the network makes is not so late. */
const silenceWindows = 5;

const two32 = 4294967296;

/** No own frame number. */
const notOurs = -1;

/** Is this a number, and less than `distance` away? */
const isNear = (frameNumber: number, other: number, distance: number): boolean =>
  frameNumber !== 0 && Math.abs(frameNumber - other) < distance;

/** What packets are classed by, and where they go. Times in ms, distances in frames. */
export interface IntakeSetup {
  readonly buffer: ArrayBufferLike;
  readonly source: PacketSource;
  readonly counters: Float64Array;
  readonly words: PortWords;
  /** Words of all other ports that receive, to see which positions are taken. */
  readonly others: readonly PortWords[];
  readonly series: SeriesWords;
  readonly window: FrameWindow;
  readonly images: PortImages;
  readonly flight: FlightWriter;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  readonly ring: number;
  readonly overtakeFrames: number;
  readonly startWindowMs: number;
  /** Packets from another sender than the one that the series began with are not taken. */
  readonly enforceSource: boolean;
  readonly placement: Placement;
  /** The port accepts its first packet of the series. */
  beginsFrames(): void;
}

/** The packets of one port. Frame numbers are own ones (detector/frame-share.ts). */
export class PacketIntake {
  /** Packets of the series are accepted; they are `foreign{unarmed}` otherwise. */
  accepting = false;
  /** What follows belongs to the next series: nothing is taken until that is open. */
  waits = false;
  readonly #setup: IntakeSetup;
  readonly #source: PacketSource;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #counters: Float64Array;
  readonly #images: PortImages;
  readonly #held: HeldPackets;
  readonly #window: FrameWindow;
  readonly #flight: FlightWriter;
  readonly #share: FrameShare;
  readonly #view: DataView;
  /** The detector's number of the first own frame, where frames are shared. */
  #origin = 0;
  #layout: Layout;
  #port: PortLayout;
  #check: CheckTable;
  #bound = false;
  /** The start window is over for what is held, unless something waits in the socket. */
  #silent = false;
  /** What is held was confirmed, and is the next series'. */
  #heldForNext = false;
  /** What is held has numbers that are known already: the detector may have begun anew. */
  #heldAgain = false;
  readonly #silence = new PortSilence();
  readonly #sender = new PortSender();

  /** @param layout what packets are checked by before the first series @param port this port's part of it */
  constructor(setup: IntakeSetup, layout: Layout, port: PortLayout) {
    this.#setup = setup;
    this.#source = setup.source;
    this.#series = setup.series;
    this.#words = setup.words;
    this.#counters = setup.counters;
    this.#images = setup.images;
    this.#held = new HeldPackets(setup.source.landing);
    this.#window = setup.window;
    this.#flight = setup.flight;
    this.#share = setup.share;
    this.#view = new DataView(setup.buffer);
    this.#layout = layout;
    this.#port = port;
    this.#check = makeCheckTable(layout, port);
  }

  /** Nothing more is taken now: it waits for the next series, or to hear where this one begins. */
  get pauses(): boolean {
    return this.waits || (this.#window.hesitates && (this.#series.readCommand() & 7) === phase.open);
  }

  /**
   * Forget the last series; the next one has this layout. @param keepHeld packets that are held are the first ones of
   * the next
   */
  forget(layout: Layout, port: PortLayout, keepHeld: boolean, keepPlace: boolean): void {
    this.#layout = layout;
    this.#port = port;
    this.#check = makeCheckTable(layout, port);
    if (!keepHeld) {
      this.#held.clear();
      this.#heldForNext = false;
    }
    if (this.#held.count > 0) this.#words.setHolding(true);
    this.#silent = this.#heldAgain = false;
    this.#sender.forget();
    if (keepPlace) return;
    this.#bound = false;
    if (port.fixed) this.#bind(port.expectedPosition);
  }

  /** Where instances share the frames: the detector's number of the first own frame. */
  setOrigin(frameNumber: number): void {
    this.#origin = frameNumber;
  }

  /**
   * Class, place and record entries `from` … `end` − 1 of the batch that the source has landed.
   * @param now they have come
   * @returns up to where; what is left is not to be taken yet
   */
  take(from: number, end: number, now: number): number {
    const { offsets, lengths, senders } = this.#source.landing;
    this.#flight.begin(from);
    let index = this.#plain(from, end, now);
    while (index < end) {
      const found = this.#packet(offsets[index], lengths[index], senders[index], index, now);
      if (found !== notClassed) this.#flight.note(index, found);
      index++;
      if (this.pauses) break;
      index = this.#plain(index, end, now);
    }
    this.#flight.append(index, now);
    return index;
  }

  /** A turn is over. @param begun when it began */
  endTurn(emptied: boolean, begun: number, now: number): void {
    this.#silence.note(this.#counters[portCounter.accepted], emptied, begun, now);
  }

  /**
   * Packets of a jump that ended the last series are the first ones of this: they have confirmed each other already.
   */
  takeHeld(now: number): void {
    if (!this.#heldForNext) return;
    this.#heldForNext = false;
    this.#confirm(now);
  }

  /**
   * Plain packets in one go: intact, of frames that are open, not there yet. Each would be `accepted` below, and change
   * nothing else: a frame whose image is open was seen before, so no reference moves. Returns the first entry that
   * needs the table of classes.
   */
  #plain(from: number, count: number, now: number): number {
    const window = this.#window;
    if (!this.accepting || !this.#bound || window.reference < 0 || this.#held.count > 0 || this.#sender.learned === 0)
      return from;
    return this.#images.acceptPlain(from, count, window.lowest, window.highest, window.reference, now);
  }

  /** The class of a packet, counted; `notClassed` = it is held, or has settled its own class and that of others. */
  #packet(at: number, length: number, sender: number, index: number, now: number): number {
    this.#count(portCounter.received);
    this.#counters[portCounter.bytes] = this.#counters[portCounter.bytes] + length;
    if (sender === 0) return this.#foreign(index);
    if (this.accepting && this.#sender.differs(sender) && this.#second(index))
      return this.#count(portCounter.foreignSecondSource);
    const check = this.#check;
    const view = this.#view;
    const port = this.#port;
    const wrong = checkPacket(
      check,
      view,
      at,
      length,
      port.fixed ? anyPosition : this.#bound ? this.#words.position : unknownPosition,
    );
    if (wrong !== verdict.ok) return this.#malformed(wrong, at, length);
    const position = port.fixed
      ? port.expectedPosition
      : view.getUint16(at + headerOffset.row, true) * check.gridColumns +
        view.getUint16(at + headerOffset.column, true);
    if (!this.accepting) return this.#count(portCounter.foreignUnarmed);
    const written =
      view.getUint32(at + headerOffset.frameNumber + 4, true) * two32 +
      view.getUint32(at + headerOffset.frameNumber, true);
    const frameNumber = this.#share.stride === 1 ? firstOwnNumber(written) : this.#ownNumber(written);
    if (frameNumber === notOurs) return this.#count(portCounter.foreignSeries);
    const behindEnd = this.#window.isBehindEnd(frameNumber);
    if (behindEnd && !this.#series.auto) return this.#beyondEnd(frameNumber);
    const packet = view.getUint32(at + headerOffset.packetNumber, true) - firstPacketOf(check, view, at);
    // A number that may be an accident waits until others confirm it; so does one that may be the next series'.
    const again = this.#bound && !behindEnd && this.#comesAgain(frameNumber, packet);
    if (again || !this.#bound || behindEnd || this.#window.isDoubtful(frameNumber))
      return this.#hold(frameNumber, packet, position, at, index, now, again);
    const found = this.#classify(frameNumber, packet, at, now);
    if (found === portCounter.accepted && this.#sender.learned === 0 && this.#sender.accept(sender))
      this.#learned(index);
    return found;
  }

  /** Not from where the configuration says; the first of a series is named. */
  #foreign(index: number): number {
    if (!this.#words.sender('foreign').known) this.#source.tellSender?.(index, this.#words.sender('foreign'));
    return this.#count(portCounter.foreignSource);
  }

  #learned(index: number): void {
    this.#setup.placement.setSender(this.#sender.learned);
    this.#source.tellSender?.(index, this.#words.sender('learned'));
  }

  /** A packet from another sender than the one that the series began with. True = it is not taken. */
  #second(index: number): boolean {
    const { enforceSource } = this.#setup;
    this.#count(portCounter.secondSource);
    if ((this.#words.events & portEvent.secondSource) === 0) {
      this.#source.tellSender?.(index, this.#words.sender('second'));
      this.#words.raise(enforceSource ? portEvent.secondSource | portEvent.secondRefused : portEvent.secondSource);
    }
    return enforceSource;
  }

  /**
   * After a silence: a number that is known already, or one behind such numbers. Three packets of them are a detector
   * that has begun anew; fewer are copies, or late.
   */
  #comesAgain(frameNumber: number, packet: number): boolean {
    const window = this.#window;
    // The first run may have been shorter than three packets.
    if (frameNumber > window.reference)
      return this.#heldAgain && this.#held.count === heldPackets - 1 && this.#held.lowest === window.first;
    if (this.#heldAgain) return true;
    if (this.#silence.before(this.#counters[portCounter.accepted]) < silenceWindows * this.#setup.startWindowMs)
      return false;
    const state = this.#images.stateOf(frameNumber);
    if (state === recordState.empty) return window.isPast(frameNumber);
    return state !== recordState.open || this.#images.knows(frameNumber, packet);
  }

  /** Frames that instances share; `notOurs` = another one's. The first frame was told before any packet is accepted. */
  #ownNumber(written: number): number {
    const { stride } = this.#share;
    const beyond = written - this.#origin;
    const other = beyond % stride;
    if (other === 0) return this.#window.first + beyond / stride;
    this.#words.setFigure('otherShare', (this.#share.offset + other + stride) % stride);
    return notOurs;
  }

  #beyondEnd(frameNumber: number): number {
    if (Number.isNaN(this.#words.figure('outsideNumber'))) this.#words.setFigure('outsideNumber', frameNumber);
    return this.#count(portCounter.foreignSeries);
  }

  #malformed(found: number, at: number, length: number): number {
    this.#count(verdictCounter[found]);
    if (found === verdict.headerPacket) return portCounter.headerPacket;
    const view = this.#view;
    if (found === verdict.size) noteWrongSize(this.#words, view, at, length, this.#layout.profile.headerVersion);
    else if (found === verdict.version) this.#words.setFigure('wrongVersion', view.getUint8(at + headerOffset.version));
    else if (found === verdict.detectorType)
      this.#words.setFigure('wrongDetectorType', view.getUint8(at + headerOffset.detType));
    else if (found === verdict.packetNumber) {
      noteWrongNumber(this.#words, view, at);
      if (this.accepting && this.#images.noteBadNumber()) this.#words.raise(portEvent.suspect);
    } else if (found === verdict.frameNumber) {
      this.#words.setFigure(
        'wrongFrameNumber',
        view.getUint32(at + headerOffset.frameNumber + 4, true) * two32 +
          view.getUint32(at + headerOffset.frameNumber, true),
      );
    } else if (found === verdict.position) {
      this.#words.setFigure('wrongRow', view.getUint16(at + headerOffset.row, true));
      this.#words.setFigure('wrongColumn', view.getUint16(at + headerOffset.column, true));
    }
    return verdictCounter[found];
  }

  /** @param again its number is known already, and may be that of a detector that has begun anew */
  #hold(
    frameNumber: number,
    packet: number,
    position: number,
    at: number,
    index: number,
    now: number,
    again: boolean,
  ): number {
    const held = this.#held;
    if (held.count > 0 && this.#heldAgain !== again) this.dropHeld(now);
    // A copy is no witness.
    if (held.knows(frameNumber, packet, position))
      return this.#count(frameNumber < this.#window.first ? portCounter.foreignSeries : portCounter.duplicate);
    if (!held.agrees(frameNumber, position, this.#setup.overtakeFrames, this.#setup.ring)) this.dropHeld(now);
    else if (held.confirmed) this.#refuseFirst();
    this.#flight.note(index, notClassed);
    this.#silent = false;
    this.#heldAgain = again;
    held.add(frameNumber, packet, position, at, this.#check.packetBytes, now, this.#flight.numberOf(index));
    if (this.#window.newestAccepted === 0) this.#words.setHolding(true);
    if (held.confirmed) this.#weigh(now);
    return notClassed;
  }

  /** Has nothing come for the start window? Then a look into the socket decides; heard before it is read. */
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
   * Once per turn. Single packets and single frames have nobody to confirm them: at the start of a series silence does.
   */
  settleHeld(emptied: boolean, now: number): void {
    if (this.waits) return;
    const held = this.#held;
    if (held.confirmed) this.#weigh(now);
    else if (this.#silent && emptied) this.#confirm(now);
    else if (this.#heldAgain && emptied && now - held.lastAt >= this.#witnessMs) this.dropHeld(now);
  }

  /** Packets that confirm a held one come within this time of it. */
  get #witnessMs(): number {
    return Math.max(this.#setup.startWindowMs, this.#window.pace.twoFramesMs);
  }

  /** Three agree: are they to be believed? */
  #weigh(now: number): void {
    const held = this.#held;
    if (this.#window.reference < 0 && held.strays(this.#setup.overtakeFrames)) return this.#refuseFirst();
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
    if (!this.#bound && !this.#claim(held.position(0))) return this.#settleAll(portCounter.malformedPosition, count);
    if (this.#series.auto && window.isBehindEnd(lowest)) return this.#waitForNext(count);
    const jump = window.jumpOf(lowest, highest);
    if (jump !== 0) return this.#jumped(jump, lowest, count);
    for (let index = 0; index < count; index++) {
      const frameNumber = held.frameNumber(index);
      // The last of three has nobody who came after it.
      if (index === 2 && !proven && window.isDoubtful(frameNumber)) return held.keepLast();
      this.#flight.settle(held.number(index), this.#classify(frameNumber, held.packet(index), held.at(index), now));
    }
  }

  /**
   * Numbers that are known already come again: an auto series ends, and they are the next one's; an armed one only says
   * so.
   */
  #beginsAgain(lowest: number, count: number, now: number): void {
    if (this.#series.auto) return this.#jumped(portEvent.jumpBackward, lowest, count);
    if ((this.#words.events & portEvent.jumpBackward) === 0) this.#words.setJump(lowest);
    this.#words.raise(portEvent.jumpBackward);
    this.#classifyHeld(count, now);
  }

  #classifyHeld(count: number, now: number): void {
    const held = this.#held;
    for (let index = 0; index < count; index++) {
      this.#flight.settle(
        held.number(index),
        this.#classify(held.frameNumber(index), held.packet(index), held.at(index), now),
      );
    }
  }

  /** At the end of a series whose followers are kept: held packets that may still be confirmed are the next one's. */
  dropOldHeld(now: number): void {
    const held = this.#held;
    if (held.confirmed || held.count === 0) return;
    // Copies are no beginning, unless another port has seen one.
    const copies = this.#heldAgain && !this.#setup.others.some(({ jump }) => jump !== 0);
    // Nothing is taken into an image any more.
    this.#heldAgain = false;
    if (copies || now - held.lastAt >= this.#setup.startWindowMs) this.dropHeld(now);
  }

  #letGo(): void {
    this.#held.clear();
    this.#silent = this.#heldForNext = this.#heldAgain = false;
    this.#words.setHolding(false);
    this.#words.setCandidate(0);
  }

  /** The first of three gives way. */
  #refuseFirst(): void {
    this.#refuse(0);
    this.#held.shift();
  }

  /** A held packet whose number nobody confirmed. */
  #refuse(index: number): void {
    const { first, next } = this.#window;
    const frameNumber = this.#held.frameNumber(index);
    const late = first !== 0 && frameNumber >= first && frameNumber < next;
    this.#flight.settle(
      this.#held.number(index),
      this.#count(late ? portCounter.lateUnknown : portCounter.foreignSeries),
    );
    if (late) return;
    const words = this.#words;
    const before = words.figure('refusedPackets');
    words.setFigure('refusedPackets', Number.isNaN(before) ? 1 : before + 1);
    words.setFigure('refusedNumber', frameNumber);
  }

  /** Held packets that nobody confirmed. */
  dropHeld(now: number): void {
    if (this.#heldAgain) {
      const { count } = this.#held;
      this.#letGo();
      return this.#classifyHeld(count, now);
    }
    for (let index = 0; index < this.#held.count; index++) this.#refuse(index);
    this.#letGo();
  }

  /** One class for the first `count` packets that were held. */
  #settleAll(counter: number, count: number): void {
    for (let index = 0; index < count; index++) this.#flight.settle(this.#held.number(index), this.#count(counter));
  }

  /**
   * Take a position that no other port fills. Two that claim one at the same moment both see it and both stand back.
   */
  #claim(position: number): boolean {
    this.#words.setPosition(position);
    for (const other of this.#setup.others) {
      if (other.position !== position) continue;
      this.#words.setPosition(-1);
      this.#words.raise(portEvent.positionTaken);
      return false;
    }
    this.#bind(position);
    return true;
  }

  #bind(position: number): void {
    this.#words.setPosition(position);
    this.#images.setPosition(this.#layout, position, this.#port);
    this.#bound = true;
  }

  /** The packets that were confirmed, and all that follow, are the next series'. */
  #waitForNext(packets: number): void {
    this.#held.holdAgain(packets);
    this.#heldForNext = true;
    this.waits = true;
  }

  /** A jump that the ring cannot take ends this port's part in the series, or is not of the series at all. */
  #jumped(jump: number, frameNumber: number, packets: number): void {
    const { auto } = this.#series;
    const ends = auto || jump === portEvent.jumpForward;
    if (ends) this.accepting = false;
    if (auto) this.#waitForNext(packets);
    else this.#settleAll(ends ? portCounter.foreignUnarmed : portCounter.foreignSeries, packets);
    this.#words.setJump(frameNumber);
    this.#words.raise(jump);
    this.#series.wake();
  }

  /** The table of classes, for a number that is no accident. */
  #classify(frameNumber: number, packet: number, at: number, now: number): number {
    const window = this.#window;
    // A packet may have been held since before the last frame was known.
    if (window.isBehindEnd(frameNumber)) return this.#count(portCounter.foreignSeries);
    const images = this.#images;
    const state = images.stateOf(frameNumber);
    if (state !== recordState.empty) {
      const known = images.knows(frameNumber, packet);
      if (state === recordState.open)
        return known ? this.#count(portCounter.duplicate) : this.#accept(frameNumber, packet, at, now);
      if (known) return this.#count(portCounter.lateDuplicate);
      images.noteLate(frameNumber, packet);
      return this.#count(portCounter.lateFirst);
    }
    if (window.isPast(frameNumber))
      return this.#count(frameNumber < window.first ? portCounter.foreignSeries : portCounter.lateUnknown);
    if (window.isBeyond(frameNumber)) {
      if (frameNumber > window.refused) window.refused = frameNumber;
      this.#see(frameNumber, now);
      return this.#count(portCounter.ringFull);
    }
    images.open(frameNumber, now);
    return this.#accept(frameNumber, packet, at, now);
  }

  #accept(frameNumber: number, packet: number, at: number, now: number): number {
    const window = this.#window;
    if (this.#held.count > 0) this.dropHeld(now);
    this.#images.accept(frameNumber, packet, at, frameNumber < window.reference, now);
    this.#see(frameNumber, now);
    if (frameNumber > window.newestAccepted) {
      window.newestAccepted = frameNumber;
      this.#words.setNewestAccepted(frameNumber);
    }
    if (window.smallest === 0 || frameNumber < window.smallest) {
      if (window.smallest === 0) {
        this.#series.wake();
        this.#setup.beginsFrames();
      }
      window.smallest = frameNumber;
      this.#words.setSmallest(frameNumber);
    }
    return portCounter.accepted;
  }

  #see(frameNumber: number, now: number): void {
    const window = this.#window;
    if (frameNumber <= window.reference) return;
    window.advance(frameNumber, now);
    this.#words.setNewestSeen(frameNumber);
    const { step, sameSteps } = window.pace;
    if (sameSteps === stepsTold && step > 1) this.#words.setFigure('numberStep', step);
  }

  #count(counter: number): number {
    this.#counters[counter] = this.#counters[counter] + 1;
    return counter;
  }
}
