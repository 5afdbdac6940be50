// Where the pictures come from: previews of the visible part of the frame sent last, each fetched once; or, frozen, of
// one frame, from which a viewer can go back and forth as far as the ring has them. One request at a time.
// Tested by test/threads/page-data.test.ts.

import { combine, combinable } from './combine.js';
import type { Combination } from './combine.js';
import { frameQuery, readPreview } from './preview-bytes.js';
import type { FrameFacts, PreviewBytes } from './preview-bytes.js';

export interface FrameSourceEvents {
  onPreview(preview: PreviewBytes, combined: number): void;
  /** Null = all is well again. */
  onError(text: string | null): void;
}

const retryMs = 1000;

export class FrameSource {
  readonly #events: FrameSourceEvents;
  /** Frames that the service has kept for viewers so far; 0 = none. */
  #latest = 0;
  #fetched = { count: -1, wish: '' };
  #wish = '';
  #frozen: Pick<FrameFacts, 'msg_number' | 'frame'> | null = null;
  #shown: PreviewBytes | null = null;
  #kept: PreviewBytes[] = [];
  #combination: Combination = 'single';
  #frames = 1;
  #busy = false;
  /** Answers to what was asked before do not count. */
  #beginnings = 0;

  constructor(events: FrameSourceEvents) {
    this.#events = events;
  }

  get frozen(): boolean {
    return this.#frozen !== null;
  }

  /** Frames are counted anew, and those of before are gone. */
  restart(): void {
    this.#beginnings++;
    this.#latest = 0;
    this.#fetched = { count: -1, wish: '' };
    this.#frozen = null;
    this.#shown = null;
    this.#kept = [];
  }

  /** The service keeps another frame now. */
  latest(count: number): void {
    this.#latest = count;
    void this.#fetch();
  }

  /** Rows, columns and size that are wanted, as a query. */
  want(query: string): void {
    this.#wish = query;
    void this.#fetch();
  }

  /** Show so many successive pictures as one. */
  combine(how: Combination, frames: number): void {
    if (how !== this.#combination) this.#kept = [];
    this.#combination = how;
    this.#frames = how === 'single' ? 1 : frames;
    if (this.#shown !== null) this.#take(this.#shown, false);
  }

  /** Stay at the frame that is shown, or go on with the last one. */
  freeze(on: boolean): void {
    this.#frozen = on && this.#shown !== null ? this.#shown.head.frame : null;
    this.#fetched = { count: -1, wish: '' };
    void this.#fetch();
  }

  /** Frozen: so many frames on, or back when below 0. */
  step(by: number): void {
    if (this.#frozen === null) this.freeze(true);
    if (this.#frozen === null) return;
    const { msg_number, frame } = this.#frozen;
    const step = Math.max(by, -frame);
    this.#frozen = { msg_number: msg_number + step, frame: frame + step };
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.#busy || this.#latest === 0 || this.#wish === '') return;
    const of = this.#frozen;
    const wish = of === null ? this.#wish : `${this.#wish}&${frameQuery(of)}`;
    // A picture may be newer than the frame that was told of: then that one is not asked for again.
    const newer = of === null && ((this.#latest - this.#fetched.count) | 0) > 0;
    if (wish === this.#fetched.wish && !newer) return;
    this.#busy = true;
    const beginning = this.#beginnings;
    let preview: PreviewBytes | null = null;
    try {
      const response = await fetch(`api/v1/preview?${wish}`);
      if (!response.ok) throw new Error(await problemOf(response));
      const answer = readPreview(await response.arrayBuffer());
      if (beginning === this.#beginnings) {
        preview = answer;
        this.#fetched = { count: of === null ? preview.head.count : this.#fetched.count, wish };
      }
      this.#events.onError(null);
    } catch (error) {
      this.#events.onError(error instanceof Error ? error.message : String(error));
      // A frame that is gone does not come back: the viewer chooses another.
      if (of !== null && beginning === this.#beginnings) this.#fetched = { count: -1, wish };
      else await new Promise((resolve) => setTimeout(resolve, retryMs));
    } finally {
      this.#busy = false;
    }
    // The next one is asked for first: it is made while this one is drawn.
    void this.#fetch();
    if (preview !== null) this.#take(preview, true);
  }

  #take(preview: PreviewBytes, isNew: boolean): void {
    this.#shown = preview;
    if (isNew && this.#frozen === null) {
      this.#kept = [...this.#kept.filter((kept) => combinable(kept, preview)), preview].slice(-this.#frames);
    }
    const combined = this.#frozen === null && this.#kept.length > 0 ? this.#kept.slice(-this.#frames) : [preview];
    this.#events.onPreview(combine(combined, this.#combination), combined.length);
  }
}

async function problemOf(response: Response): Promise<string> {
  const said = (await response.json().catch(() => ({}))) as { problems?: string[] };
  return said.problems?.join(' ') ?? `the service answered ${response.status}`;
}
