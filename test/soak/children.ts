// Processes that the soak starts: each in a process group of its own, so that Ctrl-C reaches the soak alone, which ends
// them in order; and none outlives it.

import type { ChildProcess } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { spawnBound } from '../../src/runtime/bound-child.js';
import type { ConsumerLine, ConsumerTask } from './checking-consumer.js';

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Characters of a child's complaints that are kept. */
const complaintLimit = 4000;
const stopLimitMs = 20_000;
/** A round of hostile datagrams takes a fraction of a second, on a machine with room for it. */
const hostileLateMs = 60_000;

export class Child {
  readonly process: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** The end of what it wrote to standard error. */
  complaints = '';
  over = false;

  /** @param onLine called with each line of its standard output that is a JSON object */
  constructor(program: string, words: readonly string[], onLine: (line: Record<string, unknown>) => void) {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const child = spawnBound(process.execPath, [file, ...words], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.process = child;
    alive.add(child);
    child.stderr?.on(
      'data',
      (bytes: Buffer) => (this.complaints = (this.complaints + bytes.toString()).slice(-complaintLimit)),
    );
    const lines = createInterface({ input: child.stdout as Readable });
    lines.on('line', (line) => {
      if (line.startsWith('{')) onLine(JSON.parse(line) as Record<string, unknown>);
    });
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => (this.complaints += error.message));
      child.on('close', (code, signal) => {
        alive.delete(child);
        this.over = true;
        resolve(signal ?? code ?? -1);
      });
    });
  }

  get pid(): number {
    return this.process.pid as number;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.over) this.process.kill(name);
  }

  /** Ask to end, and if that takes too long, end it. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.signal('SIGCONT');
    this.signal(name);
    const late = setTimeout(() => this.signal('SIGKILL'), stopLimitMs);
    const result = await this.ended;
    clearTimeout(late);
    return result;
  }
}

/** A checking consumer and what it said last. */
export class ConsumerProcess {
  readonly #child: Child;
  last: ConsumerLine | null = null;
  /** It was killed: what it saw last may not have been told. */
  killed = false;

  constructor(task: ConsumerTask) {
    this.#child = new Child(
      './checking-consumer.js',
      [JSON.stringify(task)],
      (line) => (this.last = line as unknown as ConsumerLine),
    );
  }

  get pid(): number {
    return this.#child.pid;
  }

  get over(): boolean {
    return this.#child.over;
  }

  get complaints(): string {
    return this.#child.complaints;
  }

  /** Stand still as a process that swaps or waits for a disk; true = go on. */
  pause(on: boolean): void {
    this.#child.signal(on ? 'SIGSTOP' : 'SIGCONT');
  }

  async kill(): Promise<void> {
    this.killed = true;
    await this.#child.stop('SIGKILL');
  }

  /** It disconnects and tells the rest. */
  async leave(): Promise<void> {
    await this.#child.stop();
  }
}

/** A running simulator; `truth` is its ground truth at the end. */
export class SimulatorProcess {
  readonly #child: Child;
  readonly truth: Promise<SimulatedTruth>;

  constructor(words: readonly string[]) {
    let said: SimulatedTruth | null = null;
    this.#child = new Child(
      '../../src/main.js',
      ['simulate', ...words, '--json'],
      (line) => (said = line as unknown as SimulatedTruth),
    );
    this.truth = this.#child.ended.then((code) => {
      if (said === null)
        throw new Error(`vdcu simulate ${words.join(' ')} ended with ${code}: ${this.#child.complaints.trim()}`);
      return said;
    });
    this.truth.catch(() => undefined);
  }

  /** End after the frame being sent. */
  stop(): void {
    this.#child.signal('SIGINT');
  }
}

/** Hostile datagrams for the pipeline in memory, beside everything else and at the lowest priority (test/hostile). */
export class HostileBeside {
  readonly #child: Child;
  #said: HostileSums | null = null;

  /** @param seconds after which it ends, also with fewer datagrams */
  constructor(datagrams: number, seconds: number, seed: number) {
    this.#child = new Child(
      '../hostile/datagrams-command.js',
      [
        '--datagrams',
        String(datagrams),
        '--seconds',
        String(Math.max(1, Math.floor(seconds))),
        '--from',
        String(1 + seed),
        '--json',
      ],
      (line) => (this.#said = line as unknown as HostileSums),
    );
    setPriority(this.#child.pid, constants.priority.PRIORITY_LOW);
  }

  /** What it came to, once it has ended by itself; with a sentence about what was wrong. */
  async result(): Promise<{ sums: HostileSums | null; problem: string | null }> {
    const late = setTimeout(() => this.#child.signal('SIGKILL'), hostileLateMs);
    const code = await this.#child.ended;
    clearTimeout(late);
    const problem =
      code === 0 && this.#said !== null
        ? null
        : `hostile datagrams beside ended with ${code}: ${this.#child.complaints.trim()}`;
    return { sums: this.#said, problem };
  }

  /** Nobody waits for it any more. */
  async stop(): Promise<void> {
    await this.#child.stop('SIGKILL');
  }
}

/** The JSON of `npm run hostile`, as far as it is told. */
export interface HostileSums {
  readonly rounds: number;
  readonly datagrams: number;
  readonly hostile: number;
  readonly failed: number;
  readonly frames: number;
  readonly seconds: number;
  readonly rssMiB: number;
}

/** Classes of datagrams that no simulator sends. */
export const otherClasses = [
  'headerPacket',
  'malformedPacketNumber',
  'malformedPosition',
  'malformedFrameNumber',
] as const;
export type OtherClass = (typeof otherClasses)[number];

/** The JSON of `vdcu simulate`, as far as it is compared. Counts of packets. */
export interface SimulatedTruth {
  readonly frames: number;
  readonly send_errors: number;
  readonly ports: Readonly<
    Record<
      string,
      {
        readonly packets_sent: number;
        readonly packets_intact: number;
        readonly truncated: number;
        readonly duplicated: number;
        readonly foreign_detector_type: number;
        readonly foreign_version: number;
        /** Of hostile datagrams (hostile-sender.ts), by class. */
        readonly others?: Readonly<Partial<Record<OtherClass, number>>>;
      }
    >
  >;
}
