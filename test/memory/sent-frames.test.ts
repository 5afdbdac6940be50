import t from 'tap';
import { PortWords, portWordsBytes } from '../../src/memory/port-words.js';
import { SentFrames, sentFramesBytes } from '../../src/memory/sent-frames.js';
import type { SentFacts } from '../../src/memory/sent-frames.js';
import { SlotRecords, slotRecordBytes } from '../../src/memory/slot-records.js';
import { asIndex, asNumber, asOwn } from '../frame-numbers.js';

const slots = 4;
const packets = 8;
const slotStride = 128;

/** A ring of four small frames of two ports, the second of which is off. */
function setUp(Records = SlotRecords): {
  sent: SentFrames;
  records: SlotRecords;
  words: PortWords;
  pixels: Uint8Array;
} {
  const recordsAt = portWordsBytes;
  const sentFrames = recordsAt + slotRecordBytes(packets) * slots;
  const ring = Math.ceil((sentFrames + sentFramesBytes(slots, 2, packets)) / 128) * 128;
  const buffer = new SharedArrayBuffer(ring + slots * slotStride);
  const records = new Records(buffer, recordsAt, slots, packets);
  const words = new PortWords(buffer, 0);
  const map = { sizes: { slots, ports: 2, packets }, sentFrames, ring, slotStride };
  const sent = new SentFrames({ buffer, map, ports: [{ index: 0, records, words }] });
  return { sent, records, words, pixels: new Uint8Array(buffer, ring) };
}

const facts = (frameNumber: number, more: Partial<SentFacts> = {}): SentFacts => ({
  series: 1,
  frameNumber: asNumber(frameNumber),
  frameIndex: asIndex(frameNumber - 1),
  dynamicRange: 16,
  readNRows: null,
  json: new TextEncoder().encode(`{"frame_number":${frameNumber}}`),
  pixelBytes: 8,
  ...more,
});

t.test('a frame is found by number and by index of its series, and read as a copy', async (t) => {
  const { sent, records, words, pixels } = setUp();
  t.equal(sent.latest, -1);
  t.equal(sent.told(), null);
  words.setPosition(3);
  records.open(1, asOwn(5), 0);
  pixels.fill(7, slotStride, slotStride + 8);
  t.ok(sent.note(1, facts(5, { readNRows: 32 })));
  t.equal(sent.latest, 1);
  t.strictSame(sent.told(), { series: 1, frameNumber: 5, frameIndex: 4 });
  t.equal(sent.findNumber(asNumber(5)), 1);
  t.equal(sent.findNumber(asNumber(4)), -1);
  t.equal(sent.findIndex(asIndex(4), 1), 1);
  t.equal(sent.findIndex(asIndex(4), 2), -1, 'of another series');
  const frame = sent.read(1);
  t.match(frame, { series: 1, frameNumber: 5, frameIndex: 4, dynamicRange: 16, readNRows: 32, positions: [3, null] });
  t.equal(new TextDecoder().decode(frame?.json), '{"frame_number":5}');
  pixels.fill(9);
  t.strictSame(frame?.pixels, new Uint8Array(8).fill(7));
});

t.test(
  'from the moment a receiver begins another frame in the slot it is gone, also one of the same number',
  async (t) => {
    for (const next of [9, 5]) {
      const { sent, records } = setUp();
      records.open(1, asOwn(5), 0);
      sent.note(1, facts(5));
      t.ok(sent.holds(1));
      records.forget(1);
      t.ok(sent.holds(1), 'what is forgotten lies there still');
      records.open(1, asOwn(next), 0);
      t.notOk(sent.holds(1));
      t.equal(sent.read(1), null);
      t.equal(sent.findNumber(asNumber(5)), -1);
    }
  },
);

t.test('a receiver that begins while the pixels are copied makes the copy worthless', async (t) => {
  let looks = 0;
  /** Looked at by `note`, before the copy, and after it: by then the receiver has begun. */
  class Racing extends SlotRecords {
    override opened(slot: number): number {
      if (++looks === 3) this.open(slot, asOwn(9), 0);
      return super.opened(slot);
    }
  }
  const { sent, records } = setUp(Racing);
  records.open(1, asOwn(5), 0);
  sent.note(1, facts(5));
  t.equal(sent.read(1), null);
  t.equal(looks, 3);
});

t.test('of two frames with one number the later one is found', async (t) => {
  const { sent, records } = setUp();
  for (const [slot, series] of [
    [2, 1],
    [1, 2],
  ]) {
    records.open(slot, asOwn(5), 0);
    sent.note(slot, facts(5, { series }));
  }
  t.equal(sent.findNumber(asNumber(5)), 1);
  t.equal(sent.findIndex(asIndex(4), 1), 2);
});

t.test('slots that are made ready for other frames hold none', async (t) => {
  const { sent, records } = setUp();
  records.open(1, asOwn(5), 0);
  sent.note(1, facts(5));
  sent.forget();
  t.equal(sent.read(1), null);
  t.equal(sent.findNumber(asNumber(5)), -1);
  sent.note(1, facts(6));
  t.match(sent.read(1), { frameNumber: 6 });
});

t.test('a message that is too long is not kept, and its frame is told and not shown', async (t) => {
  const { sent } = setUp();
  const longest = 512 + 2 * (16 + 4 * 12);
  t.ok(sent.note(1, facts(5, { json: new Uint8Array(longest) })));
  t.equal(sent.read(1)?.json.length, longest);
  t.notOk(sent.note(1, facts(5, { json: new Uint8Array(longest + 1) })));
  t.equal(sent.read(1), null);
  t.match(sent.told(), { frameNumber: 5 });
});
