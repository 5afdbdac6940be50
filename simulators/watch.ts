// The command `vdcu watch`: a consumer that pulls the stream, orders it as the real one does and checks everything it
// can. `runWatch` is the command, `watchStream` the same without a terminal.

import { systemClock } from '../src/base/clock.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { Arrivals } from './consumer/arrivals.js';
import type { ConnectionStep } from './consumer/arrivals.js';
import { describeStuck, OrderedPulls } from './consumer/ordered-pulls.js';
import { pullMessages } from './consumer/pull.js';
import type { FormWish } from './consumer/sent-form.js';
import { StreamChecker } from './consumer/stream-check.js';
import { parseMessage } from './consumer/stream-message.js';
import { formatTable, ProgressLine } from './terminal.js';
import type { CommandOutput } from './terminal.js';
import { codeOf, verdictOf } from './consumer/verdict.js';
import type { Verdict } from './consumer/verdict.js';
import { FrameVerifier } from './consumer/verify.js';
import type { Picture } from './detector/pictures.js';

export interface WatchOptions {
  /** `tcp://host:port`, or several with commas between: of instances that share a detector, one PULL each. */
  readonly endpoint: string;
  /** Compare pixels with the simulator's formula, for this configuration. */
  readonly verify?: DetectorSettings;
  /** With `verify`: the form of images; default: whole frames as the detector has them. */
  readonly form?: FormWish;
  /** What the simulator sends; default: the formula. */
  readonly picture?: Picture;
  /** Demand the fields that this service adds; default true. */
  readonly extraFields?: boolean;
  /** Stop after so many series; default: when `signal` aborts. */
  readonly series?: number;
  /** Stop when nothing came for so long; default: never. */
  readonly timeoutMs?: number;
  /** Of messages that wait for an earlier one, in bytes; default as `OrderedPulls`. */
  readonly memoryBytes?: number;
  readonly signal: AbortSignal;
  /** Give way to a consumer, as far as the service can tell (pull.ts). */
  readonly onlooker?: boolean;
  /** A connection went away. */
  readonly onGone?: () => void;
  readonly receiveHighWaterMark?: number;
  /** Wait after each message: a slow consumer. */
  readonly delayMs?: number;
  /** Called about twice a second, whether something comes or not. */
  readonly onProgress?: (report: WatchReport) => void;
}

/** What was seen so far. */
export interface WatchReport {
  readonly checker: StreamChecker;
  readonly elapsedMs: number;
  /** From the first to the last image. */
  readonly framesPerSecond: number;
  readonly connections: number;
  /** Messages that belong before the first header: watching began in the middle of a series. */
  readonly beforeFirstHeader: number;
  /** Messages that wait for a number that did not come, those that were dropped included. */
  readonly stuck: number;
  /** Of these: their number had not come for so long that they were dropped, because memory was full. */
  readonly dropped: number;
  /** True when nothing was wrong with what came. */
  readonly ok: boolean;
  /** Frames that were marked or discarded, and series that were aborted. */
  readonly incomplete: number;
  /** What is waited for while nothing has come; null afterwards. */
  readonly waiting: string | null;
  /** Why there is nothing to judge: never connected, no series; null: a series was seen. */
  readonly nothing: string | null;
  readonly verdict: Verdict;
}

/** State of one watching. */
class Watcher {
  readonly checker: StreamChecker;
  readonly #ordered: OrderedPulls;
  readonly #start = systemClock.now();
  readonly #arrivals: Arrivals;
  /** Ends of series after which it is over. */
  readonly #series: number;
  #firstImageMs = 0;
  #lastImageMs = 0;

