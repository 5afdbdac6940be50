import t from 'tap';
import { largestFrameNumber } from '../../src/detector/packet-header.js';
import { PacketMaker } from './packets.js';
import { small } from './small.js';

t.test('a full module of four ports with gaps, frame numbers beyond 2^32', async (t) => {
  const first = 2 ** 32 - 3;
  const pipeline = small({
    modules: '[2, 1]',
    udp_ports: '[50001, 50002, 50003, 50004]',
    dynamic_range: 16,
    read_n_rows: null,
    flip_rows: '{50002: true}',
  });
  pipeline.arm();
  pipeline.play(first, first + 6);
  pipeline.run(20);
  pipeline.stop();
  t.match(pipeline.images()[6], { shape: [514, 1030], frame_number: first + 6, complete: true });
  t.strictSame(pipeline.verify(), []);
});

t.test('the highest frame number that there is', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 2, firstFrameNumber: largestFrameNumber - 1 });
  pipeline.play(largestFrameNumber - 1, largestFrameNumber);
  pipeline.run(20);
  t.match(pipeline.summaries[0], { frames: 2, complete: 2 });
  t.strictSame(pipeline.verify(), []);
});

t.test('1 GbE packets, partial readout', async (t) => {
  const pipeline = small({ ten_giga: false, read_n_rows: 10, dynamic_range: 32, gap_pixels: false });
  pipeline.arm();
  pipeline.play(1, 3);
  pipeline.run(20);
  pipeline.stop();
  t.match(pipeline.images()[0], { shape: [256, 1024], type: 'uint32', complete: true });
  t.strictSame(pipeline.verify(), []);
});

t.test('bit depth and rows change from series to series: no pixel of the last one is left', async (t) => {
  const pipeline = small({ read_n_rows: null, dynamic_range_max: 32, ring_frames: 5 });
  const { detector } = pipeline.config;
  const series = [
    [8, 0],
    [32, 16],
    [16, 0],
    [8, 64],
    [8, 0],
    [8, 64],
  ].map(([dynamicRange, rows]) => ({
    ...detector,
    dynamicRange: dynamicRange,
    readNRows: rows === 0 ? null : rows,
  }));
  for (const [index, settings] of series.entries()) {
    t.match(
      pipeline.arm({
        filename: `/data/${index}.h5`,
        dynamicRange: settings.dynamicRange,
        readNRows: settings.readNRows ?? 0,
        firstFrameNumber: 1 + index * 10,
      }),
      { kind: 'armed' },
    );
    const maker = new PacketMaker(settings);
    for (let frame = 1 + index * 10; frame <= 6 + index * 10; frame++) {
      for (const port of [0, 1]) {
        // Each port loses a frame, and in every other series is silent altogether.
        if ((port === 1 && index % 2 === 1) || frame % 10 === 2 + port) continue;
        for (let packet = 0; packet < maker.packets; packet++)
          if (packet !== 1) pipeline.deliver(port, maker.packet(port, frame, packet));
      }
      pipeline.run(1);
    }
    pipeline.run(60);
    pipeline.stop();
  }
  const settingsOf = (filename: string): (typeof series)[number] =>
    series[Number(/(\d+)\.h5/.exec(filename)?.[1] ?? 0)];
  t.strictSame(pipeline.verify({ settingsOf }), []);
  t.equal(pipeline.summaries.length, 6);
});

t.test('a bit depth above dynamic_range_max or unknown is refused by the layout', async (t) => {
  const pipeline = small();
  t.match(pipeline.arm({ dynamicRange: 7 }), { kind: 'refused', why: 'invalid', problems: [/dynamic_range/] });
  t.ok(pipeline.idle);
});

t.test('ports change places by their headers from series to series: no stale pixels', async (t) => {
  const pipeline = small({ ring_frames: 5, flip_rows: false });
  const { detector } = pipeline.config;
  // Cables exchanged: the left half now comes in on port 50002. A place belongs to whoever names it.
  const exchanged = { ...detector, udpPorts: [50002, 50001] };
  const settingsOf = (filename: string): typeof detector => (filename === '/data/1.h5' ? exchanged : detector);
  for (const series of [0, 1, 2]) {
    const first = 1 + series * 10;
    pipeline.arm({ filename: `/data/${series}.h5`, firstFrameNumber: first });
    for (let frame = first; frame < first + 8; frame++) {
      for (const half of [0, 1]) {
        if (half === 0 && (frame % 10 === 3 || frame % 10 === 4)) continue;
        if (half === 1 && series === 2) continue;
        for (const packet of [0, 1, 3])
          pipeline.deliver(series === 1 ? 1 - half : half, pipeline.maker.packet(half, frame, packet));
      }
      pipeline.run(1);
    }
    pipeline.run(80);
    pipeline.stop();
  }
  t.strictSame(pipeline.verify({ settingsOf }), []);
  t.match(pipeline.summaries, [{ frames: 8 }, { frames: 8 }, { frames: 8 }]);
});

t.test('a series that sent nothing leaves no pixels to the next', async (t) => {
  const pipeline = small({ ring_frames: 5 });
  pipeline.arm();
  pipeline.send(0, 1);
  pipeline.send(1, 50);
  pipeline.run(30);
  t.match(pipeline.summaries[0], { aborted: 'ports_disagree', frames: 0 });
  pipeline.arm({ firstFrameNumber: 60 });
  for (let frame = 60; frame < 68; frame++) {
    pipeline.send(0, frame);
    pipeline.run(1);
  }
  pipeline.run(80);
  pipeline.stop();
  t.match(pipeline.summaries[1], { frames: 8, marked: 8 });
  t.strictSame(pipeline.verify(), []);
});

t.test('the memory of an earlier pipeline leaves nothing behind', async (t) => {
  const before = small({ ring_frames: 5 });
  before.arm();
  before.play(1, 8);
  before.stop();
  const pipeline = small({ ring_frames: 5 }, { memory: before.memory });
  t.equal(pipeline.memory, before.memory);
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 8; frame++) pipeline.send(frame % 2, frame, [0, 2]);
  pipeline.run(80);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});
