import t from 'tap';
import {
  everyFrame,
  firstNumberOf,
  firstOwnNumber,
  frameIndexOf,
  frameNumberOf,
  ownFrames,
} from '../../src/detector/frame-share.js';

t.test('the shares of all instances are the whole series, each frame once', (t) => {
  for (const stride of [1, 2, 3, 4, 7]) {
    for (const frames of [0, 1, 2, 3, 4, 5, 13, 28]) {
      const indices = Array.from({ length: stride }, (_, offset) => ({ stride, offset })).flatMap((share) =>
        Array.from({ length: ownFrames(share, frames) }, (_, own) =>
          frameIndexOf(share, firstOwnNumber(100) + own, firstOwnNumber(100)),
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

t.test("own numbers lead back to the detector's, and begin at 2 where these begin at 0", (t) => {
  const share = { stride: 4, offset: 3 };
  const first = firstOwnNumber(17);
  t.strictSame(
    [0, 1, 2].map((own) => frameNumberOf(share, first + own, first)),
    [20, 24, 28],
  );
  t.equal(firstNumberOf(first), 17);
  t.equal(frameNumberOf(everyFrame, firstOwnNumber(20), firstOwnNumber(17)), 20);
  t.equal(firstOwnNumber(0), 2);
  t.end();
});

t.test('an instance without a frame in a short series still has a last own number that is not 0', (t) => {
  const share = { stride: 4, offset: 3 };
  t.equal(ownFrames(share, 3), 0);
  t.ok(firstOwnNumber(0) + ownFrames(share, 3) - 1 > 0);
  t.end();
});
