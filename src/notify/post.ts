// One notification over HTTP. Comes in: a URL and a JSON text. Goes out: delivered, or why not and whether trying again
// can help. Bounded in time; of the answer nothing but the status is read.

import { messageOf } from '../base/errors.js';

/** Longest wait for an answer, ms. */
const answerLimitMs = 5000;

/** What came of one try. `again`: the same text may be taken later. */
export type PostResult =
  { readonly delivered: true } | { readonly delivered: false; readonly why: string; readonly again: boolean };

/**
 * POST a JSON text. Redirects are not followed: a notification that wanders off is no notification.
 * @param signal ends the try
 */
export async function post(url: string, body: string, signal: AbortSignal): Promise<PostResult> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]),
    });
    await answer.body?.cancel();
    if (answer.ok) return { delivered: true };
    return { delivered: false, why: `status ${answer.status}`, again: mayPass(answer.status) };
  } catch (error) {
    return { delivered: false, why: reasonOf(error), again: true };
  }
}

/** Too busy, too slow, or broken just now; anything else the receiver has understood and does not want. */
const mayPass = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/** `fetch failed` hides the reason in its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${answerLimitMs} ms`;
  return error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
}
