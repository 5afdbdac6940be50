import { spawnSync } from 'node:child_process';
import { ownOf } from '../frame-numbers.js';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Random } from '../../src/base/random.js';
import { makeLayout } from '../../src/detector/layout.js';
import { MemorySource } from '../pipeline/memory-source.js';
import { quadSettings } from '../simulators/detector/settings-examples.js';
import { SinglePort } from './single-port.js';
import { packedCases, plainCases } from './wire-cases.js';
import type { WireCase } from './wire-cases.js';
import { WireImage } from './wire-image.js';

t.setTimeout(400_000);

const slots = 4;
const framesPerRound = 3;

interface Outcome {
  readonly difference: string;
  readonly accepted: number;
  readonly placed: number;
  readonly filled: number;
}

/** The same packets through both placements; returns the first difference between them, or from the truth. */
function compare({ settings, port, facts }: WireCase, seed: number): Outcome {
  const random = new Random(seed);
  const { frameBytes } = makeLayout(settings);
  const make = (compiled: boolean): SinglePort<MemorySource> =>
    new SinglePort({
      settings,
      port,
      slots,
      landingPackets: 64,
      compiled,
      makeSource: (landing) => new MemorySource(landing),
    });
  const reference = make(false);
  const compiled = make(true);
  const both = [reference, compiled];
  const { map } = reference;
  const ring = (single: SinglePort<MemorySource>): Uint8Array =>
    new Uint8Array(single.buffer, map.ring, map.slotStride * slots);
  for (let at = 0, bytes = ring(reference); at < bytes.length; at++) bytes[at] = random.integer(256);
  ring(compiled).set(ring(reference));

  const apart = (): string => {
    const context = map.placementContexts[port];
    for (const [from, to] of [
      [0, context],
      [map.landing[0], map.totalBytes],
    ] as const) {
      const [a, b] = both.map(({ buffer }) => Buffer.from(buffer, from, to - from)) as [Buffer, Buffer];
      if (a.equals(b)) continue;
      const at = a.findIndex((byte, index) => byte !== b[index]);
      return `byte ${from + at}: ${a[at]} and ${b[at]} (records at ${map.slotRecords[port]}, ring at ${map.ring})`;
    }
    return '';
  };
  const result = (difference: string): Outcome => ({
    difference,
    accepted: reference.counters().accepted,
    placed: compiled.placed,
    filled: compiled.filled,
  });

  let now = 1000;
  let first = random.pick([1, 4294967294, 2 ** 53 - 100]);
  for (const single of both) single.open(now, first, null, settings.dynamicRange, settings.readNRows ?? 0);
  for (let round = 0; round < 2; round++) {
    const before = ring(reference).slice();
    const lost = round === 0 ? 0.3 : random.pick([0, 0.02]);
    const disorder = random.pick([0, 3, 1e6]);
    const present = new Map<number, Set<number>>();
    const images = new Map<number, WireImage>();
    const queue: { bytes: Uint8Array; key: number }[] = [];
    for (let frame = first; frame < first + framesPerRound; frame++) {
      const image = new WireImage(facts, frame, random);
      images.set(frame, image);
      const came = new Set(image.datagrams.map((_, packet) => packet).filter(() => !random.chance(lost)));
      present.set(frame, came);
      for (const packet of came) {
        const bytes = image.datagrams[packet];
        for (let copies = random.chance(0.05) ? 2 : 1; copies > 0; copies--)
          queue.push({ bytes, key: queue.length + disorder * random.next() });
      }
    }
    queue.sort((a, b) => a.key - b.key);
    for (const { bytes } of queue) for (const { source } of both) source.deliver(bytes);
    do {
      now += 30;
      const counts = both.map((single) => single.turn(now));
      const difference = counts[0] === counts[1] ? apart() : `${counts.join(' and ')} datagrams taken`;
      if (difference !== '') return result(`round ${round}: ${difference}`);
    } while (reference.source.queued > 0);
    for (const single of both) {
      single.turn(now + 30);
      single.series.setGiveUp(ownOf(first + framesPerRound - 1));
      single.turn(now + 30);
    }
    const difference = apart();
    if (difference !== '') return result(`round ${round}, closed: ${difference}`);
    for (const [frame, image] of images) {
      if ((present.get(frame) as Set<number>).size === 0) continue;
      const at = (ownOf(frame) % slots) * map.slotStride;
      const wrong = image.difference(
        ring(compiled).subarray(at, at + frameBytes),
        before.subarray(at, at + frameBytes),
        present.get(frame) as Set<number>,
      );
      if (wrong !== '') return result(`round ${round}, frame ${frame}: ${wrong}`);
    }
    first += framesPerRound;
    for (const single of both) single.series.setNext(ownOf(first));
  }
  return result('');
}

for (const [cases, seeds] of [
  [packedCases, 3],
  [plainCases, 2],
] as const) {
  for (const wire of cases) {
    t.test(`both placements put every pixel where it belongs: ${wire.name}`, async (t) => {
      const only = process.env.VDCU_SEED;
      const sum = { accepted: 0, placed: 0, filled: 0 };
      for (const seed of only === undefined ? Array.from({ length: seeds }, (_, index) => index + 1) : [Number(only)]) {
        const { difference, accepted, placed, filled } = compare(wire, seed);
        t.equal(difference, '', `VDCU_SEED=${seed}`);
        sum.accepted += accepted;
        sum.placed += placed;
        sum.filled += filled;
      }
      t.comment(
        `${sum.accepted} packets accepted, ${sum.placed} of them by the compiled code; ${sum.filled} images filled`,
      );
      t.equal(sum.placed, sum.accepted, 'all packets were placed by the compiled code');
      t.ok(sum.filled > 0 || makeLayout(wire.settings).expectedPackets === 1, 'holes were filled by the compiled code');
    });
  }
}

