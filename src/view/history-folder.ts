// Summaries of series on disk, so that they survive the service. In comes the summary of each series that has ended; at
// the start those of earlier processes come out again. One file for each, whole or not there, the oldest taken away.
// Written one after the other and never waited for: a disk that is full, slow or gone costs the history, nothing else.

import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../base/errors.js';
import type { SeriesSummary } from '../contract/series.js';
import type { Logger } from '../runtime/log.js';
import { lossIn, recordOf, withoutLoss } from './series-record.js';
import type { SeriesRecord } from './series-record.js';
import { historyLength } from './told-series.js';

/** A larger file is none of ours: 256 ports and 1000 ranges come to some 200 KB, what frames lack to 300 KB. */
export const historyFileLimit = 1 << 20;
/** Summaries that wait for a slow disk, and questions for them. */
const waitingLimit = 16;

export interface HistoryFolderDeps {
  readonly folder: string;
  /** The detector that these series are of; others in the folder are left alone. */
  readonly owner: string;
  readonly logger: Logger;
  /** How a file is written; by the system unless given. */
  readonly write?: (path: string, text: string) => Promise<void>;
}

export class HistoryFolder {
  readonly #deps: HistoryFolderDeps;
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #finding: Promise<unknown> = Promise.resolve();
  #asking = 0;
  /** Why the newest summary is not on disk; null = it is. */
  #why: string | null = null;

  constructor(deps: HistoryFolderDeps) {
    this.#deps = deps;
  }

  /** What people should know; null = all is well. */
  get trouble(): string | null {
    if (this.#why === null) return null;
    return (
      `the last series is not kept in history_dir (${this.#why}): it will be forgotten at the end of the service. ` +
      'Make room there, or correct history_dir; docs/operating.md#history.'
    );
  }

  /**
   * Summaries of earlier processes, newest first. What cannot be read as one is left out and reported.
   * @throws Error of the file system when the folder cannot be read
   */
  async read(): Promise<SeriesSummary[]> {
    await mkdir(this.#deps.folder, { recursive: true });
    const found: SeriesSummary[] = [];
    for (const { name, id } of (await this.#files()).slice(0, historyLength)) {
      const series = await this.#one(join(this.#deps.folder, name)).catch(() => null);
      if (series?.series_id === id) found.push(withoutLoss(series));
      else this.#deps.logger.warn({ event: 'history', file: name }, `${name} is no summary of a series: left out`);
    }
    return found;
  }

  /** A series, as one of an earlier process; null = none that can be read. */
  find(id: number): Promise<SeriesRecord | null> {
    if (this.#asking >= waitingLimit) return Promise.resolve(null);
    this.#asking++;
    // One after the other: each holds a thread of Node's pool while the disk does not answer, and there are four.
    const found = this.#finding
      .then(() => this.#one(join(this.#deps.folder, this.#nameOf(id))))
      .catch(() => null)
      .finally(() => this.#asking--);
    this.#finding = found;
    return found;
  }

  /** Keep a series, some time soon. Returns at once. */
  keep(series: SeriesRecord): void {
    if (this.#waiting >= waitingLimit) return this.#failed(`the disk is slow, ${this.#waiting} summaries wait`);
    this.#waiting++;
    this.#writing = this.#writing.then(() => this.#write(series)).finally(() => this.#waiting--);
  }

  /** Resolves when everything has been written, or could not be. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(series: SeriesRecord): Promise<void> {
    const path = join(this.#deps.folder, this.#nameOf(series.series_id));
    const part = `${path}.part`;
    try {
      const { write = writeFile } = this.#deps;
      await write(part, `${JSON.stringify(series)}\n`);
      // A file that is seen is complete.
      await rename(part, path);
      for (const { name } of (await this.#files()).slice(historyLength)) await rm(join(this.#deps.folder, name));
      this.#why = null;
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined);
      this.#failed(messageOf(error));
    }
  }

  #failed(why: string): void {
    const before = this.#why;
    this.#why = why;
    // Told when it begins; the state says that it lasts.
    if (before === null) this.#deps.logger.warn({ event: 'history' }, this.trouble ?? why);
  }

  /** Of this owner, newest first. */
  async #files(): Promise<{ readonly name: string; readonly id: number }[]> {
    const start = `${this.#deps.owner}-series-`;
    return (await readdir(this.#deps.folder))
      .filter((name) => name.startsWith(start) && /^\d{16}\.json$/.test(name.slice(start.length)))
      .map((name) => ({ name, id: Number(name.slice(start.length, -'.json'.length)) }))
      .sort((one, other) => other.id - one.id);
  }

  #nameOf(id: number): string {
    return `${this.#deps.owner}-series-${String(id).padStart(16, '0')}.json`;
  }

  async #one(path: string): Promise<SeriesRecord | null> {
    const found = await stat(path);
    // A pipe that was put there would be waited for, and no end would come of a device.
    if (!found.isFile() || found.size > historyFileLimit) return null;
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isSummary(value) ? recordOf(inFull(value), lossIn(value) ?? undefined) : null;
  }
}

/**
 * As it is written today, and as it is now: versions before called unexplained what is now called cut off, and an end
 * that waited for a consumer waits no longer than its process did.
 */
const inFull = (summary: SeriesSummary): SeriesSummary => ({
  ...summary,
  end_pending: false,
  ledger: summary.ledger.map((port) => ({ ...port, cut_off: (port as Partial<typeof port>).cut_off ?? 0 })),
});

/** What people may have put there by hand must not reach pages and programs. */
function isSummary(value: unknown): value is SeriesSummary {
  if (typeof value !== 'object' || value === null) return false;
  const found = value as Record<string, unknown>;
  const numbers = ['series_id', 'frames', 'complete', 'marked', 'discarded', 'unsent'];
  const flags = ['auto', 'truncated', 'header_sent', 'end_pending'];
  return (
    numbers.every((key) => Number.isSafeInteger(found[key]) && (found[key] as number) >= 0) &&
    flags.every((key) => typeof found[key] === 'boolean') &&
    typeof found['filename'] === 'string' &&
    isListOf(found['incomplete'], (range) => isListOf(range, Number.isSafeInteger)) &&
    isListOf(found['warnings'], (warning) => typeof warning === 'string') &&
    isListOf(found['ledger'], (port) => typeof port === 'object' && port !== null)
  );
}

const isListOf = (value: unknown, each: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(each);
