// What really reached one port of one process: every datagram that its assembler took from the socket, by what it is,
// and for each series which good packets there were while the port was open. Kept beside the service, from the
// network's own knowledge; the verdict compares counters, ledgers and images with it.

import type { PortLedger } from '../../src/contract/series.js';
import { plainlyWrong } from './network.js';
import type { Datagram, DatagramKind } from './network.js';

/** Good packets that a port took during one series. */
interface SeriesTaken {
  /** Copies of any packet. */
  copies: number;
  /** Different packets. */
  distinct: number;
  /** By frame number: 1 = the packet of this index was there. */
  readonly frames: Map<number, Uint8Array>;
  /** Frames of which the port refused something, as far as that can be seen from outside. */
  readonly refused: Set<number>;
  /** What the socket had dropped when the port was opened, and when it had finished; −1 = not yet. */
  readonly dropsBefore: number;
  /** Is this frame the service's to take? */
  readonly own: (frameNumber: number) => boolean;
  dropsAfter: number;
  /** Up to here the port may have been told to give up frames, when it had finished. */
  givenUp: number;
  /** Last frame of an automatic series that came to its number of frames: what is behind it is the next one's. */
  last: number;
  /** Packets that were taken before its end and may be the next series', or before its beginning and may be its own. */
  either: number;
}

/**
 * Frames of a series that the service had to close: their number, those of the first and the last, and packets of each.
 */
export interface SeriesFrames {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly packets: number;
  /** Ports may have closed more. */
  readonly beyond: boolean;
  /** Highest of which any port took something; it may have refused that as of no series. */
  readonly begun: number;
  /** The same of the ports that refused nothing so. */
  readonly begunForSure: number;
}

/** Packets of earlier turns that may be held when a series ends, and more. */
const heldBefore = 30;

/** Series whose packets are kept: the last ones, so that memory stays bounded. */
const seriesKept = 64;

export class PortTruth {
  readonly taken = new Map<DatagramKind, number>();
  bytes = 0;
  datagrams = 0;
  readonly #packets: number;
  readonly #series = new Map<number, SeriesTaken>();
  #open: SeriesTaken | null = null;
  /** Frames of the good packets that were taken in this turn, one entry each. */
  readonly #turn: number[] = [];
  /**
   * Good packets of the last turn that took any, and some before: at the end of a series they may belong to the next
   * one.
   */
  #recent: { readonly frameNumber: number; readonly packet: number }[] = [];
  #newTurn = true;
  /** Packets of frame 0. */
  #zeros = 0;

  /** @param packets of the largest port image */
  constructor(packets: number) {
    this.#packets = packets;
  }

