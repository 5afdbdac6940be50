// What looks wrong in a series. Each warning is reported once: to main when it is found, and in the summary. The rules:
// suspicions.ts.
// Tested by test/pipeline/warnings-of-their-series.test.ts.

import { strangersText } from '../../contract/series-warnings.js';
import type { RefusedPeer } from '../../contract/refused-peers.js';
import type { WarningCode } from '../../contract/series-warnings.js';
import { frameNumberOf, laterOf, ownBehind } from '../../detector/frame-share.js';
import type { OwnNumber } from '../../detector/frame-share.js';
import type { Layout } from '../../detector/layout.js';
import { portCounter } from '../../memory/counters.js';
import type { PortCounter } from '../../memory/counters.js';
import type { MessageSink } from '../output/message-sink.js';
import { refusalText } from '../output/refused-peers.js';
import type { FellApart } from './idle-time.js';
import type { SeriesPort } from './progress.js';
import type { SeriesDeps } from './setup.js';
import { lateBeginnings, suspicionsOf } from './suspicions.js';

const lookIntervalMs = 500;

/** Of a sink that is not served: at which sockets the consumer is missing. */
export function noConsumer(sink: MessageSink): string {
  const { sockets = [] } = sink;
  const without = sockets.filter(({ peers }) => peers === 0).length;
  const where =
    without === 0 || without === sockets.length ? 'the data port' : `${without} of the ${sockets.length} data ports`;
  return `no consumer is connected to ${where}: start the receiver, or arm with force`;
}

/** Where the sink lets in every consumer: what more consumers than expected do to a series. */
export function strangers(consumers: number, expected: number): string {
  return (
    `${strangersText(consumers, expected)}, and each lacks some. Stop the stranger, set consumer_connections, or ` +
    'arm with force.'
  );
}

/** A port that lacks so many last frames, all of them, has vanished: fewer a burst of loss may take. */
const vanishedFrames = 10;

/** Peers that were not let in: so many are named. */
const refusedMost = 4;

/** Packets outside an armed series that make a port suspicious. */
const outsideTold = 3;

/** Of one series with this layout. */
export class SeriesWarnings {
  readonly #deps: SeriesDeps;
  readonly #layout: Layout;
  readonly #told = new Map<WarningCode, string>();
  /** What each suspicion named as likely when it was told. */
  readonly #likely = new Map<WarningCode, string>();
  /** Peers that were not let in, by what is said of each. */
  readonly #refused = new Set<string>();
  #lookedAt = 0;

  constructor(deps: SeriesDeps, layout: Layout) {
    this.#deps = deps;
    this.#layout = layout;
  }

