// What a receiver's thread is made of: sockets, by the way to receive that this machine has, and an assembler for each
// port.
// Tested by test/service/service.test.ts.

import { compiledPlacement, loadPlacementKernel } from '../assembly/compiled-placement.js';
import { PortAssembler } from '../assembly/port-assembler.js';
import { ReceivePause } from '../assembly/receive-pause.js';
import { ReceiverAgent } from '../assembly/receiver-agent.js';
import { systemClock } from '../base/clock.js';
import type { WayInName } from '../config/ways.js';
import type { Wake } from '../runtime/agent.js';
import { sharpenSleeps, sleepMicroseconds } from '../runtime/thread.js';
import { waysIn } from '../udp/ways-in.js';
import type { PortGroup } from '../udp/ways-in.js';
import { choose } from './choose-way.js';
import { portSetup } from './wiring.js';
import type { Wiring } from './wiring.js';

/**
 * A receiver waits so long for the next thing at most, in ms, so that it sees commands and its stop word.
 */
export const blockingWaitMs = 10;

/** A receiver thread's agent and how it waits. */
export interface ReceiverBackend extends Pick<PortGroup, 'wait'> {
  readonly agent: ReceiverAgent;
  readonly way: WayInName;
  readonly notes: string[];
}

/** What a receiver is made of. */
export interface ReceiverWish {
  readonly name: string;
  /** Indices into `udp_ports`. */
  readonly ports: readonly number[];
  readonly wiring: Wiring;
  readonly memory: WebAssembly.Memory;
  readonly wake: Wake;
  /** Readable when a command was given. */
  readonly wakeDescriptor: number;
}

/** @throws OperatorError as `choose`, or when the build left the kernel out */
export async function makeReceiver(wish: ReceiverWish): Promise<ReceiverBackend> {
  const { name, ports, wiring, memory, wake, wakeDescriptor } = wish;
  const { config, map } = wiring;
  const setup = { ports, config, map, buffer: memory.buffer, waitMs: blockingWaitMs, wakeDescriptor, wake };
  const { way, made, notes } = await choose(
    'receive',
    config.receive,
    waysIn,
    (row) => row.unavailable() ?? row.open(setup),
  );
  const makePlacement = compiledPlacement(loadPlacementKernel(memory));
  const receiverPorts = made.sources.map((source, index) => ({
    source,
    assembler: new PortAssembler(portSetup(wiring, ports[index], source, makePlacement)),
  }));
  const blocks = made.wait !== null;
  if (blocks) sharpenSleeps(1000);
  const rest = blocks ? { pause: new ReceivePause(ports.length), sleep: sleepMicroseconds } : null;
  const agent = new ReceiverAgent(name, receiverPorts, () => systemClock.now(), rest);
  return { agent, way, notes, wait: made.wait };
}
