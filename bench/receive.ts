// What does it cost to receive a packet and to put it in place? Eiger quad, 16 bit, with gaps: one port, its receiver
// alone in a process: ours (recvmmsg, compiled placement), the same in C, node:dgram. CPU time of the receiving thread,
// user and kernel, per packet. One after the other with the same packets, again and again, so that whatever the machine
// does, it does to all.
//
//   node dist/bench/receive.js [--runs 5] [--seconds 3] [--rate 1000] [--slow-rate 250] [--json]

import { fileURLToPath } from 'node:url';
import { makePieceTable } from '../src/detector/piece-table.js';
import { Landing } from '../src/memory/landing.js';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import type { Programs } from './compile.js';
import { positionOf, quad, withKeys } from './detector.js';
import type { BenchDetector } from './detector.js';
import { asArguments, delay, sendFrames, start } from './programs.js';
import type { Running } from './programs.js';
import type { SubjectTask } from './receive-subject.js';
import { ratioOf, spreadOf, table, verdict, withSpread } from './statistics.js';
import type { Spread } from './statistics.js';
import { paceProblem, runsText, validRuns } from './valid-runs.js';

export interface ReceiveOptions {
  readonly runs: number;
  /** Of each measurement, after two seconds, or as many frames as the ring has. */
  readonly seconds: number;
  /** Frames per second, for the comparison with C. */
  readonly rate: number;
  /** Frames per second that node:dgram can take. */
  readonly slowRate: number;
}

export const receiveDefaults: ReceiveOptions = { runs: 5, seconds: 3, rate: 1000, slowRate: 250 };

/** Prints of bench/c/receiver.c and of bench/receive-subject.ts. */
export interface ReceiverReport {
  readonly packets: number;
  /** Of the receiving thread; null = it was never warm, so that nothing was measured. */
  readonly cpu_ns: number | null;
  readonly calls: number;
  readonly seconds: number;
  readonly received: number;
  readonly accepted: number;
  readonly complete: number;
}

/** One way to receive. */
type Subject = 'c' | 'c, pausing' | 'recvmmsg' | 'dgram';

/** One subject under one traffic. */
export interface ReceiveRow {
  readonly subject: Subject;
  readonly coalesced: boolean;
  readonly rate: number;
  /** ns per packet, run by run, and packets per call. */
  readonly nsPerPacket: readonly number[];
  readonly packetsPerCall: Spread;
  /** Why runs of all subjects at this traffic were refused. */
  readonly refused: readonly string[];
}

export interface ReceiveResult {
  readonly rows: readonly ReceiveRow[];
}

const ringFrames = 1000;
const measuredPort = 0;

/** Frames before a measurement: the whole ring has been written, code is compiled. */
const warmFrames = (rate: number): number => Math.max(ringFrames, 2 * rate);

/** Compare. About 2 × runs × (6 × seconds + 12) seconds. */
export async function measureReceive(options: ReceiveOptions): Promise<ReceiveResult> {
  const programs = await compilePrograms();
  const rows: ReceiveRow[] = [];
  for (const coalesced of [false, true]) {
    const detector = await quad({ ring_frames: ringFrames, receive_coalesced: coalesced });
    const fast = { rate: options.rate, subjects: ['c', 'c, pausing', 'recvmmsg'] as const };
    const slow = { rate: options.slowRate, subjects: ['recvmmsg', 'dgram'] as const };
    for (const { rate, subjects } of [fast, slow]) {
      const last = warmFrames(rate) + Math.round(options.seconds * rate);
      // One run is all subjects after each other: where one lost packets, they did not do the same.
      const { runs, refused } = await validRuns(options.runs, async () => {
        const reports: (ReceiverReport & { cpu_ns: number })[] = [];
        for (const subject of subjects) {
          const { report, reached } = await receiveOnce(programs, detector, subject, coalesced, rate, last);
          const problem = receiverProblem(report, last * detector.layout.expectedPackets) ?? paceProblem(reached, rate);
          if (problem !== null) return `${subject}: ${problem}`;
          reports.push(report as ReceiverReport & { cpu_ns: number });
        }
        return reports;
      });
      for (const [index, subject] of subjects.entries()) {
        const of = runs.map((reports) => reports[index]);
        rows.push({
          subject,
          coalesced,
          rate,
          nsPerPacket: of.map(({ cpu_ns: spent, packets }) => spent / packets),
          packetsPerCall: spreadOf(of.map(({ packets, calls }) => packets / calls)),
          refused,
        });
      }
    }
  }
  return { rows };
}

async function receiveOnce(
  programs: Programs,
  detector: BenchDetector,
  subject: Subject,
  coalesced: boolean,
  rate: number,
  last: number,
): Promise<{ readonly report: ReceiverReport; readonly reached: number }> {
  const receiver = await startReceiver(programs, detector, subject, warmFrames(rate), last);
  await delay(100);
  const sender = await sendFrames(programs, { detector, coalesced, rate, frames: last }, [measuredPort]);
  const report = await receiver.report;
  // Refusing packets is cheap, or dear, but not what is measured here.
  if (report.accepted !== report.received)
    throw new Error(`${subject}: ${report.received} packets received, ${report.accepted} of them placed`);
  return { report, reached: sender.frames / sender.seconds };
}

