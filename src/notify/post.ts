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
 * @param limitMs longest wait for an answer, ms
 */
export async function post(
  url: string,
  body: string,
  signal: AbortSignal,
  limitMs = answerLimitMs,
): Promise<PostResult> {
  // Not AbortSignal.any with AbortSignal.timeout: what is combined is held weakly, and a timeout that was collected
  // never comes (https://github.com/nodejs/node/issues/57736). A timer holds what it ends.
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const limit = setTimeout(() => ending.abort(new Error(`no answer within ${limitMs} ms`)), limitMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      redirect: 'manual',
      signal: ending.signal,
    });
    await answer.body?.cancel();
    if (answer.ok) return { delivered: true };
    return { delivered: false, why: `status ${answer.status}`, again: mayPass(answer.status) };
  } catch (error) {
    return { delivered: false, why: reasonOf(error), again: true };
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', end);
  }
}

/** Too busy, too slow, or broken just now; anything else the receiver has understood and does not want. */
const mayPass = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/** `fetch failed` hides the reason in its cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
}
