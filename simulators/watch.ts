// The command `vdcu watch`: a consumer that pulls the stream, orders it as the real one does and checks everything it can. The
// command line calls `runWatch`; the demo and tests over real sockets call `watchStream` and read the report.

import { systemClock } from '../src/base/clock.js';
import { exitCode } from '../src/base/errors.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { OrderedReceive } from './ordered-receive.js';
import { pullMessages } from './pull.js';
import { StreamChecker } from './stream-check.js';
import { parseMessage } from './stream-message.js';
import type { StreamMessage } from './stream-message.js';
import { formatTable, ProgressLine } from './terminal.js';
import type { CommandOutput } from './terminal.js';
import { FrameVerifier } from './verify.js';

export interface WatchOptions {
  /** `tcp://host:port`, or several with commas between: of instances that share a detector, one PULL each. */
  readonly endpoint: string;
  /** Compare pixels with the simulator's formula, for this configuration. */
  readonly verify?: DetectorSettings;
  /** Demand the fields that this service adds; default true. */
  readonly extraFields?: boolean;
  /** Stop after so many series; default: when `signal` aborts. */
  readonly series?: number;
  readonly signal: AbortSignal;
  readonly receiveHighWaterMark?: number;
  /** Wait after each message: a slow consumer. */
  readonly delayMs?: number;
  /** Called about twice a second while messages come. */
  readonly onProgress?: (report: WatchReport) => void;
}

/** What was seen so far. */
export interface WatchReport {
  readonly checker: StreamChecker;
  readonly elapsedMs: number;
  /** From the first to the last image. */
  readonly framesPerSecond: number;
  readonly connections: number;
  /** Messages before the first header: watching began in the middle of a series. */
  readonly beforeFirstHeader: number;
  /** Messages that wait for a number that did not come. */
  readonly stuck: number;
  /** True when nothing was wrong. */
  readonly ok: boolean;
}

/** The real consumer would cache without limit. With several endpoints one may be ahead of another. */
const cacheLimits = { one: 256, several: 1024 };
const progressMs = 500;

/** State of one watching. */
class Watcher {
  readonly checker: StreamChecker;
  readonly #ordered: OrderedReceive<StreamMessage>;
  readonly #start = systemClock.now();
  readonly #connections: number[];
  readonly #connected: boolean[];
  #beforeFirstHeader = 0;
  #firstImageMs = 0;
  #lastImageMs = 0;

  constructor(options: WatchOptions, endpoints: number) {
    this.#ordered = new OrderedReceive<StreamMessage>(endpoints === 1 ? cacheLimits.one : cacheLimits.several);
    this.#connections = new Array<number>(endpoints).fill(0);
    this.#connected = new Array<boolean>(endpoints).fill(true);
    this.checker = new StreamChecker({
      ...(options.verify === undefined ? {} : { verifier: new FrameVerifier(options.verify) }),
      ...(options.extraFields === undefined ? {} : { extraFields: options.extraFields }),
    });
  }

