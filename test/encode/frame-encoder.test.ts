import t from 'tap';
import { unpackBslz4 } from '../../simulators/consumer/bslz4.js';
import { EncoderWords } from '../../src/memory/encoder-words.js';
import { formRecordsBytes } from '../../src/memory/form-slots.js';
import { gapByte, missingByte } from '../../src/detector/pixel-type.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import { MemorySink } from '../pipeline/memory-sink.js';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline.js';
import { PacketMaker } from '../pipeline/packets.js';
import { small } from '../pipeline/small.js';

const compressed = (keys: Readonly<Record<string, unknown>> = {}, options: Partial<PipelineOptions> = {}): Pipeline =>
  small({ compression: 'bslz4', encoder_threads: 2, ...keys }, options);

/** Chunk and pixels of each image that the consumer got. */
function forms(pipeline: Pipeline): { chunk: Uint8Array; pixels: Uint8Array }[] {
  const { frameBytes } = pipeline.plan.detector;
  return pipeline.imageMessages().map(({ parts: [, chunk] }) => ({ chunk, pixels: unpackBslz4(chunk, 1, frameBytes) }));
}

const figure = (pipeline: Pipeline, name: Parameters<EncoderWords['figure']>[0]): number =>
  (pipeline.map.encoding?.words ?? []).reduce((sum, at) => sum + new EncoderWords(pipeline.buffer, at).figure(name), 0);

t.test('compressed images have the pixels that plain ones have, and say what they are', async (t) => {
  const plain = small();
  const other = compressed();
  for (const pipeline of [plain, other]) {
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.play(1, 9);
    pipeline.send(0, 10);
    pipeline.send(1, 10, [0, 2]);
    pipeline.send(1, 12);
    pipeline.run(70);
    pipeline.stop();
    t.strictSame(pipeline.verify(), []);
  }
  const pixels = plain.imageMessages().map(({ parts }) => parts[1]);
  const unpacked = forms(other);
  t.equal(pixels.length, 12);
  t.equal(unpacked.length, 12);
  unpacked.forEach((form, index) => t.equal(Buffer.compare(form.pixels, pixels[index]), 0, `image ${index}`));
  t.ok(other.images().every(({ compression }) => compression === 'bslz4'));
  t.ok(plain.images().every(({ compression }) => compression === 'none'));
  const without = (pipeline: Pipeline) =>
    pipeline.images().map((fields) => ({ ...fields, compression: null, msg_number: null }));
  t.strictSame(without(other), without(plain), 'all else that images say is the same');
  t.equal(figure(other, 'frames'), 12);
  t.equal(figure(other, 'bytesIn'), 12 * other.plan.detector.frameBytes);
  t.equal(
    figure(other, 'bytesOut'),
    unpacked.reduce((sum, { chunk }) => sum + chunk.length, 0),
  );
});

t.test('where a whole port image is missing nothing of an older frame leaves', async (t) => {
  const pipeline = compressed({ ring_frames: 8, overtake_frames: 4 });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 8);
  // The same slots again, each lacking one of the ports.
  for (let frame = 9; frame <= 16; frame++) {
    pipeline.send(frame % 2, frame);
    pipeline.run(1);
  }
  pipeline.run(80);
  pipeline.stop();
  t.equal(pipeline.images().length, 16);
  t.strictSame(pipeline.verify(), []);
});

t.test('frames of which nothing came are the same few bytes each, made once', async (t) => {
  const pipeline = compressed({ encoder_threads: 1 });
  pipeline.arm({ firstFrameNumber: 1 });
  let encoded = 0;
  pipeline.encoding = () => encoded++;
  pipeline.play(7, 7);
  pipeline.run(80);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
  const images = forms(pipeline);
  t.equal(images.length, 7);
  const fillers = images.slice(0, 6);
  t.ok(fillers.every(({ chunk }) => Buffer.compare(chunk, fillers[0].chunk) === 0));
  t.equal(fillers[0].pixels[0], missingByte);
  t.ok(fillers[0].chunk.length < pipeline.plan.detector.frameBytes / 10);
  t.equal(encoded / 2, 2, 'the filler and the one frame that came');
});

