import t from 'tap';
import { compiledPlacement, loadPlacementKernel } from '../../src/assembly/compiled-placement.js';
import { FlightWriter } from '../../src/assembly/flight-writer.js';
import { portCounter } from '../../src/memory/counters.js';
import { FlightRing, notClassed } from '../../src/memory/flight-ring.js';
import { Landing } from '../../src/memory/landing.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { placementOracle } from '../oracle/placement.js';

const batch = 16;
const packets = 50;

function make(compiled: boolean): { landing: Landing; ring: FlightRing; writer: FlightWriter } {
  const map = mapMemory({
    ports: 2,
    slots: 4,
    frameBytes: 1000,
    packets: 4,
    pieces: 4,
    landingPackets: batch,
    packetBytes: 500,
    flightPackets: packets,
  });
  const memory = allocateMemory(map);
  const landing = new Landing(memory.buffer, map.landing[1], batch, 500);
  for (let index = 0; index < landing.buffers * landing.stride; index++)
    landing.bytes[landing.bufferAt(0) + index] = (index * 7 + (index >> 8)) & 255;
  const ring = new FlightRing(memory.buffer, map.flightRings[1], packets, batch);
  return {
    landing,
    ring,
    writer: new FlightWriter(
      ring,
      (compiled ? compiledPlacement(loadPlacementKernel(memory)) : placementOracle)(map, 1, landing),
    ),
  };
}

for (const compiled of [false, true]) {
  t.test(
    'headers are recorded as they lie, wherever they begin and wherever the ring ends, ' +
      `${compiled ? 'compiled' : 'by the oracle'}`,
    async (t) => {
      const { landing, ring, writer } = make(compiled);
      const expected: { header: number[]; length: number; time: number; class: number }[] = [];
      for (let turn = 0, seed = 1; turn < 40; turn++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        const count = 1 + (seed % batch);
        for (let index = 0; index < count; index++) {
          // Every alignment, as coalesced datagrams have it.
          const at = landing.bufferAt(index) + ((turn + index) % 9);
          landing.offsets[index] = at;
          landing.lengths[index] = 48 + turn * 10 + index;
          const found = (turn + index) % 3 === 0 ? portCounter.duplicate : portCounter.accepted;
          if (found !== portCounter.accepted) writer.note(index, found);
          expected.push({
            header: [...landing.bytes.slice(at, at + 48)],
            length: 48 + turn * 10 + index,
            time: turn + 0.25,
            class: found,
          });
        }
        writer.append(count, turn + 0.25);
        const copy = ring.copy();
        t.equal(copy.count, Math.min(packets, expected.length));
        const found = Array.from({ length: copy.count }, (_, index) => ({
          header: [...copy.header(index)],
          length: copy.length(index),
          time: copy.time(index),
          class: copy.class(index),
        }));
        t.strictSame(found, expected.slice(-packets), `turn ${turn}`);
      }
    },
  );
}

t.test(
  'a class may be settled as long as the packet is in the ring, and nothing else changes afterwards',
  async (t) => {
    const { landing, ring, writer } = make(false);
    landing.offsets.fill(landing.bufferAt(0));
    landing.lengths.fill(100);
    writer.note(2, notClassed);
    const number = writer.numberOf(2);
    writer.append(5, 1);
    writer.settle(number, portCounter.lateUnknown);
    t.strictSame(
      [0, 1, 2, 3, 4].map((index) => ring.copy().class(index)),
      [2, 2, portCounter.lateUnknown, 2, 2],
    );
    for (let turn = 0; turn < 10; turn++) writer.append(batch, 2);
    writer.settle(number, portCounter.foreignSeries);
    const copy = ring.copy();
    t.ok(
      Array.from({ length: copy.count }, (_, index) => copy.class(index)).every(
        (found) => found === portCounter.accepted,
      ),
    );
    writer.settle(writer.numberOf(1), portCounter.duplicate);
    writer.append(2, 3);
    t.equal(ring.copy().class(packets - 1), portCounter.duplicate, 'of the batch at hand');
  },
);
