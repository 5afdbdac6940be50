import t from 'tap';
import { changed } from './packets.js';
import { small } from './small.js';

t.test(
  'after three packet numbers that the image does not have, an image is not called complete, and those that follow are',
  async (t) => {
    const pipeline = small();
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.play(1, 2);
    for (const packetNumber of [4, 5]) pipeline.deliver(0, changed(pipeline.maker.packet(0, 3, 0), { packetNumber }));
    pipeline.settle();
    t.strictSame(
      pipeline.events.filter(({ kind }) => kind === 'warning'),
      [],
    );
    pipeline.deliver(0, changed(pipeline.maker.packet(0, 3, 0), { packetNumber: 63 }));
    pipeline.play(3, 6);
    pipeline.stop();
    t.match(pipeline.summaries[0], { frames: 6, complete: 5, marked: 1 });
    t.match(pipeline.images().slice(2), [
      { complete: false, reason: 'settings', missing_packets: 0, missing: {} },
      { complete: true },
    ]);
    t.match(pipeline.summaries[0]?.warnings[0], /packet numbers up to 63, but an image has 4/);
    t.strictSame(pipeline.verify(), []);
    pipeline.arm();
    pipeline.play(7, 8);
    pipeline.stop();
    t.match(pipeline.summaries[1], { complete: 2 }, 'the next series begins without doubt');
  },
);

t.test('one such packet in each image puts them in doubt as long as they come', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 20; frame++) {
    if (frame <= 12) pipeline.deliver(0, changed(pipeline.maker.packet(0, frame, 0), { packetNumber: 4 }));
    pipeline.play(frame, frame);
  }
  pipeline.stop();
  t.strictSame(
    pipeline
      .images()
      .map(({ complete }) => (complete === true ? '.' : 's'))
      .join(''),
    '....ssssssss........',
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('packets of 32 bits for a series of 16 bits name the likely bit depth', async (t) => {
  const pipeline = small({ dynamic_range: 16, read_n_rows: null });
  pipeline.arm();
  for (let packetNumber = 120; packetNumber < 128; packetNumber++)
    pipeline.deliver(0, changed(pipeline.maker.packet(0, 1, 0), { packetNumber }));
  pipeline.run(600);
  t.ok(pipeline.events.some((event) => event.kind === 'warning' && /dynamic_range: 32\?/.test(event.message)));
});

t.test('ten successive images that miss the same packets are told at once, nine are not', async (t) => {
  for (const frames of [9, 10]) {
    const pipeline = small({ dynamic_range: 16 });
    pipeline.arm({ firstFrameNumber: 1 });
    for (let frame = 1; frame <= frames; frame++) {
      for (const port of [0, 1]) pipeline.send(port, frame, [0, 1, 2, 3, 4, 5]);
      pipeline.run(1);
    }
    pipeline.run(1000);
    const told = pipeline.events.some((event) => event.kind === 'warning' && event.code.startsWith('same_missing'));
    t.equal(told, frames === 10);
    pipeline.stop();
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('one image that misses others begins the count again', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 19; frame++) {
    pipeline.send(0, frame, frame === 10 ? [0, 1, 3] : [0, 1, 2]);
    pipeline.send(1, frame);
    pipeline.run(1);
  }
  pipeline.run(1000);
  t.notOk(pipeline.events.some((event) => event.kind === 'warning' && event.code.startsWith('same_missing')));
});

t.test('datagrams of the other interface speed name it', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.deliver(0, new Uint8Array(1072));
  pipeline.run(600);
  t.ok(
    pipeline.events.some(
      (event) =>
        event.kind === 'warning' &&
        /1072 bytes, 4144 expected\. They are packets as with ten_giga: false/.test(event.message),
    ),
  );
});

t.test('rows and columns outside the detector are told, with what is configured', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.deliver(0, changed(pipeline.maker.packet(0, 1, 0), { row: 3, column: 1 }));
  pipeline.run(600);
  t.ok(
    pipeline.events.some(
      (event) =>
        event.kind === 'warning' &&
        /row 3, column 1; the detector is configured as 1 rows × 2 columns/.test(event.message),
    ),
  );
});

t.test('two ports that name the same place: the second is refused it, and told', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1);
  pipeline.settle();
  for (const packet of [0, 1, 2]) pipeline.deliver(1, pipeline.maker.packet(0, 1, packet));
  pipeline.run(600);
  t.match(pipeline.counters(1), { malformedPosition: 3, accepted: 0 });
  t.ok(pipeline.events.some((event) => event.kind === 'warning' && event.code.startsWith('position_taken')));
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('the pixels of a wrong bit depth are not called complete from the third bad packet on', async (t) => {
  const pipeline = small({ dynamic_range: 16, read_n_rows: null });
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 3; frame++) {
    for (const port of [0, 1]) {
      pipeline.send(port, frame);
      for (let packetNumber = 64; packetNumber < 128; packetNumber++)
        pipeline.deliver(port, changed(pipeline.maker.packet(port, frame, 0), { packetNumber }));
    }
    pipeline.run(1);
  }
  t.match(pipeline.stop(), { frames: 3, complete: 1, marked: 2 });
});
