// Checks an ordered stream against the contract with its consumers: message by message, rule by rule, from header to
// series_end, and every pixel when a verifier is given. Goes out: a report. It knows no socket and no clock.

import { imageReasons } from './stream-words.js';
import { checkMetadata } from './metadata-check.js';
import { countRanges, readMissing } from './missing-packets.js';
import { checkSeriesEnd, seenOf, sharedPart } from './series-end-check.js';
import type { IncompleteImage } from './series-end-check.js';
import { isCount, parseObject } from './stream-message.js';
import type { JsonObject, StreamMessage } from './stream-message.js';
import type { FrameVerifier, WrongPixel } from './verify.js';

/** What a problem is about. */
export type StreamRule =
  | 'message'
  | 'htype'
  | 'msg_number'
  | 'series'
  | 'header'
  | 'metadata'
  | 'image'
  | 'blob'
  | 'constant'
  | 'frame'
  | 'extra_fields'
  | 'series_end'
  | 'pixels'
  | 'connection';

export interface StreamProblem {
  readonly rule: StreamRule;
  readonly msgNumber: number | null;
  readonly text: string;
}

export interface StreamCheckOptions {
  /** Compare pixels. */
  readonly verifier?: FrameVerifier;
  /** Demand the fields that this service adds to the standard ones; default true. Another producer has none. */
  readonly extraFields?: boolean;
}

/** Sums over the whole stream. */
export interface StreamCounts {
  messages: number;
  headers: number;
  images: number;
  seriesEnds: number;
  aborted: number;
  /** Images by outcome. */
  complete: number;
  marked: number;
  discarded: number;
  missingPackets: number;
  blobBytes: number;
  framesVerified: number;
  pixelsChecked: number;
  wrongPixels: number;
  missingPixels: number;
}

/** The series between its header and its series_end. */
interface OpenSeries {
  frames: number;
  readonly incomplete: IncompleteImage[];
  /** frame_number − frame, and the fields that may not change. */
  firstFrame: number | null;
  constants: string | null;
}

/** Problems kept with their text; all are counted. */
const problemLimit = 20;

const itemBytes: Readonly<Record<string, number>> = {
  uint8: 1,
  uint16: 2,
  uint32: 4,
  int8: 1,
  int16: 2,
  int32: 4,
  float32: 4,
};

export class StreamChecker {
  readonly counts: StreamCounts = {
    messages: 0,
    headers: 0,
    images: 0,
    seriesEnds: 0,
    aborted: 0,
    complete: 0,
    marked: 0,
    discarded: 0,
    missingPackets: 0,
    blobBytes: 0,
    framesVerified: 0,
    pixelsChecked: 0,
    wrongPixels: 0,
    missingPixels: 0,
  };
  /** The first of each kind and more, at most 20. */
  readonly problems: StreamProblem[] = [];
  readonly problemCounts = new Map<StreamRule, number>();
  firstWrongPixel: WrongPixel | null = null;
  readonly #verifier: FrameVerifier | null;
  readonly #extraFields: boolean;
  #series: OpenSeries | null = null;
  #lastNumber: number | null = null;
  /** New connections whose jump has not been seen yet. */
  #jumpsAllowed = 0;

  constructor(options: StreamCheckOptions = {}) {
    this.#verifier = options.verifier ?? null;
    this.#extraFields = options.extraFields ?? true;
  }

  /** True between a header and its series_end. */
  get seriesOpen(): boolean {
    return this.#series !== null;
  }

