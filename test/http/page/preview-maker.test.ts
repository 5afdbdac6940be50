import t from 'tap';
import { VirtualClock } from '../../../src/base/clock.js';
import { PreviewBusy, PreviewMaker } from '../../../src/http/page/preview-maker.js';
import { readPreview } from '../../../src/page/preview-bytes.js';
import { makeLayout } from '../../../src/detector/layout.js';
import { config, quadPlaces } from '../../view/hand-made-view.js';
import { LastFrame, lastFrameBytes } from '../../../src/memory/last-frame.js';

const [rows, columns] = makeLayout(config.detector).shape;
const frameBytes = rows * columns * 2;

function setUp(): {
  maker: PreviewMaker;
  last: LastFrame;
  clock: VirtualClock;
  keep: (columns?: number) => void;
  waiting: (() => void)[];
} {
  const memory = { buffer: new SharedArrayBuffer(lastFrameBytes(frameBytes)), offset: 0, frameBytes, masked: null };
  const last = new LastFrame(memory.buffer, memory.offset, memory.frameBytes);
  const clock = new VirtualClock();
  const waiting: (() => void)[] = [];
  const maker = new PreviewMaker({ memory, detector: config.detector }, last, clock, (milliseconds, run) =>
    waiting.push(() => {
      clock.advance(milliseconds);
      run();
    }),
  );
  const bytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const keep = (width = columns): void =>
    void last.store({
      json: bytes({ shape: [rows, width], type: 'uint16' }),
      places: bytes(quadPlaces),
      pixels: new Uint8Array(frameBytes),
    });
  return { maker, last, clock, keep, waiting };
}

const countOf = (bytes: Uint8Array | null): number => {
  const { buffer, byteOffset, length } = bytes as Uint8Array<ArrayBuffer>;
  return readPreview(buffer.slice(byteOffset, byteOffset + length)).head.count;
};

const whole = { rows: null, columns: null, size: 64 } as const;

t.test(
  'viewers of the same part share one preview; who asks for a newer one too early gets it in its time',
  async (t) => {
    const { maker, last, clock, keep, waiting } = setUp();
    t.teardown(() => maker.close());
    keep();
    const first = maker.make(whole);
    t.equal(maker.make({ ...whole }), first);
    await first;
    clock.advance(10_000);
    t.equal(maker.make(whole), first, 'the same frame is not made small again');
    keep();
    const second = maker.make(whole);
    t.not(second, first);
    await second;
    keep();
    clock.advance(60);
    const third = maker.make(whole);
    t.not(third, second);
    t.equal(maker.make({ ...whole }), third, 'too early: both wait for the same one');
    keep();
    const before = clock.now();
    waiting.at(-1)?.();
    t.equal(clock.now() - before, 20, 'as long as there are 80 ms between the two');
    t.equal(countOf(await third), last.count, 'the newest there is when its time comes');
    t.not(await third, await second);
  },
);

t.test(
  'a picture that is still being made is waited for, however long it takes, before the next is begun',
  async (t) => {
    const { maker, last, clock, keep, waiting } = setUp();
    t.teardown(() => maker.close());
    keep();
    const first = maker.make(whole);
    clock.advance(1000);
    keep();
    const next = maker.make(whole);
    t.not(next, first);
    waiting.pop()?.();
    await first;
    // (It took a second: as long as may be between two is over, too.)
    waiting.pop()?.();
    t.equal(countOf(await next), last.count);
  },
);

t.test(
  'jobs that wait are limited: who asks for one more gets an older picture, or is told to ask again',
  async (t) => {
    const { maker, clock, keep } = setUp();
    t.teardown(() => maker.close());
    keep();
    const old = maker.make(whole);
    await old;
    keep();
    clock.advance(1000);
    const others = [100, 101, 102, 103].map((size) => maker.make({ ...whole, size }));
    t.equal(maker.make(whole), old);
    await t.rejects(maker.make({ ...whole, size: 104 }), { name: 'PreviewBusy' });
    t.ok(PreviewBusy.prototype instanceof Error);
    await Promise.all(others);
    t.ok(await maker.make({ ...whole, size: 104 }));
  },
);

t.test('a preview that waited long for the processor does not put off the next for long', async (t) => {
  const { maker, clock, keep } = setUp();
  t.teardown(() => maker.close());
  keep();
  const first = maker.make(whole);
  clock.advance(5000);
  await first;
  keep();
  const second = maker.make(whole);
  t.not(second, first, 'three times as long would be 15 s');
  await second;
});

t.test('a frame that makes no sense is an error of that preview alone', async (t) => {
  const { maker, clock, keep } = setUp();
  t.teardown(() => maker.close());
  t.equal(await maker.make(whole), null, 'no frame yet');
  keep(columns + 1);
  clock.advance(1000);
  await t.rejects(maker.make(whole), { message: /^preview: pixels fill the shape/ });
  keep();
  clock.advance(1000);
  t.ok(await maker.make(whole));
});

t.test('what waits at the end is refused', async (t) => {
  const { maker, keep } = setUp();
  keep();
  const waiting = t.rejects(maker.make(whole), { message: /stopping/ });
  await maker.close();
  await waiting;
});

t.test('so is who waits for the next picture', async (t) => {
  const { maker, keep, waiting } = setUp();
  keep();
  await maker.make(whole);
  keep();
  const next = t.rejects(maker.make(whole), { message: /stopping/ });
  await maker.close();
  waiting.pop()?.();
  await next;
});
