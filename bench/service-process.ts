// The whole service as its own process, as users run it (`vdcu run`), with its CPU time by thread and one series at a
// time.

import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { spawnBound } from '../src/runtime/bound-child.js';
import type { Programs } from './compile.js';
import { cpuByThread, spentBetween } from './cpu-time.js';
import { detectorName } from './detector.js';
import type { BenchDetector } from './detector.js';
import { delay, sendFrames, startConsumer } from './programs.js';
import type { ConsumerReport, SenderReport, Traffic } from './programs.js';
import { settle } from './settle.js';

/** Silence that ends a series, in ms. */
const idleMs = 400;
const stopLimitMs = 20_000;
const openLimitMs = 5_000;

/** One series through the service. */
export interface SeriesRun {
  readonly sender: SenderReport;
  readonly consumer: ConsumerReport;
  /**
   * CPU time in ns by thread while packets came, after those of the frames that are left out, and until the last was
   * sent.
   */
  readonly cpu: Readonly<Record<string, number>>;
  /** Frames that were sent in that time. */
  readonly measuredFrames: number;
  /** Packets that are missing, for whatever reason; frames that did not arrive count with all of theirs. */
  readonly missing: number;
  readonly kernelDrops: number;
  readonly ringFull: number;
  /** Nothing is missing, nothing out of order. */
  readonly lossless: boolean;
}

export class ServiceProcess {
  readonly detector: BenchDetector;
  readonly #programs: Programs;
  readonly #child: ChildProcess;
  readonly #dataEndpoint: string;
  readonly #apiUrl: string;
  #next = 1;

  private constructor(
    detector: BenchDetector,
    programs: Programs,
    child: ChildProcess,
    dataEndpoint: string,
    apiUrl: string,
  ) {
    this.detector = detector;
    this.#programs = programs;
    this.#child = child;
    this.#dataEndpoint = dataEndpoint;
    this.#apiUrl = apiUrl;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Where consumers connect. */
  get dataEndpoint(): string {
    return this.#dataEndpoint;
  }

  /** Address of its HTTP interface. */
  get apiUrl(): string {
    return this.#apiUrl;
  }

  /**
   * Start and wait until it is ready.
   * @param checkout another one that was built; this one unless given
   * @throws Error with its log when it does not get ready
   */
  static async start(programs: Programs, detector: BenchDetector, checkout?: string): Promise<ServiceProcess> {
    const file = join(programs.folder, `service-${process.hrtime.bigint()}.yaml`);
    writeFileSync(file, JSON.stringify({ [detectorName]: { series_idle_ms: idleMs, ...detector.keys } }));
    const main =
      checkout === undefined
        ? fileURLToPath(new URL('../src/main.js', import.meta.url))
        : join(checkout, 'dist/src/main.js');
    const child = spawnBound(process.execPath, [main, 'run', file, detectorName, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stderr?.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-4000)));
    return new Promise((resolve, reject) => {
      // Once it is ready, this rejects nothing any more.
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}\n${log}`)));
      createInterface({ input: child.stdout as Readable }).on('line', (line) => {
        const said = parse(line);
        if (
          said?.['event'] === 'ready' &&
          typeof said['api_url'] === 'string' &&
          typeof said['data_endpoint'] === 'string'
        ) {
          resolve(new ServiceProcess(detector, programs, child, said['data_endpoint'], said['api_url']));
        }
      });
    });
  }

  /**
   * One series: consumer, packets, silence. Frame numbers go on from series to series, as a detector's do.
   * @param leftOut frames at the beginning that are not measured: after some seconds of silence neither caches nor V8
   * have the code at hand
   */
  async series(traffic: Omit<Traffic, 'detector' | 'first'>, consumerStamps = '', leftOut = 0): Promise<SeriesRun> {
    await settle();
    const consumer = await startConsumer(this.#programs, this.#dataEndpoint, consumerStamps);
    await this.waitOpen();
    const first = this.#next;
    this.#next += traffic.frames;
    let before = cpuByThread(this.pid);
    const sending = sendFrames(this.#programs, { ...traffic, detector: this.detector, first });
    if (leftOut > 0) {
      await delay((leftOut / traffic.rate) * 1000);
      before = cpuByThread(this.pid);
    }
    const sender = await sending;
    await delay(idleMs / 2);
    const cpu = spentBetween(before, cpuByThread(this.pid));
    // A sender that is too slow has sent fewer by then.
    const measuredFrames = traffic.frames - leftOut * Math.min(1, sender.frames / sender.seconds / traffic.rate);
    const report = await consumer.report;
    const ledger = Object.values(report.end.ledger ?? {});
    const sum = (field: string): number => ledger.reduce((total, port) => total + (port[field] ?? 0), 0);
    const { packetsPerFrame } = this.detector.plan.detector;
    const missing = sum('missing') + Math.max(0, traffic.frames - report.images) * packetsPerFrame;
    const lossless =
      missing === 0 &&
      report.complete === traffic.frames &&
      report.images === traffic.frames &&
      report.order_errors === 0 &&
      sum('kernel_drops') === 0 &&
      sum('ring') === 0;
    return {
      sender,
      consumer: report,
      cpu,
      measuredFrames,
      missing,
      kernelDrops: sum('kernel_drops'),
      ringFull: sum('ring'),
      lossless,
    };
  }

  /** Resident memory in bytes, and how much of it no other process could map. */
  residentBytes(): { readonly total: number; readonly anonymous: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    const read = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
    return { total: read('VmRSS'), anonymous: read('RssAnon') };
  }

  cpu(): ReturnType<typeof cpuByThread> {
    return cpuByThread(this.pid);
  }

  /** In order, and if that takes too long, not. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(patience);
  }

  /** An auto series is open and its receivers accept packets. */
  async waitOpen(): Promise<void> {
    for (const until = performance.now() + openLimitMs; performance.now() < until; await delay(50)) {
      const state = (await (await fetch(`${this.#apiUrl}/api/v1/series`)).json()) as { state?: string };
      if (state.state === 'open') {
        // Open for the streamer; the receivers follow within their wait.
        await delay(200);
        return;
      }
    }
    throw new Error('no series was opened');
  }
}

function parse(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
