// Frames by number over the whole pipeline: what is shown is what was sent.

import t from 'tap';
import { SentFrameView } from '../../src/view/sent-frame-view.js';
import type { LastSent } from '../../src/view/service-view.js';
import { LastFrame } from '../../src/memory/last-frame.js';
import { all, small } from '../pipeline/small.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { asIndex, asNumber } from '../frame-numbers.js';

const viewOf = ({ buffer, map, config }: Pipeline): SentFrameView => new SentFrameView(buffer, map, config, null);

/** Compared as a whole: the difference of two large arrays takes minutes to write down. */
const same = (pixels: Uint8Array | undefined, wanted: Uint8Array): boolean =>
  pixels !== undefined && Buffer.compare(pixels, wanted) === 0;

/** The image that was sent with this frame number. */
function sentPixels(pipeline: Pipeline, frameNumber: number): Uint8Array {
  const found = pipeline.sink.received.findLast(({ parts: [json] }) =>
    new TextDecoder().decode(json).includes(`"frame_number":${frameNumber},`),
  );
  return found?.parts[1] as Uint8Array;
}

t.test(
  'by number, by index and the latest; not before they were sent, nor after their slot was given away',
  async (t) => {
    const pipeline = small();
    const view = viewOf(pipeline);
    t.equal(view.find('latest'), 'nothing_sent');
    pipeline.arm({ firstFrameNumber: 101 });
    pipeline.play(101, 120);
    for (const number of [105, 112, 120]) {
      const frame = view.find({ by: 'number', value: asNumber(number) }) as LastSent;
      t.match(frame.header, { frame_number: number, frame: number - 101 });
      t.ok(same(frame.pixels, sentPixels(pipeline, number)));
      t.match(view.find({ by: 'index', value: asIndex(number - 101) }), { header: { frame_number: number } });
    }
    t.match(view.find('latest'), { header: { frame_number: 120 } });
    t.equal(view.find({ by: 'number', value: asNumber(104) }), 'gone', 'the ring has 16 slots');
    t.equal(view.find({ by: 'index', value: asIndex(3) }), 'gone');
    t.equal(view.find({ by: 'number', value: asNumber(121) }), 'not_sent');
    t.equal(view.find({ by: 'index', value: asIndex(20) }), 'not_sent');
    pipeline.send(0, 121, [0]);
    pipeline.run(1);
    t.equal(view.find({ by: 'number', value: asNumber(105) }), 'gone', 'a packet of frame 121 came');
    t.match(view.find({ by: 'number', value: asNumber(106) }), { header: { frame_number: 106 } });
  },
);

t.test('an absent port is missing, not what lay in its place before', async (t) => {
  const pipeline = small();
  const view = viewOf(pipeline);
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 20);
  pipeline.send(0, 21, all);
  pipeline.run(200);
  const { header, pixels } = view.find({ by: 'number', value: asNumber(21) }) as LastSent;
  t.match(header, { reason: 'port_absent', complete: false });
  t.ok(same(pixels, sentPixels(pipeline, 21)));
  t.ok(pixels.includes(255));
});

t.test(
  'frames of a series that is over stay until their slots are used; index is of the series sent last',
  async (t) => {
    const pipeline = small();
    const view = viewOf(pipeline);
    for (const first of [1, 4]) {
      pipeline.arm({ firstFrameNumber: first, frames: 3 });
      pipeline.play(first, first + 2);
      pipeline.run(50);
      t.match(view.find({ by: 'index', value: asIndex(0) }), { header: { frame_number: first } });
    }
    t.match(view.find({ by: 'number', value: asNumber(2) }), { header: { frame_number: 2, frame: 1 } });
    pipeline.arm({ firstFrameNumber: 1, frames: 3, dynamicRange: 16 });
    t.equal(view.find({ by: 'number', value: asNumber(2) }), 'gone', 'the slots are made ready for other frames');
    t.match(view.find('latest'), { header: { frame_number: 6 } }, 'the copy for viewers outlives its slot');
  },
);

