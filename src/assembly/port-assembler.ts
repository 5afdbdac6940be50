// hot path. STEP 2, front door: the packets of one port become port images in the frame ring. Comes in: batches of a packet
// source. Goes out: closed port images for the streamer, and the counters of the port: each datagram ends in exactly one class.
// Runs in the port's receiver thread, one `turn` at a time; follows the streamer's commands, never waits for it.

import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { everyFrame } from '../detector/frame-share.js';
import type { FrameShare } from '../detector/frame-share.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { headerOffset } from '../detector/packet-header.js';
import { portCounter, portCounterTable } from '../memory/counters.js';
import { FlightRing, notClassed } from '../memory/flight-ring.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords, portEvent } from '../memory/port-words.js';
import { SeriesWords, phase } from '../memory/series-words.js';
import { outcome, recordState } from '../memory/slot-records.js';
import type { PacketSource } from '../udp/packet-source.js';
import { CompiledPlacement } from './compiled-placement.js';
import type { PlacementKernel } from './compiled-placement.js';
import { FlightWriter } from './flight-writer.js';
import { FrameWindow } from './frame-window.js';
import { HeldPackets } from './held-packets.js';
import { ImageCloser } from './image-closer.js';
import { anyPosition, checkPacket, firstPacketOf, makeCheckTable, unknownPosition, verdict } from './packet-check.js';
import type { CheckTable } from './packet-check.js';
import { PortImages } from './port-images.js';
import { ReceiverPulse } from './receiver-pulse.js';

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

/** No own frame number. */
const notOurs = -1;

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
  /** The frames that this instance takes; left out = all. */
  readonly share?: FrameShare;
  /** Read once per batch where packets are recorded; left out = they came when the turn began. */
  readonly clock?: Clock;
  /** The compiled placement on this memory; left out or null = the reference places every packet. */
  readonly compiled?: PlacementKernel | null;
  /** As configured: what packets are checked by before the first series. `readNRows` 0 = all rows. */
  readonly dynamicRange: number;
  readonly readNRows: number;
  /** The layout of a series; `readNRows` 0 = all rows. */
  layoutFor(dynamicRange: number, readNRows: number): Layout;
}

/** One port's state machine. Frame numbers are own ones (detector/frame-share.ts), the detector's unless instances share its frames; 0 = none, not known. */
export class PortAssembler {
  readonly #setup: PortSetup;
  readonly #source: PacketSource;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #pulse: ReceiverPulse;
  readonly #others: readonly PortWords[];
  readonly #counters: Float64Array;
  readonly #seriesBase: Float64Array;
  readonly #seriesEnd: Float64Array;
  readonly #images: PortImages;
  readonly #held: HeldPackets;
  readonly #window: FrameWindow;
  readonly #closer: ImageCloser;
  readonly #flight: FlightWriter;
  readonly #compiled: CompiledPlacement | null;
  readonly #view: DataView;
  readonly #ring: number;
  readonly #share: FrameShare;
  /** The detector's number of the first own frame, where frames are shared. */
  #origin = 0;

  #command = 0;
  #answered = 0;
  #phaseSince = 0;
  #accepting = false;
  #layout: Layout;
  #layoutKey: string;
  #check: CheckTable;
  #bound = false;
  #badPacketNumbers = 0;
  /** Index of the other port that was found behind last. */
  #behind = 0;
  /** Version of the first frame that is known here. */
  #firstVersion = 0;

