// hot path. STEP 2, front door: the packets of one port become port images in the frame ring. Comes in: batches of a packet
// source. Goes out: closed port images for the streamer, and the counters of the port: each datagram ends in exactly one class.
// Runs in the port's receiver thread, one `turn` at a time; follows the streamer's commands, never waits for it.

import { assert } from '../base/assert.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { headerOffset } from '../detector/packet-header.js';
import { portCounter, portCounterTable } from '../memory/counters.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords, portEvent } from '../memory/port-words.js';
import { SeriesWords, phase } from '../memory/series-words.js';
import { outcome, recordState } from '../memory/slot-records.js';
import type { PacketSource } from '../udp/packet-source.js';
import { CompiledPlacement } from './compiled-placement.js';
import type { PlacementKernel } from './compiled-placement.js';
import { HeldPackets } from './held-packets.js';
import { anyPosition, checkPacket, firstPacketOf, makeCheckTable, unknownPosition, verdict } from './packet-check.js';
import type { CheckTable } from './packet-check.js';
import { PortImages } from './port-images.js';

/** Malformed packet numbers after which the port's images are no longer called complete. */
const suspectLimit = 3;

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

const two32 = 4294967296;

const layoutKey = (dynamicRange: number, readNRows: number): string => `${dynamicRange}/${readNRows}`;

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
  /** The compiled placement on this memory; left out or null = the reference places every packet. */
  readonly compiled?: PlacementKernel | null;
  /** As configured: what packets are checked by before the first series. `readNRows` 0 = all rows. */
  readonly dynamicRange: number;
  readonly readNRows: number;
  /** The layout of a series; `readNRows` 0 = all rows. */
  layoutFor(dynamicRange: number, readNRows: number): Layout;
}

/** One port's state machine. Frame numbers are the detector's; 0 = none, not known. */
export class PortAssembler {
  readonly #setup: PortSetup;
  readonly #source: PacketSource;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #others: readonly PortWords[];
  readonly #counters: Float64Array;
  readonly #seriesBase: Float64Array;
  readonly #seriesEnd: Float64Array;
  readonly #images: PortImages;
  readonly #held: HeldPackets;
  readonly #compiled: boolean;
  readonly #view: DataView;
  readonly #ring: number;

  #command = 0;
  #answered = 0;
  #phaseSince = 0;
  #accepting = false;
  #layout: Layout;
  #layoutKey: string;
  #check: CheckTable;
  #bound = false;
  #badPacketNumbers = 0;

  #firstVersion = 0;
  #first = 0;
  #last = 0;
  #next = 0;
  /** This port has frames a ring or more above the first: slots of the two would be the same, nothing is closed in order any more. */
  #spansRing = false;
  #smallest = 0;
  /** Newest frame number seen, −1 while there is no reference. */
  #reference = -1;
  #newestAccepted = 0;
  #refused = 0;
  #closeNext = 0;
  #giveUp = 0;
  #giveUpAsked = 0;
  #giveUpSince = 0;

  constructor(setup: PortSetup) {
    const { buffer, map, port } = setup;
    const counters = portCounterTable.length;
    this.#setup = setup;
    this.#source = setup.source;
    this.#series = new SeriesWords(buffer, map.seriesWords);
    this.#words = new PortWords(buffer, map.portWords[port] as number);
    this.#others = setup.activePorts.filter((other) => other !== port).map((other) => new PortWords(buffer, map.portWords[other] as number));
    this.#counters = new Float64Array(buffer, map.portCounters[port] as number, counters);
    this.#seriesBase = new Float64Array(buffer, (map.portCounters[port] as number) + counters * 8, counters);
    this.#seriesEnd = new Float64Array(buffer, (map.portCounters[port] as number) + counters * 16, counters);
    this.#compiled = setup.compiled != null;
    const compiled = setup.compiled == null ? null : new CompiledPlacement(setup.compiled, map, port, setup.source.landing);
    this.#images = new PortImages(buffer, map, port, this.#counters, this.#words, compiled);
    this.#held = new HeldPackets(setup.source.landing);
    this.#view = new DataView(buffer);
    this.#ring = map.sizes.slots;
    this.#layout = setup.layoutFor(setup.dynamicRange, setup.readNRows);
    this.#layoutKey = layoutKey(setup.dynamicRange, setup.readNRows);
    this.#check = makeCheckTable(this.#layout, this.#portLayout());
    this.#words.initialise();
  }

