// One recording: an HDF5 file with images and what belongs to them, laid out as the real consumer (streaming-receiver)
// writes it: /entry/instrument/<name>/data, sequence_number, and metadata beside them. `vdcu record` feeds it message
// by message, in order.
// Tested by test/simulators/record.test.ts.

import { renameSync, rmSync } from 'node:fs';
import { OperatorError, exitCode } from '../../src/base/errors.js';
import { DiskReserve, frameBytesLimit } from './disk-reserve.js';
import { FrameColumns } from './frame-columns.js';
import { createForWriting, hdf5Reason } from './hdf5.js';
import type { Dataset, Group, H5File } from './hdf5.js';
import { writeMetadata } from './hdf5-metadata.js';
import { isCount, parseObject } from '../consumer/stream-message.js';
import type { StreamMessage } from '../consumer/stream-message.js';

/** numpy name of a pixel type → type in the file, bytes. */
const pixelTypes: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  uint8: ['<B', 1],
  uint16: ['<H', 2],
  uint32: ['<I', 4],
  int8: ['<b', 1],
  int16: ['<h', 2],
  int32: ['<i', 4],
  float32: ['<f', 4],
};

/**
 * Frames by which the dataset grows at once, which halves the time of a small frame; cut back at the end of a series.
 */
const framesAtOnce = 64;
/** Sentences about what was not written, kept at most. */
const warningLimit = 20;
/** Ending of a file that could not be closed. */
const brokenSuffix = '.broken';
const remedy = 'Make room, or record to another disk';

type Pixels = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array | Float32Array;

/** What was written so far. */
export interface RecordCounts {
  series: number;
  seriesEnds: number;
  aborted: number;
  frames: number;
  /** Frames that were written and are not complete. */
  marked: number;
  /** Images with `discard: true`: not written, as the real consumer does. */
  discarded: number;
  /** Images that could not be written; `warnings` says why. */
  refused: number;
  bytes: number;
}

/**
 * A file open for writing. After each series it is valid as it lies there. When the disk is full it is closed with all
 * frames and numbers written so far, for which room is kept; should that fail, it is renamed to FILE.broken, so that
 * nothing looks whole that is not.
 */
export class Recording {
  readonly counts: RecordCounts = {
    series: 0,
    seriesEnds: 0,
    aborted: 0,
    frames: 0,
    marked: 0,
    discarded: 0,
    refused: 0,
    bytes: 0,
  };
  /** What was left out, at most 20 sentences. */
  readonly warnings: string[] = [];
  readonly #file: H5File;
  readonly #group: Group;
  readonly #columns: FrameColumns;
  readonly #reserve: DiskReserve;
  readonly #bytesLimit = frameBytesLimit();
  #data: Dataset | null = null;
  /** Frames that the dataset has room for. */
  #room = 0;
  #shape: readonly number[] = [];
  #kind = '';
  #open = false;
  #closed = false;

  private constructor(file: H5File, name: string) {
    this.#file = file;
    this.#reserve = new DiskReserve(file.filename);
    this.#group = makeGroups(file, name);
    this.#columns = new FrameColumns(this.#group);
    file.flush();
  }

