// What one instance of several that share a detector hands over, as if it were alone: frames by their own indices,
// numbers without gaps, and the header or the end that another instance sends put in where they are due. So all rules
// of a whole stream can be asked of it. What sharing fixes, the number of each message and whose frame it is, is
// checked here first, from what was asked for. Rules: docs/scaling.md.

import type { FrameShare } from '../../src/detector/frame-share.js';
import { seriesEndMessage } from '../../src/stream/output/maxiv/messages.js';
import type { SeriesSummary, StreamEvent } from '../../src/contract/series.js';
import { isCount, parseObject } from '../../simulators/consumer/stream-message.js';
import type { JsonObject, StreamMessage } from '../../simulators/consumer/stream-message.js';

/** What a series was armed with. */
export interface SharedRequest {
  readonly filename: string;
  /** Of the whole series. */
  readonly frames: number;
  readonly firstFrameNumber: number;
  readonly base: number;
}

/** What the operator of all instances did. */
export interface SharedOrders {
  /** By file name. */
  readonly armed: ReadonlyMap<string, SharedRequest>;
  /** Ends of whole series that were told. */
  readonly ends: ReadonlySet<number>;
  /** A series was withdrawn. */
  readonly withdrawn: boolean;
}

/** A series between its header and its end. */
interface OpenPart {
  readonly request: SharedRequest;
  /** Images of this instance. */
  sent: number;
}

/** How many of the first `frames` frames go to an instance. */
export function partOf({ stride, offset }: FrameShare, frames: number): number {
  return Math.max(0, Math.ceil((frames - offset) / stride));
}

export class SharedPart {
  readonly problems: string[] = [];
  readonly #share: FrameShare;
  readonly #orders: SharedOrders;
  /** Takes messages of other instances. */
  readonly #insert: (message: StreamMessage) => void;
  #open: OpenPart | null = null;
  /** The end of the series that is open was not taken: it is owed until the next one is armed. */
  #owed: SeriesSummary | null = null;
  /** Highest number that was handed over. */
  #highest = -1;
  #next: number;

  /** @param next number of the first message, as if the instance were alone */
  constructor(share: FrameShare, orders: SharedOrders, next: number, insert: (message: StreamMessage) => void) {
    this.#share = share;
    this.#orders = orders;
    this.#next = next;
    this.#insert = insert;
  }

