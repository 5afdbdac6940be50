import t from 'tap';
import { afterEachStore } from './interleaved.js';
import { SlotRecords, bitmapWords, outcome, recordState, slotRecordBytes } from '../../src/memory/slot-records.js';
import { asOwn } from '../frame-numbers.js';

const make = (packets = 70): SlotRecords =>
  new SlotRecords(new SharedArrayBuffer(4 * slotRecordBytes(packets)), 0, 4, packets);

t.test('records are whole cache lines, with room for both bitmaps', async (t) => {
  for (const packets of [1, 32, 33, 512]) {
    t.equal(slotRecordBytes(packets) % 128, 0);
    t.ok(slotRecordBytes(packets) >= (24 + 2 * bitmapWords(packets)) * 4);
  }
});

t.test('a packet is there once it was set, in its slot only, and counted', async (t) => {
  const records = make();
  records.open(1, asOwn(5), 100);
  records.open(2, asOwn(6), 100);
  t.equal(records.set(1, 69), 1);
  t.equal(records.set(1, 31), 2);
  t.ok(records.has(1, 69));
  t.notOk(records.has(1, 68));
  t.notOk(records.has(2, 69));
  t.equal(records.highest(1), 69);
  t.equal(records.highest(2), -1);
});

t.test('late bits are apart from those of accepted packets', async (t) => {
  const records = make();
  records.open(1, asOwn(5), 100);
  records.setLate(1, 3);
  t.ok(records.hasLate(1, 3));
  t.notOk(records.has(1, 3));
  t.equal(records.accepted(1), 0);
});

t.test('a slot holds one frame: any other is empty there, beyond 2^32 as well', async (t) => {
  const records = make();
  for (const frame of [5, 2 ** 32 + 5, 2 ** 53 - 1]) {
    records.open(1, asOwn(frame), 100);
    t.equal(records.stateOf(1, asOwn(frame)), recordState.open);
    t.equal(records.frameIn(1), frame);
    t.equal(records.stateOf(1, asOwn(frame - 4)), recordState.empty);
    t.equal(records.stateOf(1, asOwn(frame === 5 ? 2 ** 32 + 5 : 5)), recordState.empty);
  }
});

t.test('only a published frame is published, and opening the slot again leaves nothing of the last', async (t) => {
  const records = make();
  records.open(1, asOwn(5), 100);
  records.set(1, 3);
  records.setLate(1, 4);
  t.notOk(records.published(1, asOwn(5)));
  records.publish(1, asOwn(5), outcome.overtaken, 120);
  t.ok(records.published(1, asOwn(5)));
  t.notOk(records.published(1, asOwn(9)));
  t.match([records.outcome(1), records.firstPacketAt(1), records.closedAt(1)], [outcome.overtaken, 100, 120]);
  records.open(1, asOwn(9), 130);
  t.notOk(records.has(1, 3));
  t.notOk(records.hasLate(1, 4));
  t.equal(records.accepted(1), 0);
});

t.test('a dropped frame, and everything after forgetting, is empty', async (t) => {
  const records = make();
  records.open(1, asOwn(5), 100);
  records.drop(1);
  t.equal(records.frameIn(1), 0);
  records.open(2, asOwn(6), 100);
  records.publish(2, asOwn(6), outcome.complete, 101);
  records.forget(2);
  t.equal(records.frameIn(2), 0);
  t.notOk(records.published(2, asOwn(6)));
});

t.test('whoever sees an image published sees how it was closed', async (t) => {
  const records = make();
  records.open(1, asOwn(5), 100);
  let looks = 0;
  afterEachStore(
    () => records.publish(1, asOwn(5), outcome.timedOut, 200),
    () => {
      if (!records.published(1, asOwn(5))) return;
      looks++;
      t.strictSame(
        [records.outcome(1), records.closedAt(1), records.stateOf(1, asOwn(5))],
        [outcome.timedOut, 200, recordState.closed],
      );
    },
  );
  t.equal(looks, 1);
});