  /** The port accepts packets of this series from here on. */
  open(
    seriesId: number,
    drops: number,
    own: (frameNumber: number) => boolean = () => true,
    follows: SeriesTaken | null = null,
  ): void {
    const dropsBefore = follows === null ? drops : follows.dropsAfter;
    this.#open = {
      copies: 0,
      distinct: 0,
      frames: new Map(),
      refused: new Set(),
      dropsBefore,
      dropsAfter: -1,
      givenUp: 0,
      last: Infinity,
      own,
      either: 0,
    };
    this.#series.set(seriesId, this.#open);
    if (follows !== null) {
      this.#open.either = this.#recent.length;
      for (const [frameNumber, there] of follows.frames) {
        if (frameNumber <= follows.last) continue;
        for (const [packet, one] of there.entries()) if (one === 1) this.#have(this.#open, frameNumber, packet);
      }
      for (const { frameNumber, packet } of this.#recent) this.#have(this.#open, frameNumber, packet);
    }
    for (const id of this.#series.keys()) if (this.#series.size > seriesKept) this.#series.delete(id);
  }

  /** As `open`, of a series that keeps what came behind the end of that one. */
  openBehind(before: number, seriesId: number, drops: number): void {
    this.open(seriesId, drops, undefined, this.#series.get(before) ?? null);
  }

  /** The series was to be stopped, and goes on. */
  goOn(seriesId: number): void {
    this.#open = this.#series.get(seriesId) ?? null;
  }

  /** The port has read what was queued, and takes no more. */
  stop(keepsBehind: boolean): void {
    if (this.#open !== null && keepsBehind) this.#open.either += this.#recent.length;
    this.#open = null;
  }

  /**
   * @param last frame of an automatic series that came to its number of frames; Infinity = of another
   * @param givenUp up to this frame the port may have been told to give up
   */
  finish(seriesId: number, drops: number, last: number, givenUp: number): void {
    const series = this.#series.get(seriesId);
    if (series === undefined) return;
    series.dropsAfter = drops;
    series.givenUp = givenUp;
    series.last = last;
  }

  /** @param enforced what strangers send is refused */
  take({ kind, frameNumber, packet }: Datagram, bytes: number, enforced: boolean): void {
    this.taken.set(kind, (this.taken.get(kind) ?? 0) + 1);
    this.datagrams++;
    this.bytes += bytes;
    if (frameNumber === 0) this.#zeros++;
    const counts = kind === 'good' || (kind === 'stranger' && !enforced);
    if (!counts || this.#open?.own(frameNumber) !== true) return;
    this.#turn.push(frameNumber);
    if (this.#newTurn) this.#recent = this.#recent.slice(-heldBefore);
    this.#newTurn = false;
    this.#recent.push({ frameNumber, packet });
    this.#have(this.#open, frameNumber, packet);
  }

  #have(series: SeriesTaken, frameNumber: number, packet: number): void {
    const { frames } = series;
    let there = frames.get(frameNumber);
    if (there === undefined) frames.set(frameNumber, (there = new Uint8Array(this.#packets)));
    series.copies++;
    if (there[packet] === 1) return;
    there[packet] = 1;
    series.distinct++;
  }

  /** The port's turn is over. @param refused packets that it refused, when none was held from before */
  endTurn(refused: number): void {
    if (refused > 0 && refused === this.#turn.length)
      for (const frameNumber of this.#turn) this.#open?.refused.add(frameNumber);
    this.#turn.length = 0;
    this.#newTurn = true;
  }

  /** Did the port refuse a packet of this frame? Then it has none of it. */
  hasRefused(seriesId: number, frameNumber: number): boolean {
    return this.#series.get(seriesId)?.refused.has(frameNumber) ?? false;
  }

  /** Highest frame number of which a packet was taken for the series, −1 = none. */
  highest(seriesId: number): number {
    return Math.max(-1, ...(this.#series.get(seriesId)?.frames.keys() ?? []));
  }

  /** Was this packet taken while the port was open for the series? */
  had(seriesId: number, frameNumber: number, packet: number): boolean {
    return this.#series.get(seriesId)?.frames.get(frameNumber)?.[packet] === 1;
  }

  /** Different packets of frames `first` … `last` that were taken. */
  #within(series: SeriesTaken, first: number, last: number): number {
    let count = 0;
    for (const [frameNumber, there] of series.frames) {
      if (frameNumber < first || frameNumber > last) continue;
      for (const one of there) count += one;
    }
    return count;
  }

  /** The newest frame that the port had, −1 = none, and what all frames that had begun lack behind its last packet. */
  #behindNewest(
    series: SeriesTaken,
    { first, last, count, packets, begun, begunForSure }: SeriesFrames,
  ): Record<'newest' | 'packets' | 'least', number> {
    const newest = Math.max(-1, ...[...series.frames.keys()].filter((frame) => frame >= first));
    if (newest < 0 || newest > last) return { newest, packets: 0, least: 0 };
    const stride = count > 1 ? (last - first) / (count - 1) : 1;
    const highest = (series.frames.get(newest) as Uint8Array).subarray(0, packets).lastIndexOf(1);
    const behind = (frame: number): number =>
      packets - 1 - highest + Math.max(0, Math.floor((Math.min(frame, last) - newest) / stride)) * packets;
    return { newest, packets: behind(begun), least: behind(begunForSure) };
  }

  /**
   * What a ledger says against the truth.
   * @param ringFull packets of the series that the port refused for want of room
   * @param frames of the series, sent or not; null = nothing was to be closed in order
   */
  ledgerProblems(seriesId: number, ledger: PortLedger, ringFull: number, frames: SeriesFrames | null): string[] {
    const series = this.#series.get(seriesId);
    if (series === undefined)
      return ledger.accepted === 0 ? [] : [`${ledger.accepted} packets accepted by a port that was never open`];
    const wrong: string[] = [];
    const say = (holds: boolean, text: string): void => {
      if (!holds) wrong.push(text);
    };
    const { expected, accepted, missing, late, ring, socket, cut_off: cut, unexplained } = ledger;
    say(expected === accepted + missing, `expected ${expected} is not accepted ${accepted} + missing ${missing}`);
    say(
      accepted + late <= series.distinct,
      `${accepted} accepted and ${late} late, but only ${series.distinct} different packets came`,
    );
    say(
      ledger.duplicate + ledger.late_duplicate <= series.copies - series.distinct,
      `${ledger.duplicate} + ${ledger.late_duplicate} duplicates, but only ${series.copies - series.distinct} ` +
        'second copies came',
    );
    say(
      ring === Math.min(ringFull, missing - late),
      `ring is ${ring} of ${ringFull} refused and ${missing - late} missing`,
    );
    if (ledger.kernel_drops !== null && series.dropsAfter >= 0) {
      const drops = series.dropsAfter - series.dropsBefore;
      say(
        ledger.kernel_drops === drops,
        `the socket dropped ${drops} datagrams in this series, the ledger says ${ledger.kernel_drops}`,
      );
      say(
        socket === Math.min(drops, missing - late - ring),
        `socket is ${socket} of ${drops} dropped and ${missing - late - ring} missing`,
      );
      say(
        missing === late + ring + (socket ?? 0) + cut + (unexplained ?? 0),
        `missing ${missing} is not late ${late} + ring ${ring} + socket ${socket} + cut off ${cut} + ` +
          `unexplained ${unexplained}`,
      );
    }
    if (frames === null) return wrong;
    const whole = frames.count * frames.packets;
    say(
      // What was begun of a frame 0 that is none was all that was expected of it.
      frames.beyond || this.#zeros > 0 ? expected >= whole : expected === whole,
      `${expected} packets expected, ${frames.count} frames have ${whole}`,
    );
    const lost = whole - this.#within(series, frames.first, frames.last);
    say(missing >= lost, `${lost} packets never came, ${missing} are called missing`);
    // Packets of frame 0 that nothing confirmed are refused; before the first frame of an automatic series, which they
    // may be, that stands in no ledger.
    const zeros = this.#zeros > 0 ? Math.max(ledger.malformed, this.#within(series, 0, 0)) : 0;
    const elsewhere = ledger.late_unknown + ledger.foreign + series.either + zeros;
    // Where each packet that was taken has its place, it is known to the packet what was still to come at the end.
    if (elsewhere === 0 && ringFull === 0 && this.#zeros === 0) {
      const { newest, packets, least } = this.#behindNewest(series, frames);
      const left = missing - late - (socket ?? 0);
      say(
        cut <= Math.min(packets, left) && (series.givenUp >= newest || cut >= Math.min(least, left)),
        `cut off is ${cut}, ${least} to ${packets} packets behind the last one of ${newest} were still to come, ` +
          `${left} are missing, given up were frames to ${series.givenUp}`,
      );
    }
    say(
      missing - late - ringFull <= lost + elsewhere,
      `${missing - late - ringFull} packets are missing for no reason of the service, but ${lost} never came and ` +
        `${elsewhere} were of no series`,
    );
    return wrong;
  }

  /**
   * Counters of datagrams that are wrong by themselves, which must be exact.
   * @param varied settings change, and with them what is wrong
   * @param left datagrams that were taken and wait for a series
   */
  counterProblems(counters: Readonly<Record<string, number>>, varied: boolean, left: number): string[] {
    const wrong: string[] = [];
    const exact = (counter: string, count: number): void => {
      if (counters[counter] !== count) wrong.push(`${counter} is ${counters[counter]}, ${count} came`);
    };
    exact('received', this.datagrams - left);
    if (left > 0) return wrong;
    exact('bytes', this.bytes);
    // Where a stranger was first, what the detector sends is of the second source, whatever is wrong with it.
    const refused = counters['foreignSecondSource'] ?? 0;
    const within = (counter: string, count: number): void => {
      if (counters[counter] > count || counters[counter] < count - refused)
        wrong.push(`${counter} is ${counters[counter]}, ${count} came`);
    };
    const came = (kind: DatagramKind): number => this.taken.get(kind) ?? 0;
    for (const kind of varied ? (['headerPacket', 'foreignSource'] as const) : plainlyWrong) {
      if (/^malformed(PacketNumber|Position|FrameNumber)$/.test(kind)) continue;
      if (kind === 'foreignSource') exact(kind, came(kind));
      else within(kind, came(kind));
    }
    if (varied) return wrong;
    // Frame number 0 alone is none: what else was intact is counted there, too.
    const wrongNumbers = counters['malformedFrameNumber'];
    const sureNumbers = came('malformedFrameNumber');
    if (wrongNumbers < sureNumbers - refused || wrongNumbers > sureNumbers + this.#zeros)
      wrong.push(`malformedFrameNumber is ${wrongNumbers}, ${sureNumbers} came, and ${this.#zeros} packets of frame 0`);
    // Where the row decides which packets are read out, a false row may make the number false.
    const counted = counters['malformedPacketNumber'] + counters['malformedPosition'];
    const sure = came('malformedPacketNumber') + came('malformedPosition');
    const most = sure + came('elsewhere');
    if (counted < sure - refused || counted > most)
      wrong.push(`malformedPacketNumber and malformedPosition are ${counted}, ${sure} came for sure, ${most} at most`);
    return wrong;
  }
}
