// STEPS 1 and 2 on a thread: the ports of one receiver thread, each with its packet source and its assembler. The agent's turn is
// a turn of each port; it ends when told.

import type { Agent } from '../runtime/agent.js';
import type { PacketSource, SourceInfo } from '../udp/packet-source.js';
import type { PortAssembler } from './port-assembler.js';

/** One port of the thread. */
export interface ReceiverPort {
  readonly source: PacketSource;
  readonly assembler: PortAssembler;
}

export class ReceiverAgent implements Agent {
  readonly name: string;
  readonly #ports: readonly ReceiverPort[];
  readonly #now: () => number;
  /** What was granted, by port; filled by `start`. */
  readonly infos: SourceInfo[] = [];

  /** @param now ms of the service's clock */
  constructor(name: string, ports: readonly ReceiverPort[], now: () => number) {
    this.name = name;
    this.#ports = ports;
    this.#now = now;
  }

  async start(): Promise<void> {
    for (const { source, assembler } of this.#ports) {
      const info = await source.open();
      assembler.noteSocket(info.receiveBufferRequestedBytes, info.receiveBufferGrantedBytes);
      this.infos.push(info);
    }
  }

  turn(): number {
    const now = this.#now();
    let work = 0;
    for (const { assembler } of this.#ports) work += assembler.turn(now);
    return work;
  }

  async close(): Promise<void> {
    for (const { source } of this.#ports) await source.close();
  }
}
