import t from 'tap';
import { everyFrame, firstOwnNumber, frameIndexOf, frameNumberOf, ownFrames } from '../../src/detector/frame-share.js';

t.test('the shares of all instances are the whole series, each frame once', (t) => {
  for (const stride of [1, 2, 3, 4, 7]) {
    for (const frames of [0, 1, 2, 3, 4, 5, 13, 28]) {
      const indices = Array.from({ length: stride }, (_, offset) => ({ stride, offset })).flatMap((share) =>
        Array.from({ length: ownFrames(share, frames) }, (_, own) =>
          frameIndexOf(share, firstOwnNumber(share, 100) + own, firstOwnNumber(share, 100)),
        ),
      );
      t.strictSame(
        indices.sort((a, b) => a - b),
        Array.from({ length: frames }, (_, index) => index),
        `${frames} frames, ${stride} instances`,
      );
    }
  }
  t.end();
});

t.test("own numbers lead back to the detector's; of a single instance they are the same", (t) => {
  const share = { stride: 4, offset: 3 };
  const first = firstOwnNumber(share, 17);
  t.strictSame(
    [0, 1, 2].map((own) => frameNumberOf(share, first + own, first)),
    [20, 24, 28],
  );
  t.equal(frameNumberOf(everyFrame, 20, 17), 20);
  t.equal(firstOwnNumber(everyFrame, 17), 17);
  t.end();
});

t.test('an instance without a frame in a short series still has a last own number that is not 0', (t) => {
  const share = { stride: 4, offset: 3 };
  t.equal(ownFrames(share, 3), 0);
  t.ok(firstOwnNumber(share, 1) + ownFrames(share, 3) - 1 > 0);
  t.end();
});