  get problemCount(): number {
    return [...this.problemCounts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Count a problem; for what is seen before ordering, too. */
  report(rule: StreamRule, text: string, msgNumber: number | null = null): void {
    const known = this.problemCounts.get(rule) ?? 0;
    this.problemCounts.set(rule, known + 1);
    if (this.problems.length < problemLimit || known === 0) this.problems.push({ rule, msgNumber, text });
  }

  /** The connection is a new one: messages may be lost, and one later header may begin at any larger number. */
  noteReconnect(): void {
    this.#jumpsAllowed++;
  }

  /** The stream is over. */
  finish(): void {
    if (this.#series !== null) this.report('series', 'the last series has no series_end', this.#lastNumber);
  }

  /** Check the next message. */
  accept(message: StreamMessage): void {
    this.counts.messages++;
    this.#checkNumber(message);
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
        this.report('htype', `htype ${message.htype} is unknown to consumers`, message.msgNumber);
    }
  }

  #checkNumber({ htype, msgNumber }: StreamMessage): void {
    const last = this.#lastNumber;
    if (last !== null && msgNumber !== last + 1) {
      if (htype !== 'header' || msgNumber <= last || this.#jumpsAllowed === 0) {
        this.report('msg_number', `number ${msgNumber} follows ${last}`, msgNumber);
      } else {
        this.#jumpsAllowed--;
        if (this.#series !== null)
          this.report('connection', 'the connection went away in the middle of a series', msgNumber);
        this.#series = null;
      }
    }
    this.#lastNumber = Math.max(last ?? 0, msgNumber);
  }

  #header({ msgNumber, fields, parts }: StreamMessage): void {
    this.counts.headers++;
    if (this.#series !== null) this.report('series', 'a header before the series_end of the last series', msgNumber);
    this.#series = {
      frames: 0,
      incomplete: [],
      firstFrame: null,
      constants: null,
    };
    if (typeof fields['filename'] !== 'string') {
      this.report('header', `filename is ${JSON.stringify(fields['filename'])}, not a string`, msgNumber);
    }
    if (parts.length > 1) this.report('header', `${parts.length + 1} parts, at most 2 are allowed`, msgNumber);
    if (parts[0] === undefined) return;
    const metadata = parseObject(parts[0]);
    if (metadata === null) this.report('metadata', 'part 1 is not a JSON object', msgNumber);
    else for (const text of checkMetadata(metadata)) this.report('metadata', text, msgNumber);
  }

  #image({ msgNumber, fields, parts }: StreamMessage): void {
    this.counts.images++;
    const series = this.#series;
    if (series === null) {
      this.report('series', 'an image outside a series', msgNumber);
      return;
    }
    if (parts.length !== 1) this.report('image', `${parts.length + 1} parts, exactly 2 are needed`, msgNumber);
    const blob = parts[0] ?? new Uint8Array(0);
    this.counts.blobBytes += blob.length;
    if (fields['frame'] !== series.frames) {
      this.report(
        'frame',
        `frame is ${JSON.stringify(fields['frame'])}, the next index is ${series.frames}`,
        msgNumber,
      );
    }
    this.#checkBlob(msgNumber, fields, blob);
    const constants = JSON.stringify([fields['shape'], fields['type'], fields['compression']]);
    if (series.constants !== null && constants !== series.constants) {
      this.report('constant', `shape, type, compression ${constants} after ${series.constants}`, msgNumber);
    }
    series.constants ??= constants;
    this.#outcome(msgNumber, fields, series);
    this.#verify(msgNumber, fields, blob);
    series.frames++;
  }

