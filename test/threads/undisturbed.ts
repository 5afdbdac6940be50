// Tests that a busy machine can spoil: tried again, at most so often, and failed when each try was spoilt. None of
// them passes without having looked.

import type { Test } from 'tap';

const mostTries = 3;

/**
 * @param attempt answers with what spoilt it, before it has checked anything that then is not as it should be; null =
 * nothing did. It has its own test, so that what it started has ended before the next try
 */
export async function undisturbed(t: Test, attempt: (t: Test, count: number) => Promise<string | null>): Promise<void> {
  const spoilt: string[] = [];
  while (spoilt.length < mostTries) {
    let why: string | null = 'it did not come to its end';
    await t.test(`try ${spoilt.length + 1}`, async (t) => {
      why = await attempt(t, spoilt.length + 1);
      if (why !== null) t.comment(`spoilt: ${why}`);
    });
    // (What failed is not tried until it passes.)
    if (why === null || !t.passing()) return;
    spoilt.push(why);
  }
  t.fail(`${mostTries} tries were spoilt: ${spoilt.join('; ')}`);
}
