// hot path. STEP 2, classes: each datagram of a batch ends in exactly one class. Comes in: batches of the source,
// whether packets are accepted, and the layout. Goes out: accepted packets into the port's images, and counts.
// Tested by test/pipeline/classes.test.ts.

import { firstOwnNumber, ownBehind } from '../detector/frame-share.js';
import type { FrameNumber, FrameShare, OwnNumber } from '../detector/frame-share.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { headerOffset } from '../detector/packet-header.js';
import { portCounter } from '../memory/counters.js';
import { notClassed } from '../memory/flight-ring.js';
import { portEvent } from '../memory/port-words.js';
import type { PortWords } from '../memory/port-words.js';
import { phase } from '../memory/series-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import type { PacketSource } from '../udp/packet-source.js';
import { DoubtfulPackets } from './doubtful-packets.js';
import type { FlightWriter } from './flight-writer.js';
import type { FrameWindow } from './frame-window.js';
import type { IntakeSetup } from './intake-setup.js';
import { PacketClasses } from './packet-classes.js';
import {
  anyPosition,
  checkPacket,
  firstPacketOf,
  makeCheckTable,
  unknownPosition,
  verdict,
  verdictCounter,
} from './packet-check.js';
import type { CheckTable } from './packet-check.js';
import type { PortImages } from './port-images.js';
import { PortPlace } from './port-place.js';
import { PortSender } from './port-sender.js';
import { noteWrong } from './wrong-packets.js';

/** Of a packet of a frame that is another instance's. */
const notOurs = -1 as OwnNumber;

/** The packets of one port. */
export class PacketIntake {
  /** The table of classes, and whether packets are accepted. */
  readonly classes: PacketClasses;
  /** Those that wait for others to confirm them. */
  readonly doubtful: DoubtfulPackets;
  readonly #place: PortPlace;
  readonly #sender = new PortSender();
  readonly #setup: IntakeSetup;
  readonly #source: PacketSource;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #counters: Float64Array;
  readonly #images: PortImages;
  readonly #window: FrameWindow;
  readonly #flight: FlightWriter;
  readonly #share: FrameShare;
  readonly #view: DataView;
  /** The detector's number of the first own frame, where frames are shared. */
  #origin = 0;
  #layout: Layout;
  #port: PortLayout;
  #check: CheckTable;