  constructor(setup: PortSetup) {
    const { buffer, map, port } = setup;
    const counters = portCounterTable.length;
    this.#setup = setup;
    this.#source = setup.source;
    this.#series = new SeriesWords(buffer, map.seriesWords);
    this.#words = new PortWords(buffer, map.portWords[port] as number);
    this.#pulse = new ReceiverPulse(buffer, map, port, this.#words, setup.source);
    this.#others = setup.activePorts.filter((other) => other !== port).map((other) => new PortWords(buffer, map.portWords[other] as number));
    this.#counters = new Float64Array(buffer, map.portCounters[port] as number, counters);
    this.#seriesBase = new Float64Array(buffer, (map.portCounters[port] as number) + counters * 8, counters);
    this.#seriesEnd = new Float64Array(buffer, (map.portCounters[port] as number) + counters * 16, counters);
    const compiled = setup.compiled == null ? null : new CompiledPlacement(setup.compiled, map, port, setup.source.landing);
    this.#compiled = compiled;
    this.#share = setup.share ?? everyFrame;
    this.#images = new PortImages(buffer, map, port, this.#counters, this.#words, compiled);
    this.#held = new HeldPackets(setup.source.landing);
    this.#view = new DataView(buffer);
    const ring = map.sizes.slots;
    const { overtakeFrames, maxOwedFrames, drainMs, source } = setup;
    this.#ring = ring;
    this.#window = new FrameWindow({ ring, overtakeFrames, maxOwedFrames });
    this.#closer = new ImageCloser({ images: this.#images, window: this.#window, words: this.#words, series: this.#series, source, ring, overtakeFrames, drainMs });
    const flight = new FlightRing(buffer, map.flightRings[port] as number, map.sizes.flightPackets ?? 0, map.sizes.landingPackets);
    this.#flight = new FlightWriter(flight, source.landing, compiled);
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
    this.#pulse.turn(now);
    this.#followCommand(now);
    const count = this.#source.receive();
    if (count > 0) this.#takeBatch(count, now);
    if (this.#accepting) this.#confirmBySilence(now);
    const present = this.#command & 7;
    if (present === phase.open || present === phase.stop) {
      this.#closer.obeyGiveUp(now);
      this.#closeImages(0, now);
    }
    if (this.#answered !== this.#command) this.#carryOut(now);
    if (this.#images.takePublished() && this.#completesFrame()) this.#series.wake();
    return count;
  }

  /**
   * Has every port closed the frame that goes out next? The port that closes it last wakes the streamer: each tells what it has closed
   * before it asks the others, so at least one of two that close at the same time sees both. Whoever is found behind is asked first
   * next time.
   */
  #completesFrame(): boolean {
    const { next } = this.#series;
    if (!this.#closer.hasClosed(next)) return false;
    const others = this.#others;
    for (let asked = 0; asked < others.length; asked++) {
      const behind = others[this.#behind] as PortWords;
      if (behind.closeNext <= next) return false;
      this.#behind = (this.#behind + 1) % others.length;
    }
    return true;
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
        this.#pulse.beginSeries();
        this.#seriesBase.set(this.#counters);
        this.#accepting = true;
        this.#followFirst();
        // With a first frame given, the newest seen starts one below it.
        if (this.#window.first !== 0) this.#window.reference = this.#window.first - 1;
        this.#answer();
      }
    }
    if ((command & 7) >= phase.open) this.#followFirst();
  }

  /** The first frame is told, or lowered. After the answer nothing below it is accepted any more. */
  #followFirst(): void {
    const window = this.#window;
    const version = this.#series.firstVersion;
    if (version !== this.#firstVersion) {
      this.#firstVersion = version;
      window.first = this.#series.first;
      window.next = this.#series.next;
      if (this.#share.stride > 1) {
        this.#origin = window.first - 1 + this.#share.offset;
        this.#compiled?.setShare(this.#share.stride, this.#origin, window.first);
      }
      this.#closer.startAt(window.first);
      if (this.#series.last !== 0) this.#images.dropBeyond(this.#series.last);
      window.spansRing = window.newestAccepted >= window.first + this.#ring;
      if (window.spansRing) {
        this.#words.raise(portEvent.ringSpan);
        this.#accepting = false;
      }
      this.#words.setFirstAnswer(version);
    }
    if (window.first !== 0) {
      window.next = this.#series.next;
      window.last = this.#series.last;
      // While packets are accepted, what lies below was sent, so closed, and its slot may soon hold another frame. Later it may have
      // been dropped unsent instead.
      if (this.#accepting) this.#closer.skipTo(window.next);
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
    this.#badPacketNumbers = 0;
    this.#firstVersion = 0;
    this.#window.forget();
    this.#closer.forget();
    if (port.fixed) this.#bind(port.expectedPosition);
  }

  #portLayout(): PortLayout {
    const port = this.#layout.ports[this.#setup.port];
    assert(port !== undefined, 'a port has no layout');
    return port;
  }

  /** Close everything up to the last frame; true when nothing is left to close. */
  #finish(now: number): boolean {
    const window = this.#window;
    if (this.#series.last === 0 || window.spansRing) {
      this.#images.closeOpen(outcome.ended, now);
      return true;
    }
    window.last = this.#series.last;
    this.#closeImages(window.last, now);
    return this.#closer.hasClosed(window.last);
  }

  /** @param ended everything up to this frame number is over; 0 = the series goes on */
  #closeImages(ended: number, now: number): void {
    // Before all ports have answered, a smaller first frame may still move the last one down: nothing is closed for want of packets.
    if (this.#window.first === 0 || this.#window.spansRing || this.#series.settledVersion !== this.#firstVersion) return;
    this.#closer.close(ended, now);
  }

  #countSocketDrops(): void {
    const drops = this.#source.kernelDrops();
    this.#counters[portCounter.socketDropped] = drops === null ? Number.NaN : drops;
  }

  // --- packets: each ends in exactly one class -----------------------------------------------------------------------------

  #takeBatch(count: number, now: number): void {
    this.#pulse.batch(count, now);
    const arrived = this.#flight.on && this.#setup.clock !== undefined ? this.#setup.clock.now() : now;
    const { offsets, lengths, foreign } = this.#source.landing;
    for (let index = this.#plain(0, count, now); index < count; index = this.#plain(index + 1, count, now)) {
      const found = this.#packet(offsets[index] as number, lengths[index] as number, foreign[index] === 1, index, now);
      if (found !== notClassed) this.#flight.note(index, found);
    }
    this.#flight.append(count, arrived);
  }

  /**
   * Plain packets in one go: intact, of frames that are open, not there yet. Each would be `accepted` below, and change nothing else:
   * a frame whose image is open was seen before, so no reference moves. Returns the first entry that needs the table of classes.
   */
  #plain(from: number, count: number, now: number): number {
    const window = this.#window;
    if (this.#compiled === null || !this.#accepting || !this.#bound || window.reference < 0 || this.#held.count > 0) return from;
    return this.#images.acceptPlain(from, count, window.lowest, window.highest, window.reference, now);
  }

  /** The class of a packet, counted; `notClassed` = it is held, or has settled its own class and that of others. */
  #packet(at: number, length: number, foreign: boolean, index: number, now: number): number {
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
    const written = view.getUint32(at + headerOffset.frameNumber + 4, true) * two32 + view.getUint32(at + headerOffset.frameNumber, true);
    const frameNumber = this.#share.stride === 1 ? written : this.#ownNumber(written);
    if (frameNumber === notOurs) return this.#count(portCounter.foreignSeries);
    if (this.#window.last !== 0 && frameNumber > this.#window.last) return this.#count(portCounter.foreignSeries);
    const packet = view.getUint32(at + headerOffset.packetNumber, true) - firstPacketOf(check, view, at);
    // A number that may be an accident waits until others confirm it.
    if (!this.#bound || this.#window.isDoubtful(frameNumber)) return this.#hold(frameNumber, packet, position, at, index, now);
    return this.#classify(frameNumber, packet, at, now);
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

  #malformed(found: number, at: number, length: number): number {
    this.#count(verdictCounter[found] as number);
    if (found === verdict.headerPacket) return portCounter.headerPacket;
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
    return verdictCounter[found] as number;
  }

  #hold(frameNumber: number, packet: number, position: number, at: number, index: number, now: number): number {
    const held = this.#held;
    if (!held.agrees(frameNumber, position, this.#setup.overtakeFrames)) this.#dropHeld();
    this.#flight.note(index, notClassed);
    held.add(frameNumber, packet, position, at, this.#check.packetBytes, now, this.#flight.numberOf(index));
    if (held.confirmed) this.#confirm(now);
    else if (this.#window.newestAccepted === 0) this.#words.setHolding(true);
    return notClassed;
  }

  /** Single packets and single frames have nobody to confirm them: at the start of a series silence does. */
  #confirmBySilence(now: number): void {
    if (this.#held.count === 0 || this.#window.newestAccepted !== 0) return;
    if (this.#source.empty && now - this.#held.lastAt >= this.#setup.startWindowMs) this.#confirm(now);
  }

  /** The held packets are real: class them in the order of their arrival. */
  #confirm(now: number): void {
    const held = this.#held;
    const count = held.count;
    held.clear();
    this.#words.setHolding(false);
    if (!this.#bound && !this.#claim(held.position(0))) return this.#settleAll(portCounter.malformedPosition, count);
    let lowest = held.frameNumber(0);
    let highest = lowest;
    for (let index = 1; index < count; index++) {
      lowest = Math.min(lowest, held.frameNumber(index));
      highest = Math.max(highest, held.frameNumber(index));
    }
    const jump = this.#window.jumpOf(lowest, highest);
    if (jump !== 0) return this.#jumped(jump, lowest, count);
    for (let index = 0; index < count; index++) {
      this.#flight.settle(held.number(index), this.#classify(held.frameNumber(index), held.packet(index), held.at(index), now));
    }
  }

  /** Held packets that nobody confirmed. */
  #dropHeld(): void {
    const held = this.#held;
    const { first, next } = this.#window;
    for (let index = 0; index < held.count; index++) {
      const frameNumber = held.frameNumber(index);
      this.#flight.settle(held.number(index), this.#count(first !== 0 && frameNumber >= first && frameNumber < next ? portCounter.lateUnknown : portCounter.foreignSeries));
    }
    held.clear();
    this.#words.setHolding(false);
  }

  /** One class for the first `count` packets that were held. */
  #settleAll(counter: number, count: number): void {
    for (let index = 0; index < count; index++) this.#flight.settle(this.#held.number(index), this.#count(counter));
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

  /** A jump that the ring cannot take ends this port's part in the series, or is not of the series at all. */
  #jumped(jump: number, frameNumber: number, packets: number): void {
    const ends = this.#series.auto || jump === portEvent.jumpForward;
    if (ends) this.#accepting = false;
    this.#settleAll(ends ? portCounter.foreignUnarmed : portCounter.foreignSeries, packets);
    this.#words.setJump(frameNumber);
    this.#words.raise(jump);
    this.#series.wake();
  }

  /** The table of classes, for a number that is no accident. */
  #classify(frameNumber: number, packet: number, at: number, now: number): number {
    const window = this.#window;
    // A packet may have been held since before the last frame was known.
    if (window.last !== 0 && frameNumber > window.last) return this.#count(portCounter.foreignSeries);
    const images = this.#images;
    const state = images.stateOf(frameNumber);
    if (state !== recordState.empty) {
      const known = images.knows(frameNumber, packet);
      if (state === recordState.open) return known ? this.#count(portCounter.duplicate) : this.#accept(frameNumber, packet, at, now);
      if (known) return this.#count(portCounter.lateDuplicate);
      images.noteLate(frameNumber, packet);
      return this.#count(portCounter.lateFirst);
    }
    if (window.isPast(frameNumber)) return this.#count(frameNumber < window.first ? portCounter.foreignSeries : portCounter.lateUnknown);
    if (window.isBeyond(frameNumber)) {
      if (frameNumber > window.refused) window.refused = frameNumber;
      this.#see(frameNumber);
      return this.#count(portCounter.ringFull);
    }
    images.open(frameNumber, now);
    return this.#accept(frameNumber, packet, at, now);
  }

  #accept(frameNumber: number, packet: number, at: number, now: number): number {
    const window = this.#window;
    if (this.#held.count > 0) this.#dropHeld();
    this.#images.accept(frameNumber, packet, at, frameNumber < window.reference, now);
    this.#see(frameNumber);
    if (frameNumber > window.newestAccepted) {
      window.newestAccepted = frameNumber;
      this.#words.setNewestAccepted(frameNumber);
    }
    if (window.smallest === 0 || frameNumber < window.smallest) {
      if (window.smallest === 0) this.#series.wake();
      window.smallest = frameNumber;
      this.#words.setSmallest(frameNumber);
    }
    return portCounter.accepted;
  }

  #see(frameNumber: number): void {
    if (frameNumber <= this.#window.reference) return;
    this.#window.reference = frameNumber;
    this.#words.setNewestSeen(frameNumber);
  }

  #count(counter: number): number {
    this.#counters[counter] = (this.#counters[counter] as number) + 1;
    return counter;
  }
}