  /**
   * A new file; one that exists is not touched.
   * @param name of the detector: the group below /entry/instrument
   * @throws OperatorError for a name that is none (usage) or a file that cannot be made (environment)
   */
  static async create(path: string, name: string): Promise<Recording> {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) {
      throw new OperatorError(
        `--name ${name}: is no name of an HDF5 group; use one without /, for example eiger`,
        exitCode.usage,
      );
    }
    const file = await createForWriting(path);
    try {
      return new Recording(file, name);
    } catch (error) {
      closeQuietly(file);
      rmSync(path, { force: true });
      throw new OperatorError(
        `${path}: cannot be written (${hdf5Reason(error)}). Give a name on a disk with free space`,
        undefined,
        { cause: error },
      );
    }
  }

  /** True between a header and its series_end. */
  get seriesOpen(): boolean {
    return this.#open;
  }

  /**
   * Take the next message.
   * @throws OperatorError when the series cannot be recorded at all: compressed, another shape than the first; or
   * writing fails
   */
  take(message: StreamMessage): void {
    switch (message.htype) {
      case 'header':
        this.#header(message);
        break;
      case 'image':
        this.#image(message);
        break;
      case 'series_end':
        this.#seriesEnd(message);
        break;
      default:
        this.#warn(`message ${message.msgNumber}: htype ${message.htype} is unknown`);
    }
  }

  /** Metadata of the first series only, as the real consumer does for a file that it continues. */
  #header({ parts, msgNumber }: StreamMessage): void {
    if (this.#open) this.#warn(`message ${msgNumber}: a header before the series_end of the last series`);
    this.#open = true;
    this.counts.series++;
    if (this.counts.series > 1 || parts[0] === undefined) return;
    const metadata = parseObject(parts[0]);
    if (metadata === null) this.#warn(`message ${msgNumber}: the metadata is no JSON object and is not written`);
    else
      writeMetadata(this.#group, metadata, (text) => {
        this.#warn(text);
      });
  }

  #image(message: StreamMessage): void {
    const { fields, parts, msgNumber } = message;
    if (!this.#open) {
      this.#refuse(msgNumber, 'an image outside a series');
      return;
    }
    if (fields['discard'] === true) {
      this.counts.discarded++;
      return;
    }
    const { shape, type, compression, frame } = fields;
    if (compression !== 'none') {
      throw new OperatorError(
        `message ${msgNumber}: its image has compression ${JSON.stringify(compression)}, and this recorder writes ` +
          'images without compression only. Switch compression off, or record with streaming-receiver',
        exitCode.failed,
      );
    }
    const known = typeof type === 'string' ? pixelTypes[type] : undefined;
    if (
      known === undefined ||
      !Array.isArray(shape) ||
      shape.length === 0 ||
      !shape.every((length) => isCount(length) && length > 0)
    ) {
      this.#refuse(msgNumber, `type ${JSON.stringify(type)} and shape ${JSON.stringify(shape)} are no image`);
      return;
    }
    const blob = parts[0];
    const bytes = (shape as number[]).reduce((product, length) => product * length, known[1]);
    if (parts.length !== 1 || blob?.length !== bytes || !isCount(frame)) {
      this.#refuse(
        msgNumber,
        `frame ${JSON.stringify(frame)} with ${parts.length} blobs, the first of ${blob?.length ?? 0} bytes; needs ` +
          `one of ${bytes}`,
      );
      return;
    }
    this.#write(message, shape as number[], type as string, known[0], blob);
    if (fields['complete'] === false) this.counts.marked++;
  }

  #write({ fields, msgNumber }: StreamMessage, shape: number[], type: string, dtype: string, blob: Uint8Array): void {
    const kind = `${type} [${shape.join(', ')}]`;
    if (this.#kind !== '' && kind !== this.#kind) {
      throw new OperatorError(
        `message ${msgNumber}: its image is ${kind}, the recording holds ${this.#kind}. Record each kind into a ` +
          'file of its own (--series 1)',
        exitCode.failed,
      );
    }
    const at = this.counts.frames;
    try {
      if (this.counts.bytes + blob.length > this.#bytesLimit)
        throw new Error('the limit of file sizes is reached, File too large: ulimit -f');
      if (this.#data === null) {
        this.#data = this.#group.create_dataset({
          name: 'data',
          data: pixelsOf(new Uint8Array(0), type),
          shape: [0, ...shape],
          maxshape: [null, ...shape],
          chunks: [1, ...shape],
          dtype,
        });
        this.#kind = kind;
        this.#shape = shape;
      }
      if (at === this.#room) this.#setRoom(this.#data, at + framesAtOnce);
      this.#data.write_slice([[at, at + 1], ...shape.map((): [] => [])], pixelsOf(blob, type));
      this.#columns.add(fields);
    } catch (error) {
      throw this.#failed(error);
    }
    this.counts.frames++;
    this.counts.bytes += blob.length;
  }

  #seriesEnd({ fields, msgNumber }: StreamMessage): void {
    if (!this.#open) {
      this.#warn(`message ${msgNumber}: a series_end without a header`);
      return;
    }
    this.#open = false;
    this.counts.seriesEnds++;
    if (fields['aborted'] !== undefined) this.counts.aborted++;
    this.flush();
  }

  /** Everything into the file: it is valid until the next image. */
  flush(): void {
    try {
      this.#flush();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #flush(): void {
    this.#columns.write();
    if (this.#data !== null && this.#room !== this.counts.frames) this.#setRoom(this.#data, this.counts.frames);
    this.#file.flush();
  }

  #setRoom(data: Dataset, frames: number): void {
    data.resize([frames, ...this.#shape]);
    this.#room = frames;
  }

  /**
   * Writing failed: give up the room that was kept, and close the file with what was written. @returns what happened,
   * in words
   */
  #failed(error: unknown): OperatorError {
    const { filename } = this.#file;
    const reason = hdf5Reason(error);
    const { frames, series } = this.counts;
    try {
      this.close();
    } catch (unwritten) {
      return unwritten as OperatorError;
    }
    if (frames > 0)
      return new OperatorError(
        `${filename}: writing failed in series ${series} (${reason}). The file is whole and has the ${frames} ` +
          `frames from before. ${remedy}`,
        undefined,
        { cause: error },
      );
    return this.#nothingLeft(error);
  }

  /** A file without a frame is removed. */
  #nothingLeft(error: unknown): OperatorError {
    const { filename } = this.#file;
    rmSync(filename, { force: true });
    return new OperatorError(
      `${filename}: writing failed before the first frame (${hdf5Reason(error)}); nothing is left of the file. ` +
        `${remedy}`,
      undefined,
      { cause: error },
    );
  }

  #refuse(msgNumber: number, text: string): void {
    this.counts.refused++;
    this.#warn(`message ${msgNumber} is not written: ${text}`);
  }

  #warn(text: string): void {
    if (this.warnings.length < warningLimit) this.warnings.push(text);
  }

  /** Close the file and remove it. */
  discard(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#reserve.release();
      closeQuietly(this.#file);
    }
    rmSync(this.#file.filename, { force: true });
  }

  /**
   * Write what is left and close the file; once.
   * @throws OperatorError when that fails; the file is renamed then
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reserve.release();
    try {
      this.#flush();
      this.#file.close();
    } catch (error) {
      closeQuietly(this.#file);
      if (this.counts.frames === 0) throw this.#nothingLeft(error);
      const broken = `${this.#file.filename}${brokenSuffix}`;
      renameSync(this.#file.filename, broken);
      throw new OperatorError(
        `${this.#file.filename}: could not be written to its end (${hdf5Reason(error)}): it is ${broken} now, and ` +
          `of no use. ${remedy}`,
        undefined,
        { cause: error },
      );
    }
  }
}

/** The library may refuse to close what it cannot write. */
function closeQuietly(file: H5File): void {
  try {
    file.close();
  } catch {
    // What is in the file is told by who calls.
  }
}

/** Groups with their NeXus classes. */
function makeGroups(file: H5File, name: string): Group {
  const entry = file.create_group('entry');
  const instrument = entry.create_group('instrument');
  const detector = instrument.create_group(name);
  entry.create_attribute('NX_class', 'NXentry');
  instrument.create_attribute('NX_class', 'NXinstrument');
  detector.create_attribute('NX_class', 'NXdetector');
  return detector;
}

function pixelsOf(bytes: Uint8Array, type: string): Pixels {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  switch (type) {
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
    case 'int8':
      return new Int8Array(buffer, byteOffset, byteLength);
    case 'int16':
      return new Int16Array(buffer, byteOffset, byteLength / 2);
    case 'int32':
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case 'float32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    default:
      return new Uint8Array(buffer, byteOffset, byteLength);
  }
}
