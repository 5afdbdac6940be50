// Waiting in tests with real threads: every wait has a generous end and says what did not happen.

import { setTimeout as sleep } from 'node:timers/promises';

/** For whatever takes milliseconds on an idle machine. */
export const generousMs = 60_000;

/** Wait until `condition` holds. @throws Error that names `what` when it does not hold within `limitMs` */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = generousMs,
): Promise<void> {
  const controller = new AbortController();
  const late = setTimeout(() => controller.abort(), limitMs);
  try {
    while (!(await condition())) {
      if (controller.signal.aborted) throw new Error(`within ${limitMs} ms not seen: ${what}`);
      await sleep(10);
    }
  } finally {
    clearTimeout(late);
  }
}

/** The promise's value. @throws Error that names `what` when there is none within `limitMs` */
export async function within<Value>(promise: Promise<Value>, what: string, limitMs = generousMs): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`within ${limitMs} ms not seen: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
