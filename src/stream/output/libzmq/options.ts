// The options of the PUSH socket: what it queues, what peers may send, how soon a peer that is gone is noticed, which
// peers the door is asked about. Comes in: what the sink is made for. Goes out: a socket that is ready to be bound.
// Tested by test/consumer/zmq-options.test.ts.

import { keepAlive } from '../keep-alive.js';
import { zmq } from './libzmq.js';
import type { Libzmq, ZmqHandle } from './libzmq.js';

/**
 * What peers may send: libzmq reads it, and a PUSH socket keeps it. READY has some 30 bytes; a consumer sends nothing
 * after it but PING.
 */
export const inbound = { messageBytes: 1024, messages: 10_000, bytes: 16_384, bytesPerSecond: 1024 } as const;
/** A connection that has not finished its handshake after so long is closed, in ms. */
export const handshakeMs = 2000;

/**
 * Connections that the kernel keeps until they are accepted. They take no descriptors. A peer that finds the queue full
 * tries again after 1, 3, 7, 15 s by itself, a consumer as well.
 */
export const acceptQueue = 1024;
const value = new Uint8Array(64);
const view = new DataView(value.buffer);

/** @returns false when libzmq refused one of them */
export function setPushOptions(
  library: Libzmq,
  socket: ZmqHandle,
  {
    host,
    highWaterMark,
    timeoutMs,
  }: { readonly host: string; readonly highWaterMark: number; readonly timeoutMs: number },
): boolean {
  const { idle, interval, count } = keepAlive(timeoutMs);
  const numbers: readonly (readonly [option: number, value: number])[] = [
    [zmq.sndhwm, highWaterMark],
    [zmq.rcvhwm, inbound.messages],
    [zmq.backlog, acceptQueue],
    [zmq.handshakeIvl, handshakeMs],
    [zmq.linger, 0],
    [zmq.ipv6, host.includes(':') ? 1 : 0],
    [zmq.tcpKeepalive, 1],
    [zmq.tcpKeepaliveIdle, idle],
    [zmq.tcpKeepaliveIntvl, interval],
    [zmq.tcpKeepaliveCnt, count],
  ];
  if (!numbers.every(([option, number]) => setNumber(library, socket, option, number))) return false;
  view.setBigInt64(0, BigInt(inbound.messageBytes), true);
  if (library.setsockopt(socket, zmq.maxmsgsize, value, 8) !== 0) return false;
  // libzmq takes a peer that sends anything at all for a consumer of ZMTP 1, and gives it messages: a browser, a port
  // scanner. With a domain for authentication it wants ZMTP 3, and asks the door.
  value.set(new TextEncoder().encode('vdcu'));
  return library.setsockopt(socket, zmq.zapDomain, value, 4) === 0;
}

/** @returns false when libzmq refused it */
export function setNumber(library: Libzmq, socket: ZmqHandle, option: number, number: number): boolean {
  view.setInt32(0, number, true);
  return library.setsockopt(socket, option, value, 4) === 0;
}