  get #sendsHeader(): boolean {
    return this.#share.offset === 0;
  }

  get #sendsEnd(): boolean {
    return this.#share.offset === this.#share.stride - 1;
  }

  /** The same message of an instance that is alone. */
  alone(message: StreamMessage): StreamMessage {
    const { htype, msgNumber } = message;
    if (msgNumber <= this.#highest) this.#problem(`message ${msgNumber} comes after ${this.#highest}`);
    this.#highest = Math.max(this.#highest, msgNumber);
    if (htype === 'header') {
      if (!this.#sendsHeader) this.#problem('a header from an instance that is not the first');
      this.#begin(String(message.fields['filename']), msgNumber);
      return this.#renumbered(message);
    }
    const open = this.#open;
    if (open === null) return this.#renumbered(message);
    return htype === 'image' ? this.#image(message, open) : this.#end(message, open.request);
  }

  /** Events of the streamer, at once. */
  hear(event: StreamEvent): void {
    if (event.kind === 'opened' && !this.#sendsHeader) this.#openedElsewhere(event);
    if (event.kind === 'ended') this.#ended(event.summary);
  }

  /** @param next that the service would give to its next message */
  numberProblem(next: number): string | null {
    return next > this.#highest ? null : `the next message number is ${next}, and ${this.#highest} was handed over`;
  }

  #image(message: StreamMessage, open: OpenPart): StreamMessage {
    const { fields, msgNumber } = message;
    const { frame, frame_number: frameNumber } = fields;
    const { firstFrameNumber, base, frames } = open.request;
    const index = this.#share.offset + open.sent * this.#share.stride;
    if (frame !== index || index >= frames)
      this.#problem(
        `message ${msgNumber} has frame index ${String(frame)}, the next of this instance is ${index} of ${frames}`,
      );
    if (msgNumber !== base + 1 + index)
      this.#problem(`frame index ${index} is message ${msgNumber}, not ${base + 1 + index}`);
    if (frameNumber !== firstFrameNumber + index)
      this.#problem(`frame index ${index} has frame_number ${String(frameNumber)}, not ${firstFrameNumber + index}`);
    const own = open.sent++;
    return this.#renumbered({ ...message, fields: { ...fields, frame: own, frame_number: firstFrameNumber + own } });
  }

  #end(message: StreamMessage, { base }: SharedRequest): StreamMessage {
    const { fields, msgNumber } = message;
    const frames = (fields['shared'] as JsonObject | undefined)?.['frames'];
    if (!this.#sendsEnd) this.#problem('a series_end from an instance that is not the last');
    if (!isCount(frames) || msgNumber !== base + 1 + frames)
      this.#problem(`the end of a series of ${String(frames)} frames with header ${base} is message ${msgNumber}`);
    this.#open = null;
    this.#owed = null;
    return this.#endAlone(fields);
  }

  /** A series_end of the frames of this instance. */
  #endAlone(fields: JsonObject): StreamMessage {
    const { shared: _shared, incomplete, ...own } = fields;
    const ranges: [number, number][] = [];
    for (const [first, last] of incomplete as readonly (readonly [number, number])[]) {
      for (let index = first; index <= last; index++) {
        const at = (index - this.#share.offset) / this.#share.stride;
        const before = ranges.at(-1);
        if (before !== undefined && before[1] === at - 1) before[1] = at;
        else ranges.push([at, at]);
      }
    }
    return this.#renumbered({ htype: 'series_end', msgNumber: 0, fields: { ...own, incomplete: ranges }, parts: [] });
  }

  #begin(filename: string, number: number | undefined): SharedRequest | null {
    const request = this.#orders.armed.get(filename);
    if (request === undefined || request.base !== number) {
      this.#problem(`the header of ${filename} is message ${number}, armed was ${request?.base}`);
      return null;
    }
    this.#open = { request, sent: 0 };
    return request;
  }

  #openedElsewhere({ filename, msg_number_base: base }: Extract<StreamEvent, { kind: 'opened' }>): void {
    // Whoever arms the next series waits for the last one's end no longer.
    if (this.#open !== null && this.#owed !== null) this.#insertEnd(this.#owed);
    if (this.#open !== null) this.#problem('a series was opened before the end of the last one');
    const request = this.#begin(filename, base);
    if (request === null) return;
    this.#insert(this.#renumbered({ htype: 'header', msgNumber: 0, fields: { htype: 'header', filename }, parts: [] }));
  }

  #ended(summary: SeriesSummary): void {
    const { shared, aborted, frames } = summary;
    const armed = this.#orders.armed.get(summary.filename);
    if (shared === undefined || armed === undefined) {
      this.#problem(
        `series ${summary.series_id} (${summary.filename}) says ${JSON.stringify(shared)} of what it shares`,
      );
      return;
    }
    const all = shared.frames;
    if (
      shared.stride !== this.#share.stride ||
      shared.offset !== this.#share.offset ||
      shared.msg_number_base !== armed.base
    )
      this.#problem(`series ${summary.series_id} is ${JSON.stringify(shared)}`);
    if (all !== armed.frames && !this.#orders.ends.has(all))
      this.#problem(
        `series ${summary.series_id} has ${all} frames in all, ${armed.frames} were asked for, and no such end was ` +
          'told',
      );
    if (aborted === undefined && frames !== partOf(this.#share, all))
      this.#problem(
        `series ${summary.series_id}: ${frames} frames of ${all} were sent, ${partOf(this.#share, all)} are this ` +
          "instance's",
      );
    if (this.#open === null) return;
    if (!this.#sendsEnd || (this.#orders.withdrawn && all === 0)) this.#insertEnd(summary);
    else if (summary.end_pending) this.#owed = summary;
    else this.#problem(`series ${summary.series_id} is over, and its end was not handed over`);
  }

  #insertEnd(summary: SeriesSummary): void {
    this.#open = null;
    this.#owed = null;
    this.#insert(this.#endAlone(parseObject(seriesEndMessage(0, summary)) as JsonObject));
  }

  #renumbered(message: StreamMessage): StreamMessage {
    const msgNumber = this.#next++;
    return { ...message, msgNumber, fields: { ...message.fields, msg_number: msgNumber } };
  }

  #problem(text: string): void {
    this.problems.push(`shared: ${text}`);
  }
}