t.test('an encoder goes no further than its slots; it goes on when frames are released', async (t) => {
  const sink = new MemorySink(2);
  sink.connect();
  const pipeline = compressed({ encoder_threads: 2, ring_frames: 16 }, { sink, formSlots: 2 });
  pipeline.arm({ firstFrameNumber: 1 });
  sink.read();
  sink.reading = false;
  pipeline.play(1, 14);
  t.equal(sink.taken.length, 3, 'header and two images are queued');
  t.equal(figure(pipeline, 'frames'), 2 + 4, 'and as many forms as there are slots wait behind them');
  sink.reading = true;
  sink.read();
  pipeline.run(5);
  t.equal(figure(pipeline, 'frames'), 14);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('while a form is being written its slot holds none: who copies a released one finds out', async (t) => {
  const pipeline = compressed({ encoder_threads: 1 }, { formSlots: 2 });
  const slots = pipeline.map.encoding?.slots;
  if (slots === undefined) throw new Error('there are encoders');
  const published = new Int32Array(pipeline.buffer, slots.records, formRecordsBytes(slots.slots) / 4);
  const there = (): number => [0, 1].filter((slot) => published[(slot * formRecordsBytes(1)) / 4] !== 0).length;
  const seen: number[] = [];
  pipeline.encoding = () => void seen.push(there());
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 6);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
  t.equal(there(), 2);
  // At the beginning and at the end of each.
  t.strictSame(seen, [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});

t.test('encoders that are slower than the detector fill the ring; nothing leaves before it is encoded', async (t) => {
  const pipeline = compressed({ ring_frames: 8 });
  const turn = (): void => {
    for (const port of pipeline.sources.keys()) pipeline.turnPort(port);
    pipeline.turnStreamer();
  };
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 20; frame++) {
    for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
    turn();
    pipeline.clock.advance(1);
    turn();
  }
  t.equal(pipeline.images().length, 0);
  pipeline.run(100);
  pipeline.stop();
  const reasons = pipeline.images().map(({ reason }) => reason);
  t.equal(reasons.filter((reason) => reason === undefined).length, 8, 'what the ring held');
  t.ok(reasons.slice(8).every((reason) => reason === 'ring_full'));
  t.strictSame(pipeline.verify(), []);
});

t.test('a stop waits for what is being encoded, and an abort does not send it', async (t) => {
  const pipeline = compressed();
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 6; frame++) for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
  const summary = pipeline.stop();
  t.match(summary, { frames: 6, complete: 6, unsent: 0 });
  pipeline.arm({ firstFrameNumber: 10 });
  for (let frame = 10; frame <= 14; frame++) for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
  pipeline.encoding = () => {
    pipeline.encoding = null;
    pipeline.sink.disconnect();
    pipeline.turnStreamer();
  };
  pipeline.run(20);
  pipeline.sink.connect();
  t.match(pipeline.summaries.at(-1), { aborted: 'consumer_lost' });
  pipeline.arm({ firstFrameNumber: 20 });
  pipeline.play(20, 24);
  pipeline.stop();
  t.match(pipeline.summaries.at(-1), { frames: 5, complete: 5 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a series is not over before the last frame has its form, however late encoders have their turns', async (t) => {
  const pipeline = compressed();
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 6; frame++) for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
  pipeline.command({ kind: 'stop' });
  const others = (): void => {
    for (let turn = 0; turn < 10; turn++) {
      for (const port of pipeline.sources.keys()) pipeline.turnPort(port);
      pipeline.turnStreamer();
    }
  };
  others();
  t.equal(pipeline.words.step, seriesStep.stopping, 'encoders have not heard of the stop');
  // Each hears of a command and makes one frame in a turn; so the end comes while frames are left.
  for (let round = 0; round < 8; round++) {
    for (const encoder of pipeline.encoders.keys()) pipeline.turnEncoder(encoder);
    others();
  }
  pipeline.run(5);
  t.match(pipeline.summaries, [{ frames: 6, complete: 6, unsent: 0 }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('series of another bit depth, one after the other, each with a frame of which nothing came', async (t) => {
  const pipeline = compressed({ dynamic_range: 16, dynamic_range_max: 32 });
  const types: unknown[] = [];
  for (const [index, dynamicRange] of [16, 32, 8, 16].entries()) {
    const settings = { ...pipeline.config.detector, dynamicRange };
    const first = 1 + 10 * index;
    pipeline.arm({ firstFrameNumber: first, dynamicRange });
    const maker = new PacketMaker(settings);
    for (const frame of [first, first + 1, first + 3])
      for (const port of pipeline.sources.keys())
        for (let packet = 0; packet < maker.packets; packet++)
          pipeline.deliver(port, maker.packet(port, frame, packet));
    pipeline.run(80);
    pipeline.stop();
    types.push(pipeline.images().at(-1)?.['type']);
  }
  t.strictSame(types, ['uint16', 'uint32', 'uint8', 'uint16']);
  t.ok(pipeline.summaries.every(({ complete, marked }) => complete === 3 && marked === 1));
  pipeline.images().forEach(({ shape, type, complete }, index) => {
    const size = Number(String(type).slice(4)) / 8;
    const [rows, columns] = shape as [number, number];
    const chunk = pipeline.imageMessages()[index].parts[1];
    const bytes = unpackBslz4(chunk, size, rows * columns * size);
    t.equal(
      bytes.every((byte) => byte === missingByte || byte === gapByte),
      complete === false,
      'missing values, of its own depth',
    );
  });
});

/** Pixels of each image that the consumer got, in rows. */
function rowsOf(pipeline: Pipeline): number[][][] {
  return pipeline.imageMessages().map(({ parts: [json, pixels] }) => {
    const { shape } = JSON.parse(Buffer.from(json).toString()) as { shape: [number, number] };
    return Array.from({ length: shape[0] }, (_, row) => [...pixels.subarray(row * shape[1], (row + 1) * shape[1])]);
  });
}

t.test('images leave cut, turned, mirrored and masked, compressed or not, and the header says so', async (t) => {
  const [rows, columns] = small().plan.detector.shape;
  const mask = new Uint8Array(rows * columns);
  for (let pixel = 0; pixel < mask.length; pixel += 7) mask[pixel] = 1;
  const form = { turn: 90, mirror: true, roi: '[3, 40, 60, 500]', mask: '/data/mask.npy', mask_value: 9 };
  const whole = small();
  const formed = small({ ...form, encoder_threads: 2 }, { mask });
  const both = compressed(form, { mask });
  for (const pipeline of [whole, formed, both]) {
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.play(1, 5);
    pipeline.send(0, 6);
    pipeline.send(0, 8, [1]);
    pipeline.run(70);
    pipeline.stop();
    t.strictSame(pipeline.verify(), []);
    t.equal(pipeline.images().length, 8);
  }
  // numpy: frame[mask] = 9; frame[3:63, 40:540], rot90, [:, ::-1].
  const expected = rowsOf(whole).map((frame) => {
    const cut = frame
      .map((row, y) => row.map((pixel, x) => (mask[y * columns + x] === 1 ? 9 : pixel)))
      .slice(3, 63)
      .map((row) => row.slice(40, 540));
    const turned = cut[0].map((_, column) => cut.map((row) => row[column])).reverse();
    return turned.map((row) => row.reverse());
  });
  t.strictSame(rowsOf(formed), expected);
  const unpacked = both.imageMessages().map(({ parts: [, chunk] }) => unpackBslz4(chunk, 1, 60 * 500));
  unpacked.forEach((pixels, index) => t.strictSame([...pixels], expected[index].flat(), `image ${index}`));
  t.ok(formed.images().every(({ shape, compression }) => String(shape) === '500,60' && compression === 'none'));
  const header = formed.messages().find(({ htype }) => htype === 'header');
  t.match(JSON.parse(Buffer.from(header?.parts[0] ?? []).toString()), {
    pixel_mask_applied: true,
    virtual_dcu: {
      frame_shape: [rows, columns],
      roi: [3, 40, 60, 500],
      turn: 90,
      mirror: true,
      mask: '/data/mask.npy',
      mask_value: 9,
    },
  });
});

t.test('masked pixels have the missing value of the bit depth that is armed, unless another is given', async (t) => {
  const [rows, columns] = small().plan.detector.shape;
  const mask = new Uint8Array(rows * columns).fill(1);
  const pipeline = small({ dynamic_range: 16, mask: '/data/mask.npy' }, { mask });
  const first: number[] = [];
  for (const dynamicRange of [16, 8]) {
    pipeline.arm({ firstFrameNumber: 1, dynamicRange });
    pipeline.run(5);
    const maker = new PacketMaker({ ...pipeline.config.detector, dynamicRange });
    for (const port of pipeline.sources.keys())
      for (let packet = 0; packet < maker.packets; packet++) pipeline.deliver(port, maker.packet(port, 1, packet));
    pipeline.run(80);
    pipeline.stop();
    const pixels = pipeline.imageMessages().at(-1)?.parts[1] ?? new Uint8Array();
    t.equal(pixels.length, (rows * columns * dynamicRange) / 8);
    t.ok(pixels.every((byte) => byte === 0xff));
    first.push(pixels.length);
  }
  t.equal(first.length, 2);
});
