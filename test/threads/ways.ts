// The ways out (`send`), for tests of what each has to do: the one list of them, with what a way cannot, so that no
// test says it by itself.

import { ffiUnavailable } from '../../src/runtime/ffi.js';

export interface Way {
  readonly send: 'zmtp' | 'libzmq' | 'zeromq.js';
  /** Why it cannot be had on this machine; false = it can. */
  readonly skip: string | false;
  /** It refuses a consumer too many. Others let in everybody, and refuse to arm. */
  readonly refuses: boolean;
  /** It closes the connection of a peer that sends what no consumer sends, however much that was. */
  readonly endsTalkers: boolean;
  /** It knows what was delivered, and says what was not. */
  readonly counts: boolean;
  /** A consumer whose machine is dead is lost after this many `consumer_timeout_ms`, with data under way. */
  readonly patience: number;
}

const needsCalls = ffiUnavailable() ?? false;

export const ways: readonly Way[] = [
  { send: 'zmtp', skip: needsCalls, refuses: true, endsTalkers: true, counts: true, patience: 1 },
  { send: 'libzmq', skip: needsCalls, refuses: true, endsTalkers: true, counts: true, patience: 1 },
  { send: 'zeromq.js', skip: false, refuses: false, endsTalkers: false, counts: false, patience: 6 },
];
