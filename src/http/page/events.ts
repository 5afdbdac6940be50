// Server-sent events for the page: facts of the service and the last minutes when a viewer connects, then the state a
// few times a second and one sample a second. One text is made for all viewers. Latest only: a viewer that has not
// taken its last event gets none, and one that takes nothing for long is cut off.

import type { ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.js';
import type { Sample } from '../../page/messages.js';
import type { RecentSeconds } from '../../view/service-view.js';

/** Time from look to look whether there is another frame, and from state to state, ms. */
const lookMs = 50;
const stateMs = 250;
/** Viewers at once. */
export const viewerLimit = 32;
/** A viewer that has not taken an event for so long is gone, ms. */
const stuckMs = 15_000;

interface Viewer {
  readonly response: ServerResponse;
  takenAt: number;
  /** As it was told. */
  about: object;
}

export interface PageEventsDeps {
  readonly clock: Clock;
  /** JSON of the first event, told again when it is another. */
  about(): object;
  readonly recent: Pick<RecentSeconds, 'samples'>;
  state(): object;
  /** The frame kept for viewers. */
  frame(): { readonly count: number; readonly age_ms: number | null };
}

export class PageEvents {
  readonly #deps: PageEventsDeps;
  readonly #viewers = new Set<Viewer>();
  #timer: NodeJS.Timeout | null = null;
  #looks = 0;
  #count = 0;

  constructor(deps: PageEventsDeps) {
    this.#deps = deps;
  }

  get full(): boolean {
    return this.#viewers.size >= viewerLimit;
  }

  /** Begin to send; the response must have its head written. It is ended by `close`. */
  add(response: ServerResponse): void {
    const about = this.#deps.about();
    const viewer: Viewer = { response, takenAt: this.#deps.clock.now(), about };
    this.#viewers.add(viewer);
    response.on('close', () => this.#remove(viewer));
    response.on('error', () => this.#remove(viewer));
    response.write(this.#introduction(about) + event('state', this.#deps.state()));
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
  }

  /** Tell of another frame at once, of everything when it is time. */
  #look(): void {
    this.#looks++;
    const about = this.#deps.about();
    for (const viewer of this.#viewers)
      if (viewer.about !== about && viewer.response.writableLength === 0) {
        viewer.about = about;
        viewer.response.write(this.#introduction(about));
      }
    const frame = this.#deps.frame();
    if (this.#looks % (stateMs / lookMs) === 0) this.#send(event('state', this.#deps.state()));
    else if (frame.count !== this.#count) this.#send(event('frame', frame));
    this.#count = frame.count;
  }

  /** Tell all viewers of a new second. */
  tell(sample: Sample): void {
    if (this.#viewers.size > 0) this.#send(event('sample', sample));
  }

  close(): void {
    for (const viewer of [...this.#viewers]) {
      this.#remove(viewer);
      viewer.response.end();
    }
  }

  #introduction(about: object): string {
    return event('about', about) + event('history', { samples: this.#deps.recent.samples });
  }

  #send(text: string): void {
    const now = this.#deps.clock.now();
    for (const viewer of this.#viewers) {
      if (viewer.response.writableLength === 0) {
        viewer.takenAt = now;
        viewer.response.write(text);
      } else if (now - viewer.takenAt > stuckMs) {
        viewer.response.destroy();
      }
    }
  }

  #remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