  /**
   * One turn: commands, packets, closing, answers.
   * @param now ms of the service's clock
   * @returns datagrams received
   */
  turn(now: number): number {
    this.#words.beat();
    this.#followCommand(now);
    const count = this.#source.receive();
    const { offsets, lengths, foreign } = this.#source.landing;
    if (count > 0) this.#words.setFigure('lastPacketAt', now);
    for (let index = this.#plain(0, count, now); index < count; index = this.#plain(index + 1, count, now)) {
      this.#packet(offsets[index] as number, lengths[index] as number, foreign[index] === 1, now);
    }
    if (this.#accepting) this.#confirmBySilence(now);
    const present = this.#command & 7;
    if (present === phase.open || present === phase.stop) {
      this.#obeyGiveUp(now);
      this.#closeImages(0, now);
    }
    if (this.#answered !== this.#command) this.#carryOut(now);
    if (this.#images.takePublished()) this.#series.wake();
    return count;
  }

  /** What the source got when it was opened, in bytes; null = unknown. */
  noteSocket(receiveBufferRequested: number, receiveBufferGranted: number | null): void {
    this.#words.setFigure('receiveBufferRequested', receiveBufferRequested);
    this.#words.setFigure('receiveBufferGranted', receiveBufferGranted ?? Number.NaN);
  }

  // --- commands -------------------------------------------------------------------------------------------------------------

  #followCommand(now: number): void {
    const command = this.#series.readCommand();
    if (command !== this.#command) {
      this.#command = command;
      this.#phaseSince = now;
      if ((command & 7) === phase.open) {
        this.#countSocketDrops();
        this.#seriesBase.set(this.#counters);
        this.#accepting = true;
        this.#followFirst();
        // With a first frame given, the newest seen starts one below it.
        if (this.#first !== 0) this.#reference = this.#first - 1;
        this.#answer();
      }
    }
    if ((command & 7) >= phase.open) this.#followFirst();
  }

  /** The first frame is told, or lowered. After the answer nothing below it is accepted any more. */
  #followFirst(): void {
    const version = this.#series.firstVersion;
    if (version !== this.#firstVersion) {
      this.#firstVersion = version;
      this.#first = this.#series.first;
      this.#next = this.#series.next;
      this.#closeNext = this.#first;
      if (this.#series.last !== 0) this.#images.dropBeyond(this.#series.last);
      this.#spansRing = this.#newestAccepted >= this.#first + this.#ring;
      if (this.#spansRing) {
        this.#words.raise(portEvent.ringSpan);
        this.#accepting = false;
      }
      this.#words.setFirstAnswer(version);
    }
    if (this.#first !== 0) {
      this.#next = this.#series.next;
      this.#last = this.#series.last;
      // While packets are accepted, what lies below was sent, so closed, and its slot may soon hold another frame. Later it may have
      // been dropped unsent instead.
      if (this.#accepting && this.#closeNext < this.#next) this.#closeNext = this.#next;
    }
  }

  /** Commands that take until the socket is empty, or until the streamer has made room. */
  #carryOut(now: number): void {
    const drained = this.#source.empty || now - this.#phaseSince >= this.#setup.drainMs;
    switch (this.#command & 7) {
      case phase.prepare:
        if (drained) {
          this.#forget();
          this.#answer();
        }
        break;
      case phase.stop:
        if (drained) {
          this.#accepting = false;
          this.#dropHeld();
          this.#answer();
        }
        break;
      case phase.finish:
        if (this.#finish(now)) {
          this.#countSocketDrops();
          this.#seriesEnd.set(this.#counters);
          this.#answer();
        }
        break;
    }
  }

  #answer(): void {
    this.#answered = this.#command;
    this.#words.setAnswer(this.#command);
    this.#series.wake();
  }

  #forget(): void {
    const { dynamicRange, readNRows } = this.#series;
    const key = layoutKey(dynamicRange, readNRows);
    if (key !== this.#layoutKey) {
      this.#layout = this.#setup.layoutFor(dynamicRange, readNRows);
      this.#layoutKey = key;
    }
    const port = this.#portLayout();
    this.#check = makeCheckTable(this.#layout, port);
    this.#words.forget();
    this.#images.forget(this.#layout.expectedPackets);
    this.#held.clear();
    this.#bound = false;
    this.#spansRing = false;
    this.#badPacketNumbers = 0;
    this.#firstVersion = this.#first = this.#last = this.#next = 0;
    this.#reference = -1;
    this.#smallest = this.#newestAccepted = this.#refused = this.#closeNext = 0;
    this.#giveUp = this.#giveUpAsked = 0;
    if (port.fixed) this.#bind(port.expectedPosition);
  }

  #portLayout(): PortLayout {
    const port = this.#layout.ports[this.#setup.port];
    assert(port !== undefined, 'a port has no layout');
    return port;
  }

