// A detector with several destinations, and one sender for each. Either all packets of frame k go to destination k
// modulo their number, however late a packet leaves, or each port has a destination of its own.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { Datagram } from './detector.js';
import type { DatagramSender } from './udp-sender.js';

/** One sender that hands each datagram to one of several. */
export class SplitSender implements DatagramSender {
  readonly #senders: readonly DatagramSender[];
  readonly #choose: (datagram: Datagram) => number;

  /** @param choose index of the sender of a datagram */
  constructor(senders: readonly DatagramSender[], choose: (datagram: Datagram) => number) {
    this.#senders = senders;
    this.#choose = choose;
  }

  async sendBatch(batch: readonly Datagram[]): Promise<void> {
    const shares = new Map<number, Datagram[]>();
    for (const datagram of batch) {
      const turn = this.#choose(datagram);
      const share = shares.get(turn);
      if (share === undefined) shares.set(turn, [datagram]);
      else share.push(datagram);
    }
    for (const [turn, share] of shares) await this.#senders[turn]?.sendBatch(share);
  }

  get sent(): number {
    return this.#senders.reduce((sum, { sent }) => sum + sent, 0);
  }

  get errors(): number {
    return this.#senders.reduce((sum, { errors }) => sum + errors, 0);
  }

  get lastError(): string | null {
    return this.#senders.map(({ lastError }) => lastError).find((error) => error !== null) ?? null;
  }

  get batchLimit(): number {
    return Math.min(...this.#senders.map(({ batchLimit }) => batchLimit ?? 64));
  }

  async close(): Promise<void> {
    for (const sender of this.#senders) await sender.close();
  }
}

/** Frames in turn. @param firstFrame number of the frame that the first destination gets */
export class RoundRobinSender extends SplitSender {
  constructor(senders: readonly DatagramSender[], firstFrame: number) {
    super(senders, (datagram) => turnOf(datagram, firstFrame, senders.length));
  }
}

/**
 * By the frame number in the header: a postponed packet leaves in a later round than its frame's. One cut off before it
 * goes by its round.
 */
function turnOf({ bytes, round }: Datagram, firstFrame: number, turns: number): number {
  if (bytes.length < 8) return round % turns;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return (view.getUint32(4, true) * 4294967296 + view.getUint32(0, true) - firstFrame) % turns;
}

/** Where a simulated detector sends to. */
export interface Destinations {
  /** One address; several with commas between, to which frames go in turn; or a list, one for each of `udpPorts`. */
  readonly udpHost: string | readonly string[];
  readonly udpPorts: readonly number[];
  readonly sourcePort: number | null;
  readonly firstFrame: number;
}

/**
 * A sender for all destinations, from one for each address.
 * @param open opens the sender of one address
 * @returns what `open` gave for the first address, its sender replaced
 * @throws OperatorError (usage) when one source port would have to serve several destinations, or what `open` throws
 */
export async function openDestinations<Opened extends { readonly sender: DatagramSender }>(
  { udpHost, udpPorts, sourcePort, firstFrame }: Destinations,
  open: (host: string) => Promise<Opened>,
): Promise<Opened> {
  const inTurn = typeof udpHost === 'string';
  // Of a list each address once; turns as they were given.
  const hosts = inTurn ? udpHost.split(',') : [...new Set(udpHost)];
  if (hosts.length > 1 && sourcePort !== null)
    throw new OperatorError(
      'one source port cannot send to several destinations: leave out --source-port, and the port of udp_source',
      exitCode.usage,
    );
  const opened: Opened[] = [];
  try {
    for (const host of hosts) opened.push(await open(host));
  } catch (error) {
    for (const { sender } of opened) await sender.close();
    throw error;
  }
  const first = opened[0];
  if (opened.length === 1) return first;
  const senders = opened.map(({ sender }) => sender);
  if (inTurn) return { ...first, sender: new RoundRobinSender(senders, firstFrame) };
  const senderOf = new Map(udpPorts.map((port, index) => [port, hosts.indexOf(udpHost[index])]));
  return { ...first, sender: new SplitSender(senders, ({ udpPort }) => senderOf.get(udpPort) ?? 0) };
}
