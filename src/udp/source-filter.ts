// hot path. Which address sent a datagram, and is it allowed? Comes in: senders, as text from node:dgram or as the
// socket addresses that the kernel wrote. Goes out: a word for each, the same for the same address; 0 = not one of
// those configured. Decided here and not by a filter on the socket, whose rejects the kernel would count as drops. IPv4
// senders on IPv6 sockets appear as ::ffff:a.b.c.d and are the same.

import type { UdpSource } from '../config/networks.js';
import { OperatorError } from '../base/errors.js';
import { mapped, parseIp, unmapped } from '../runtime/socket-address.js';

/** No sender that is configured. */
const foreignSender = 0;

/** For senders as text. An empty list allows all. */
export function makeSenderWord(sources: readonly UdpSource[]): (address: string, port: number) => number {
  const within = sources.map(networkOf);
  // A detector has one address for each port: its text is looked into as long as it is the one that came last.
  let known = '';
  let bytes: Uint8Array = new Uint8Array(16);
  return (address, port) => {
    if (address !== known) {
      bytes = mapped(parseIp(withoutZone(address))).bytes;
      known = address;
    }
    return allowed(within, bytes, port) ? wordOf(bytes) : foreignSender;
  };
}

/** For senders as socket addresses in shared memory. Nothing is allocated while they are the same. */
export class SenderWord {
  readonly #sources: readonly Within[];
  readonly #addressAt: number;
  readonly #addressWords: number;
  /** The UDP port is looked at only where some source names one. */
  readonly #headMask: number;
  /** The sender that came last, and its word. */
  readonly #last: Int32Array;
  #word = foreignSender;

  /**
   * @param socketVersion 4 or 6: what the socket was opened for
   * @throws OperatorError when no datagram on such a socket could come from any of the sources
   */
  constructor(sources: readonly UdpSource[], socketVersion: 4 | 6) {
    this.#sources = fit(sources, socketVersion).map(networkOf);
    this.#addressAt = socketVersion === 4 ? 1 : 2;
    this.#addressWords = socketVersion === 4 ? 1 : 4;
    this.#headMask = sources.some(({ port }) => port !== null) ? -1 : 0xffff;
    this.#last = new Int32Array(1 + this.#addressWords);
  }

  /** @param at index of the socket address in `words` */
  of(words: Int32Array, at: number): number {
    const last = this.#last;
    const from = at + this.#addressAt;
    // Family and port share a word; in memory the family comes first.
    let same = (words[at] & this.#headMask) === last[0];
    for (let word = 0; word < this.#addressWords; word++) if (words[from + word] !== last[1 + word]) same = false;
    if (!same) this.#note(words, at, from);
    return this.#word;
  }

  #note(words: Int32Array, at: number, from: number): void {
    const head = words[at];
    this.#last[0] = head & this.#headMask;
    for (let word = 0; word < this.#addressWords; word++) this.#last[1 + word] = words[from + word];
    const address = new Uint8Array(this.#last.buffer, 4);
    const bytes = mapped({ version: address.length === 4 ? 4 : 6, bytes: address, scope: 0 }).bytes;
    // In the network's order.
    const port = ((head >>> 8) & 0xff00) | (head >>> 24);
    this.#word = allowed(this.#sources, bytes, port) ? wordOf(bytes) : foreignSender;
  }
}

/** A network as mapped IPv6 bytes. */
interface Within {
  readonly bytes: Uint8Array;
  readonly bits: number;
  readonly port: number | null;
}

function networkOf({ address, bits, port }: UdpSource): Within {
  const parsed = parseIp(address);
  return { bytes: mapped(parsed).bytes, bits: parsed.version === 4 ? 96 + bits : bits, port };
}

function allowed(sources: readonly Within[], bytes: Uint8Array, port: number): boolean {
  if (sources.length === 0) return true;
  for (const source of sources) {
    if ((source.port === null || source.port === port) && sameBits(source.bytes, bytes, source.bits)) return true;
  }
  return false;
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : 0xff00 >> (bits - bit);
    if (((a[bit >> 3] ^ b[bit >> 3]) & mask) !== 0) return false;
  }
  return true;
}

/**
 * Different for any two IPv4 addresses. IPv6 ones are folded: two of them have the same word once in four thousand
 * million pairs; an attacker that could find one may as well send with the detector's own address.
 */
function wordOf(bytes: Uint8Array): number {
  let word = 0;
  for (let at = 0; at < 16; at += 4) {
    const quarter = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    word = Math.imul(word, 0x9e3779b1) ^ quarter;
  }
  return word === foreignSender ? 1 : word;
}

function fit(sources: readonly UdpSource[], socketVersion: 4 | 6): readonly UdpSource[] {
  if (socketVersion === 6 || sources.length === 0) return sources;
  const own = sources.filter(({ address }) => unmapped(parseIp(address)).version === 4);
  if (own.length > 0) return own;
  throw new OperatorError(
    `udp_source ${sources[0]?.address} is an IPv6 address, but udp_host is an IPv4 one: no packet could be the ` +
      "detector's. Change one of them",
  );
}

function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone < 0 ? address : address.slice(0, zone);
}
