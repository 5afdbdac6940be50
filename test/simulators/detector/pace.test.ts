import t from 'tap';
import { VirtualClock } from '../../../src/base/clock.js';
import type { Datagram } from '../../../simulators/detector/detector.js';
import { SimulatedDetector } from '../../../simulators/detector/detector.js';
import { noFaults, parseFault } from '../../../simulators/detector/faults.js';
import { sendPaced } from '../../../simulators/detector/pace.js';
import type { DatagramSender } from '../../../simulators/detector/udp-sender.js';
import { quadSettings } from './settings-examples.js';

/** Keeps what it is given, and takes `costMs` of virtual time for each batch. */
class RecordingSender implements DatagramSender {
  readonly batches: { at: number; frames: number[]; datagrams: readonly Datagram[] }[] = [];
  readonly sent = 0;
  readonly errors = 0;
  readonly lastError = null;
  readonly #clock: VirtualClock;
  readonly #costMs: number;

  constructor(clock: VirtualClock, costMs: number) {
    this.#clock = clock;
    this.#costMs = costMs;
  }

  async sendBatch(batch: readonly Datagram[]): Promise<void> {
    this.batches.push({
      at: this.#clock.now(),
      datagrams: batch,
      frames: batch.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE(0)),
    });
    this.#clock.advance(this.#costMs);
  }

  async close(): Promise<void> {}
}

function setUp(
  costMs: number,
  frames = 5,
): { clock: VirtualClock; sender: RecordingSender; detector: SimulatedDetector; wait: (ms: number) => Promise<void> } {
  const clock = new VirtualClock(1000);
  return {
    clock,
    sender: new RecordingSender(clock, costMs),
    detector: new SimulatedDetector({ settings: quadSettings(), frames, firstFrame: 1, rate: 100 }),
    wait: async (milliseconds) => {
      clock.advance(milliseconds);
    },
  };
}

t.test('no datagram leaves before it is due, and a fast sender leaves none late', async (t) => {
  const { clock, sender, detector, wait } = setUp(0);
  const report = await sendPaced(detector.datagrams(), sender, { clock, signal: new AbortController().signal, wait });
  const all = sender.batches.flatMap(({ at, datagrams }) => datagrams.map(({ dueMs }) => at - 1000 - dueMs));
  t.equal(all.length, 5 * 128);
  t.ok(all.every((late) => late > -1e-6 && late < 1));
  t.match(report, { datagrams: 640, bytes: 640 * 4144, frames: 5 });
  t.ok(report.worstLateMs < 1);
});

t.test('a batch is bounded, holds datagrams of one round only, and their bytes are still theirs', async (t) => {
  const { clock, sender, detector, wait } = setUp(30);
  await sendPaced(detector.datagrams(), sender, { clock, signal: new AbortController().signal, wait });
  t.ok(
    sender.batches.some(({ datagrams }) => datagrams.length === 64),
    'batches fill when the sender is late',
  );
  for (const { datagrams, frames } of sender.batches) {
    t.ok(datagrams.length <= 64 && new Set(frames).size <= 1);
    t.ok(datagrams.every(({ round }, at) => frames[at] === round + 1));
  }
});

t.test(
  'bytes that wait to be sent are still theirs when the frames after them are lost or late entirely',
  async (t) => {
    const clock = new VirtualClock(1000);
    const sender = new RecordingSender(clock, 30);
    const faults = {
      ...noFaults,
      selectors: { loss: parseFault('--loss', '*:2:*,*:5-7:*'), delay: parseFault('--delay', '*:9:*') },
    };
    const detector = new SimulatedDetector({ settings: quadSettings(), frames: 12, firstFrame: 1, rate: 100, faults });
    await sendPaced(detector.datagrams(), sender, {
      clock,
      signal: new AbortController().signal,
      wait: async (milliseconds) => {
        clock.advance(milliseconds);
      },
    });
    const sent = new Map<number, number>();
    for (const frame of sender.batches.flatMap(({ frames }) => frames)) sent.set(frame, (sent.get(frame) ?? 0) + 1);
    t.strictSame(
      [...sent].sort(([a], [b]) => a - b),
      [1, 3, 4, 8, 9, 10, 11, 12].map((frame) => [frame, 128]),
    );
  },
);

t.test('a sender that cannot keep the rate is told of', async (t) => {
  const { clock, sender, detector, wait } = setUp(30);
  const report = await sendPaced(detector.datagrams(), sender, { clock, signal: new AbortController().signal, wait });
  t.ok(report.worstLateMs > 100);
  t.ok(report.elapsedMs > 150);
});

t.test('after an abort nothing waits any more', async (t) => {
  const { clock, sender, detector } = setUp(0);
  const stop = new AbortController();
  let waits = 0;
  await sendPaced(detector.datagrams(), sender, {
    clock,
    signal: stop.signal,
    wait: async () => {
      waits++;
      stop.abort();
      detector.stop();
    },
  });
  t.equal(waits, 1);
  t.equal(sender.batches.flatMap(({ datagrams }) => datagrams).length, 128, 'the frame is finished');
});

t.test('a sender that is always behind can be stopped: the event loop has its turns', async (t) => {
  const { clock, sender } = setUp(5);
  let stopped = false;
  function* overdue(): Generator<Datagram> {
    const [datagram] = setUp(0, 1).detector.datagrams();
    // A bound, so that the test ends when it fails.
    for (let round = 0; round < 5000 && !stopped; round++) yield { ...datagram, round, dueMs: 0 };
  }
  setImmediate(() => (stopped = true));
  const { datagrams } = await sendPaced(overdue(), sender, { clock, signal: new AbortController().signal });
  t.ok(datagrams < 100, `${datagrams} datagrams`);
});
