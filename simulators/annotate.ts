// The command `vdcu annotate`: writes what the service knows of lost packets into a file of the receiver, as `vdcu
// record` would have written it. Comes in: the file, and the series that it was written from. Goes out: the file with
// more beside its images, or an unchanged file and an error.

import { closeSync, existsSync, openSync, realpathSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { exitCode, messageOf, OperatorError } from '../src/base/errors.js';
import { sendCalls } from './detector/ffi.js';
import { change, recover, undoOf } from './files/all-or-nothing.js';
import { annotate } from './files/annotation.js';
import { writeAnnotation } from './files/annotation-file.js';
import type { Annotated } from './files/annotation-file.js';
import { changeOver, hdf5Reason } from './files/hdf5.js';
import { Overlay } from './files/overlay.js';
import { readLedger } from './files/series-ledger.js';
import { formatTable } from './terminal.js';
import type { CommandOutput } from './terminal.js';

export interface AnnotateOptions {
  readonly file: string;
  /** Series in the file, in its order: as the history has them, and where each comes from. */
  readonly series: readonly { readonly value: unknown; readonly from: string }[];
  /** Group below /entry/instrument; default: the only one with images. */
  readonly name?: string;
  /** Say what would be done, and leave the file alone. */
  readonly dryRun?: boolean;
  readonly signal: AbortSignal;
}

export interface AnnotateReport extends Annotated {
  readonly file: string;
  /** Bytes by which the file has grown, or would. */
  readonly bytes: number;
  readonly dryRun: boolean;
}

/**
 * Annotate a file: all of it, or it is as it was.
 * @throws OperatorError: no such file, none of a receiver, no series (usage); a file and a series that do not belong
 * together (failed); a file that another program has open, a disk that is full (environment); an interrupt
 * (interrupted)
 */
export async function annotateFile(options: AnnotateOptions): Promise<AnnotateReport> {
  const { series, dryRun = false, signal } = options;
  const ledgers = series.map(({ value, from }) => readLedger(value, from));
  const file = fileAt(options.file);
  const warnings: string[] = [];
  const release = attempt(file, () => lock(file));
  try {
    if (dryRun && existsSync(undoOf(file)))
      throw new OperatorError(
        `${file}: an annotation did not come to its end, ${undoOf(file)} has what it wrote over. Call it without ` +
          '--dry-run: it makes the file what it was first',
        exitCode.environment,
      );
    if (!dryRun && attempt(file, () => recover(file)))
      warnings.push(`${file}: an annotation before did not come to its end; the file was made what it was first`);
    const overlay = attempt(file, () => new Overlay(file));
    try {
      const done: Annotated[] = [];
      await changeOver(overlay, (opened) => {
        done.push(
          attempt(file, () =>
            writeAnnotation(opened, file, options.name, ledgers, (sequence) => annotate(sequence, ledgers)),
          ),
        );
      });
      const [annotated] = done as [Annotated];
      // Signals are heard here; from here on nothing waits.
      await setImmediate();
      if (signal.aborted)
        throw new OperatorError(
          `${file}: interrupted before anything was changed; call it again`,
          exitCode.interrupted,
        );
      const pieces = annotated.changed ? [...overlay.changes()] : [];
      const left = !dryRun && pieces.length > 0 ? attempt(file, () => change(file, pieces)) : null;
      if (left !== null) warnings.push(left);
      const bytes = annotated.changed ? overlay.size - overlay.before : 0;
      return { ...annotated, warnings: [...warnings, ...annotated.warnings], file, bytes, dryRun };
    } finally {
      overlay.close();
    }
  } finally {
    release();
  }
}

function fileAt(path: string): string {
  try {
    const file = realpathSync(path);
    if (statSync(file).isFile()) return file;
  } catch (error) {
    throw new OperatorError(`${path}: cannot be read (${messageOf(error)}). Give an HDF5 file`, exitCode.usage, {
      cause: error,
    });
  }
  throw new OperatorError(`${path}: is no file. Give an HDF5 file`, exitCode.usage);
}

/** Of flock(2). */
const [shared, exclusive, now] = [1, 2, 4];

/** No other program has the file open that locks files as HDF5 does; without locks, go on. */
function lock(file: string): () => void {
  const calls = sendCalls();
  if (typeof calls === 'string') return () => undefined;
  const [descriptor, kind] = openToLock(file);
  if (calls.flock(descriptor, kind | now) === 0 || !['EAGAIN', 'EWOULDBLOCK'].includes(calls.failure()))
    return () => closeSync(descriptor);
  closeSync(descriptor);
  throw new OperatorError(
    `${file}: another program has it open. Wait until the receiver has finished the series, and close it in viewers`,
  );
}

/** NFS and SMB lock exclusively only what is open for writing; what may not be written can still be looked at. */
function openToLock(file: string): [descriptor: number, kind: number] {
  try {
    return [openSync(file, 'r+'), exclusive];
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return [openSync(file, 'r'), shared];
  }
}

/** What the system or the library refuses, as an error that says so. */
function attempt<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(
      `${file}: cannot be changed (${hdf5Reason(error)}); it is as it was. Make room, or see to the rights, and call ` +
        'it again',
      exitCode.environment,
      { cause: error },
    );
  }
}

export interface RunAnnotateOptions extends AnnotateOptions {
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/** What a recording has beside each image and the history does not know (docs/decisions/0074). */
const notAdded = ['timestamp'];

/** The command. @throws OperatorError as `annotateFile` */
export async function runAnnotate(options: RunAnnotateOptions): Promise<number> {
  const report = await annotateFile(options);
  options.out.stdout.write(options.json === true ? `${JSON.stringify(toJson(report))}\n` : describe(report));
  return exitCode.ok;
}

function toJson({ file, dataset, changed, dryRun, counts, bytes, warnings }: AnnotateReport): Record<string, unknown> {
  return {
    file,
    dataset,
    changed: changed && !dryRun,
    dry_run: dryRun,
    frames: counts.rows,
    incomplete: counts.incompleteRows,
    absent: counts.absent,
    unknown: counts.unknown,
    bytes,
    not_added: notAdded,
    warnings,
  };
}

function describe({ file, dataset, changed, dryRun, counts, bytes, warnings }: AnnotateReport): string {
  const table = formatTable([
    ['frames in the file', counts.rows],
    ['  not complete', counts.incompleteRows],
    ['  not known', counts.unknown],
    ['incomplete, not in the file', counts.absent],
  ]);
  const what = !changed
    ? 'annotated already: nothing was changed'
    : dryRun
      ? `nothing was changed (--dry-run); the file would grow by ${bytes} bytes`
      : `annotated; the file has grown by ${bytes} bytes`;
  const lacks = `not added, for the history does not have it: ${notAdded.join(', ')}`;
  return `${[`${file} ${dataset}`, table, what, lacks, ...warnings].join('\n')}\n`;
}
