// The service's parts in C, each as a program of its own: receivers, one for each port, and a sender of the same
// messages. Comes in: a detector and its traffic. Goes out: CPU time, or why there is none.

import { freeTcpPort } from '../src/rehearsal/free-ports.js';
import type { Programs } from './compile.js';
import { asArguments, delay, sendFrames, start, startConsumer } from './programs.js';
import type { PublisherReport, Traffic } from './programs.js';
import { receiverProblem, startC } from './receive.js';
import { paceProblem } from './valid-runs.js';

/** How the sender in C hands over frames: by zmq_send, by zmq_msg_init_data, or straight into a connection. */
export const publisherWays = ['copy', 'lend', 'direct'] as const;
export type PublisherWay = (typeof publisherWays)[number];

/** What receivers in C did together. */
export interface ReceivedInC {
  /** CPU time in ns for the frames after the ring was filled once. */
  readonly spent: number;
  readonly lost: number;
  /** Frames per second that the sender reached. */
  readonly reached: number;
}

/** @param warm frames before the measurement @returns a reason where there is no figure */
export async function receiveInC(
  programs: Programs,
  { detector, coalesced, rate, frames }: Omit<Traffic, 'first' | 'stamps'>,
  warm: number,
): Promise<ReceivedInC | string> {
  const last = warm + frames;
  const receivers = await Promise.all(
    detector.config.detector.udpPorts.map((_, port) => startC(programs, detector, port, true, warm, last)),
  );
  await delay(100);
  const sender = await sendFrames(programs, { detector, coalesced, rate, frames: last });
  const reached = sender.frames / sender.seconds;
  let spent = 0;
  let lost = 0;
  for (const report of await Promise.all(receivers.map((receiver) => receiver.report))) {
    if (report.cpu_ns === null) return `C: ${receiverProblem(report, 0)}`;
    lost += last * detector.layout.expectedPackets - report.received;
    // A lost packet must not make it look cheaper.
    spent += (report.cpu_ns / report.packets) * frames * detector.layout.expectedPackets;
  }
  return { spent, lost, reached };
}

/** Why a comparison with this is none; null = it is one. */
export function yardstickProblem(received: ReceivedInC | string, rate: number): string | null {
  if (typeof received === 'string') return received;
  return received.lost > 0 ? `C: ${received.lost} packets lost` : paceProblem(received.reached, rate);
}

/** CPU time in ns of a program in C that sends the messages of `frames` frames, libzmq's threads included. */
export async function publishInC(
  programs: Programs,
  { detector, rate, frames, stamps = '' }: Omit<Traffic, 'first' | 'coalesced'>,
  way: PublisherWay = 'copy',
  consumerStamps = '',
): Promise<number> {
  const port = await freeTcpPort();
  const publisher = await start<PublisherReport>(
    programs.publisher,
    asArguments({
      way,
      library: programs.library,
      port,
      frameBytes: detector.layout.frameBytes,
      slotStride: detector.plan.ring.slotBytes,
      slots: detector.plan.ring.frames,
      rate,
      frames,
      hwm: detector.plan.highWaterMark,
      stamps,
    }),
    { waitReady: true },
  );
  const consumer = await startConsumer(programs, `tcp://127.0.0.1:${port}`, consumerStamps);
  await delay(200);
  publisher.process.stdin.end('go\n');
  const [{ cpu_ns: spent }] = await Promise.all([publisher.report, consumer.report]);
  return spent;
}
