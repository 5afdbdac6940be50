// Previews for all viewers, from one thread of low priority, which starts with the first viewer. Latest only: each part
// of the frame is made anew at most every `leastMs`, or as often as its cost allows. All requests of that time share
// it, and jobs that wait are limited.

import { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import type { LastFrame } from '../../memory/last-frame.js';
import type { PreviewAnswer, PreviewJob, PreviewTask } from './preview-messages.js';
import type { PreviewRequest } from './preview.js';
import type { LastSent } from '../../view/service-view.js';

/**
 * Time between two previews of the same part, ms: at least, and as a multiple of what the last one took. At most: where
 * others need the processor, the thread of lowest priority waits more than it works.
 */
const leastMs = 80;
const mostMs = 300;
const timesTaken = 3;
/** Parts of which previews are kept. */
const keptLimit = 8;
/** Jobs that the thread has not answered. */
const jobLimit = 4;

/** Bytes of a preview; null = no frame yet, or nothing of it in the part. */
type PreviewBytes = Uint8Array | null;

interface Kept {
  readonly count: number;
  readonly startedAt: number;
  /** Known when it is made. */
  took: number;
  readonly bytes: Promise<PreviewBytes>;
}

interface Waiting {
  readonly resolve: (bytes: PreviewBytes) => void;
  readonly reject: (error: Error) => void;
}

/** Too many different parts are asked for at once, or the service is stopping. */
export class PreviewBusy extends Error {
  override readonly name = 'PreviewBusy';
}

export class PreviewMaker {
  readonly #task: PreviewTask;
  readonly #last: LastFrame;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  readonly #jobs = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #id = 0;

  constructor(task: PreviewTask, last: LastFrame, clock: Clock) {
    this.#task = task;
    this.#last = last;
    this.#clock = clock;
  }

  /**
   * A preview of the last frame: as it is now, or as it was a moment ago.
   * @throws PreviewBusy when too many wait; Error when the thread failed
   */
  make(request: PreviewRequest): Promise<PreviewBytes> {
    const key = JSON.stringify(request);
    const kept = this.#kept.get(key);
    const now = this.#clock.now();
    const { count } = this.#last;
    const interval = Math.min(mostMs, Math.max(leastMs, timesTaken * (kept?.took ?? 0)));
    if (kept !== undefined && (kept.count === count || now - kept.startedAt < interval)) return kept.bytes;
    if (this.#jobs.size >= jobLimit)
      return (
        kept?.bytes ??
        Promise.reject(new PreviewBusy('preview: too many parts of the frame are asked for at once; ask again'))
      );
    const bytes = this.#post({ id: ++this.#id, request });
    this.#kept.delete(key);
    const made: Kept = { count, startedAt: now, took: 0, bytes };
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

  /** End the thread; what waits is refused. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#fail(worker, new PreviewBusy('preview: the service is stopping'));
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
