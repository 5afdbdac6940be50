// The folder of the flight recorder: recordings as they are written into it, whole or not at all, and taken away again,
// the oldest first. In comes a recording, out come two files of one name.

import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Recordings of a detector that are kept. */
const recordingsKept = 20;
/**
 * Bytes of all of them together, the newest included, which may be larger alone. deploy/chart/values.yaml gives the
 * folder a third more.
 */
export const recordingsBytes = 192 * 1024 * 1024;
/** A file that is not finished after so long was left behind by a process that ended, ms. */
const leftoverMs = 60_000;

/** A recording on its way into the folder. */
export interface FolderRecording {
  readonly name: string;
  /** JSON. */
  readonly report: object;
  readonly pcap: () => Iterable<Uint8Array>;
  /** Of the capture file. */
  readonly bytes: number;
}

/** The disk has no room: for a recording, not for the service. */
const noRoom: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the file would be larger than allowed',
};

/** Why an error of the file system kept a recording from being written, and whether it was for want of room. */
export function whyNotWritten(error: unknown): { readonly full: boolean; readonly text: string } {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  const full = noRoom[code];
  if (full !== undefined)
    return { full: true, text: `${full} (${code}); nothing was left behind. Make room in flight_recorder_dir` };
  return { full: false, text: `${message}. flight_recorder_dir must be a folder that this service may write` };
}

export class FlightFolder {
  readonly #folder: string;
  readonly #prefix: string;

  /** @param detector that these recordings are of; others in the folder are left alone */
  constructor(folder: string, detector: string) {
    this.#folder = folder;
    this.#prefix = `${detector}-`;
  }

  /**
   * Write a recording, after older ones have made room.
   * @throws Error of the file system; nothing of the recording is left then
   */
  async write({ name, report, pcap, bytes }: FolderRecording): Promise<{ pcap_file: string; report_file: string }> {
    await mkdir(this.#folder, { recursive: true });
    const files = { pcap_file: join(this.#folder, `${name}.pcap`), report_file: join(this.#folder, `${name}.json`) };
    const text = `${JSON.stringify(report, null, 2)}\n`;
    await this.#makeRoom(bytes + text.length);
    // A file that is seen is complete.
    const parts = { pcap: `${files.pcap_file}.part`, report: `${files.report_file}.part` };
    try {
      await writeFile(parts.report, text);
      await pipeline(Readable.from(pcap()), createWriteStream(parts.pcap));
      await rename(parts.report, files.report_file);
      await rename(parts.pcap, files.pcap_file);
    } catch (error) {
      for (const file of [parts.pcap, parts.report, files.report_file])
        await rm(file, { force: true }).catch(() => undefined);
      throw error;
    }
    return files;
  }

  /** Take away what a process that ended in the middle left behind. Never throws: the folder may not be there yet. */
  async clean(now: number): Promise<void> {
    const files = await readdir(this.#folder).catch((): string[] => []);
    const captures = new Set(files.filter((file) => file.endsWith('.pcap')));
    for (const file of files.filter((each) => this.#ours(each))) {
      const half = file.endsWith('.part') || (file.endsWith('.json') && !captures.has(file.replace(/json$/, 'pcap')));
      if (!half) continue;
      const path = join(this.#folder, file);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (now - mtimeMs > leftoverMs) await rm(path, { force: true }).catch(() => undefined);
    }
  }

  /** Names end with time and reason, so their order is that of time. */
  async #makeRoom(bytes: number): Promise<void> {
    const captures = (await readdir(this.#folder))
      .filter((file) => this.#ours(file) && file.endsWith('.pcap'))
      .sort()
      .reverse();
    let total = bytes;
    for (const [index, file] of captures.entries()) {
      const path = join(this.#folder, file);
      total += (await stat(path).catch(() => ({ size: 0 }))).size;
      if (index + 1 < recordingsKept && total <= recordingsBytes) continue;
      await rm(path, { force: true });
      await rm(path.replace(/pcap$/, 'json'), { force: true });
    }
  }

  #ours(file: string): boolean {
    return (
      file.startsWith(this.#prefix) &&
      /^\d{8}T\d{6}\.\d{3}Z-(?:loss|request)\.(?:pcap|json)(?:\.part)?$/.test(file.slice(this.#prefix.length))
    );
  }
}
