// What happens to the connections of a libzmq socket, read from its monitor. Comes in: events of version 2, which name
// both ends of a connection. Goes out: the same, one after the other, when polled.
// Tested by test/stream/output/libzmq/libzmq-sink.test.ts.

import { zmq } from './libzmq.js';
import type { Libzmq, ZmqHandle } from './libzmq.js';

const decoder = new TextDecoder();
const endpoint = 'inproc://consumers';
const wanted =
  zmq.eventAccepted |
  zmq.eventHandshakeSucceeded |
  zmq.eventHandshakeFailedNoDetail |
  zmq.eventHandshakeFailedProtocol |
  zmq.eventDisconnected;

/** One event: one of `zmq.event…`, its first value (a descriptor, an errno), the peer as libzmq writes it. */
export type MonitorEvent = (event: number, value: number, remote: string) => void;

export class LibzmqMonitor {
  readonly #library: Libzmq;
  readonly #socket: ZmqHandle;
  readonly #scratch = new Uint8Array(512);
  readonly #view = new DataView(this.#scratch.buffer);
  /** The monitor follows the socket. */
  readonly ready: boolean;

  /** @param watched the socket, not bound yet */
  constructor(library: Libzmq, context: ZmqHandle, watched: ZmqHandle) {
    this.#library = library;
    this.#socket = library.socket(context, zmq.pair);
    this.ready =
      this.#socket !== 0 &&
      library.socketMonitor(watched, endpoint, wanted, 2, zmq.pair) === 0 &&
      library.connect(this.#socket, endpoint) === 0;
  }

  /** Hand over what has happened since the last call. */
  read(happened: MonitorEvent): void {
    while (this.#receive() >= 0) {
      const event = Number(this.#view.getBigUint64(0, true));
      this.#receive();
      // All parts of an event become visible at once: event, count of values, the values, local and remote address.
      let value = 0;
      for (let values = Number(this.#view.getBigUint64(0, true)); values > 0; values--) {
        this.#receive();
        value = Number(this.#view.getBigUint64(0, true));
      }
      this.#receive();
      happened(event, value, decoder.decode(this.#scratch.subarray(0, this.#receive())));
    }
  }

  close(): void {
    if (this.#socket !== 0) this.#library.close(this.#socket);
  }

  /** One part of an event into the scratch; its length, or −1 when there is none. */
  #receive(): number {
    return this.#library.recv(this.#socket, this.#scratch, this.#scratch.length, zmq.dontwait);
  }
}
