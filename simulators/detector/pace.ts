// Sends a detector's datagrams when they are due. Comes in: an iterable of datagrams with times. Goes out: batches to a
// sender; in between it sleeps. Memory stays bounded because every batch is awaited.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.js';
import type { Datagram } from './detector.js';
import type { DatagramSender } from './udp-sender.js';

export interface PaceOptions {
  readonly clock: Clock;
  /** After this nothing waits for its time any more: the iterable is sent to its end at once. */
  readonly signal: AbortSignal;
  /** Called about once in `progressMs`. */
  readonly onProgress?: (report: PaceReport) => void;
  readonly progressMs?: number;
  /** Replaces the timer where time is virtual. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

export interface PaceReport {
  /** Datagrams handed over. */
  readonly datagrams: number;
  readonly bytes: number;
  /** Frames of which sending has begun. */
  readonly frames: number;
  readonly elapsedMs: number;
  /** How far behind its time a datagram left at worst. */
  readonly worstLateMs: number;
}

/**
 * Datagrams in one batch at most unless the sender says so: large enough to be cheap, small enough to keep ports
 * interleaved in time.
 */
const usualBatchLimit = 64;

/**
 * What is due within this time leaves together: a thread that never slept would take a core from the receivers.
 */
const togetherMs = 0.2;

/** The event loop has a turn at least so often, also when everything is overdue, ms. */
const turnMs = 20;

/**
 * Send everything, in order, not before it is due. A batch never spans two rounds, as the detector's memory requires.
 */
export async function sendPaced(
  datagrams: Iterable<Datagram>,
  sender: DatagramSender,
  options: PaceOptions,
): Promise<PaceReport> {
  const { clock, signal } = options;
  const wait = options.wait ?? ((milliseconds: number) => pause(milliseconds, signal));
  const batchLimit = sender.batchLimit ?? usualBatchLimit;
  const start = clock.now();
  const report = { datagrams: 0, bytes: 0, frames: 0, elapsedMs: 0, worstLateMs: 0 };
  let reported = start;
  let turned = start;
  let batch: Datagram[] = [];
  const flush = async (): Promise<void> => {
    await sender.sendBatch(batch);
    for (const { bytes } of batch) report.bytes += bytes.length;
    report.datagrams += batch.length;
    batch = [];
    const now = clock.now();
    report.elapsedMs = now - start;
    // A sender that is behind never waits; signals come by the event loop.
    if (now - turned >= turnMs) {
      turned = now;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (options.onProgress !== undefined && now - reported >= (options.progressMs ?? 500)) {
      reported = now;
      options.onProgress({ ...report });
    }
  };
  for (const datagram of datagrams) {
    const last = batch.at(-1);
    if (last !== undefined && (batch.length === batchLimit || last.round !== datagram.round)) await flush();
    while (!signal.aborted) {
      const early = datagram.dueMs - (clock.now() - start);
      if (early <= 0) {
        report.worstLateMs = Math.max(report.worstLateMs, -early);
        break;
      }
      if (batch.length > 0) await flush();
      else await wait(early);
    }
    report.frames = Math.max(report.frames, datagram.round + 1);
    batch.push(datagram);
  }
  await flush();
  return report;
}

/** A word that never changes. */
const never = new Int32Array(new SharedArrayBuffer(4));

/** Timers are good to a millisecond: shorter waits stop the thread, then give the event loop one turn. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds < 2) {
    Atomics.wait(never, 0, 0, Math.max(milliseconds, togetherMs));
    await nextTurn();
  } else await sleep(Math.min(milliseconds - 1, 1000), undefined, { signal }).catch(() => undefined);
}