  constructor(options: WatchOptions, endpoints: number, arrivals: Arrivals) {
    this.#arrivals = arrivals;
    const { memoryBytes } = options;
    this.#series = options.series ?? Infinity;
    this.#ordered = new OrderedPulls({
      endpoints,
      signal: arrivals.signal,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    });
    this.checker = new StreamChecker({
      ...(options.verify === undefined
        ? {}
        : { verifier: new FrameVerifier(options.verify, options.picture, options.form) }),
      ...(options.extraFields === undefined ? {} : { extraFields: options.extraFields }),
    });
  }

  /** @param endpoint index of the one whose connection came up or went away */
  connection(endpoint: number, step: ConnectionStep): void {
    const connections = this.#arrivals.connection(endpoint, step);
    if (step === 'speaks' && connections > 1) this.checker.noteReconnect();
  }

  /** All series that were asked for have ended. */
  get over(): boolean {
    return this.checker.counts.seriesEnds >= this.#series;
  }

  /** No more messages; what came before a lost connection has all been read by now. */
  end(): void {
    if (!this.checker.seriesOpen) return;
    if (this.#arrivals.lost) this.checker.report('connection', 'the connection went away in the middle of a series');
    else if (this.#arrivals.timedOut) this.checker.report('series', 'nothing came any more in the middle of a series');
  }

  async take(parts: readonly Uint8Array[]): Promise<void> {
    this.#arrivals.message();
    const message = parseMessage(parts);
    if (typeof message === 'string') {
      this.checker.report('message', message);
      return;
    }
    const { next } = this.#ordered;
    if (message.msgNumber < next && message.htype !== 'header') {
      this.checker.report('msg_number', `number ${message.msgNumber} came again`, message.msgNumber);
    }
    await this.#ordered.take(message, (ordered) => {
      if (ordered.htype === 'image') {
        this.#lastImageMs = systemClock.now();
        if (this.checker.counts.images === 0) this.#firstImageMs = this.#lastImageMs;
      }
      this.checker.accept(ordered);
      if (this.over) this.#ordered.close();
    });
  }

  report(): WatchReport {
    const { images } = this.checker.counts;
    const span = this.#lastImageMs - this.#firstImageMs;
    const { stuck, dropped, beforeFirst } = this.#ordered;
    const { headers, marked, discarded, aborted } = this.checker.counts;
    const judged = {
      ok: this.checker.problemCount === 0 && stuck === 0,
      incomplete: marked + discarded + aborted,
      nothing: this.#arrivals.nothing(headers),
    };
    return {
      checker: this.checker,
      elapsedMs: systemClock.now() - this.#start,
      framesPerSecond: span > 0 ? ((images - 1) * 1000) / span : 0,
      connections: this.#arrivals.connections,
      beforeFirstHeader: beforeFirst,
      stuck,
      dropped,
      ...judged,
      waiting: this.#arrivals.waiting(),
      verdict: verdictOf(judged),
    };
  }
}

/**
 * Watch until `series` have ended or `signal` aborts. A series that is still open then is no problem.
 * @throws OperatorError (usage) for an endpoint or settings that cannot be
 */
export async function watchStream(options: WatchOptions): Promise<WatchReport> {
  const endpoints = options.endpoint.split(',');
  const { onProgress } = options;
  // The last series_end, which one of them hands over, ends the watching of all.
  const arrivals = new Arrivals({
    endpoints,
    signal: options.signal,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(onProgress === undefined
      ? {}
      : {
          onTick: () => {
            onProgress(watcher.report());
          },
        }),
  });
  const { signal } = arrivals;
  const watcher = new Watcher(options, endpoints.length, arrivals);
  const pull = async (endpoint: string, index: number): Promise<void> => {
    let speaks = false;
    const messages = pullMessages({
      endpoint,
      signal,
      onlooker: options.onlooker ?? false,
      onConnection: (step) => {
        if (signal.aborted) return;
        watcher.connection(index, step);
        // One that was refused in its handshake was never there.
        if (step === 'gone' && speaks) options.onGone?.();
        if (step !== 'listens') speaks = step === 'speaks';
      },
      ...(options.receiveHighWaterMark === undefined ? {} : { receiveHighWaterMark: options.receiveHighWaterMark }),
      ...(options.delayMs === undefined ? {} : { delayMs: options.delayMs }),
    });
    for await (const parts of messages) {
      await watcher.take(parts);
      if (watcher.over) break;
    }
    arrivals.end();
  };
  try {
    await Promise.all(endpoints.map(pull));
  } finally {
    arrivals.end();
    arrivals.close();
  }
  watcher.end();
  return watcher.report();
}

