// The command `vdcu record`: a consumer that pulls the stream, orders it as the real one does and writes an HDF5 file.
// `runRecord` is the command, `recordStream` the same without a terminal.

import { systemClock } from '../src/base/clock.js';
import { Arrivals } from './consumer/arrivals.js';
import type { ConnectionStep } from './consumer/arrivals.js';
import { describeStuck, OrderedPulls } from './consumer/ordered-pulls.js';
import { pullMessages } from './consumer/pull.js';
import { Recording } from './files/recording.js';
import type { RecordCounts } from './files/recording.js';
import { parseMessage } from './consumer/stream-message.js';
import { formatTable, ProgressLine } from './terminal.js';
import type { CommandOutput } from './terminal.js';
import { codeOf, verdictOf } from './consumer/verdict.js';
import type { Verdict } from './consumer/verdict.js';

export interface RecordOptions {
  /** `tcp://host:port`, or several with commas between: sockets of one stream, or instances; one PULL each. */
  readonly endpoint: string;
  /** A file that does not exist yet. */
  readonly file: string;
  /** Group below /entry/instrument; default detector. */
  readonly name?: string;
  /** Stop after so many series; default: when `signal` aborts. */
  readonly series?: number;
  /** Stop when nothing came for so long; default: never. */
  readonly timeoutMs?: number;
  /** Of messages that wait for an earlier one, in bytes; default as `OrderedPulls`. */
  readonly memoryBytes?: number;
  readonly signal: AbortSignal;
  /** Called about twice a second, whether something comes or not. */
  readonly onProgress?: (report: RecordReport) => void;
}

export interface RecordReport {
  readonly counts: Readonly<RecordCounts>;
  readonly elapsedMs: number;
  /** What was left out, at most 20 sentences. */
  readonly warnings: readonly string[];
  /** Messages that belong before the first header: recording began in the middle of a series. */
  readonly beforeFirstHeader: number;
  /** Messages that wait for a number that did not come, those that were dropped included. */
  readonly stuck: number;
  /** Of these: their number had not come for so long that they were dropped, because memory was full. */
  readonly dropped: number;
  /** Parts that are no message. */
  readonly unreadable: number;
  /** The last series has no end: stopped within it. */
  readonly open: boolean;
  /** True when nothing was refused, stuck or unreadable. */
  readonly ok: boolean;
  /** Frames that were marked or discarded, and series that were aborted. */
  readonly incomplete: number;
  /** What is waited for while nothing has come; null afterwards. */
  readonly waiting: string | null;
  /** Why there is no file: never connected, no series; null: there is one. */
  readonly nothing: string | null;
  readonly verdict: Verdict;
}

/** Messages of each socket in memory at most; the producer waits when they are not taken. */
const messagesInSocket = 32;

/**
 * Record until `series` have ended or `signal` aborts; the file is closed whatever happens.
 * @throws OperatorError for an endpoint or name that cannot be (usage), a file that cannot be written (environment), a
 * stream that cannot be recorded (failed)
 */
