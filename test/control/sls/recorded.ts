// Recorded conversations of PSI's client with PSI's receiver: one call and its reply for each connection, in the order
// in which the calls were sent. Captures lie beside the repository, or where VDCU_CAPTURES says.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const folder = join(process.env['VDCU_CAPTURES'] ?? join(import.meta.dirname, '../../../../../shared/captures'), 'tcp');

/** A call as it went over the wire. */
export interface RecordedCall {
  /** TCP port of the receiver. */
  readonly port: number;
  readonly sent: Buffer;
  readonly received: Buffer;
}

const pathOf = (name: string): string => join(folder, `tcp_${name}_config_acquire_getters.pcap.gz`);

/** Why a test is skipped that needs these conversations; false = they are there. */
export const withoutRecordings = (...names: readonly string[]): string | false =>
  names.every((name) => existsSync(pathOf(name))) ? false : `no captures in ${folder}`;

const globalHeaderBytes = 24;
const recordHeaderBytes = 16;
const ethernetBytes = 14;

/** The calls of a capture (pcap, Ethernet, IPv4 without fragments). */
export function recordedCalls(name: string): RecordedCall[] {
  const file = gunzipSync(readFileSync(pathOf(name)));
  const calls = new Map<string, { port: number; sent: Stream; received: Stream }>();
  for (let at = globalHeaderBytes; at < file.length;) {
    const length = file.readUInt32LE(at + 8);
    const packet = file.subarray(at + recordHeaderBytes + ethernetBytes, at + recordHeaderBytes + length);
    at += recordHeaderBytes + length;
    const ipBytes = (packet[0] & 15) * 4;
    const tcp = packet.subarray(ipBytes, packet.readUInt16BE(2));
    const [from, to] = [tcp.readUInt16BE(0), tcp.readUInt16BE(2)];
    const payload = tcp.subarray((tcp[12] >> 4) * 4);
    const toReceiver = to < from;
    const key = toReceiver ? `${from} ${to}` : `${to} ${from}`;
    const syn = (tcp[13] & 2) !== 0;
    if (syn && toReceiver) calls.set(key, { port: to, sent: new Stream(), received: new Stream() });
    const call = calls.get(key);
    (toReceiver ? call?.sent : call?.received)?.add(tcp.readUInt32BE(4), payload, syn);
  }
  return [...calls.values()]
    .map(({ port, sent, received }) => ({ port, sent: sent.bytes(), received: received.bytes() }))
    .filter(({ sent }) => sent.length > 0);
}

/** One direction of a connection. */
class Stream {
  #first = 0;
  readonly #parts = new Map<number, Buffer>();

  add(sequence: number, payload: Buffer, syn: boolean): void {
    if (syn) this.#first = sequence + 1;
    else if (payload.length > 0) this.#parts.set((sequence - this.#first) >>> 0, payload);
  }

  bytes(): Buffer {
    const parts = [...this.#parts].sort(([one], [other]) => one - other);
    let end = 0;
    return Buffer.concat(
      parts.flatMap(([at, payload]) => {
        if (at + payload.length <= end) return [];
        const fresh = payload.subarray(Math.max(0, end - at));
        end = at + payload.length;
        return [fresh];
      }),
    );
  }
}
