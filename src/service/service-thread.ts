// A thread of the data path, seen from main: started with what it needs, ended within limits. Goes out: that it is
// ready, its events, and that it has failed.
// Tested by test/service/service.test.ts.

import { Worker } from 'node:worker_threads';
import type { StreamEvent } from '../contract/series.js';
import { ThreadWords } from '../memory/thread-words.js';
import { restoreError } from '../runtime/thread-messages.js';
import type { ThreadMessage } from '../runtime/thread-messages.js';
import type { ThreadInfo, ThreadTask } from './this-thread.js';
import { delay } from './delay.js';

/** A thread that has not ended after so long is given up, ms. */
export const closeLimitMs = 3_000;

/**
 * What V8 may keep of short-lived objects in a thread, in MB: frames leave little behind, and V8 would take 48 in time.
 */
const youngGenerationMb = 6;

export class ServiceThread {
  readonly name: string;
  readonly worker: Worker;
  readonly words: ThreadWords;
  readonly ready: Promise<ThreadInfo>;
  /** The thread is gone. */
  readonly exited: Promise<void>;
  #closed = false;

  constructor(name: string, task: ThreadTask, onEvent: (event: StreamEvent) => void, onFailed: (error: Error) => void) {
    this.name = name;
    this.words = new ThreadWords(task.memory.buffer, task.map.threadWords, task.thread);
    this.worker = new Worker(new URL('./agent-thread.js', import.meta.url), {
      workerData: task,
      name,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    let isReady = (_info: ThreadInfo): void => undefined;
    let isGone = (): void => undefined;
    let isFailed = (_error: Error): void => undefined;
    this.ready = new Promise((resolve, reject) => {
      isReady = resolve;
      isFailed = reject;
    });
    this.ready.catch(() => undefined);
    this.exited = new Promise((resolve) => (isGone = resolve));
    const fail = (error: Error): void => {
      isFailed(error);
      onFailed(error);
    };
    this.worker.on('message', (message: ThreadMessage<ThreadInfo, StreamEvent>) => {
      if (message.kind === 'ready') isReady(message.info);
      else if (message.kind === 'event') onEvent(message.event);
      else if (message.kind === 'closed') this.#closed = true;
      else if (message.kind === 'failed') fail(restoreError(name, message.error));
    });
    this.worker.on('error', fail);
    this.worker.on('exit', (code) => {
      isGone();
      if (code !== 0) fail(new Error(`${name}: the thread ended with code ${code}`));
    });
  }

  /**
   * Ask to end, wait at most so long, then end it whatever it does. A thread that has closed everything ends by itself:
   * cut off while zeromq.js still hands out events it would take the process along.
   * @returns false = it has not closed everything: it failed, or was ended in a turn
   */
  async stop(limitMs = closeLimitMs): Promise<boolean> {
    this.words.askToStop();
    this.worker.postMessage('stop');
    await Promise.race([this.exited, delay(limitMs)]);
    await this.worker.terminate();
    return this.#closed;
  }
}