t.test('the last of a burst is shown when the rate allows, or when its series ends', async (t) => {
  const pipeline = small();
  const { buffer, map } = pipeline;
  const last = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes, map.lastTextBytes);
  const shown = (): unknown => (JSON.parse(new TextDecoder().decode(last.load()?.json)) as { frame: number }).frame;
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 4);
  pipeline.run(10);
  t.equal(shown(), 0, 'at once');
  pipeline.run(100);
  t.equal(shown(), 3);
  t.ok(same(last.load()?.pixels, sentPixels(pipeline, 4)));
  pipeline.play(5, 6);
  pipeline.run(1);
  pipeline.command({ kind: 'stop' });
  pipeline.run(20);
  t.equal(shown(), 5);
  pipeline.arm({ firstFrameNumber: 1, frames: 2 });
  pipeline.play(1, 2);
  pipeline.run(5);
  t.equal(shown(), 1);
});

t.test('the latest is copied four times as often while somebody looks, however seldom', async (t) => {
  const pipeline = small();
  const { buffer, map } = pipeline;
  const last = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes, map.lastTextBytes);
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 800);
  t.equal(last.count, 1 + 4, 'at once, and four times in 800 ms');
  for (let first = 801; first < 3200; first += 400) {
    last.load();
    pipeline.play(first, first + 399);
  }
  t.equal(last.count, 1 + 4 + 48, '20 times a second');
  const { count } = last;
  pipeline.play(3201, 8000);
  t.ok(last.count - count < 24 + 40, `${last.count - count} in 4.8 s: less often after two seconds`);
  pipeline.play(8001, 8001);
  pipeline.command({ kind: 'stop' });
  pipeline.run(20);
  t.ok(same(last.load()?.pixels, sentPixels(pipeline, 8001)), 'the last of the series, whoever looked');
});

t.test('of several instances each shows its own frames', async (t) => {
  const pipeline = small({ frames_stride: 2, frames_offset: 1 });
  const view = viewOf(pipeline);
  pipeline.arm({ firstFrameNumber: 1, frames: 8, msgNumberBase: 5000 });
  for (const frame of [2, 4, 6]) pipeline.play(frame, frame);
  pipeline.run(20);
  t.match(view.find({ by: 'number', value: asNumber(4) }), { header: { frame: 3, frame_number: 4 } });
  t.equal(view.find({ by: 'number', value: asNumber(3) }), 'not_ours');
  t.equal(view.find({ by: 'index', value: asIndex(2) }), 'not_ours');
  t.equal(view.find({ by: 'index', value: asIndex(7) }), 'not_sent');
});

t.test('in the form in which it left a frame is shown without a copy of its pixels in the ring', async (t) => {
  const pipeline = small({ turn: 90, encoder_threads: 1 });
  const view = viewOf(pipeline);
  pipeline.arm({ firstFrameNumber: 1, frames: 3 });
  pipeline.play(1, 3);
  pipeline.run(50);
  const { slice } = Uint8Array.prototype as { slice: (from?: number, to?: number) => Uint8Array };
  const slices = t.capture(Uint8Array.prototype, 'slice', slice);
  const copied = (): number => Math.max(...slices().map((call) => ('returned' in call ? call.returned.length : 0)));
  for (const wish of ['latest', { by: 'number', value: asNumber(3) }] as const) {
    const shown = view.find(wish, true) as LastSent;
    t.ok(same(shown.pixels, sentPixels(pipeline, 3)));
    t.ok(copied() < 1024, 'its message alone');
    t.equal((view.find(wish) as LastSent).pixels.length, copied(), 'all of it, as the detector has it');
  }
});

t.test('rows that are not read out are missing where a port that came in the last series is absent now', async (t) => {
  const pipeline = small({ flip_rows: '{50001: true, 50002: true}' });
  const view = viewOf(pipeline);
  pipeline.arm({ firstFrameNumber: 1, frames: 20 });
  pipeline.play(1, 20);
  for (const port of [0, 1]) {
    pipeline.run(50);
    pipeline.arm({ firstFrameNumber: 1, frames: 3 });
    for (const frame of [1, 2, 3]) pipeline.send(port, frame);
    pipeline.run(200);
    for (const number of [1, 2, 3])
      t.ok(
        same((view.find({ by: 'number', value: asNumber(number) }) as LastSent).pixels, sentPixels(pipeline, number)),
      );
  }
});

