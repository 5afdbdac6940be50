// One recording: a file of frames (frame-file.ts) made of the messages of a stream, one by one and in order. What
// cannot be written is counted and reported; what makes the whole recording impossible is an error.
// Tested by test/simulators/record.test.ts.

import { OperatorError, exitCode, messageOf } from '../../src/base/errors.js';
import { isCount, parseObject } from '../consumer/stream-message.js';
import type { StreamMessage } from '../consumer/stream-message.js';
import { unpackBslz4, unpackedBytes } from '../consumer/bslz4.js';
import { leastBytes } from './direct-chunks.js';
import { FrameFile } from './frame-file.js';
import { writeMetadata } from './hdf5-metadata.js';
import { pixelKinds } from './pixel-kinds.js';

/** Sentences about what was not written, kept at most. */
const warningLimit = 20;
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

/** After each series the file is valid as it lies there. */
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
  readonly #file: FrameFile;
  /** Of the first image, in words; '' = none has come. */
  #kind = '';
  #open = false;

  private constructor(file: FrameFile) {
    this.#file = file;
  }

  /** As `FrameFile.create`. */
  static async create(path: string, name: string): Promise<Recording> {
    return new Recording(await FrameFile.create(path, name));
  }

  /** True between a header and its series_end. */
  get seriesOpen(): boolean {
    return this.#open;
  }

  /**
   * Take the next message.
   * @throws OperatorError when the series cannot be recorded at all: compressed in an unknown way, of another shape
   * than the first; or writing fails
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
    this.#file.series = ++this.counts.series;
    if (this.counts.series > 1 || parts[0] === undefined) return;
    const metadata = parseObject(parts[0]);
    if (metadata === null) this.#warn(`message ${msgNumber}: the metadata is no JSON object and is not written`);
    else {
      writeMetadata(this.#file.group, metadata, (text) => {
        this.#warn(text);
      });
      this.#file.describe(metadata['virtual_dcu']);
    }
  }

  #image(message: StreamMessage): void {
    const { fields, parts, msgNumber } = message;
    if (!this.#open) {
      this.#refuse(msgNumber, 'an image outside a series');
      return;
    }
    if (fields['discard'] === true) {
      this.counts.discarded++;
      if (isCount(fields['frame'])) this.#file.leaveOut(fields);
      return;
    }
    const { shape, type, compression, frame } = fields;
    if (compression !== 'none' && compression !== 'bslz4') {
      throw new OperatorError(
        `message ${msgNumber}: its image has compression ${JSON.stringify(compression)}, and this recorder writes ` +
          'images without compression, or with bslz4. Switch it off, or record with streaming-receiver',
        exitCode.failed,
      );
    }
    const kind = typeof type === 'string' ? pixelKinds.get(type) : undefined;
    if (
      kind === undefined ||
      !Array.isArray(shape) ||
      shape.length === 0 ||
      !shape.every((length) => isCount(length) && length > 0)
    ) {
      this.#refuse(msgNumber, `type ${JSON.stringify(type)} and shape ${JSON.stringify(shape)} are no image`);
      return;
    }
    const blob = parts[0];
    const lengths = shape as number[];
    const bytes = lengths.reduce((product, length) => product * length, kind.bytes);
    const compressed = compression === 'bslz4';
    const seen = blob === undefined ? 0 : compressed ? unpackedOf(blob) : blob.length;
    if (parts.length !== 1 || blob === undefined || seen !== bytes || !isCount(frame)) {
      this.#refuse(
        msgNumber,
        `frame ${JSON.stringify(frame)} with ${parts.length} blobs, the first of ${seen} bytes` +
          `${compressed ? ' unpacked' : ''}; needs one of ${bytes}`,
      );
      return;
    }
    // Of a few bytes there is nothing to keep compressed, and its chunk could not be written as it is.
    const small = compressed && bytes < leastBytes;
    const pixels = small ? pixelsIn(blob, kind.bytes, bytes) : blob;
    if (typeof pixels === 'string') {
      this.#refuse(msgNumber, pixels);
      return;
    }
    const asItIs = compressed && !small;
    this.#needSameKind(msgNumber, `${type as string} [${lengths.join(', ')}]${asItIs ? ', compressed' : ''}`);
    this.#file.write(pixels, lengths, kind, fields, asItIs);
    this.counts.frames = this.#file.frames;
    this.counts.bytes = this.#file.bytes;
    if (fields['complete'] === false) this.counts.marked++;
  }

  /** A dataset holds images of one kind. */
  #needSameKind(msgNumber: number, kind: string): void {
    if (this.#kind !== '' && kind !== this.#kind) {
      throw new OperatorError(
        `message ${msgNumber}: its image is ${kind}, the recording holds ${this.#kind}. Record each kind into a ` +
          'file of its own (--series 1)',
        exitCode.failed,
      );
    }
    this.#kind = kind;
  }

  #seriesEnd({ fields, msgNumber }: StreamMessage): void {
    if (!this.#open) {
      this.#warn(`message ${msgNumber}: a series_end without a header`);
      return;
    }
    this.#open = false;
    this.counts.seriesEnds++;
    if (fields['aborted'] !== undefined) this.counts.aborted++;
    this.#file.flush();
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
    this.#file.discard();
  }

  /** As `FrameFile.close`. */
  close(): void {
    this.#file.close();
  }
}

/** Pixels of a chunk; a sentence instead when it is damaged. */
function pixelsIn(chunk: Uint8Array, size: number, bytes: number): Uint8Array | string {
  try {
    return unpackBslz4(chunk, size, bytes);
  } catch (error) {
    return messageOf(error);
  }
}

/** Bytes that a chunk says it unpacks to; 0 = it is none. */
function unpackedOf(chunk: Uint8Array): number {
  try {
    return unpackedBytes(chunk);
  } catch {
    return 0;
  }
}