  /** @param layout what packets are checked by before the first series @param port this port's part of it */
  constructor(setup: IntakeSetup, layout: Layout, port: PortLayout) {
    this.#setup = setup;
    this.#place = new PortPlace(setup.words, setup.others, setup.images, layout, port);
    this.classes = new PacketClasses(setup);
    this.doubtful = new DoubtfulPackets(setup, this.#place, this.classes);
    this.#source = setup.source;
    this.#series = setup.series;
    this.#words = setup.words;
    this.#counters = setup.counters;
    this.#images = setup.images;
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
    return this.classes.waits || (this.#window.hesitates && (this.#series.readCommand() & 7) === phase.open);
  }

  /**
   * Forget the last series; the next one has this layout. @param keepHeld packets that are held are the first ones of
   * the next @param keepPlace and the port stays where it is
   */
  forget(layout: Layout, port: PortLayout, keepHeld: boolean, keepPlace: boolean): void {
    this.#layout = layout;
    this.#port = port;
    this.#check = makeCheckTable(layout, port);
    this.classes.zero.forget();
    this.doubtful.forget(keepHeld);
    this.#sender.forget();
    this.#place.forget(layout, port, keepPlace);
  }

  /** Where instances share the frames: the detector's number of the first own frame. */
  setOrigin(frameNumber: FrameNumber): void {
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

  /**
   * Plain packets in one go: intact, of frames that are open, not there yet. Each would be `accepted` below, and change
   * nothing else: a frame whose image is open was seen before, so no reference moves. Returns the first entry that
   * needs the table of classes.
   */
  #plain(from: number, count: number, now: number): number {
    const window = this.#window;
    if (!this.classes.accepting || !this.#place.bound || window.reference < 0) return from;
    if (this.doubtful.count > 0 || this.#sender.learned === 0) return from;
    return this.#images.acceptPlain(from, count, window.lowest, window.highest, window.reference, now);
  }

  /** The class of a packet, counted; `notClassed` = it is held, or has settled its own class and that of others. */
  #packet(at: number, length: number, sender: number, index: number, now: number): number {
    const classes = this.classes;
    classes.count(portCounter.received);
    this.#counters[portCounter.bytes] += length;
    if (sender === 0) return this.#foreign(index);
    if (classes.accepting && this.#sender.differs(sender) && this.#second(index))
      return classes.count(portCounter.foreignSecondSource);
    const check = this.#check;
    const view = this.#view;
    const port = this.#port;
    const { bound } = this.#place;
    const placed = port.fixed ? anyPosition : bound ? this.#words.position : unknownPosition;
    const found = checkPacket(check, view, at, length, placed);
    if (found !== verdict.ok) return this.#malformed(found, at, length);
    const position = port.fixed
      ? port.expectedPosition
      : view.getUint16(at + headerOffset.row, true) * check.gridColumns +
        view.getUint16(at + headerOffset.column, true);
    if (!classes.accepting) return classes.count(portCounter.foreignUnarmed);
    const written =
      view.getUint32(at + headerOffset.frameNumber + 4, true) * 2 ** 32 +
      view.getUint32(at + headerOffset.frameNumber, true);
    const frameNumber = this.#share.stride === 1 ? firstOwnNumber(written as FrameNumber) : this.#ownNumber(written);
    if (frameNumber === notOurs) return classes.count(portCounter.foreignSeries);
    if (classes.zero.refuses(frameNumber)) return classes.count(portCounter.malformedFrameNumber);
    const behindEnd = this.#window.isBehindEnd(frameNumber);
    if (behindEnd && !this.#series.auto) return this.#beyondEnd(frameNumber);
    const packet = view.getUint32(at + headerOffset.packetNumber, true) - firstPacketOf(check, view, at);
    // A number that may be an accident waits until others confirm it; so does one that may be the next series'.
    const again = bound && !behindEnd && this.doubtful.comesAgain(frameNumber, packet);
    const doubtful = this.#window.isDoubtful(frameNumber) || classes.zero.lowers(frameNumber);
    if (again || !bound || behindEnd || doubtful)
      return this.doubtful.hold(frameNumber, packet, position, at, check.packetBytes, index, now, again);
    const counter = classes.classify(frameNumber, packet, at, now);
    if (counter === portCounter.accepted) {
      if (this.doubtful.count > 0) this.doubtful.drop(now);
      if (this.#sender.learned === 0 && this.#sender.accept(sender)) this.#learned(index);
    }
    return counter;
  }

  /** Not from where the configuration says; the first of a series is named. */
  #foreign(index: number): number {
    if (!this.#words.sender('foreign').known) this.#source.tellSender?.(index, this.#words.sender('foreign'));
    return this.classes.count(portCounter.foreignSource);
  }

  #learned(index: number): void {
    this.#setup.placement.setSender(this.#sender.learned);
    this.#source.tellSender?.(index, this.#words.sender('learned'));
  }

  /** A packet from another sender than the one that the series began with. True = it is not taken. */
  #second(index: number): boolean {
    const { enforceSource } = this.#setup;
    this.classes.count(portCounter.secondSource);
    if ((this.#words.events & portEvent.secondSource) === 0) {
      this.#source.tellSender?.(index, this.#words.sender('second'));
      this.#words.raise(enforceSource ? portEvent.secondSource | portEvent.secondRefused : portEvent.secondSource);
    }
    return enforceSource;
  }

  /** Frames that instances share; `notOurs` = another one's. The first frame was told before any packet is accepted. */
  #ownNumber(written: number): OwnNumber {
    const { stride } = this.#share;
    const beyond = written - this.#origin;
    const other = beyond % stride;
    if (other === 0) return ownBehind(this.#window.first, beyond / stride);
    this.#words.setFigure('otherShare', (this.#share.offset + other + stride) % stride);
    return notOurs;
  }

  #beyondEnd(frameNumber: OwnNumber): number {
    if (Number.isNaN(this.#words.figure('outsideNumber'))) this.#words.setFigure('outsideNumber', frameNumber);
    return this.classes.count(portCounter.foreignSeries);
  }
  #malformed(found: number, at: number, length: number): number {
    noteWrong(this.#words, this.#view, at, length, found, this.#layout.profile.headerVersion);
    if (found === verdict.packetNumber && this.classes.accepting && this.#images.noteBadNumber())
      this.#words.raise(portEvent.suspect);
    return this.classes.count(verdictCounter[found]);
  }
}
