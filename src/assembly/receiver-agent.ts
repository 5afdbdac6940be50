// STEPS 1 and 2 on a thread: the ports of one receiver thread, each with its packet source and its assembler. The
// agent's turn is a turn of each port, after a short sleep where that lets batches gather; it ends when told.

import type { Agent } from '../runtime/agent.js';
import type { PacketSource, SourceInfo } from '../udp/packet-source.js';
import type { ReceivePause } from './receive-pause.js';
import type { PortAssembler } from './port-assembler.js';

/** A turn at least so often while packets are left in the sockets. */
const waitingMicroseconds = 500;

/** One port of the thread. */
export interface ReceiverPort {
  readonly source: PacketSource;
  readonly assembler: PortAssembler;
}

/** How a thread that may block sleeps between its turns. */
export interface ReceiverRest {
  readonly pause: ReceivePause;
  sleep(microseconds: number): void;
}

export class ReceiverAgent implements Agent {
  readonly name: string;
  readonly #ports: readonly ReceiverPort[];
  readonly #now: () => number;
  readonly #rest: ReceiverRest | null;
  /** What was granted, by port; filled by `start`. */
  readonly infos: SourceInfo[] = [];

  /**
   * @param now ms of the service's clock
   * @param rest null = never sleep, the event loop drives
   */
  constructor(name: string, ports: readonly ReceiverPort[], now: () => number, rest: ReceiverRest | null) {
    this.name = name;
    this.#ports = ports;
    this.#now = now;
    this.#rest = rest;
  }

  /** All ports, or none: sockets outlive their thread, and a second try would find them taken. */
  async start(): Promise<void> {
    try {
      for (const { source, assembler } of this.#ports) {
        const info = await source.open();
        assembler.noteSocket(info.receiveBufferRequestedBytes, info.receiveBufferGrantedBytes);
        this.infos.push(info);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#rest?.pause.setBuffered(
      Math.min(
        ...this.#ports.map(({ source }, index) =>
          bufferedPackets(source, this.infos[index]?.receiveBufferGrantedBytes ?? 0),
        ),
      ),
    );
  }

  turn(): number {
    const rest = this.#rest;
    if (rest !== null && rest.pause.microseconds > 0) rest.sleep(rest.pause.microseconds);
    const now = this.#now();
    let work = 0;
    let lacking = Number.POSITIVE_INFINITY;
    let pauses = false;
    for (const { assembler } of this.#ports) {
      work += assembler.turn();
      lacking = Math.min(lacking, assembler.lacking);
      pauses ||= assembler.pauses;
    }
    rest?.pause.note(work, lacking, now);
    // What is left in a socket would end every wait at once.
    if (pauses && work === 0) rest?.sleep(waitingMicroseconds);
    return work;
  }

  async close(): Promise<void> {
    for (const { source } of this.#ports) await source.close();
  }
}

/**
 * Datagrams that a socket buffer of so many bytes holds, or one batch of the landing buffers: the kernel charges up to
 * twice a buffer's bytes and its bookkeeping. Coalesced, a buffer holds several datagrams.
 */
function bufferedPackets({ landing }: PacketSource, grantedBytes: number): number {
  return (
    (Math.min((2 * grantedBytes) / (2 * landing.stride + 1024), landing.buffers) * landing.capacity) / landing.buffers
  );
}
