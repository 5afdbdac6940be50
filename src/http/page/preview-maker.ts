// Previews for all viewers, from one thread of low priority, which starts with the first viewer. Latest only: each part
// of the frame is made anew at most every `leastMs`, or as often as its cost allows. A request for a newer one before
// that time waits for it, and all requests of that time share it: each viewer gets each picture once, as fast as they
// are made. Jobs that wait are limited.

import { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import { problemTexts } from '../../contract/refusals.js';
import type { LastFrame } from '../../memory/last-frame.js';
import type { PreviewAnswer, PreviewJob, PreviewTask } from './preview-messages.js';
import type { PreviewRequest } from './preview.js';
import type { LastSent } from '../../view/service-view.js';

/**
 * Time between two previews of the same part, ms: at least, and as a multiple of what the last one took. At most: where
 * others need the processor, the thread of lowest priority waits more than it works.
 */
const leastMs = 80;
const mostMs = 200;
const timesTaken = 2;
/** Parts of which previews are kept. */
const keptLimit = 8;
/** Jobs that the thread has not answered. */
const jobLimit = 4;

/** Bytes of a preview; null = no frame yet, or nothing of it in the part. */
type PreviewBytes = Uint8Array | null;

interface Kept {
  readonly count: number;
  readonly startedAt: number;
  /** Null = it is not made yet. */
  took: number | null;
  readonly bytes: Promise<PreviewBytes>;
  /** The one after it, which is not begun yet; null = none was asked for. */
  next: Promise<PreviewBytes> | null;
}

interface Waiting {
  readonly resolve: (bytes: PreviewBytes) => void;
  readonly reject: (error: Error) => void;
}

/** Too many different parts are asked for at once, or the service is stopping. */
export class PreviewBusy extends Error {
  override readonly name = 'PreviewBusy';
}

const stopping = (): PreviewBusy => new PreviewBusy(`preview: ${problemTexts.stopping}`);

export class PreviewMaker {
  readonly #task: PreviewTask;
  readonly #last: LastFrame;
  readonly #clock: Clock;
  readonly #after: (milliseconds: number, run: () => void) => unknown;
  readonly #kept = new Map<string, Kept>();
  readonly #jobs = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #id = 0;
  #closed = false;

  /** @param after runs something so many ms later */
  constructor(
    task: PreviewTask,
    last: LastFrame,
    clock: Clock,
    after: (milliseconds: number, run: () => void) => unknown = (milliseconds, run) => setTimeout(run, milliseconds),
  ) {
    this.#after = after;
    this.#task = task;
    this.#last = last;
    this.#clock = clock;
  }

  /**
   * A preview of the last frame: as it is now, or in a moment.
   * @throws PreviewBusy when too many wait; Error when the thread failed
   */
  make(request: PreviewRequest): Promise<PreviewBytes> {
    const key = JSON.stringify(request);
    const kept = this.#kept.get(key);
    const now = this.#clock.now();
    const { count } = this.#last;
    if (kept?.count === count) return kept.bytes;
    if (kept !== undefined) {
      const interval = Math.min(mostMs, Math.max(leastMs, timesTaken * (kept.took ?? 0)));
      const early = kept.startedAt + interval - now;
      if (kept.took === null || early > 0) return (kept.next ??= this.#later(kept, early, request));
    }
    if (this.#jobs.size >= jobLimit)
      return (
        kept?.bytes ??
        Promise.reject(new PreviewBusy('preview: too many parts of the frame are asked for at once; ask again'))
      );
    const bytes = this.#post({ id: ++this.#id, request });
    this.#kept.delete(key);
    const made: Kept = { count, startedAt: now, took: null, bytes, next: null };
    this.#kept.set(key, made);
    bytes.then(
      () => (made.took = this.#clock.now() - now),
      // What failed is not kept.
      () => this.#kept.delete(key),
    );
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptLimit) break;
      this.#kept.delete(oldest);
    }
    return bytes;
  }

  /**
   * A preview of a frame, whose pixels are handed over to the thread; null = nothing of it lies in the part.
   * @throws PreviewBusy when too many wait; Error when the thread failed
   */
  makeOf(frame: LastSent, request: PreviewRequest): Promise<PreviewBytes> {
    if (this.#jobs.size >= jobLimit)
      return Promise.reject(new PreviewBusy('preview: too many frames are asked for at once; ask again'));
    return this.#post({ id: ++this.#id, request, of: frame }, [frame.pixels.buffer as ArrayBuffer]);
  }

  /**
   * A PNG of a frame, whose pixels are handed over to the thread.
   * @throws PreviewBusy when too many wait; Error when the thread failed
   */
  async picture(frame: LastSent): Promise<Uint8Array> {
    if (this.#jobs.size >= jobLimit) throw new PreviewBusy('png: too many pictures are asked for at once; ask again');
    const bytes = await this.#post({ id: ++this.#id, picture: frame }, [frame.pixels.buffer as ArrayBuffer]);
    assert(bytes !== null, 'a frame has a picture');
    return bytes;
  }

  /** When what there is was made, and its time is over. */
  async #later(kept: Kept, milliseconds: number, request: PreviewRequest): Promise<PreviewBytes> {
    const over = new Promise<void>((resolve) => {
      this.#after(Math.max(0, milliseconds), resolve);
    });
    await Promise.allSettled([kept.bytes, over]);
    kept.next = null;
    if (this.#closed) throw stopping();
    return this.make(request);
  }

  /** End the thread; what waits is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#fail(worker, stopping());
    await worker?.terminate();
  }

  #post(job: PreviewJob, handedOver: readonly ArrayBuffer[] = []): Promise<PreviewBytes> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      this.#jobs.set(job.id, { resolve, reject });
      worker.postMessage(job, handedOver);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./preview-thread.js', import.meta.url), {
      workerData: this.#task,
      name: 'vdcu-preview',
    });
    worker.unref();
    worker.on('message', (answer: PreviewAnswer) => {
      const waiting = this.#jobs.get(answer.id);
      this.#jobs.delete(answer.id);
      if ('error' in answer) waiting?.reject(new Error(`preview: ${answer.error}`));
      else waiting?.resolve(answer.bytes);
    });
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('preview: its thread has ended')));
    return worker;
  }

  /** The next request starts a new thread. */
  #fail(worker: Worker | null, error: Error): void {
    if (worker === null || this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#jobs.values()) reject(error);
    this.#jobs.clear();
  }
}
