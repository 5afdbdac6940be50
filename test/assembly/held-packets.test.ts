import t from 'tap';
import { HeldPackets } from '../../src/assembly/held-packets.js';
import { Landing, landingBytes } from '../../src/memory/landing.js';
import { asOwn } from '../frame-numbers.js';

function make(): { landing: Landing; held: HeldPackets } {
  const landing = new Landing(new SharedArrayBuffer(landingBytes(4, 100)), 0, 4, 100);
  return { landing, held: new HeldPackets(landing) };
}

t.test('all three are copied out of the landing buffers, and move up when the first is let go', async (t) => {
  const { landing, held } = make();
  for (let index = 0; index < 3; index++) {
    const at = landing.bufferAt(index);
    landing.bytes.fill(index + 1, at, at + 100);
    held.add(asOwn(10 + index), index, 0, at, 100, index, 70 + index);
  }
  for (let index = 0; index < 4; index++)
    landing.bytes.fill(0xee, landing.bufferAt(index), landing.bufferAt(index) + 100);
  t.ok(held.confirmed);
  t.equal(landing.bytes[held.at(0)], 1);
  t.equal(landing.bytes[held.at(1) + 99], 2);
  t.equal(landing.bytes[held.at(2) + 99], 3);
  t.match(
    [held.frameNumber(1), held.packet(1), held.position(1), held.lastAt, held.since, held.number(1)],
    [11, 1, 0, 2, 0, 71],
  );
  held.shift();
  t.match(
    [held.count, held.confirmed, held.lowest, held.highest, held.packet(0), held.number(1)],
    [2, false, 11, 12, 1, 72],
  );
  t.match([landing.bytes[held.at(0)], landing.bytes[held.at(1) + 99]], [2, 3]);
});

/** With packets of these numbers, the first of each frame, at place 0. */
function holding(...frameNumbers: number[]): HeldPackets {
  const { held, landing } = make();
  frameNumbers.forEach((frameNumber, index) =>
    held.add(asOwn(frameNumber), 0, 0, landing.bufferAt(0), 100, index, index),
  );
  return held;
}

t.test('a packet agrees when it follows all of them, not too far ahead of the last, at the same place', async (t) => {
  t.ok(holding().agrees(asOwn(1), 0, 4, 16), 'with none there is nothing to disagree with');
  const held = holding(10, 13);
  for (const [frameNumber, agrees] of [
    [8, false],
    [9, true],
    [14, true],
    [29, true],
    [30, false],
    [2 ** 33 + 11, false],
  ] as const) {
    t.equal(held.agrees(asOwn(frameNumber), 0, 4, 16), agrees, `${frameNumber}`);
  }
  t.notOk(held.agrees(asOwn(14), 1, 4, 16));
  held.clear();
  t.equal(held.count, 0);
});

t.test('the same packet again is known', async (t) => {
  const held = holding(10);
  t.ok(held.knows(asOwn(10), 0, 0));
  t.notOk(held.knows(asOwn(10), 1, 0));
  t.notOk(held.knows(asOwn(11), 0, 0));
  t.notOk(held.knows(asOwn(10), 0, 1), 'of another place');
});

t.test('of three the first strays when it is far before two that are near each other', async (t) => {
  for (const [numbers, strays, steps] of [
    [[2, 10, 11], true, false],
    [[6, 10, 11], false, false],
    [[1, 1, 9], false, false],
    [[5, 10, 15], false, true],
    [[5, 10, 14], true, false],
    [[1, 1, 1], false, true],
  ] as const) {
    t.match(holding(...numbers), { confirmed: true }, numbers.join());
    t.equal(holding(...numbers).strays(4), strays);
    t.equal(holding(...numbers).steps, steps);
  }
});
