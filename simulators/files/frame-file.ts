// An HDF5 file with frames, laid out as the real consumer (streaming-receiver) writes it:
// /entry/instrument/<name>/data, sequence_number, and metadata beside them. Comes in: pixels and the fields of their
// messages, in order. When writing fails the file is closed with all frames and numbers written so far, for which room
// is kept. If that fails, too, the file is renamed to FILE.broken, so that it does not look complete.

import { renameSync, rmSync } from 'node:fs';
import { OperatorError, exitCode } from '../../src/base/errors.js';
import { DiskReserve, frameBytesLimit } from './disk-reserve.js';
import { FrameColumns } from './frame-columns.js';
import { bitshuffled, DirectChunks } from './direct-chunks.js';
import { closeQuietly, createForWriting, hdf5Reason, loadWriter, refuseExisting } from './hdf5.js';
import type { Dataset, Group, H5File, Hdf5Writer } from './hdf5.js';
import { addDefaultPlot, addDescription, sayImages } from './nexus.js';
import { pixelsOf } from './pixel-kinds.js';
import type { PixelKind } from './pixel-kinds.js';

/**
 * Frames by which the dataset grows at once, which halves the time of a small frame; cut back at the end of a series.
 */
const framesAtOnce = 64;
/** Ending of a file that could not be closed. */
const brokenSuffix = '.broken';
const remedy = 'Make room, or record to another disk';

export class FrameFile {
  /** Written so far. */
  frames = 0;
  /** Of their pixels, as they were sent. */
  bytes = 0;
  /** The series that is being written, counted from 1, for what is said when writing fails. */
  series = 0;
  readonly #file: H5File;
  /** Of the detector: what lies beside its images goes in here. */
  readonly group: Group;
  readonly #columns: FrameColumns;
  readonly #reserve: DiskReserve;
  readonly #bytesLimit = frameBytesLimit();
  readonly #writer: Hdf5Writer;
  #data: Dataset | null = null;
  /** Null = images are not compressed. */
  #chunks: DirectChunks | null = null;
  /** Frames that the dataset has room for. */
  #room = 0;
  #shape: readonly number[] = [];
  #closed = false;

  private constructor(file: H5File, name: string, writer: Hdf5Writer) {
    this.#file = file;
    this.#writer = writer;
    this.#reserve = new DiskReserve(file.filename);
    this.group = makeGroups(file, name);
    this.#columns = new FrameColumns(this.group);
    file.flush();
  }

  /**
   * A new file; one that exists is not touched, nor one that an earlier recording left as broken.
   * @param name of the detector: the group below /entry/instrument
   * @throws OperatorError for a name that is none (usage) or a file that cannot be made (environment)
   */
  static async create(path: string, name: string): Promise<FrameFile> {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) {
      throw new OperatorError(
        `--name ${name}: is no name of an HDF5 group; use one without /, for example eiger`,
        exitCode.usage,
      );
    }
    // Of an earlier recording: it would be written over when this one cannot be closed.
    refuseExisting(`${path}${brokenSuffix}`);
    const file = await createForWriting(path);
    try {
      return new FrameFile(file, name, await loadWriter());
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

  /**
   * One more frame; all have the shape, the kind and the compression of the first.
   * @param pixels or a chunk of them @param shape of the pixels, C order @param compressed it is a chunk of bslz4,
   * which is kept as it is
   * @throws OperatorError when writing fails; the file is closed then
   */
  write(
    pixels: Uint8Array,
    shape: readonly number[],
    kind: PixelKind,
    fields: Readonly<Record<string, unknown>>,
    compressed = false,
  ): void {
    const at = this.frames;
    try {
      if (this.bytes + pixels.length > this.#bytesLimit)
        throw new Error('the limit of file sizes is reached, File too large: ulimit -f');
      this.#columns.prepare(fields);
      this.#data ??= this.#makeDataset(shape, kind, compressed);
      if (at === this.#room) this.#setRoom(this.#data, at + framesAtOnce);
      if (this.#chunks !== null) this.#chunks.write(this.#data, at, shape.length + 1, pixels);
      else this.#data.write_slice([[at, at + 1], ...shape.map((): [] => [])], pixelsOf(pixels, kind));
      // The image is in the file: its row comes in, too, whatever fails from here on.
      this.frames++;
      this.bytes += pixels.length;
      this.#columns.add(fields);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #makeDataset(shape: readonly number[], kind: PixelKind, compressed: boolean): Dataset {
    this.#shape = shape;
    const pixels = shape.reduce((product, length) => product * length, 1);
    if (compressed) this.#chunks = new DirectChunks(this.#writer, pixels, kind);
    const images = this.group.create_dataset({
      name: 'data',
      data: pixelsOf(new Uint8Array(0), kind),
      shape: [0, ...shape],
      maxshape: [null, ...shape],
      chunks: [1, ...shape],
      dtype: kind.dtype,
      ...(compressed ? bitshuffled(kind.bytes) : {}),
    });
    sayImages(images);
    return images;
  }

  /**
   * A frame that is not to be in the file: what its message says of the loss is.
   * @throws OperatorError as `write`
   */
  leaveOut(fields: Readonly<Record<string, unknown>>): void {
    this.#attempt(() => this.#columns.leftOut(fields));
  }

  /**
   * What the metadata beside the images say to NeXus readers. @param virtualDcu as `addDescription`
   * @throws OperatorError as `write`
   */
  describe(virtualDcu: unknown): void {
    this.#attempt(() => addDescription(this.#file, this.group, virtualDcu));
  }

  /** Everything into the file: it is valid until the next frame. @throws OperatorError as `write` */
  flush(): void {
    this.#attempt(() => this.#flush());
  }

  #attempt(writing: () => void): void {
    try {
      writing();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #flush(): void {
    this.#columns.write();
    if (this.#data !== null && this.#room !== this.frames) this.#setRoom(this.#data, this.frames);
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
    try {
      this.close();
    } catch (unwritten) {
      return unwritten as OperatorError;
    }
    if (this.frames > 0)
      return new OperatorError(
        `${this.#file.filename}: writing failed in series ${this.series} (${hdf5Reason(error)}). The file is whole ` +
          `and has the ${this.frames} frames that were written. ${remedy}`,
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
    this.#chunks?.close();
    try {
      this.#flush();
      this.#file.close();
    } catch (error) {
      closeQuietly(this.#file);
      if (this.frames === 0) throw this.#nothingLeft(error);
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

/** Groups with their NeXus classes, and the images, to come, as what is shown first. */
function makeGroups(file: H5File, name: string): Group {
  const entry = file.create_group('entry');
  const instrument = entry.create_group('instrument');
  const detector = instrument.create_group(name);
  addDefaultPlot(file, name);
  return detector;
}