export interface RunWatchOptions extends Omit<WatchOptions, 'onProgress'> {
  /** Frames that are not complete are no failure; default false. */
  readonly allowIncomplete?: boolean;
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/**
 * The command.
 * @returns its exit code, as `codeOf` the verdict
 */
export async function runWatch(options: RunWatchOptions): Promise<number> {
  const progress = new ProgressLine(options.out);
  let last = { images: 0, bytes: 0, at: 0 };
  const report = await watchStream({
    ...options,
    onlooker: true,
    onGone: () => {
      options.out.stderr.write(
        'the connection was closed: a consumer came and this onlooker gave way, or the service ended; it looks ' +
          'again as soon as it may\n',
      );
    },
    onProgress: ({ checker: { counts, problemCount }, elapsedMs, waiting }) => {
      if (waiting !== null) {
        progress.show(waiting);
        return;
      }
      const seconds = (elapsedMs - last.at) / 1000;
      progress.show(
        `${counts.images} frames  ${((counts.images - last.images) / seconds).toFixed(0)} frames/s  ` +
          `${((counts.blobBytes - last.bytes) / seconds / 1e6).toFixed(1)} MB/s  marked ${counts.marked}  discarded ` +
          `${counts.discarded}  missing packets ${counts.missingPackets}  wrong ${problemCount}`,
      );
      last = { images: counts.images, bytes: counts.blobBytes, at: elapsedMs };
    },
  });
  progress.end();
  if (options.json === true) options.out.stdout.write(`${JSON.stringify(reportToJson(report))}\n`);
  else options.out.stdout.write(describeReport(report, options.verify !== undefined));
  return codeOf(report.verdict, options.allowIncomplete === true);
}

/** The report as it leaves the process. */
function reportToJson(report: WatchReport): Record<string, unknown> {
  const { counts, problems, problemCounts, firstWrongPixel: wrong } = report.checker;
  return {
    ok: report.ok,
    verdict: report.verdict,
    nothing: report.nothing,
    elapsed_ms: report.elapsedMs,
    frames_per_second: report.framesPerSecond,
    connections: report.connections,
    messages: counts.messages,
    headers: counts.headers,
    images: counts.images,
    series_ends: counts.seriesEnds,
    aborted: counts.aborted,
    complete: counts.complete,
    marked: counts.marked,
    discarded: counts.discarded,
    missing_packets: counts.missingPackets,
    blob_bytes: counts.blobBytes,
    frames_verified: counts.framesVerified,
    pixels_checked: counts.pixelsChecked,
    wrong_pixels: counts.wrongPixels,
    missing_pixels: counts.missingPixels,
    first_wrong_pixel:
      wrong === null
        ? null
        : { frame_number: wrong.frameNumber, y: wrong.y, x: wrong.x, seen: wrong.seen, expected: wrong.expected },
    before_first_header: report.beforeFirstHeader,
    stuck: report.stuck,
    dropped: report.dropped,
    problem_counts: Object.fromEntries(problemCounts),
    problems: problems.map(({ rule, msgNumber, text }) => ({ rule, msg_number: msgNumber, text })),
  };
}

const sentences: Readonly<Record<Verdict, (report: WatchReport) => string>> = {
  wrong: () => 'something was wrong',
  nothing: () => 'nothing was seen',
  incomplete: ({ checker: { counts } }) =>
    `the stream is right, and ${counts.marked + counts.discarded} of ${counts.images} frames are not ` +
    `complete${counts.aborted > 0 ? `, ${counts.aborted} series aborted` : ''}`,
  right: () => 'all right',
};

function describeReport(report: WatchReport, verified: boolean): string {
  const { counts, problems, problemCount } = report.checker;
  const lines = [
    formatTable([
      ['series', counts.headers],
      ['  ended', counts.seriesEnds],
      ['  aborted', counts.aborted],
      ['frames', counts.images],
      ['  complete', counts.complete],
      ['  marked', counts.marked],
      ['  discarded', counts.discarded],
      ['missing packets', counts.missingPackets],
      ['frames/s', report.framesPerSecond.toFixed(1)],
      ...(verified
        ? [
            ['pixels checked', counts.pixelsChecked],
            ['missing pixels', counts.missingPixels],
            ['wrong pixels', counts.wrongPixels],
          ]
        : []),
    ]),
  ];
  if (report.beforeFirstHeader > 0)
    lines.push(`${report.beforeFirstHeader} messages came before the first header and were not checked`);
  if (report.stuck > 0) lines.push(describeStuck(report));
  for (const { rule, msgNumber, text } of problems)
    lines.push(`wrong: ${rule}${msgNumber === null ? '' : ` (message ${msgNumber})`}: ${text}`);
  if (problemCount > problems.length) lines.push(`and ${problemCount - problems.length} more`);
  if (report.nothing !== null) lines.push(report.nothing);
  else if (counts.images === 0) lines.push('no frame was seen');
  lines.push(sentences[report.verdict](report));
  return `${lines.join('\n')}\n`;
}