/** The last byte of each datagram is the last byte of the memory. */
class LastBytesSource extends MemorySource {
  override batch = 1;

  override receive(): number {
    const count = super.receive();
    const { landing } = this;
    if (count === 0) return 0;
    const at = landing.bytes.length - landing.lengths[0];
    landing.bytes.copyWithin(at, landing.offsets[0], landing.offsets[0] + landing.lengths[0]);
    landing.offsets[0] = at;
    return count;
  }
}

t.test('no byte behind a payload is read', async (t) => {
  for (const wire of [...packedCases, ...plainCases]) {
    const { settings, port, facts } = wire;
    const random = new Random(1);
    const single = new SinglePort({
      settings,
      port,
      slots: 3,
      landingPackets: 4,
      compiled: true,
      makeSource: (landing) => new LastBytesSource(landing, Infinity, 1),
    });
    // Its own number has the first of three slots: the datagrams lie at the end of the last one.
    const frame = 4;
    single.open(1, frame, null, settings.dynamicRange, settings.readNRows ?? 0);
    const { map } = single;
    t.equal(ownOf(frame) % 3, 0);
    const before = new Uint8Array(single.buffer, map.ring, makeLayout(settings).frameBytes);
    const untouched = before.slice();
    const image = new WireImage(facts, frame, random);
    for (const datagram of image.datagrams) single.source.deliver(datagram);
    while (single.source.queued > 0) single.turn(2);
    single.turn(100);
    single.turn(200);
    t.equal(single.counters().imagesComplete, 1, wire.name);
    t.equal(image.difference(before, untouched, new Set(image.datagrams.keys())), '', wire.name);
  }
});

for (const [name, number, waits] of [
  ['0, below the first frame', 0n, true],
  ['2⁶⁴ − 2, whose own number would be that of an empty slot', 2n ** 64n - 2n, false],
] as const) {
  t.test(`a packet with frame number ${name}, first of a batch, is placed nowhere`, async (t) => {
    const { settings, port, facts } = packedCases.find(
      ({ settings: { dynamicRange } }) => dynamicRange === 12,
    ) as WireCase;
    const single = new SinglePort({
      settings,
      port,
      slots: 4,
      landingPackets: 64,
      compiled: true,
      makeSource: (landing) => new MemorySource(landing),
    });
    const image = new WireImage(facts, 1, new Random(1));
    single.open(1, 1, null, settings.dynamicRange);
    for (const datagram of image.datagrams.slice(0, 8)) single.source.deliver(datagram);
    single.turn(2);
    single.turn(40);
    t.equal(single.counters().accepted, 8);
    const ring = new Uint8Array(single.buffer, single.map.ring);
    const low = new Uint8Array(single.buffer, 0, 128);
    const before = [ring.slice(), low.slice()];
    const untouched = (): boolean => Buffer.from(ring).equals(before[0]) && Buffer.from(low).equals(before[1]);
    const stray = image.datagrams[9].slice();
    new DataView(stray.buffer).setBigUint64(0, number, true);
    single.source.deliver(stray);
    single.turn(80);
    t.ok(untouched());
    t.match(single.counters(), { accepted: 8, malformedFrameNumber: waits ? 0 : 1 });
    // Frame 0 waits for others to confirm it: the next packet does not. One that is there already writes nothing.
    single.source.deliver(image.datagrams[7]);
    single.turn(90);
    t.ok(untouched());
    t.match(single.counters(), { accepted: 8, duplicate: 1 });
    single.source.deliver(image.datagrams[8]);
    single.turn(100);
    t.match(single.counters(), { accepted: 9, duplicate: 1, malformedFrameNumber: 1 });
  });
}

// The reference is slow at packed pixels: fewer packets, and frame numbers that begin at 1. Beyond 2³¹ a frame number
// is garbage each time that it is handed on, which the compiled code does once per image.
for (const [placement, packets] of [
  ['compiled', 1e6],
  ['reference', 1e5],
] as const) {
  for (const [bits, oneGiga] of [
    [4, 0],
    [4, 1],
    [12, 0],
    [12, 1],
  ] as const) {
    t.test(`a turn makes no garbage per packet: ${placement}, ${bits} bit, ${oneGiga ? 1 : 10} GbE`, async (t) => {
      const script = fileURLToPath(new URL('allocations.js', import.meta.url));
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        ['--expose-gc', script, placement, String(bits), String(oneGiga), String(packets)],
        { encoding: 'utf8' },
      );
      t.equal(status, 0, stderr);
      const { expectedPackets } = makeLayout(quadSettings({ dynamicRange: bits, tenGiga: oneGiga === 0 }));
      const lines = JSON.parse(stdout) as { from: number; packets: number; bytesPerPacket: number }[];
      for (const { from, packets: counted, bytesPerPacket } of placement === 'compiled' ? lines : lines.slice(0, 1)) {
        // A frame number beyond 2³¹ takes 16 bytes of heap. Four to eight are made per image, by which functions V8 has
        // merged into one; one for each packet would be 16 bytes per packet. The oracle makes 4 to 9 bytes.
        const numbersPerImage = from < 2 ** 31 ? 0 : 10;
        const limit = placement === 'compiled' ? 2 + (numbersPerImage * 16) / expectedPackets : 16;
        t.ok(
          counted >= packets && bytesPerPacket < limit,
          `${bytesPerPacket.toFixed(3)} bytes per packet from frame ${from} on`,
        );
      }
    });
  }
}
