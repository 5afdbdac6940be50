import { Worker } from 'node:worker_threads';
import t from 'tap';
import { FlightRing, flightRingBytes } from '../../src/memory/flight-ring.js';

const packets = 8;
const batch = 4;

/** A ring in which entry n says n everywhere. */
function ringWith(recorded: number): FlightRing {
  const ring = new FlightRing(new SharedArrayBuffer(flightRingBytes(packets, batch)), 0, packets, batch);
  for (let number = 0; number < recorded; number++) write(ring, number);
  ring.publish(recorded);
  return ring;
}

function write(ring: FlightRing, number: number): void {
  const at = (number % ring.entries) * 16;
  ring.words.fill(number, at, at + 12);
  ring.times[at / 2 + 6] = number + 0.5;
  ring.words[at + 14] = 1000 + number;
  ring.words[at + 15] = number % 5;
}

const numbers = (ring: FlightRing): number[] => {
  const copy = ring.copy();
  return Array.from({ length: copy.count }, (_, index) => copy.length(index) - 1000);
};

t.test('a ring gives back the last packets, oldest first, also when it has gone round', async (t) => {
  for (const recorded of [0, 1, 7, 8, 9, 11, 12, 13, 24, 25, 1000]) {
    const expected = Array.from(
      { length: Math.min(recorded, packets) },
      (_, index) => recorded - Math.min(recorded, packets) + index,
    );
    t.strictSame(numbers(ringWith(recorded)), expected, `${recorded} recorded`);
  }
  const copy = ringWith(13).copy();
  t.equal(copy.time(0), 5.5);
  t.equal(copy.class(1), 6 % 5);
  t.strictSame(
    [...new Int32Array(copy.header(2).slice().buffer)],
    Array.from({ length: 12 }, () => 7),
  );
});

t.test('a copy is not changed by what is recorded later', async (t) => {
  const ring = ringWith(8);
  const copy = ring.copy();
  for (let number = 8; number < 20; number++) write(ring, number);
  ring.publish(20);
  t.equal(copy.length(0), 1000);
});

t.test('what the writer overwrote while the ring was copied is left out', async (t) => {
  for (const meanwhile of [1, 4, 5, 8, 9, 30]) {
    const ring = ringWith(20);
    // The writer's turn comes in the middle of the copy: right after the ring said how far it is.
    const there = Object.getOwnPropertyDescriptor(FlightRing.prototype, 'recorded') as PropertyDescriptor;
    let asked = 0;
    Object.defineProperty(ring, 'recorded', {
      get: () => {
        const recorded = (there.get as () => number).call(ring);
        if (asked++ === 0) {
          // Another batch is under way beyond what was published.
          for (let number = 20; number < 20 + meanwhile + batch; number++) write(ring, number);
          ring.publish(20 + meanwhile);
        }
        return recorded;
      },
    });
    t.strictSame(
      numbers(ring),
      [12, 13, 14, 15, 16, 17, 18, 19].filter((number) => number >= 20 + meanwhile - packets),
      `${meanwhile} meanwhile`,
    );
  }
});

t.test('headers of datagrams that are shorter than a header end where the datagram ends', async (t) => {
  const ring = ringWith(1);
  for (const [length, header] of [
    [0, 0],
    [40, 40],
    [48, 48],
    [49, 48],
  ] as const) {
    ring.words[14] = length;
    t.equal(ring.copy().header(0).length, header);
  }
});

t.test('a ring of nothing takes no memory and gives nothing back', async (t) => {
  t.equal(flightRingBytes(0, batch), 0);
  const ring = new FlightRing(new SharedArrayBuffer(0), 0, 0, batch);
  t.strictSame([ring.recorded, ring.copy().count, ring.entries], [0, 0, 0]);
});

t.test('no copy has a torn entry while another thread writes as fast as it can', async (t) => {
  const buffer = new SharedArrayBuffer(flightRingBytes(1000, 16));
  const worker = new Worker(new URL('./flight-ring-writer.js', import.meta.url), {
    workerData: { buffer, packets: 1000, batch: 16 },
  });
  t.teardown(() => worker.terminate());
  const ring = new FlightRing(buffer, 0, 1000, 16);
  while (ring.recorded < 5000) await new Promise((resolve) => setTimeout(resolve, 1));
  let seen = 0;
  let wrong = 0;
  for (let turn = 0; turn < 300; turn++) {
    const copy = ring.copy();
    seen += copy.count;
    for (let index = 0; index < copy.count; index++) {
      const number = copy.length(index);
      if (number !== copy.length(0) + index || copy.class(index) !== number || !everyWord(copy.header(index), number))
        wrong++;
    }
  }
  t.equal(wrong, 0, `${seen} entries`);
  t.ok(seen > 0);
});

function everyWord(header: Uint8Array, number: number): boolean {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  for (let at = 0; at < 48; at += 4) if (view.getInt32(at, true) !== number) return false;
  return true;
}
