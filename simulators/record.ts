// The command `vdcu record`: a consumer that pulls the stream, orders it as the real one does and writes an HDF5 file. The command
// line calls `runRecord`; tests call `recordStream` and read the report.

import { systemClock } from '../src/base/clock.js';
import { exitCode } from '../src/base/errors.js';
import { OrderedReceive } from './ordered-receive.js';
import { pullMessages } from './pull.js';
import { Recording } from './recording.js';
import type { RecordCounts } from './recording.js';
import { parseMessage } from './stream-message.js';
import type { StreamMessage } from './stream-message.js';
import { formatTable, ProgressLine } from './terminal.js';
import type { CommandOutput } from './terminal.js';

export interface RecordOptions {
  /** `tcp://host:port`. */
  readonly endpoint: string;
  /** A file that does not exist yet. */
  readonly file: string;
  /** Group below /entry/instrument; default detector. */
  readonly name?: string;
  /** Stop after so many series; default: when `signal` aborts. */
  readonly series?: number;
  readonly signal: AbortSignal;
  /** Called about twice a second while messages come. */
  readonly onProgress?: (report: RecordReport) => void;
}

export interface RecordReport {
  readonly counts: Readonly<RecordCounts>;
  readonly elapsedMs: number;
  /** What was left out, at most 20 sentences. */
  readonly warnings: readonly string[];
  /** Messages before the first header: recording began in the middle of a series. */
  readonly beforeFirstHeader: number;
  /** Messages that wait for a number that did not come. */
  readonly stuck: number;
  /** Parts that are no message. */
  readonly unreadable: number;
  /** The last series has no end: stopped within it. */
  readonly open: boolean;
  /** True when nothing was refused, stuck or unreadable. */
  readonly ok: boolean;
}

/** Messages in memory at most: those of the socket, and those that wait for an earlier one. The producer waits when both are full. */
const messagesInSocket = 32;
const messagesWaiting = 64;
const progressMs = 500;

/**
 * Record until `series` have ended or `signal` aborts; the file is closed whatever happens.
 * @throws OperatorError for an endpoint or name that cannot be (usage), a file that cannot be written (environment), a stream
 * that cannot be recorded (failed)
 */
export async function recordStream(options: RecordOptions): Promise<RecordReport> {
  const { endpoint, signal } = options;
  const recording = await Recording.create(options.file, options.name ?? 'detector');
  const ordered = new OrderedReceive<StreamMessage>(messagesWaiting);
  const start = systemClock.now();
  let beforeFirstHeader = 0;
  let unreadable = 0;
  let progressAt = start + progressMs;
  const report = (): RecordReport => {
    const stuck = ordered.next < 0 ? 0 : ordered.cached + ordered.dropped;
    return {
      counts: { ...recording.counts }, elapsedMs: systemClock.now() - start, warnings: [...recording.warnings], beforeFirstHeader, stuck, unreadable,
      open: recording.seriesOpen, ok: recording.counts.refused === 0 && stuck === 0 && unreadable === 0,
    };
  };
  try {
    for await (const parts of pullMessages({ endpoint, signal, receiveHighWaterMark: messagesInSocket })) {
      const message = parseMessage(parts);
      if (typeof message === 'string') unreadable++;
      else {
        if (ordered.next < 0 && message.htype !== 'header') beforeFirstHeader++;
        for (const next of ordered.push(message)) {
          recording.take(next);
          if (options.series !== undefined && recording.counts.seriesEnds >= options.series) break;
        }
      }
      if (options.onProgress !== undefined && systemClock.now() >= progressAt) {
        progressAt = systemClock.now() + progressMs;
        options.onProgress(report());
      }
      if (options.series !== undefined && recording.counts.seriesEnds >= options.series) break;
    }
    return report();
  } catch (error) {
    // A file with nothing in it would only be in the way of the next attempt.
    if (recording.counts.series === 0) recording.discard();
    throw error;
  } finally {
    recording.close();
  }
}

export interface RunRecordOptions extends Omit<RecordOptions, 'onProgress'> {
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/**
 * The command.
 * @returns its exit code: ok when everything was written, failed when something could not be
 */
export async function runRecord(options: RunRecordOptions): Promise<number> {
  const progress = new ProgressLine(options.out);
  let last = { frames: 0, bytes: 0, at: 0 };
  let report: RecordReport;
  try {
    report = await recordStream({
      ...options,
      onProgress: ({ counts, elapsedMs }) => {
        const seconds = (elapsedMs - last.at) / 1000;
        progress.show(`series ${counts.series}  ${counts.frames} frames  ${((counts.frames - last.frames) / seconds).toFixed(0)} frames/s  `
          + `${((counts.bytes - last.bytes) / seconds / 1e6).toFixed(1)} MB/s  discarded ${counts.discarded}`);
        last = { frames: counts.frames, bytes: counts.bytes, at: elapsedMs };
      },
    });
  } finally {
    progress.end();
  }
  const dataset = `/entry/instrument/${options.name ?? 'detector'}/data`;
  if (options.json === true) options.out.stdout.write(`${JSON.stringify(recordToJson(report, options.file, dataset))}\n`);
  else options.out.stdout.write(describeRecord(report, options.file, dataset));
  return report.ok ? exitCode.ok : exitCode.failed;
}

/** The report as it leaves the process. */
export function recordToJson(report: RecordReport, file: string, dataset: string): Record<string, unknown> {
  const { counts } = report;
  return {
    ok: report.ok, file, dataset, elapsed_ms: report.elapsedMs, series: counts.series, series_ends: counts.seriesEnds, aborted: counts.aborted,
    frames: counts.frames, discarded: counts.discarded, refused: counts.refused, bytes: counts.bytes, series_open: report.open,
    before_first_header: report.beforeFirstHeader, stuck: report.stuck, unreadable: report.unreadable, warnings: report.warnings,
  };
}

function describeRecord(report: RecordReport, file: string, dataset: string): string {
  const { counts } = report;
  const lines = [
    `${file} ${dataset}`,
    formatTable([
      ['series', counts.series], ['  ended', counts.seriesEnds], ['  aborted', counts.aborted], ['frames written', counts.frames],
      ['  discarded', counts.discarded], ['  refused', counts.refused], ['MB', (counts.bytes / 1e6).toFixed(1)],
    ]),
    ...report.warnings,
  ];
  if (report.open) lines.push('the last series was still open');
  if (report.beforeFirstHeader > 0) lines.push(`${report.beforeFirstHeader} messages came before the first header and were not written`);
  if (report.unreadable > 0) lines.push(`${report.unreadable} messages could not be read`);
  if (report.stuck > 0) lines.push(`${report.stuck} messages wait for a number that did not come and were not written: the real consumer would hang here`);
  return `${lines.join('\n')}\n`;
}
