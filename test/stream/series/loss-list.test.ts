import t from 'tap';
import { lossRangesKept } from '../../../src/contract/series.js';
import { LossList } from '../../../src/stream/series/loss-list.js';
import { asIndex } from '../../frame-numbers.js';

t.test('each range of a frame is listed, frame by frame', async (t) => {
  const list = new LossList();
  list.add({
    frameIndex: asIndex(3),
    missing: [
      {
        udpPort: 50001,
        ranges: [
          [0, 4],
          [9, 9],
        ],
      },
      { udpPort: 50002, ranges: [[0, 63]] },
    ],
  });
  list.add({ frameIndex: asIndex(5), missing: [] });
  t.strictSame(list.all, {
    ranges: Uint32Array.of(3, 50001, 0, 4, 3, 50001, 9, 9, 3, 50002, 0, 63),
    unlisted_from: null,
  });
});

t.test('a frame that does not fit is not listed, nor any behind it', async (t) => {
  const list = new LossList();
  const one = [{ udpPort: 1, ranges: [[0, 0]] as [number, number][] }];
  for (let frameIndex = 0; frameIndex < lossRangesKept - 1; frameIndex++)
    list.add({ frameIndex: asIndex(frameIndex), missing: one });
  const two = [
    {
      udpPort: 1,
      ranges: [
        [0, 0],
        [2, 2],
      ] as [number, number][],
    },
  ];
  list.add({ frameIndex: asIndex(lossRangesKept), missing: two });
  list.add({ frameIndex: asIndex(lossRangesKept + 1), missing: one });
  t.equal(list.all.ranges.length, 4 * (lossRangesKept - 1));
  t.equal(list.all.unlisted_from, lossRangesKept);
  const far = new LossList();
  far.add({ frameIndex: asIndex(2 ** 32), missing: one });
  t.strictSame(far.all, { ranges: new Uint32Array(0), unlisted_from: 2 ** 32 }, 'beyond 32 bit there is no room');
});
