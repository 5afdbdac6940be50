import t from 'tap';
import { Random } from '../../src/base/random.js';
import { makeLayout } from '../../src/detector/layout.js';
import { makePieceTable } from '../../src/detector/piece-table.js';
import { packedCases, plainCases } from '../assembly/wire-cases.js';
import type { WireCase } from '../assembly/wire-cases.js';
import { WireImage } from '../assembly/wire-image.js';
import { PixelOracle } from './pixels.js';

t.setTimeout(400_000);

const headerBytes = 48;

/** Place what came of one image, in this order, and fill the rest; returns the first wrong pixel. */
function place(
  { settings, port, facts }: WireCase,
  image: WireImage,
  order: readonly number[],
  random: Random,
): string {
  const layout = makeLayout(settings);
  // Odd, so that nothing depends on alignment.
  const landing = 64 + 1;
  const frame = landing + headerBytes + facts.payloadBytes + 63;
  const bytes = new Uint8Array(frame + layout.frameBytes + 64);
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.integer(256);
  const before = bytes.slice();
  const table = makePieceTable(
    layout,
    facts.row * layout.grid.columns + facts.column,
    layout.ports[port]?.flip ?? null,
  );
  const placement = new PixelOracle(bytes.buffer, layout, table);
  const present = new Set<number>();
  for (const packet of order) {
    bytes.set(image.datagrams[packet], landing);
    placement.place(packet, landing + headerBytes, frame, present.has(packet - 1), present.has(packet + 1));
    present.add(packet);
  }
  for (let packet = 0; packet < image.datagrams.length; packet++)
    if (!present.has(packet)) placement.fill(packet, frame);
  if (!Buffer.from(bytes.subarray(frame + layout.frameBytes)).equals(before.subarray(frame + layout.frameBytes)))
    return 'written behind the frame';
  if (!Buffer.from(bytes.subarray(0, landing)).equals(before.subarray(0, landing))) return 'written before the frame';
  return image.difference(
    bytes.subarray(frame, frame + layout.frameBytes),
    before.subarray(frame, frame + layout.frameBytes),
    present,
  );
}

for (const wire of [...packedCases, ...plainCases]) {
  t.test(`every pixel of a port image is where the wire's bits say: ${wire.name}`, async (t) => {
    const random = new Random(4);
    const image = new WireImage(wire.facts, 7, random);
    const all = image.datagrams.map((_, packet) => packet);
    const { shape, payloadBytes, expectedPackets } = makeLayout(wire.settings);
    t.strictSame(
      [...shape, payloadBytes, expectedPackets],
      [wire.facts.frameRows, wire.facts.frameColumns, wire.facts.payloadBytes, all.length],
    );
    t.equal(place(wire, image, all, random), '', 'in order');
    t.equal(place(wire, image, [...all].reverse(), random), '', 'backwards');
    for (const lost of [0.1, 0.6]) {
      const order = all
        .filter(() => !random.chance(lost))
        .map((packet) => ({ packet, key: random.next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ packet }) => packet);
      t.equal(place(wire, image, order, random), '', `${order.length} of ${all.length} packets, shuffled`);
    }
  });
}

t.test('a pixel that two packets share is whole only when both came', async (t) => {
  for (const wire of packedCases.filter(
    ({ settings, name }) => settings.dynamicRange === 12 && name.includes('quad'),
  )) {
    const random = new Random(12);
    const image = new WireImage(wire.facts, 7, random);
    // Packets 0 to 3: both ways in which a pixel is divided (8 + 4 and 4 + 8 bits), and the boundary that divides none.
    for (const order of [[0], [1], [2], [3], [0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2], [0, 2, 1], [0, 2]]) {
      t.equal(place(wire, image, order, random), '', `${wire.name}: ${order.join(', ')}`);
    }
  }
});

t.test('the 12-bit example of the detector server: two pixels in three bytes, low bits first', async (t) => {
  const wire = packedCases.find(({ name }) => name === 'Eiger 12 bit, 10 GbE, gaps off, quad, lower half') as WireCase;
  const layout = makeLayout(wire.settings);
  const bytes = new Uint8Array(4096 + layout.frameBytes);
  bytes.set([0xbc, 0xfa, 0xde]);
  new PixelOracle(bytes.buffer, layout, makePieceTable(layout, 1, null)).place(0, 0, 4096, false, false);
  const pixels = new Uint16Array(bytes.buffer, 4096);
  t.strictSame([...pixels.subarray(256 * 512, 256 * 512 + 2)], [0xabc, 0xdef]);
});

t.test('4 bit: the left pixel is the high half of its byte unless configured', async (t) => {
  for (const [lowNibbleFirst, left, right] of [
    [false, 0xa, 0x5],
    [true, 0x5, 0xa],
  ] as const) {
    const wire = packedCases.find(({ name }) => name === 'Eiger 4 bit, 10 GbE, gaps off, quad, lower half') as WireCase;
    const layout = makeLayout({ ...wire.settings, lowNibbleFirst });
    const bytes = new Uint8Array(4096 + layout.frameBytes);
    bytes[0] = 0xa5;
    new PixelOracle(bytes.buffer, layout, makePieceTable(layout, 1, null)).place(0, 0, 4096, false, false);
    t.strictSame([...bytes.subarray(4096 + 256 * 512, 4096 + 256 * 512 + 2)], [left, right]);
  }
});
