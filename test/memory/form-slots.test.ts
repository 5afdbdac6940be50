import t from 'tap';
import { EncoderWords, encoderWordsBytes } from '../../src/memory/encoder-words.js';
import { FormSlots, chunkBound, formRecordsBytes } from '../../src/memory/form-slots.js';
import { loadEncodeKernel } from '../../src/encode/encode-kernel.js';
import { encoderScratchBytes, mapMemory } from '../../src/memory/memory-map.js';
import { asOwn } from '../frame-numbers.js';

const slots = 4;
const map = { slots, records: 128, forms: 128 + formRecordsBytes(slots), stride: 256 };

t.test('a form is there once it was published, under its own number only', async (t) => {
  const buffer = new SharedArrayBuffer(map.forms + slots * map.stride);
  const [encoder, streamer] = [new FormSlots(buffer, map), new FormSlots(buffer, map)];
  t.notOk(streamer.published(asOwn(6)));
  new Uint8Array(buffer).set([1, 2, 3], encoder.at(asOwn(6)));
  encoder.publish(asOwn(6), 3);
  t.ok(streamer.published(asOwn(6)));
  t.notOk(streamer.published(asOwn(2)), 'another frame of the same slot');
  t.notOk(streamer.published(asOwn(10)));
  t.same([...streamer.bytes(asOwn(6))], [1, 2, 3]);
  encoder.publish(asOwn(7), 5);
  t.equal(streamer.bytes(asOwn(7)).length, 5);
  t.equal(streamer.bytes(asOwn(6)).length, 3, 'its neighbour is untouched');
  t.strictSame(streamer.read(asOwn(6)), Uint8Array.of(1, 2, 3));
  t.equal(streamer.read(asOwn(10)), null);
  encoder.forget(6 % slots);
  t.notOk(streamer.published(asOwn(6)));
  t.ok(streamer.published(asOwn(7)));
  t.strictSame(streamer.read(asOwn(6)), Uint8Array.of(1, 2, 3), 'viewers find it after its series, too');
  encoder.begin(asOwn(10));
  t.equal(streamer.read(asOwn(6)), null);
});

t.test(
  'a form is copied later while it lies there, and is nothing from when another is begun in its slot',
  async (t) => {
    const buffer = new SharedArrayBuffer(map.forms + slots * map.stride);
    const [encoder, streamer] = [new FormSlots(buffer, map), new FormSlots(buffer, map)];
    const into = new Uint8Array(3);
    t.notOk(streamer.copy(asOwn(6), into), 'nothing is there yet');
    encoder.begin(asOwn(6));
    new Uint8Array(buffer).set([1, 2, 3], encoder.at(asOwn(6)));
    t.notOk(streamer.copy(asOwn(6), into), 'it is being written');
    encoder.publish(asOwn(6), 3);
    t.ok(streamer.copy(asOwn(6), into));
    t.strictSame([...into], [1, 2, 3]);
    encoder.begin(asOwn(7));
    t.ok(streamer.copy(asOwn(6), into), 'its neighbour is another slot');
    encoder.begin(asOwn(10));
    t.notOk(streamer.copy(asOwn(6), into), 'half of it may be there');
    encoder.publish(asOwn(10), 200);
    t.notOk(streamer.copy(asOwn(6), into));
    t.ok(streamer.published(asOwn(10)));
  },
);

t.test('a form of another frame with the same tag, of a series with other numbers, is not shown', async (t) => {
  const forms = new FormSlots(new SharedArrayBuffer(map.forms + slots * map.stride), map);
  const [old, now] = [asOwn(2 ** 50 + 2), asOwn(2)];
  forms.publish(now, 3);
  t.ok(forms.published(old), 'the tags are alike: within a series they tell frames apart');
  t.equal(forms.read(old), null);
  t.notOk(forms.copy(old, new Uint8Array(3)));
  t.ok(forms.copy(now, new Uint8Array(3)));
});

t.test('numbers beyond 32 bits have slots, and tags of their own', async (t) => {
  const forms = new FormSlots(new SharedArrayBuffer(map.forms + slots * map.stride), map);
  const large = 2 ** 52 + 3;
  forms.publish(asOwn(large), 9);
  t.ok(forms.published(asOwn(large)));
  t.notOk(forms.published(asOwn(large + slots)));
  t.equal(forms.at(asOwn(large)), map.forms + (large % slots) * map.stride);
});

t.test('what an encoder says of itself', async (t) => {
  const buffer = new SharedArrayBuffer(128 + encoderWordsBytes);
  const [encoder, main] = [new EncoderWords(buffer, 128), new EncoderWords(buffer, 128)];
  encoder.setAnswer(13);
  encoder.pulse.beat(10);
  encoder.pulse.beat(11.5);
  encoder.add('bytesIn', 2 ** 40);
  encoder.add('bytesIn', 1);
  t.match(main, { answer: 13, pulse: { heartbeat: 2, stallMsMax: 1.5 } });
  t.equal(main.figure('bytesIn'), 2 ** 40 + 1);
  t.equal(main.figure('bytesOut'), 0);
});

t.test('there is room for what the compiled encoder may write', async (t) => {
  const kernel = loadEncodeKernel(new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }));
  for (const bytes of [1, 7, 8191, 8192, 8193, 528392, 40_000_000])
    t.equal(chunkBound(bytes), kernel.boundOf(bytes), `${bytes} bytes`);
  t.equal(encoderScratchBytes, kernel.scratchBytes());
});

t.test('regions of encoders lie apart from all others, and only where there are any', async (t) => {
  const sizes = { ports: 2, slots: 4, frameBytes: 1000, packets: 4, landingPackets: 4, packetBytes: 100 };
  t.equal(mapMemory(sizes).encoding, null);
  const needed = { encoders: 2, slots: 6, slotBytes: chunkBound(1000), alteredBytes: 500, maskBytes: 200 };
  const { encoding, totalBytes, ring, slotStride } = mapMemory({ ...sizes, encoding: needed });
  if (encoding === null) throw new Error('there are encoders');
  const { words, frames, altered, scratch, mask, slots } = encoding;
  const regions = [
    [ring, slotStride * 4],
    ...words.map((at) => [at, encoderWordsBytes]),
    ...frames.map((at) => [at, 1000]),
    ...altered.map((at) => [at, 500]),
    [mask, 200],
    ...scratch.map((at) => [at, encoderScratchBytes]),
    [slots.records, formRecordsBytes(6)],
    [slots.forms, 6 * slots.stride],
  ].sort((a, b) => a[0] - b[0]);
  for (let index = 1; index < regions.length; index++)
    t.ok(regions[index][0] >= regions[index - 1][0] + regions[index - 1][1]);
  t.ok(regions.at(-1)?.reduce((at, bytes) => at + bytes) ?? 0 <= totalBytes);
  t.ok(slots.stride >= chunkBound(1000));
});