t.test('a frame is found and shown however long the list is of what it lacks', async (t) => {
  // 512 packets of 1 kB in each of eight port images, every other one lost.
  const pipeline = small(
    {
      modules: '[4, 1]',
      dynamic_range: 32,
      read_n_rows: null,
      ten_giga: false,
      udp_ports: '[50001, 50002, 50003, 50004, 50005, 50006, 50007, 50008]',
      ring_frames: 8,
    },
    { socketPackets: 1024 },
  );
  const view = viewOf(pipeline);
  pipeline.arm({ firstFrameNumber: 1, frames: 1 });
  const half = Array.from({ length: pipeline.map.sizes.packets / 2 }, (_, index) => 2 * index);
  for (const port of pipeline.sources.keys()) {
    pipeline.send(port, 1, half);
    pipeline.run(1);
  }
  pipeline.run(300);
  t.match(pipeline.summaries, [{ frames: 1, marked: 1 }]);
  t.ok((pipeline.sink.received[1]?.parts[0]?.length ?? 0) > 16384);
  const found = view.find({ by: 'number', value: asNumber(1) }) as LastSent;
  t.match(found.header, { frame_number: 1, complete: false, missing_packets: 8 * half.length });
  t.ok(same(found.pixels, sentPixels(pipeline, 1)));
  const last = view.last();
  t.match(last?.header, { frame_number: 1, missing_packets: 8 * half.length });
  t.ok(same(last?.pixels, sentPixels(pipeline, 1)));
  t.strictSame(Object.keys(last?.places.positions ?? {}).length, 8);
});

t.test('a frame is found however long its exposure time may be written', async (t) => {
  const pipeline = small();
  const view = viewOf(pipeline);
  const metadata = `{"exptime":0.${'1'.repeat(30)}}`;
  pipeline.arm({ firstFrameNumber: 1, frames: 2, metadata });
  pipeline.play(1, 2);
  pipeline.run(50);
  t.match(view.find({ by: 'number', value: asNumber(2) }), { header: { frame_number: 2 } });
});

for (const share of [{}, { frames_stride: 2, frames_offset: 1 }])
  t.test(`as it was sent: the very message, while its form is there ${JSON.stringify(share)}`, async (t) => {
    const form = { turn: 90, roi: '[3, 8, 20, 300]', encoder_threads: 1, ...share };
    const step = 'frames_stride' in share ? 2 : 1;
    for (const compression of ['bslz4', 'none']) {
      const pipeline = small({ ...form, compression }, { formSlots: 3 });
      const view = viewOf(pipeline);
      t.equal(view.find('latest', true), 'nothing_sent');
      const base = step === 1 ? {} : { msgNumberBase: 5000, frames: 100 };
      pipeline.arm({ firstFrameNumber: 10, ...base });
      const numbers = Array.from({ length: 8 }, (_, index) => 10 + (step - 1) + index * step);
      for (const number of numbers) pipeline.play(number, number);
      pipeline.run(10);
      const messages = pipeline.imageMessages();
      t.equal(messages.length, numbers.length);
      for (const [at, number] of numbers.entries()) {
        const wish = { by: 'number', value: asNumber(number) } as const;
        const whole = view.find(wish) as LastSent;
        t.match(whole.header, { frame_number: number, compression: 'none', shape: pipeline.plan.detector.shape });
        const found = view.find(wish, true);
        if (at < numbers.length - 3) {
          t.equal(found, 'form_gone');
          continue;
        }
        const { json, pixels, header } = found as LastSent;
        t.match(header, { frame_number: number, compression, shape: [300, 20] });
        t.equal(Buffer.compare(json, messages[at]?.parts[0]), 0, 'part 0, byte by byte');
        t.ok(same(pixels, messages[at]?.parts[1]), 'part 1, byte by byte');
      }
      t.match(view.find('latest', true), { header: { frame_number: numbers.at(-1) } });
    }
  });

t.test('as it was sent, a frame that leaves as it lies is the frame', async (t) => {
  const pipeline = small();
  const view = viewOf(pipeline);
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 3);
  const [json, pixels] = pipeline.imageMessages()[1]?.parts as [Uint8Array, Uint8Array];
  const found = view.find({ by: 'number', value: asNumber(2) }, true) as LastSent;
  t.equal(Buffer.compare(found.json, json), 0);
  t.ok(same(found.pixels, pixels));
});
