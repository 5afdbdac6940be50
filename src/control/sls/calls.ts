// One call of PSI's client: a number, then the argument of that function. Comes in: bytes, in whatever pieces. Goes
// out: the reply. Nothing here knows of sockets. Wire:
//
//   client → receiver   i32 id │ argument
//   receiver → client   i32 0  │ payload                     done (some functions: the payload alone)
//                       i32 1  │ char[1000] sentence         refused: PSI's words, and behind them the remedy

import { Refused } from '../refused.js';
import { answers } from './answers.js';
import type { Caller } from './answers.js';
import { functionOf, functions } from './functions.js';
import type { Call, FunctionName } from './functions.js';
import { runStatus } from './receivers.js';
import { bytesLimit, i32, text } from './shapes.js';
import type { Release } from './setup.js';

type AnyCall = Call<unknown, unknown>;

const done = i32.write(0);

/** A refusal as the client shows it. */
export function failure(sentence: string): Buffer {
  return Buffer.concat([i32.write(1), text.write(sentence)]);
}

/** How a release of the client calls a function; null = it does not know it. */
function callOf(name: FunctionName, release: Release): AnyCall | null {
  const call = functions[name] as unknown as AnyCall;
  if (release === 'since 10') return call;
  if (call.since === 10) return null;
  const { before10, bare: _, ...same } = call;
  return before10 === undefined ? call : { ...same, ...before10 };
}

/** What the bytes so far are. */
export type CallRead =
  /** More has to come; after so many ms of silence it may be whole, undefined = not. */
  | { readonly kind: 'partial'; readonly quietMs?: number }
  | { readonly kind: 'whole'; readonly name: FunctionName; readonly argument: Buffer }
  | { readonly kind: 'impossible'; readonly sentence: string };

/** @param quiet nothing has come for the `quietMs` of the answer before */
export function readCall(bytes: Buffer, release: Release, quiet: boolean): CallRead {
  if (bytes.length < 4) return { kind: 'partial' };
  const id = i32.read(bytes);
  const name = functionOf(id);
  const call = name === null ? null : callOf(name, release);
  if (name === null || call === null)
    return {
      kind: 'impossible',
      sentence:
        `Unrecognized Function enum${id}: this service knows those of releases 8, 9 and 10. Set receiver_release in ` +
        'its configuration to that of the client',
    };
  const head = bytes.subarray(4);
  const size = call.takes.size(head, quiet);
  if (size > bytesLimit)
    return { kind: 'impossible', sentence: `${name}: an argument of ${size} bytes is too long, at most ${bytesLimit}` };
  if (head.length >= size) return { kind: 'whole', name, argument: head.subarray(0, size) };
  return call.takes.quietMs === undefined ? { kind: 'partial' } : { kind: 'partial', quietMs: call.takes.quietMs };
}

/**
 * The reply to a call.
 * @param argument as `readCall` found it
 * @throws Error of a mistake in this program only
 */
export async function answerCall(caller: Caller, name: FunctionName, argument: Buffer): Promise<Buffer> {
  const { receiver, address } = caller;
  const call = callOf(name, receiver.release) as AnyCall;
  try {
    if (receiver.lockedBy !== null && receiver.lockedBy !== address)
      throw new Refused('busy', [
        `Receiver locked by ${receiver.lockedBy}. Say rx_lock 0 there; when that is gone, restart the service\n`,
      ]);
    const value = call.takes.read(argument);
    refuseNow(caller, name, call, value);
    const answer = answers[name as keyof typeof answers] as unknown as (caller: Caller, argument: unknown) => unknown;
    const payload = call.gives.write(await answer(caller, value));
    if (call.idle !== undefined) receiver.group.noteCall();
    return call.bare === true ? payload : Buffer.concat([done, payload]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return failure(error.problems.join('; '));
  } finally {
    receiver.lastClient = address;
  }
}

/** @throws Refused when the function is not for this receiver, or not for this moment */
function refuseNow({ receiver }: Caller, name: FunctionName, call: AnyCall, value: unknown): void {
  if (!receiver.isSetUp && call.unset !== true)
    throw new Refused('invalid', ['Receiver not set up. Please use rx_hostname first.\n']);
  if (call.only !== undefined && !(call.only as readonly string[]).includes(receiver.settings.detector))
    throw new Refused('invalid', [
      `Function: ${name} is not implemented for this detector (${receiver.settings.detector}), only for ` +
        `${call.only.join(', ') || 'chip test boards'}. Leave the command out`,
    ]);
  const onlyAsks = call.idle === 'set' && typeof value === 'number' && value < 0;
  if (call.idle !== undefined && !onlyAsks && receiver.group.status !== runStatus.idle)
    throw new Refused('busy', [
      `Can not execute ${name} when receiver is not idle. Wait for the end of the acquisition, or end it (rx_stop)`,
    ]);
}
