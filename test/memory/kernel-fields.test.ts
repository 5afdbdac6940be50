import t from 'tap';
import type { FrameNumber, OwnNumber } from '../../src/detector/frame-share.js';
import { placesOf } from '../../src/memory/kernel-fields.js';
import { kernelWords, placementContext, slotRecord } from '../../src/memory/kernel-words.js';
import { PlacementContext, placementContextBytes } from '../../src/memory/placement-context.js';
import type { PlacementRules } from '../../src/memory/placement-context.js';
import * as placement from '../../src/memory/placement-words.js';
import * as record from '../../src/memory/record-words.js';

t.test('places are those of the constants that the kernel reads, in units of their width', async (t) => {
  const context = placesOf(placementContext);
  t.equal(context.words.sender * 4, placement.contextSender);
  t.equal(context.numbers.lowest * 8, placement.contextLowest);
  const { words, numbers } = placesOf(slotRecord);
  t.equal(words.bits, record.recordBitsWord);
  t.equal(numbers.closedAt * 2, record.recordClosedAtWord);
});

t.test('a field has a place among those of its width, and the types know no other', async (t) => {
  const { words, numbers } = placesOf(placementContext);
  // @ts-expect-error a frame number is no word of 32 bits
  t.equal(words.lowest, undefined);
  // @ts-expect-error an address is no number of 64 bits
  t.equal(numbers.ring, undefined);
  for (const { parts } of kernelWords)
    for (const part of parts) {
      if (!('fields' in part)) continue;
      const places = placesOf(part);
      const named = [...Object.keys(places.words), ...Object.keys(places.numbers)];
      t.strictSame(named.sort(), part.fields.map(({ name }) => name).sort(), part.title);
    }
});

t.test('a context is written from its first word to its last', async (t) => {
  const every = (first: number, names: readonly string[]): Record<string, number> =>
    Object.fromEntries(names.map((name, index) => [name, first + index]));
  const addresses = every(1000, [
    ...['offsets', 'lengths', 'senders', 'records', 'recordStride', 'received', 'bytes', 'accepted', 'reordered'],
    ...['ring', 'slotStride', 'slots'],
  ]);
  const rules = every(2000, [
    ...['packetBytes', 'frameNumberAt', 'packetNumberAt', 'payloadAt', 'payloadBytes', 'decode', 'firstPacket'],
    ...['expectedPackets', 'missingByte'],
  ]);
  const buffer = new ArrayBuffer(Math.ceil(placementContextBytes(2, 3) / 8) * 8);
  const words = new Int32Array(buffer);
  const numbers = new Float64Array(buffer, 0, placement.contextHeadBytes / 8);
  const context = new PlacementContext(buffer, 0, 2, 3, addresses as never);
  context.bind({
    ...(rules as unknown as PlacementRules),
    identity: { at: 3000, mask: 3001, value: 3002 },
    position: { at: 3003, mask: 3004, value: 3005 },
    starts: Int32Array.of(0, 1, 3),
    pieces: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
    seams: Int32Array.of(10, 11, 12, 13),
  });
  context.setWindow(4000, 2 ** 53 - 1, 4002);
  context.setShare(5, 5000 as FrameNumber, 5001 as OwnNumber);
  context.setSender(-6);
  const { words: word, numbers: number } = placesOf(placementContext);
  const told = { ...addresses, ...rules, stride: 5, sender: -6 };
  for (const [name, value] of Object.entries(told)) t.equal(words[word[name as keyof typeof word]], value, name);
  const checks = ['identityAt', 'identityMask', 'identity', 'positionAt', 'positionMask', 'position'] as const;
  t.equal(Object.keys(told).length + checks.length + 3, Object.keys(word).length, 'no word is left out');
  t.strictSame(
    checks.map((name) => words[word[name]]),
    [3000, 3001, 3002, 3003, 3004, 3005],
  );
  t.equal(words[words[word.starts] / 4 + 2], 3);
  t.equal(words[words[word.pieces] / 4 + 8], 9);
  t.equal(words[words[word.seams] / 4 + 3], 13);
  t.strictSame(
    (['lowest', 'highest', 'newest', 'origin', 'firstOwn'] as const).map((name) => numbers[number[name]]),
    [4000, 2 ** 53 - 1, 4002, 5000, 5001],
  );
  numbers[number.completed] = 2 ** 40;
  t.equal(context.completed, 2 ** 40);
});
