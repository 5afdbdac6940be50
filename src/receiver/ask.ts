// The receiver that consumes the stream, asked over HTTP as device servers ask it. Comes in: its URL. Goes out: its
// state and how many images it has received in this series, or in the last one. Bounded in time and bytes.
// Source of the two endpoints: MAX IV's streaming-receiver.

import { receiverStates } from '../contract/receiver-states.js';
import type { ReceiverState } from '../contract/receiver-states.js';

/** Longest wait for one answer, ms. */
const answerLimitMs = 2000;
/** Longer answers are none. */
const answerBytes = 65_536;

export interface ReceiverAnswer {
  readonly state: ReceiverState;
  /** Why, with state `error`. */
  readonly error: string | null;
  readonly received: number;
}

/** @throws Error when it does not answer, or answers something else */
export async function askReceiver(url: string): Promise<ReceiverAnswer> {
  const status = await json(`${url}/status`);
  const { state: said, error: reason } = status;
  const state = receiverStates.find((name) => name === said);
  if (state === undefined)
    throw new Error(`/status says ${JSON.stringify(said)?.slice(0, 40)}, none of ${receiverStates.join(', ')}`);
  const { value } = await json(`${url}/received_frames`);
  if (!Number.isSafeInteger(value)) throw new Error('/received_frames has no whole number as value');
  const told = typeof reason === 'string' ? reason.slice(0, 500) : 'without a reason';
  return { state, error: state === 'error' ? told : null, received: value as number };
}

async function json(url: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(answerLimitMs) });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop ends the answer.
  for await (const part of answer.body ?? []) {
    parts.push(part as Uint8Array);
    bytes += (part as Uint8Array).length;
    if (bytes > answerBytes) throw new Error(`an answer of more than ${answerBytes} bytes`);
  }
  const value: unknown = JSON.parse(Buffer.concat(parts).toString());
  if (typeof value !== 'object' || value === null) throw new Error('the answer is no JSON object');
  return value as Record<string, unknown>;
}
