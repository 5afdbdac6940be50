// hot path. STEP 2, front door: the packets of one port become port images in the frame ring. Comes in: batches of a
// packet source. Goes out: closed port images for the streamer, and the counters of the port (packet-intake.ts). Runs
// in the port's receiver thread, one `turn` at a time; follows the streamer's commands, never waits for it.
// Tested by test/pipeline/classes.test.ts.

import type { Clock } from '../base/clock.js';
import { firstOwnFrame, noFrame, ownBehind } from '../detector/frame-share.js';
import type { FrameShare, OwnNumber } from '../detector/frame-share.js';
import { portEvent } from '../memory/port-words.js';
import type { PortWords } from '../memory/port-words.js';
import { phase } from '../memory/series-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import type { PacketSource } from '../udp/packet-source.js';
import type { Drain } from './drain.js';
import type { FrameCompletion } from './frame-completion.js';
import type { FrameWindow } from './frame-window.js';
import type { ImageCloser } from './image-closer.js';
import type { PacketIntake } from './packet-intake.js';
import type { Placement } from './placement.js';
import type { PortImages } from './port-images.js';
import { portParts } from './port-setup.js';
import type { PortSeriesLayout, PortSetup } from './port-setup.js';
import type { ReceiverPulse } from './receiver-pulse.js';
import type { SeriesCounts } from './series-counts.js';

/** One port's state machine. */
export class PortAssembler {
  readonly #setup: PortSetup;
  readonly #source: PacketSource;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #pulse: ReceiverPulse;
  readonly #completion: FrameCompletion;
  readonly #images: PortImages;
  readonly #counts: SeriesCounts;
  readonly #intake: PacketIntake;
  readonly #window: FrameWindow;
  readonly #closer: ImageCloser;
  readonly #clock: Clock;
  /** When a command is obeyed, and when a first frame that comes while packets are accepted. */
  readonly #commandDrain: Drain;
  readonly #firstDrain: Drain;
  readonly #placement: Placement;
  readonly #ring: number;
  readonly #share: FrameShare;
  readonly #layout: PortSeriesLayout;
  #command = 0;
  #answered = 0;
  /** Versions of the first frame: the one that this port uses, and the newest that it has read. */
  #firstVersion = 0;
  #firstHeard = 0;
  /** Entries of the last batch that wait for the next series. */
  #leftFrom = 0;
  #leftEnd = 0;
  /** This turn has found the socket empty. */
  #emptied = false;
  constructor(setup: PortSetup) {
    const parts = portParts(setup);
    this.#setup = setup;
    this.#source = setup.source;
    this.#clock = setup.clock;
    this.#series = parts.series;
    this.#words = parts.words;
    this.#completion = parts.completion;
    this.#pulse = parts.pulse;
    this.#placement = parts.placement;
    this.#images = parts.images;
    this.#counts = parts.counts;
    this.#window = parts.window;
    this.#closer = parts.closer;
    this.#intake = parts.intake;
    this.#layout = parts.layout;
    this.#share = parts.share;
    this.#ring = parts.ring;
    this.#commandDrain = parts.commandDrain;
    this.#firstDrain = parts.firstDrain;
    this.#words.initialise();
  }

