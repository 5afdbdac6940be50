// Starting the benchmarks' programs and reading what they print: a line "ready", where they say so, and JSON at the
// end.

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { spawnBound } from '../src/runtime/bound-child.js';
import type { Programs } from './compile.js';
import { portsText } from './detector.js';
import type { BenchDetector } from './detector.js';

/** A program that is running. */
export interface Running<Report> {
  readonly process: ChildProcessWithoutNullStreams;
  /** What it printed last, parsed; rejects when it fails. */
  readonly report: Promise<Report>;
}

/** Give parameters as key=value. */
export function asArguments(parameters: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
}

/** Start a program; resolves when it has printed "ready" (or at once). Its error output goes to ours. */
export async function start<Report>(
  command: string,
  parameters: readonly string[],
  options: { readonly input?: Buffer; readonly waitReady?: boolean } = {},
): Promise<Running<Report>> {
  const stdio = ['pipe', 'pipe', 'pipe'] as const;
  const child = spawnBound(command, parameters, { stdio }) as ChildProcessWithoutNullStreams;
  child.stderr.pipe(process.stderr);
  child.stdin.on('error', () => undefined);
  if (options.input !== undefined) child.stdin.end(options.input);
  let last = '';
  let isReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') isReady();
    else last = line;
  });
  const report = new Promise<Report>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(last) as Report);
      else reject(new Error(`${command} ${parameters.join(' ').slice(0, 200)} ended with ${code}`));
    });
  });
  report.catch(() => undefined);
  if (options.waitReady === true) await Promise.race([ready, report]);
  return { process: child, report };
}

/** What bench/c/sender.c prints. */
export interface SenderReport {
  readonly packets: number;
  readonly frames: number;
  readonly seconds: number;
  /** How late the last packets of a frame were at most. */
  readonly behind_ms: number;
}

/** A stream of packets: single datagrams, or coalesced by the sender. */
export interface Traffic {
  readonly detector: BenchDetector;
  readonly coalesced: boolean;
  /** Frames per second. */
  readonly rate: number;
  readonly frames: number;
  readonly first?: number;
  /** File with the payloads of one frame, port by port in the order of the ports; left out = a pattern of bytes. */
  readonly pixels?: string;
  /** File for the time of each frame's last packets. */
  readonly stamps?: string;
}

/** As many datagrams as fit into one buffer of the kernel, in equal shares of a port image. */
export function segmentsOf({ layout }: BenchDetector): number {
  const most = Math.min(64, Math.floor(65507 / layout.packetBytes));
  return Math.ceil(layout.expectedPackets / Math.ceil(layout.expectedPackets / most));
}

/** Send; resolves when all is sent. `ports`: indices of the ports that are sent, all when left out. */
export async function sendFrames(
  programs: Programs,
  traffic: Traffic,
  ports?: readonly number[],
): Promise<SenderReport> {
  const { detector, coalesced, rate, frames, first = 1, pixels = '', stamps = '' } = traffic;
  const { expectedPackets, payloadBytes } = detector.layout;
  const segment = coalesced ? segmentsOf(detector) : 1;
  const parameters = asArguments({
    ports: portsText(detector, ports),
    packets: expectedPackets,
    payload: payloadBytes,
    rate,
    frames,
    first,
    segment,
    pixels,
    stamps,
  });
  return (await start<SenderReport>(programs.sender, parameters)).report;
}

/** What bench/c/consumer.c prints. */
export interface ConsumerReport {
  readonly images: number;
  readonly bytes: number;
  readonly complete: number;
  readonly order_errors: number;
  /** The `series_end` message. */
  readonly end: { readonly frames?: number; readonly ledger?: Record<string, Record<string, number | null>> };
}

export function startConsumer(programs: Programs, endpoint: string, stamps = ''): Promise<Running<ConsumerReport>> {
  return start(programs.consumer, asArguments({ library: programs.library, endpoint, stamps }), { waitReady: true });
}

/** What bench/c/publisher.c prints. */
export interface PublisherReport {
  readonly frames: number;
  readonly cpu_ns: number;
  readonly seconds: number;
}

/** Frame numbers and times in ns that a program wrote to its `stamps`. */
export function readStamps(file: string): Map<number, number> {
  const bytes = readFileSync(file);
  const stamps = new Map<number, number>();
  for (let at = 0; at < bytes.length; at += 16)
    stamps.set(Number(bytes.readBigInt64LE(at)), Number(bytes.readBigInt64LE(at + 8)));
  return stamps;
}

export const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