  /** @param endpoint index of the one whose connection came up or went away */
  connection(endpoint: number, connected: boolean): void {
    this.#connected[endpoint] = connected;
    if (!connected) return;
    const connections = (this.#connections[endpoint] as number) + 1;
    this.#connections[endpoint] = connections;
    if (connections > 1) this.checker.noteReconnect();
  }

  /** No more messages; what came before a lost connection has all been read by now. */
  end(): void {
    if (this.#connected.includes(false) && this.checker.seriesOpen) {
      this.checker.report('connection', 'the connection went away in the middle of a series');
    }
  }

  take(parts: readonly Uint8Array[]): void {
    const message = parseMessage(parts);
    if (typeof message === 'string') {
      this.checker.report('message', message);
      return;
    }
    const { next } = this.#ordered;
    if (next < 0 && message.htype !== 'header') this.#beforeFirstHeader++;
    else if (message.msgNumber < next && message.htype !== 'header') {
      this.checker.report('msg_number', `number ${message.msgNumber} came again`, message.msgNumber);
    }
    for (const ordered of this.#ordered.push(message)) {
      if (ordered.htype === 'image') {
        this.#lastImageMs = systemClock.now();
        if (this.checker.counts.images === 0) this.#firstImageMs = this.#lastImageMs;
      }
      this.checker.accept(ordered);
    }
  }

  report(): WatchReport {
    const { images } = this.checker.counts;
    const span = this.#lastImageMs - this.#firstImageMs;
    const stuck = this.#ordered.next < 0 ? 0 : this.#ordered.cached + this.#ordered.dropped;
    return {
      checker: this.checker, elapsedMs: systemClock.now() - this.#start, framesPerSecond: span > 0 ? ((images - 1) * 1000) / span : 0,
      connections: this.#connections.reduce((sum, count) => sum + count, 0), beforeFirstHeader: this.#beforeFirstHeader, stuck,
      ok: this.checker.problemCount === 0 && stuck === 0,
    };
  }
}

/**
 * Watch until `series` have ended or `signal` aborts. A series that is still open then is no problem.
 * @throws OperatorError (usage) for an endpoint or settings that cannot be
 */
export async function watchStream(options: WatchOptions): Promise<WatchReport> {
  const endpoints = options.endpoint.split(',');
  const watcher = new Watcher(options, endpoints.length);
  let progressAt = systemClock.now() + progressMs;
  // The last series_end, which one of them hands over, ends the watching of all.
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const pull = async (endpoint: string, index: number): Promise<void> => {
    const messages = pullMessages({
      endpoint, signal,
      onConnection: (connected) => { if (!signal.aborted) watcher.connection(index, connected); },
      ...(options.receiveHighWaterMark === undefined ? {} : { receiveHighWaterMark: options.receiveHighWaterMark }),
      ...(options.delayMs === undefined ? {} : { delayMs: options.delayMs }),
    });
    for await (const parts of messages) {
      watcher.take(parts);
      if (options.onProgress !== undefined && systemClock.now() >= progressAt) {
        progressAt = systemClock.now() + progressMs;
        options.onProgress(watcher.report());
      }
      if (options.series !== undefined && watcher.checker.counts.seriesEnds >= options.series) break;
    }
    over.abort();
  };
  try {
    await Promise.all(endpoints.map(pull));
  } finally {
    over.abort();
  }
  watcher.end();
  return watcher.report();
}

export interface RunWatchOptions extends Omit<WatchOptions, 'onProgress'> {
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/**
 * The command.
 * @returns its exit code: ok when all was right, failed when something was wrong
 */
export async function runWatch(options: RunWatchOptions): Promise<number> {
  const progress = new ProgressLine(options.out);
  let last = { images: 0, bytes: 0, at: 0 };
  const report = await watchStream({
    ...options,
    onProgress: ({ checker: { counts, problemCount }, elapsedMs }) => {
      const seconds = (elapsedMs - last.at) / 1000;
      progress.show(`${counts.images} frames  ${((counts.images - last.images) / seconds).toFixed(0)} frames/s  `
        + `${((counts.blobBytes - last.bytes) / seconds / 1e6).toFixed(1)} MB/s  marked ${counts.marked}  discarded ${counts.discarded}  `
        + `missing packets ${counts.missingPackets}  wrong ${problemCount}`);
      last = { images: counts.images, bytes: counts.blobBytes, at: elapsedMs };
    },
  });
  progress.end();
  if (options.json === true) options.out.stdout.write(`${JSON.stringify(reportToJson(report))}\n`);
  else options.out.stdout.write(describeReport(report, options.verify !== undefined));
  return report.ok ? exitCode.ok : exitCode.failed;
}

/** The report as it leaves the process. */
export function reportToJson(report: WatchReport): Record<string, unknown> {
  const { counts, problems, problemCounts, firstWrongPixel: wrong } = report.checker;
  return {
    ok: report.ok, elapsed_ms: report.elapsedMs, frames_per_second: report.framesPerSecond, connections: report.connections,
    messages: counts.messages, headers: counts.headers, images: counts.images, series_ends: counts.seriesEnds, aborted: counts.aborted,
    complete: counts.complete, marked: counts.marked, discarded: counts.discarded, missing_packets: counts.missingPackets,
    blob_bytes: counts.blobBytes, frames_verified: counts.framesVerified, pixels_checked: counts.pixelsChecked,
    wrong_pixels: counts.wrongPixels, missing_pixels: counts.missingPixels,
    first_wrong_pixel: wrong === null ? null
      : { frame_number: wrong.frameNumber, y: wrong.y, x: wrong.x, seen: wrong.seen, expected: wrong.expected },
    before_first_header: report.beforeFirstHeader, stuck: report.stuck,
    problem_counts: Object.fromEntries(problemCounts),
    problems: problems.map(({ rule, msgNumber, text }) => ({ rule, msg_number: msgNumber, text })),
  };
}

function describeReport(report: WatchReport, verified: boolean): string {
  const { counts, problems, problemCount } = report.checker;
  const lines = [
    formatTable([
      ['series', counts.headers], ['  ended', counts.seriesEnds], ['  aborted', counts.aborted],
      ['frames', counts.images], ['  complete', counts.complete], ['  marked', counts.marked], ['  discarded', counts.discarded],
      ['missing packets', counts.missingPackets], ['frames/s', report.framesPerSecond.toFixed(1)],
      ...(verified ? [['pixels checked', counts.pixelsChecked], ['missing pixels', counts.missingPixels], ['wrong pixels', counts.wrongPixels]] : []),
    ]),
  ];
  if (report.beforeFirstHeader > 0) lines.push(`${report.beforeFirstHeader} messages came before the first header and were not checked`);
  if (report.stuck > 0) lines.push(`${report.stuck} messages wait for a number that did not come: the real consumer would hang here`);
  for (const { rule, msgNumber, text } of problems) lines.push(`wrong: ${rule}${msgNumber === null ? '' : ` (message ${msgNumber})`}: ${text}`);
  if (problemCount > problems.length) lines.push(`and ${problemCount - problems.length} more`);
  if (counts.images === 0) lines.push('no frame was seen');
  lines.push(report.ok ? 'all right' : 'something was wrong');
  return `${lines.join('\n')}\n`;
}