  /** What was told, in order. */
  get messages(): string[] {
    return [...this.#told.values()];
  }

  /**
   * The series has its first frame: what was suspicious while it waited is not of it. But packets that were refused in
   * their numbers may have been its first: they are in its ledger, and told with it.
   */
  forgetWait(): void {
    const codes = [...this.#likely.keys()].filter((code) => !code.startsWith('frame_numbers/'));
    if (codes.length === 0) return;
    for (const code of codes) {
      this.#told.delete(code);
      this.#likely.delete(code);
    }
    this.#deps.report({ kind: 'warnings_over', codes });
  }

  /** @param code what is told once */
  warn(code: WarningCode, message: string): void {
    if (this.#told.has(code)) return;
    this.#told.set(code, message);
    this.#deps.report({ kind: 'warning', code, message });
  }

  /** A peer was not let in while the series was open. The log may have said so before, in the same minute. */
  peerRefused(peer: RefusedPeer): void {
    if (this.#refused.size < refusedMost) this.#refused.add(refusalText(peer));
    const message = `while this series was open: ${[...this.#refused].join(' ')}`;
    this.warn('refused_peer', message);
    // The summary names the first few.
    this.#told.set('refused_peer', message);
  }

  /** As `look`, now and then. @param now ms of the service's clock */
  lookNowAndThen(now: number, first: OwnNumber, settled: boolean): void {
    if (now - this.#lookedAt < lookIntervalMs) return;
    this.#lookedAt = now;
    this.look(first, settled);
  }

  /**
   * Look at what the receivers noticed.
   * @param first first frame of the series
   * @param settled it is settled, and the ports agree: ports that began later than others are reported, too
   */
  look(first: OwnNumber, settled: boolean): void {
    const { ports, share } = this.#deps;
    for (const { words, udpPort } of ports) {
      for (const { code, message, likely } of suspicionsOf(words, udpPort, this.#layout, share, first))
        this.#suspect(`${code}/${udpPort}`, message, likely.join());
    }
    if (!settled) return;
    const beginnings = ports.map(({ udpPort, words }) => ({
      udpPort,
      smallest: words.smallest === 0 ? null : frameNumberOf(share, words.smallest, first),
    }));
    for (const { code, message } of lateBeginnings(beginnings)) this.warn(code, message);
  }

  /**
   * The first packets may fit more settings than those after them: what is likely is told again when it has changed.
   */
  #suspect(code: WarningCode, message: string, likely: string): void {
    if (this.#likely.get(code) !== likely) this.#told.delete(code);
    this.#likely.set(code, likely);
    this.warn(code, message);
    // The summary has the last figures, and nothing is reported twice for them.
    this.#told.set(code, message);
  }

  /** Look when the receivers are open: packets for which the sockets had no room while the series before was ended. */
  lostBefore(): void {
    for (const { udpPort, counters, seriesBase } of this.#deps.ports) {
      const lost = counters[portCounter.socketDropped] - seriesBase[portCounter.socketDropped];
      if (lost > 0)
        this.warn(
          `lost_before/${udpPort}`,
          `port ${udpPort}: ${lost} packets found no room in the socket buffer before this series was open, while ` +
            'the end of the last one was sent. They are counted here. Does the consumer keep up? A larger ' +
            'receive_buffer_bytes keeps more (docs/operating.md#receive-buffer).',
        );
    }
  }

  /**
   * Look when the series is over: ports that have nothing of its last frames, and packets that came twice in numbers.
   * @param first @param last frames of the series
   */
  lookBack(first: OwnNumber, last: OwnNumber): void {
    if (first === 0 || last < first) return;
    const { ports, share } = this.#deps;
    for (const { udpPort, words, counters, seriesBase } of ports) {
      const seen = laterOf(words.newestSeen, ownBehind(first, -1));
      const apart = this.#outside({ words, counters, seriesBase }, first, last) !== null;
      if (apart) this.portsDisagree(first, last);
      else if (last - seen >= vanishedFrames || (seen < first && last - seen > 0)) {
        const since =
          seen < first
            ? 'no packet of this series came'
            : `nothing came behind frame ${frameNumberOf(share, seen, first)}, the last one is ` +
              `${frameNumberOf(share, last, first)}`;
        this.warn(
          `vanished/${udpPort}`,
          `port ${udpPort}: ${since}. Is the port or its module switched off, or its cable out? ` +
            '(docs/operating.md#silent-port)',
        );
      }
      // Fewer than are told while a series goes on: behind the newest they may be its last frames.
      const number = words.ownFigure('refusedNumber');
      if (number > words.newestSeen && number < seen + this.#deps.ring)
        this.warn(
          `frame_numbers/${udpPort}`,
          `port ${udpPort}: packets to frame ${frameNumberOf(share, number, first)} came, and were not taken: they ` +
            `are behind a gap, and fewer than three are no proof of it. The last frame that was taken is ` +
            `${frameNumberOf(share, seen, first)}. Packets were lost, or the number of a packet is wrong.`,
        );
      const counted = (counter: PortCounter): number =>
        counters[portCounter[counter]] - seriesBase[portCounter[counter]];
      const twice = counted('duplicate') + counted('lateDuplicate');
      if (twice >= 2 * this.#layout.expectedPackets && twice * 10 >= counted('accepted')) {
        this.warn(
          `duplicates/${udpPort}`,
          `port ${udpPort}: ${twice} packets came again. Were the frame numbers set back (nextframenumber) while ` +
            'this series was open, or are packets sent twice (a mirror port, two routes)? Frames of an acquisition ' +
            'that used the same numbers are lost.',
        );
      }
    }
  }

  /** @param told of frames that came too slowly for one series; null = they did not */
  fellApart(told: FellApart | null): void {
    if (told === null) return;
    const { periodMs, waits } = told;
    const { seriesIdleMs } = this.#deps.limits;
    this.warn(
      'low_rate',
      (waits
        ? `the automatic series before had a single frame: frames come every ${periodMs} ms, and series_idle_ms is ` +
          `${seriesIdleMs}. This series waits longer. `
        : `automatic series have a single frame each: frames come every ${periodMs} ms, and with series_idle_ms: ` +
          `${seriesIdleMs} none waits so long. `) +
        `Set series_idle_ms to ${3 * periodMs} or more, or arm, so that no frame stands alone ` +
        '(docs/operating.md#the-series-does-not-end).',
    );
  }

  /**
   * Ports of an armed series that have nothing of it while others have, and whose numbers are other ones: not those
   * just behind its end, which a port that has lost a short series has as well.
   * @param first @param last frames of the series
   */
  portsApart(first: OwnNumber, last: OwnNumber): boolean {
    const { ports } = this.#deps;
    return (
      ports.some((port) => this.#outside(port, first, last) !== null) &&
      ports.some(({ words: { smallest } }) => smallest >= first && (last === 0 || smallest <= last))
    );
  }

  /** The number that this port is at; null = it is in the series, or not known to be elsewhere. */
  #outside(
    { words, counters, seriesBase }: Pick<SeriesPort, 'words' | 'counters' | 'seriesBase'>,
    first: OwnNumber,
    last: OwnNumber,
  ): OwnNumber | null {
    const { share, limits } = this.#deps;
    if (share.stride > 1 || first === 0) return null;
    const { smallest, jump } = words;
    const beyond = smallest !== 0 ? smallest : words.ownFigure('outsideNumber');
    if (
      last !== 0 &&
      beyond > last + limits.overtakeFrames &&
      (smallest !== 0 || this.#foreign(counters, seriesBase) >= outsideTold)
    )
      return beyond;
    if (smallest === 0 && jump !== 0 && jump < first - limits.overtakeFrames) return jump;
    return null;
  }

  #foreign(counters: Float64Array, seriesBase: Float64Array): number {
    return counters[portCounter.foreignSeries] - seriesBase[portCounter.foreignSeries];
  }

  /**
   * Frame numbers of the ports lie a ring or more apart, or outside the series. @param first @param last frames of the
   * series, 0 = not known
   */
  portsDisagree(first: OwnNumber, last: OwnNumber): void {
    const numbers = this.#deps.ports.flatMap((port) => {
      const number = this.#outside(port, first, last) ?? port.words.smallest;
      return number === 0 ? [] : [`port ${port.udpPort}: frame ${frameNumberOf(this.#deps.share, number, first)}`];
    });
    this.warn(
      'ports_disagree',
      `frame numbers differ between ports (${numbers.join(', ')}). Set nextframenumber of all modules to the same ` +
        'value and arm again.',
    );
  }
}