  /**
   * One turn: commands, packets, closing, answers. What is asked is heard before the socket is read and obeyed after.
   * @returns datagrams received
   */
  turn(): number {
    const begun = this.#clock.now();
    this.#pulse.turn(begun);
    this.#followCommand(begun);
    const closing = (this.#command & 7) === phase.open || (this.#command & 7) === phase.stop;
    if (closing) this.#closer.hearGiveUp(begun);
    const intake = this.#intake;
    if (intake.classes.accepting) intake.doubtful.hearSilence(begun);
    const count = this.#takePackets();
    const now = this.#clock.now();
    if (intake.classes.accepting) intake.doubtful.settle(this.#emptied, now);
    if (this.#emptied) this.#window.pace.found(now);
    intake.doubtful.endTurn(this.#emptied, begun, now);
    if (this.#firstHeard !== this.#firstVersion && (intake.pauses || this.#firstDrain.over(this.#emptied, now)))
      this.#followFirst();
    if (closing) {
      this.#closer.obeyGiveUp(this.#emptied || intake.classes.waits, now);
      this.#closeImages(noFrame, now);
    }
    if (this.#answered !== this.#command) this.#carryOut(now);
    if (this.#images.takePublished() && this.#completion.reached()) this.#series.wake();
    return count;
  }

  /** Packets are left in the socket for a while. */
  get pauses(): boolean {
    return this.#intake.pauses;
  }

  /** Datagrams that were taken from the socket and wait. */
  get left(): number {
    return this.#leftEnd - this.#leftFrom;
  }

  /** What the last turn left, or what the socket has; nothing while they are to wait. Returns how many were taken. */
  #takePackets(): number {
    const intake = this.#intake;
    this.#emptied = false;
    if (intake.classes.accepting && !intake.classes.waits) intake.doubtful.take(this.#clock.now());
    if (intake.pauses) return 0;
    if (this.#leftFrom === this.#leftEnd) {
      this.#leftFrom = 0;
      this.#leftEnd = this.#source.receive();
      this.#emptied = this.#source.empty;
      if (this.#leftEnd > 0) this.#pulse.batch(this.#leftEnd, this.#clock.now());
    }
    const from = this.#leftFrom;
    if (from < this.#leftEnd) this.#leftFrom = intake.take(from, this.#leftEnd, this.#clock.now());
    if (this.left > 0) this.#emptied = false;
    this.#source.pause?.(this.left > 0 || intake.pauses);
    return this.#leftFrom - from;
  }

  #setWaits(waits: boolean): void {
    this.#intake.classes.waits = waits;
    this.#source.pause?.(waits || this.left > 0);
  }

  /** Packets that the image which came in last still lacks; those of a whole image when it lacks none. */
  get lacking(): number {
    return this.#images.lacking(this.#window.newestAccepted);
  }

  /** What the source got when it was opened, in bytes; null = unknown. */
  noteSocket(receiveBufferRequested: number, receiveBufferGranted: number | null): void {
    this.#words.setFigure('receiveBufferRequested', receiveBufferRequested);
    this.#words.setFigure('receiveBufferGranted', receiveBufferGranted ?? Number.NaN);
  }

  // --- commands
  // -------------------------------------------------------------------------------------------------------------

  #followCommand(now: number): void {
    const command = this.#series.readCommand();
    if (command !== this.#command) {
      const goesOn = (this.#command & 7) === phase.stop;
      this.#command = command;
      this.#commandDrain.begin(now);
      if ((command & 7) === phase.open) this.#open(goesOn);
      else if ((command & 7) === phase.none) this.#release(now);
      else if (!this.#series.keepsBehind) this.#keepNothing((command & 7) === phase.prepare, now);
      else if ((command & 7) === phase.stop) this.#hearStop();
    }
    if ((command & 7) >= phase.open) this.#hearFirst(now);
  }

  /** @param goesOn its stop is withdrawn, because packets had come */
  #open(goesOn: boolean): void {
    if (!goesOn) {
      this.#counts.open(this.#intake.classes.waits);
      this.#pulse.beginSeries();
    }
    this.#setWaits(false);
    this.#followFirst();
    this.#intake.classes.accepting = true;
    // With a first frame given, the newest seen starts one below it.
    if (!goesOn && this.#window.first !== 0) this.#window.reference = ownBehind(this.#window.first, -1);
    this.#answer();
  }

  /**
   * All frames of an automatic series were sent: nothing more is read for it, and what has come behind it is the next
   * one's.
   */
  #hearStop(): void {
    const { last, next } = this.#series;
    if (last === 0 || next <= last) return;
    this.#counts.keepAbove(last);
    this.#setWaits(true);
  }

  /** There is no next series: packets that were kept for it belong to none. */
  #release(now: number): void {
    this.#keepNothing(true, now);
    this.#counts.dropKept();
    this.#answered = this.#command;
  }

  #keepNothing(over: boolean, now: number): void {
    this.#setWaits(false);
    if (over) this.#intake.doubtful.drop(now);
  }

  /** A first frame is proposed, or lowered. Packets that wait in the socket then may still lower it. */
  #hearFirst(now: number): void {
    const version = this.#series.firstVersion;
    if (version !== this.#firstHeard) {
      this.#firstHeard = version;
      if (this.#intake.classes.accepting) this.#firstDrain.begin(now);
    }
    if (version === this.#firstVersion || !this.#intake.classes.accepting) this.#followFirst();
  }

  /** After the answer nothing below the first frame is accepted any more. */
  #followFirst(): void {
    const window = this.#window;
    const version = this.#series.firstVersion;
    if (version !== this.#firstVersion) {
      this.#firstVersion = this.#firstHeard = version;
      this.#counts.beginFrames();
      window.first = this.#series.first;
      window.next = this.#series.next;
      if (this.#share.stride > 1) {
        const origin = firstOwnFrame(this.#share, window.first);
        this.#intake.setOrigin(origin);
        this.#placement.setShare(this.#share.stride, origin, window.first);
      }
      this.#intake.doubtful.settleZero(window.first, this.#clock.now());
      this.#closer.startAt(window.first);
      if (this.#series.auto) window.behind = this.#setup.overtakeFrames;
      else if (this.#series.last !== 0) this.#images.dropBeyond(this.#series.last);
      window.spansRing = window.newestAccepted >= window.first + this.#ring;
      if (window.spansRing) {
        this.#words.raise(portEvent.ringSpan);
        this.#intake.classes.accepting = false;
      }
      this.#words.setFirstAnswer(version);
    }
    if (window.first !== 0) {
      window.next = this.#series.next;
      window.last = this.#series.last;
      // While packets are accepted, what lies below was sent, so closed, and its slot may soon hold another frame.
      // Later it may have been dropped unsent instead.
      if (this.#intake.classes.accepting) this.#closer.skipTo(window.next);
    }
  }

  /** Commands that take until the socket is empty, or until the streamer has made room. */
  #carryOut(now: number): void {
    const { keepsBehind } = this.#series;
    const drained = this.#commandDrain.over(this.#emptied || this.#intake.classes.waits, now);
    switch (this.#command & 7) {
      case phase.prepare:
        if (drained) {
          this.#forget(keepsBehind);
          this.#answer();
        }
        break;
      case phase.stop:
        if (drained) {
          const { classes, doubtful } = this.#intake;
          doubtful.settleZero(noFrame, now);
          if (!keepsBehind) doubtful.drop(now);
          classes.accepting = false;
          if (keepsBehind) this.#setWaits(true);
          this.#answer();
        }
        break;
      case phase.finish:
        if (this.#finish(now)) {
          if (keepsBehind) this.#intake.doubtful.dropOld(now);
          this.#counts.end(this.#series.last);
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

  #forget(keepHeld: boolean): void {
    this.#layout.follow(this.#series.dynamicRange, this.#series.readNRows);
    const begun = this.#counts.forget(this.#layout.whole.expectedPackets, keepHeld);
    this.#words.forget(begun);
    this.#firstVersion = this.#firstHeard = 0;
    this.#window.forget();
    this.#closer.forget();
    // Last: a port whose place is fixed publishes it at once.
    this.#intake.forget(this.#layout.whole, this.#layout.port, keepHeld, begun);
    if (begun) this.#beginWithImages();
  }

  /** Images of the series that begins have come behind the end of the last one. */
  #beginWithImages(): void {
    const { smallest, newest } = this.#images.tally(noFrame);
    this.#window.beginWith(smallest, newest);
    this.#words.setSmallest(smallest);
    this.#words.setNewestAccepted(newest);
    this.#words.setNewestSeen(newest);
  }

  /** Close everything up to the last frame; true when nothing is left to close. */
  #finish(now: number): boolean {
    const window = this.#window;
    if (this.#series.last === 0 || window.spansRing) {
      this.#images.closeOpen(window.reference, now);
      return true;
    }
    window.last = this.#series.last;
    this.#closeImages(window.last, now);
    return this.#closer.hasClosed(window.last);
  }

  /** @param ended everything up to this frame number is over; `noFrame` = the series goes on */
  #closeImages(ended: OwnNumber, now: number): void {
    // Before all ports have answered, a smaller first frame may still move the last one down: nothing is closed for
    // want of packets.
    if (this.#window.first === 0 || this.#window.spansRing || this.#series.settledVersion !== this.#firstVersion)
      return;
    this.#closer.close(ended, now);
  }
}
