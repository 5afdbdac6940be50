// A bounded share of what `npm run stress -- --seconds 600` does.

import t from 'tap';
import { stress, stressCases } from './stress.js';

const shareMs = 4000;

for (const [index, each] of stressCases.entries()) {
  for (const compiled of [false, true]) {
    t.test(
      `threads hand over port images on a ring of ${each.ring}: ${each.name}, ${compiled ? 'compiled' : 'reference'}`,
      { timeout: 120_000 },
      async (t) => {
        const result = await stress(each, compiled, index * 2 + (compiled ? 1 : 0) + 1, shareMs);
        t.strictSame(result.problems, [], 'every pixel of every frame, and the sums');
        t.ok(result.frames > 100, `${result.handOvers} hand-overs, ${result.pixels} pixels`);
        t.ok(
          result.complete > 0 && result.complete < result.frames,
          `${result.complete} of ${result.frames} frames complete`,
        );
        t.comment(`${result.handOvers} hand-overs in ${result.seconds.toFixed(1)} s`);
      },
    );
  }
}
