// Sends hostile datagrams to the real sockets of the service under soak, at a bounded rate, and says what they are by
// the rules of the classes (test/hostile/hostile-datagrams.ts), in the form in which simulators tell their truth: the
// reckoning of a phase adds them up.

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/base/random.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { Mutator } from '../hostile/hostile-datagrams.js';
import type { Expected } from '../hostile/hostile-datagrams.js';
import { PacketMaker } from '../pipeline/packets.js';
import { otherClasses } from './children.js';
import type { SimulatedTruth } from './children.js';

export interface HostileOptions {
  readonly settings: DetectorSettings;
  /** On this machine; those of `settings`. */
  readonly udpPorts: readonly number[];
  /** Datagrams to all ports together. */
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** Aborted = end early, with what was sent. */
  readonly signal: AbortSignal;
}

/** Pauses between bursts, in ms: a burst must fit into the buffer of a socket beside the detector's packets. */
const pauseMs = 5;
/** No frame number of the detector's. */
const farFrame = 2 ** 41;
/** The places of the ports are settled long ago. */
const settledAge = 1000;

/**
 * Resolves when all have left. Places of ports must be settled, and a series open, or those with false numbers are of
 * no series.
 */
export async function sendHostile({
  settings,
  udpPorts,
  perSecond,
  seconds,
  seed,
  signal,
}: HostileOptions): Promise<SimulatedTruth> {
  const mutator = new Mutator(new Random(seed), new PacketMaker(settings), settings, false, 0);
  const counts = udpPorts.map(() => new Map<Expected, number>());
  const socket = createSocket('udp4');
  let errors = 0;
  let sent = 0;
  try {
    const begin = performance.now();
    for (let elapsed = 0; elapsed < seconds * 1000 && !signal.aborted; elapsed = performance.now() - begin) {
      const due = Math.min(
        Math.floor((elapsed / 1000) * perSecond),
        sent + Math.ceil((perSecond * 4 * pauseMs) / 1000),
      );
      for (; sent < due; sent++) {
        const port = sent % udpPorts.length;
        const { bytes, as } = mutator.make(port, farFrame, settledAge);
        if (await leave(socket, bytes, udpPorts[port])) counts[port].set(as, (counts[port]?.get(as) ?? 0) + 1);
        else errors++;
      }
      await sleep(pauseMs);
    }
  } finally {
    socket.close();
  }
  const truthOf = (classes: ReadonlyMap<Expected, number>): SimulatedTruth['ports'][string] => ({
    packets_sent: [...classes.values()].reduce((sum, count) => sum + count, 0),
    // Intact, with a frame number that nothing confirms.
    packets_intact: classes.get('stray') ?? 0,
    truncated: classes.get('malformedSize') ?? 0,
    duplicated: 0,
    foreign_detector_type: classes.get('malformedDetectorType') ?? 0,
    foreign_version: classes.get('malformedVersion') ?? 0,
    others: Object.fromEntries(otherClasses.map((name) => [name, classes.get(name) ?? 0])),
  });
  return {
    frames: 0,
    send_errors: errors,
    ports: Object.fromEntries(udpPorts.map((udpPort, port) => [udpPort, truthOf(counts[port])])),
  };
}

/** True when the kernel took it. */
function leave(socket: Socket, bytes: Uint8Array, udpPort: number): Promise<boolean> {
  return new Promise((resolve) => socket.send(bytes, udpPort, '127.0.0.1', (error) => resolve(error === null)));
}