/** Why the figure of a receiver is none, or is not of this traffic; null = it is. */
export function receiverProblem({ cpu_ns: spent, received }: ReceiverReport, sent: number): string | null {
  if (received < sent) return `${sent - received} packets lost`;
  return spent === null ? 'it was never warm' : null;
}

async function startReceiver(
  programs: Programs,
  detector: BenchDetector,
  subject: Subject,
  warm: number,
  last: number,
): Promise<Running<ReceiverReport>> {
  if (subject === 'c' || subject === 'c, pausing')
    return startC(programs, detector, measuredPort, subject === 'c, pausing', warm, last);
  const alone = { ports_off: detector.config.detector.udpPorts.filter((_, port) => port !== measuredPort) };
  const { keys } = withKeys(detector, {
    ...alone,
    receive: subject,
    ...(subject === 'dgram' ? { receive_coalesced: false } : {}),
  });
  const task: SubjectTask = { keys, port: measuredPort, warm, last };
  const program = fileURLToPath(new URL('receive-subject.js', import.meta.url));
  return start(process.execPath, [program, JSON.stringify(task)], { waitReady: true });
}

/** The receiver in C, with the sizes, options and pieces that the service has for this port. `last` frames, from 1. */
export async function startC(
  programs: Programs,
  detector: BenchDetector,
  port: number,
  pause: boolean,
  warm: number,
  last: number,
): Promise<Running<ReceiverReport>> {
  const { config, plan, layout } = detector;
  const { landingPackets, packetBytes, coalescedBuffers = 0 } = plan.memory;
  const { row, column } = positionOf(layout, port);
  const { starts, pieces } = makePieceTable(
    layout,
    layout.ports[port]?.expectedPosition ?? 0,
    layout.ports[port]?.flip ?? null,
  );
  const { stride } = new Landing(new ArrayBuffer(4 << 20), 0, landingPackets, packetBytes, coalescedBuffers);
  const input = Buffer.from(Int32Array.of(...starts, ...pieces).buffer);
  return start(
    programs.receiver,
    asArguments({
      port: config.detector.udpPorts[port],
      row,
      column,
      packets: layout.expectedPackets,
      packetBytes,
      slots: plan.ring.frames,
      slotStride: plan.ring.slotBytes,
      batch: landingPackets,
      landingStride: stride,
      coalesced: coalescedBuffers,
      bufferBytes: config.receiveBufferBytes,
      pause: pause ? 1 : 0,
      warm,
      last,
    }),
    { input, waitReady: true },
  );
}

/** Tables for people. */
export function receiveTables({ rows }: ReceiveResult): string {
  const find = (subject: Subject, like: ReceiveRow): ReceiveRow | undefined =>
    rows.find((row) => row.subject === subject && row.coalesced === like.coalesced && row.rate === like.rate);
  const against = (row: ReceiveRow, subject: Subject): string => {
    const other = find(subject, row);
    return other === undefined || other === row ? '' : withSpread(ratioOf(row.nsPerPacket, other.nsPerPacket), 2);
  };
  const names: Record<Subject, string> = {
    c: 'C',
    'c, pausing': 'C, with our rule for pauses',
    recvmmsg: 'ours',
    dgram: 'node:dgram',
  };
  const body = rows.map((row) => [
    row.coalesced ? 'coalesced' : 'single',
    String(row.rate),
    names[row.subject],
    withSpread(spreadOf(row.nsPerPacket), 0),
    withSpread(row.packetsPerCall, 1),
    against(row, 'c'),
    against(row, 'c, pausing'),
    row.subject === 'dgram' ? against(row, 'recvmmsg') : '',
    runsText(row.nsPerPacket.length, row.refused),
  ]);
  const lines = rows
    .filter((row) => row.subject === 'recvmmsg')
    .map((row) => {
      const what = `${row.coalesced ? 'coalesced' : 'single'} datagrams, ${row.rate} frames/s`;
      const c = find('c, pausing', row);
      const dgram = find('dgram', row);
      if (c !== undefined)
        return (
          `- ${what}: ${ratioOf(row.nsPerPacket, c.nsPerPacket).median.toFixed(2)} × C with the same pauses: ` +
          `${verdict(ratioOf(row.nsPerPacket, c.nsPerPacket).median, 1.25)}; aim ` +
          `${verdict(ratioOf(row.nsPerPacket, c.nsPerPacket).median, 1.05)}.`
        );
      const times = dgram === undefined ? Number.NaN : ratioOf(dgram.nsPerPacket, row.nsPerPacket).median;
      const wanted = row.coalesced ? 4 : 3;
      return (
        `- ${what}: ${times.toFixed(1)} × better than node:dgram: ${times >= wanted ? 'reached' : 'missed'} (≥ ` +
        `${wanted}).`
      );
    });
  const head = [
    'datagrams',
    'frames/s',
    'receiver',
    'ns per packet',
    'packets per call',
    '× C',
    '× C with pauses',
    '× ours',
    'runs',
  ];
  return `${table(head, body)}\n\n${lines.join('\n')}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(receiveDefaults);
  print(await measureReceive(options), receiveTables, json);
}
