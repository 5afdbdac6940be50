import t from 'tap';
import {
  everyFrame,
  firstNumberOf,
  firstOwnNumber,
  frameIndexOf,
  frameNumberOf,
  ownBehind,
  ownFrames,
  ownNumberOf,
} from '../../src/detector/frame-share.js';
import { asIndex, asNumber, ownOf } from '../frame-numbers.js';

t.test('the shares of all instances are the whole series, each frame once', (t) => {
  for (const stride of [1, 2, 3, 4, 7]) {
    for (const frames of [0, 1, 2, 3, 4, 5, 13, 28]) {
      const indices = Array.from({ length: stride }, (_, offset) => ({ stride, offset })).flatMap((share) =>
        Array.from({ length: ownFrames(share, frames) }, (_, own) =>
          frameIndexOf(share, ownBehind(ownOf(100), own), ownOf(100)),
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
  const first = ownOf(17);
  t.strictSame(
    [0, 1, 2].map((own) => frameNumberOf(share, ownBehind(first, own), first)),
    [20, 24, 28],
  );
  t.equal(firstNumberOf(first), 17);
  t.equal(frameNumberOf(everyFrame, ownOf(20), ownOf(17)), 20);
  t.equal(ownOf(0), 2);
  t.end();
});

t.test('an own number is found by what the stream says of its frame', (t) => {
  const first = ownOf(17);
  for (const share of [everyFrame, { stride: 4, offset: 0 }, { stride: 4, offset: 3 }])
    for (const behind of [0, 1, 9]) {
      const own = ownBehind(first, behind);
      t.equal(ownNumberOf(share, frameNumberOf(share, own, first), frameIndexOf(share, own, first)), own);
    }
  t.end();
});

t.test('an instance without a frame in a short series still has a last own number that is not 0', (t) => {
  const share = { stride: 4, offset: 3 };
  t.equal(ownFrames(share, 3), 0);
  t.ok(ownOf(0) + ownFrames(share, 3) - 1 > 0);
  t.end();
});

t.test('the compiler takes no number that counts by another rule', (t) => {
  const own = ownOf(20);
  const frame = asNumber(20);
  const index = asIndex(20);
  const first = ownOf(17);
  // @ts-expect-error the detector's number is no own number
  t.not(frameIndexOf(everyFrame, frame, first), frameIndexOf(everyFrame, own, first));
  // @ts-expect-error an index is no own number
  t.not(frameNumberOf(everyFrame, index, first), frameNumberOf(everyFrame, own, first));
  // @ts-expect-error an own number is no number of the detector's
  t.not(firstOwnNumber(own), own);
  // @ts-expect-error what is computed may count by any rule
  t.equal(frameIndexOf(everyFrame, own + 1, first), frameIndexOf(everyFrame, ownBehind(own, 1), first));
  t.end();
});