export async function recordStream(options: RecordOptions): Promise<RecordReport> {
  const { onProgress } = options;
  const endpoints = options.endpoint.split(',');
  const recording = await Recording.create(options.file, options.name ?? 'detector');
  const start = systemClock.now();
  let unreadable = 0;
  const report = (): RecordReport => {
    const { stuck, dropped, beforeFirst } = ordered;
    const { series, marked, discarded, aborted, refused } = recording.counts;
    const judged = {
      ok: refused === 0 && stuck === 0 && unreadable === 0,
      incomplete: marked + discarded + aborted,
      nothing: arrivals.nothing(series),
    };
    return {
      counts: { ...recording.counts },
      elapsedMs: systemClock.now() - start,
      warnings: [...recording.warnings],
      beforeFirstHeader: beforeFirst,
      stuck,
      dropped,
      unreadable,
      open: recording.seriesOpen,
      ...judged,
      waiting: arrivals.waiting(),
      verdict: verdictOf(judged),
    };
  };
  const arrivals = new Arrivals({
    endpoints,
    signal: options.signal,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(onProgress === undefined
      ? {}
      : {
          onTick: () => {
            onProgress(report());
          },
        }),
  });
  const { signal } = arrivals;
  const { memoryBytes } = options;
  const ordered = new OrderedPulls({
    endpoints: endpoints.length,
    signal,
    headersWait: true,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  });
  let failed = false;
  const over = (): boolean => options.series !== undefined && recording.counts.seriesEnds >= options.series;
  const pull = async (endpoint: string, index: number): Promise<void> => {
    const onConnection = (step: ConnectionStep): void => void arrivals.connection(index, step);
    try {
      for await (const parts of pullMessages({
        endpoint,
        signal,
        onlooker: true,
        receiveHighWaterMark: messagesInSocket,
        onConnection,
      })) {
        arrivals.message();
        const message = parseMessage(parts);
        if (typeof message === 'string') unreadable++;
        else
          await ordered.take(message, (next) => {
            if (over() || failed) return;
            recording.take(next);
            if (over()) ordered.close();
          });
        if (over()) break;
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      // The last end, which comes by one of them, is the end of all; and so is what one of them cannot go on after.
      arrivals.end();
    }
  };
  try {
    const pulls = await Promise.allSettled(endpoints.map(pull));
    for (const one of pulls) if (one.status === 'rejected') throw one.reason;
    const last = report();
    if (recording.counts.series > 0) recording.close();
    return last;
  } finally {
    arrivals.close();
    // A file with nothing in it would only be in the way of the next attempt.
    if (recording.counts.series === 0) recording.discard();
    else recording.close();
  }
}

export interface RunRecordOptions extends Omit<RecordOptions, 'onProgress'> {
  /** Frames that are not complete are no failure; default false. */
  readonly allowIncomplete?: boolean;
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/**
 * The command.
 * @returns its exit code, as `codeOf` the verdict
 */
export async function runRecord(options: RunRecordOptions): Promise<number> {
  const progress = new ProgressLine(options.out);
  let last = { frames: 0, bytes: 0, at: 0 };
  let report: RecordReport;
  try {
    report = await recordStream({
      ...options,
      onProgress: ({ counts, elapsedMs, waiting }) => {
        if (waiting !== null) {
          progress.show(waiting);
          return;
        }
        const seconds = (elapsedMs - last.at) / 1000;
        progress.show(
          `series ${counts.series}  ${counts.frames} frames  ` +
            `${((counts.frames - last.frames) / seconds).toFixed(0)} frames/s  ` +
            `${((counts.bytes - last.bytes) / seconds / 1e6).toFixed(1)} MB/s  discarded ${counts.discarded}`,
        );
        last = { frames: counts.frames, bytes: counts.bytes, at: elapsedMs };
      },
    });
  } finally {
    progress.end();
  }
  const dataset = `/entry/instrument/${options.name ?? 'detector'}/data`;
  if (options.json === true)
    options.out.stdout.write(`${JSON.stringify(recordToJson(report, options.file, dataset))}\n`);
  else options.out.stdout.write(describeRecord(report, options.file, dataset));
  return codeOf(report.verdict, options.allowIncomplete === true);
}

/** The report as it leaves the process. */
function recordToJson(report: RecordReport, file: string, dataset: string): Record<string, unknown> {
  const { counts } = report;
  return {
    ok: report.ok,
    verdict: report.verdict,
    nothing: report.nothing,
    file: report.nothing === null ? file : null,
    dataset,
    elapsed_ms: report.elapsedMs,
    series: counts.series,
    series_ends: counts.seriesEnds,
    aborted: counts.aborted,
    frames: counts.frames,
    marked: counts.marked,
    discarded: counts.discarded,
    refused: counts.refused,
    bytes: counts.bytes,
    series_open: report.open,
    before_first_header: report.beforeFirstHeader,
    stuck: report.stuck,
    dropped: report.dropped,
    unreadable: report.unreadable,
    warnings: report.warnings,
  };
}

function describeRecord(report: RecordReport, file: string, dataset: string): string {
  const { counts } = report;
  if (report.nothing !== null) return `${report.nothing}\nno file was written\n`;
  const lines = [
    `${file} ${dataset}`,
    formatTable([
      ['series', counts.series],
      ['  ended', counts.seriesEnds],
      ['  aborted', counts.aborted],
      ['frames written', counts.frames],
      ['  not complete', counts.marked],
      ['  discarded', counts.discarded],
      ['  refused', counts.refused],
      ['MB', (counts.bytes / 1e6).toFixed(1)],
    ]),
    ...report.warnings,
  ];
  if (report.open) lines.push('the last series was still open');
  if (report.beforeFirstHeader > 0)
    lines.push(`${report.beforeFirstHeader} messages came before the first header and were not written`);
  if (report.unreadable > 0) lines.push(`${report.unreadable} messages could not be read`);
  if (report.stuck > 0) lines.push(`${describeStuck(report)}; they were not written`);
  return `${lines.join('\n')}\n`;
}