  /** Close everything up to the last frame; true when nothing is left to close. */
  #finish(now: number): boolean {
    if (this.#series.last === 0 || this.#spansRing) {
      this.#images.closeOpen(outcome.ended, now);
      return true;
    }
    this.#last = this.#series.last;
    this.#closeImages(this.#last, now);
    return this.#closeNext > this.#last;
  }

  #countSocketDrops(): void {
    const drops = this.#source.kernelDrops();
    this.#counters[portCounter.socketDropped] = drops === null ? Number.NaN : drops;
  }

  // --- packets: each ends in exactly one class -----------------------------------------------------------------------------

  /**
   * Plain packets in one go: intact, of frames that are open, not there yet. Each would be `accepted` below, and change nothing else:
   * a frame whose image is open was seen before, so no reference moves. Returns the first entry that needs the table of classes.
   */
  #plain(from: number, count: number, now: number): number {
    if (!this.#compiled || !this.#accepting || !this.#bound || this.#reference < 0 || this.#held.count > 0) return from;
    const lowest = Math.max(this.#first, this.#reference - this.#ring);
    const highest = this.#last === 0 ? this.#reference : Math.min(this.#last, this.#reference);
    return this.#images.acceptPlain(from, count, lowest, highest, this.#reference, now);
  }

  #packet(at: number, length: number, foreign: boolean, now: number): void {
    this.#count(portCounter.received);
    this.#counters[portCounter.bytes] = (this.#counters[portCounter.bytes] as number) + length;
    if (foreign) return this.#count(portCounter.foreignSource);
    const check = this.#check;
    const view = this.#view;
    const port = this.#layout.ports[this.#setup.port];
    const found = checkPacket(check, view, at, length, port?.fixed === true ? anyPosition : this.#bound ? this.#words.position : unknownPosition);
    if (found !== verdict.ok) return this.#malformed(found, at, length);
    const position = port?.fixed === true ? port.expectedPosition : view.getUint16(at + headerOffset.row, true) * check.gridColumns + view.getUint16(at + headerOffset.column, true);
    if (!this.#accepting) return this.#count(portCounter.foreignUnarmed);
    const frameNumber = view.getUint32(at + headerOffset.frameNumber + 4, true) * two32 + view.getUint32(at + headerOffset.frameNumber, true);
    if (this.#last !== 0 && frameNumber > this.#last) return this.#count(portCounter.foreignSeries);
    const packet = view.getUint32(at + headerOffset.packetNumber, true) - firstPacketOf(check, view, at);
    if (this.#mustHold(frameNumber)) this.#hold(frameNumber, packet, position, at, now);
    else this.#classify(frameNumber, packet, at, now);
  }

  #malformed(found: number, at: number, length: number): void {
    this.#count(verdictCounter[found] as number);
    if (found === verdict.headerPacket) return;
    const view = this.#view;
    if (found === verdict.size) this.#words.setFigure('wrongSize', length);
    else if (found === verdict.version) this.#words.setFigure('wrongVersion', view.getUint8(at + headerOffset.version));
    else if (found === verdict.detectorType) this.#words.setFigure('wrongDetectorType', view.getUint8(at + headerOffset.detType));
    else if (found === verdict.packetNumber) {
      this.#words.setFigure('wrongPacketNumber', view.getUint32(at + headerOffset.packetNumber, true));
      if (this.#accepting && ++this.#badPacketNumbers === suspectLimit) {
        this.#images.suspect = true;
        this.#words.raise(portEvent.suspect);
      }
    } else if (found === verdict.position) {
      this.#words.setFigure('wrongRow', view.getUint16(at + headerOffset.row, true));
      this.#words.setFigure('wrongColumn', view.getUint16(at + headerOffset.column, true));
    }
  }

  /** May this number be an accident? Then it waits until others confirm it. */
  #mustHold(frameNumber: number): boolean {
    const reference = this.#reference;
    return !this.#bound || reference < 0 || frameNumber >= reference + this.#setup.overtakeFrames || frameNumber < this.#first || frameNumber < reference - this.#ring;
  }

  #hold(frameNumber: number, packet: number, position: number, at: number, now: number): void {
    const held = this.#held;
    if (!held.agrees(frameNumber, position, this.#setup.overtakeFrames)) this.#dropHeld();
    held.add(frameNumber, packet, position, at, this.#check.packetBytes, now);
    if (held.confirmed) this.#confirm(now);
    else if (this.#newestAccepted === 0) this.#words.setHolding(true);
  }

  /** Single packets and single frames have nobody to confirm them: at the start of a series silence does. */
  #confirmBySilence(now: number): void {
    if (this.#held.count === 0 || this.#newestAccepted !== 0) return;
    if (this.#source.empty && now - this.#held.lastAt >= this.#setup.startWindowMs) this.#confirm(now);
  }

  /** The held packets are real: class them in the order of their arrival. */
  #confirm(now: number): void {
    const held = this.#held;
    const count = held.count;
    held.clear();
    this.#words.setHolding(false);
    if (!this.#bound && !this.#claim(held.position(0))) return this.#countMany(portCounter.malformedPosition, count);
    let lowest = held.frameNumber(0);
    let highest = lowest;
    for (let index = 1; index < count; index++) {
      lowest = Math.min(lowest, held.frameNumber(index));
      highest = Math.max(highest, held.frameNumber(index));
    }
    const jump = this.#jumpOf(lowest, highest);
    if (jump !== 0) return this.#jumped(jump, lowest, count);
    for (let index = 0; index < count; index++) this.#classify(held.frameNumber(index), held.packet(index), held.at(index), now);
  }

  /** Held packets that nobody confirmed. */
  #dropHeld(): void {
    const held = this.#held;
    for (let index = 0; index < held.count; index++) {
      const frameNumber = held.frameNumber(index);
      this.#count(this.#first !== 0 && frameNumber >= this.#first && frameNumber < this.#next ? portCounter.lateUnknown : portCounter.foreignSeries);
    }
    held.clear();
    this.#words.setHolding(false);
  }

  /** Take a position that no other port fills. Two that claim one at the same moment both see it and both stand back. */
  #claim(position: number): boolean {
    this.#words.setPosition(position);
    for (const other of this.#others) {
      if (other.position !== position) continue;
      this.#words.setPosition(-1);
      this.#words.raise(portEvent.positionTaken);
      return false;
    }
    this.#bind(position);
    return true;
  }

  #bind(position: number): void {
    const port = this.#portLayout();
    this.#words.setPosition(position);
    this.#images.setPosition(this.#layout, position, port);
    this.#bound = true;
  }

  /** The event that confirmed numbers raise; 0 = none, they are for the table of classes. */
  #jumpOf(lowest: number, highest: number): number {
    if (this.#first !== 0 && highest < this.#first) return portEvent.jumpBackward;
    const base = this.#first !== 0 ? this.#next : this.#smallest;
    if (this.#reference >= 0 && highest < this.#reference - this.#ring && highest < base) return portEvent.jumpBackward;
    if (base !== 0 && lowest - base + 1 - this.#ring > this.#setup.maxOwedFrames) return portEvent.jumpForward;
    return 0;
  }

  /** A jump that the ring cannot take ends this port's part in the series, or is not of the series at all. */
  #jumped(jump: number, frameNumber: number, packets: number): void {
    const ends = this.#series.auto || jump === portEvent.jumpForward;
    if (ends) this.#accepting = false;
    this.#countMany(ends ? portCounter.foreignUnarmed : portCounter.foreignSeries, packets);
    this.#words.setJump(frameNumber);
    this.#words.raise(jump);
    this.#series.wake();
  }

  /** The table of classes, for a number that is no accident. */
  #classify(frameNumber: number, packet: number, at: number, now: number): void {
    // A packet may have been held since before the last frame was known.
    if (this.#last !== 0 && frameNumber > this.#last) return this.#count(portCounter.foreignSeries);
    const images = this.#images;
    const state = images.stateOf(frameNumber);
    if (state !== recordState.empty) {
      const known = images.knows(frameNumber, packet);
      if (state === recordState.open) {
        if (known) this.#count(portCounter.duplicate);
        else this.#accept(frameNumber, packet, at, now);
      } else if (known) {
        this.#count(portCounter.lateDuplicate);
      } else {
        this.#count(portCounter.lateFirst);
        images.noteLate(frameNumber, packet);
      }
      return;
    }
    if (this.#first !== 0 ? frameNumber < this.#next : this.#newestAccepted !== 0 && frameNumber <= this.#newestAccepted - this.#ring) {
      this.#count(frameNumber < this.#first ? portCounter.foreignSeries : portCounter.lateUnknown);
      return;
    }
    const base = this.#first !== 0 ? this.#next : this.#smallest === 0 ? frameNumber : Math.min(this.#smallest, frameNumber);
    if (frameNumber >= base + this.#ring || frameNumber <= this.#refused) {
      this.#count(portCounter.ringFull);
      if (frameNumber > this.#refused) this.#refused = frameNumber;
      this.#see(frameNumber);
      return;
    }
    images.open(frameNumber, now);
    this.#accept(frameNumber, packet, at, now);
  }

  #accept(frameNumber: number, packet: number, at: number, now: number): void {
    if (this.#held.count > 0) this.#dropHeld();
    this.#images.accept(frameNumber, packet, at, frameNumber < this.#reference, now);
    this.#see(frameNumber);
    if (frameNumber > this.#newestAccepted) {
      this.#newestAccepted = frameNumber;
      this.#words.setNewestAccepted(frameNumber);
    }
    if (this.#smallest === 0 || frameNumber < this.#smallest) {
      if (this.#smallest === 0) this.#series.wake();
      this.#smallest = frameNumber;
      this.#words.setSmallest(frameNumber);
    }
  }

  #see(frameNumber: number): void {
    if (frameNumber <= this.#reference) return;
    this.#reference = frameNumber;
    this.#words.setNewestSeen(frameNumber);
  }

  #count(counter: number): void {
    this.#counters[counter] = (this.#counters[counter] as number) + 1;
  }

  #countMany(counter: number, packets: number): void {
    this.#counters[counter] = (this.#counters[counter] as number) + packets;
  }

  // --- closing ---------------------------------------------------------------------------------------------------------------

  /** The streamer asks to give up; obeyed once what is queued in the socket has been read, or after the drain limit. */
  #obeyGiveUp(now: number): void {
    if (this.#giveUpAsked <= this.#giveUp) {
      this.#giveUpAsked = this.#series.giveUp;
      this.#giveUpSince = now;
    }
    if (this.#giveUpAsked > this.#giveUp && (this.#source.empty || now - this.#giveUpSince >= this.#setup.drainMs)) this.#giveUp = this.#giveUpAsked;
  }

  /**
   * Close, in the order of frame numbers, what the ring has room for and what has a reason to be closed.
   * @param ended everything up to this frame number is over; 0 = the series goes on
   */
  #closeImages(ended: number, now: number): void {
    // Before all ports have answered, a smaller first frame may still move the last one down: nothing is closed for want of packets.
    if (this.#first === 0 || this.#spansRing || this.#series.settledVersion !== this.#firstVersion) return;
    const images = this.#images;
    const top = this.#last === 0 ? this.#next + this.#ring - 1 : Math.min(this.#next + this.#ring - 1, this.#last);
    const overtaken = this.#reference - this.#setup.overtakeFrames;
    let frameNumber = this.#closeNext;
    for (; frameNumber <= top; frameNumber++) {
      const state = images.stateOf(frameNumber);
      if (state === recordState.closed) continue;
      if (state === recordState.empty && frameNumber <= this.#refused) {
        images.closeAbsent(frameNumber, outcome.refused, now);
        continue;
      }
      const reason = frameNumber <= overtaken ? outcome.overtaken : frameNumber <= this.#giveUp ? outcome.timedOut : frameNumber <= ended ? outcome.ended : 0;
      if (reason === 0) break;
      if (state === recordState.open) images.close(frameNumber, reason, now);
      else images.closeAbsent(frameNumber, reason, now);
    }
    if (frameNumber !== this.#closeNext) {
      this.#closeNext = frameNumber;
      this.#words.setCloseNext(frameNumber);
    }
  }
}
