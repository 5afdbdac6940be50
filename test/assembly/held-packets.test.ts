import t from 'tap';
import { HeldPackets } from '../../src/assembly/held-packets.js';
import { Landing, landingBytes } from '../../src/memory/landing.js';

function make(): { landing: Landing; held: HeldPackets } {
  const landing = new Landing(new SharedArrayBuffer(landingBytes(4, 100)), 0, 4, 100);
  return { landing, held: new HeldPackets(landing) };
}

t.test('the first two are copied out of the landing buffers, the third is not', async (t) => {
  const { landing, held } = make();
  for (let index = 0; index < 3; index++) {
    const at = landing.bufferAt(index);
    landing.bytes.fill(index + 1, at, at + 100);
    held.add(10 + index, index, 0, at, 100, index, 70 + index);
  }
  for (let index = 0; index < 4; index++) landing.bytes.fill(0xee, landing.bufferAt(index), landing.bufferAt(index) + 100);
  t.ok(held.confirmed);
  t.equal(landing.bytes[held.at(0)], 1);
  t.equal(landing.bytes[held.at(1) + 99], 2);
  t.equal(held.at(2), landing.bufferAt(2));
  t.match([held.frameNumber(1), held.packet(1), held.position(1), held.lastAt, held.number(1)], [11, 1, 0, 2, 71]);
});

t.test('a packet agrees when it is near to all of them, at the same place', async (t) => {
  const { held, landing } = make();
  t.ok(held.agrees(1, 0, 4), 'with none there is nothing to disagree with');
  held.add(10, 0, 0, landing.bufferAt(0), 100, 0, 0);
  held.add(13, 0, 0, landing.bufferAt(1), 100, 0, 1);
  t.ok(held.agrees(9, 0, 4));
  t.ok(held.agrees(14, 0, 4));
  t.notOk(held.agrees(15, 0, 4), 'near to the second only');
  t.notOk(held.agrees(8, 0, 4));
  t.notOk(held.agrees(11, 1, 4));
  t.notOk(held.agrees(2 ** 33 + 11, 0, 4));
  held.clear();
  t.equal(held.count, 0);
});