  #checkBlob(msgNumber: number, fields: JsonObject, blob: Uint8Array): void {
    const { shape, type, compression } = fields;
    const isShape = Array.isArray(shape) && shape.length > 0 && shape.every((length) => isCount(length) && length > 0);
    const size = typeof type === 'string' ? itemBytes[type] : undefined;
    if (!isShape) this.report('image', `shape is ${JSON.stringify(shape)}, not a list of lengths`, msgNumber);
    if (size === undefined) this.report('image', `type is ${JSON.stringify(type)}, not a known pixel type`, msgNumber);
    if (compression !== 'none' && compression !== 'bslz4') {
      this.report('image', `compression is ${JSON.stringify(compression)}, neither none nor bslz4`, msgNumber);
      return;
    }
    if (!isShape || size === undefined) return;
    const bytes = (shape as number[]).reduce((product, length) => product * length, size);
    if (compression === 'none') {
      if (blob.length !== bytes) this.report('blob', `${blob.length} bytes, shape and type need ${bytes}`, msgNumber);
      return;
    }
    const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
    const announced = blob.length > 12 ? view.getUint32(0) * 4294967296 + view.getUint32(4) : -1;
    if (announced !== bytes)
      this.report('blob', `bslz4 header announces ${announced} bytes, shape and type need ${bytes}`, msgNumber);
  }

  /** Complete, marked or discarded, and whether the extra fields agree with each other. */
  #outcome(msgNumber: number, fields: JsonObject, series: OpenSeries): void {
    const wrong = (text: string): void => {
      if (this.#extraFields) this.report('extra_fields', text, msgNumber);
    };
    const { frame_number: frameNumber, complete, missing_packets: missingPackets, discard } = fields;
    if (!isCount(frameNumber)) wrong(`frame_number is ${JSON.stringify(frameNumber)}, not from 0 to 2^53 - 1`);
    else {
      series.firstFrame ??= frameNumber - series.frames;
      if (frameNumber !== series.firstFrame + series.frames) {
        wrong(
          `frame_number is ${frameNumber}, frame ${series.frames} of this series is ` +
            `${series.firstFrame + series.frames}`,
        );
      }
    }
    if (typeof complete !== 'boolean') wrong(`complete is ${JSON.stringify(complete)}, not true or false`);
    if (!isCount(missingPackets)) wrong(`missing_packets is ${JSON.stringify(missingPackets)}, not a count`);
    if (discard !== undefined && discard !== true) wrong(`discard is ${JSON.stringify(discard)}; it is true or absent`);
    if (complete === true) {
      if (missingPackets !== 0 || fields['missing'] !== undefined || discard === true) {
        wrong('complete, and yet packets are missing or it is discarded');
      }
    }
    const missing = complete === false ? checkMissing(fields, wrong) : new Map<number, number>();
    if (isCount(missingPackets)) this.counts.missingPackets += missingPackets;
    const outcome = discard === true ? 'discarded' : complete === false ? 'marked' : 'complete';
    this.counts[outcome]++;
    if (outcome !== 'complete') series.incomplete.push({ index: series.frames, outcome, missing });
  }

  #verify(msgNumber: number, fields: JsonObject, blob: Uint8Array): void {
    if (this.#verifier === null) return;
    const verdict = this.#verifier.verify(fields, blob);
    if (typeof verdict === 'string') {
      this.report('pixels', verdict, msgNumber);
      return;
    }
    if (this.#extraFields)
      for (const text of this.#verifier.checkHeaderFields(fields)) this.report('extra_fields', text, msgNumber);
    this.counts.framesVerified++;
    this.counts.pixelsChecked += verdict.checked;
    this.counts.wrongPixels += verdict.wrong;
    this.counts.missingPixels += verdict.missing;
    if (verdict.firstWrong === null) return;
    this.firstWrongPixel ??= verdict.firstWrong;
    const { frameNumber, y, x, seen, expected } = verdict.firstWrong;
    this.report(
      'pixels',
      `frame number ${frameNumber}: ${verdict.wrong} wrong pixels, first at row ${y} column ${x}: ` +
        `${seen} instead of ${expected}`,
      msgNumber,
    );
  }

  #seriesEnd({ msgNumber, fields, parts }: StreamMessage): void {
    this.counts.seriesEnds++;
    if (parts.length > 0) this.report('series_end', `${parts.length + 1} parts, exactly 1 is needed`, msgNumber);
    if (this.#series === null) {
      this.report('series', 'a series_end without a header', msgNumber);
      return;
    }
    if (fields['aborted'] !== undefined) this.counts.aborted++;
    if (this.#extraFields) {
      const { frames, incomplete } = this.#series;
      const { stride, offset, problems } = sharedPart(fields['shared'], frames);
      for (const text of [...problems, ...checkSeriesEnd(fields, seenOf(frames, incomplete, stride, offset))])
        this.report('series_end', text, msgNumber);
    }
    this.#series = null;
  }
}

/** Missing packets of an incomplete image by UDP port, as its message lists them. */
function checkMissing(fields: JsonObject, wrong: (text: string) => void): Map<number, number> {
  const counts = new Map<number, number>();
  if (!imageReasons.includes(fields['reason'] as string))
    wrong(`not complete, and reason is ${JSON.stringify(fields['reason'])}, not one of ${imageReasons.join(', ')}`);
  const missing = readMissing(fields['missing']);
  if (typeof missing === 'string') {
    wrong(missing);
    return counts;
  }
  for (const [port, ranges] of missing) counts.set(port, countRanges(ranges));
  const sum = [...counts.values()].reduce((total, count) => total + count, 0);
  if (sum !== fields['missing_packets'])
    wrong(`missing_packets is ${JSON.stringify(fields['missing_packets'])}, missing lists ${sum}`);
  return counts;
}
