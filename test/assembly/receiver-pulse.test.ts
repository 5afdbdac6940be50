import t from 'tap';
import { ReceiverPulse } from '../../src/assembly/receiver-pulse.js';
import { histogramsAt, portHistogramTable } from '../../src/memory/histogram.js';
import { Landing } from '../../src/memory/landing.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { PortWords } from '../../src/memory/port-words.js';
import type { PacketSource } from '../../src/udp/packet-source.js';
import { MemorySource } from '../pipeline/memory-source.js';

function make(queue: (() => number | null) | null) {
  const map = mapMemory({ ports: 1, slots: 4, frameBytes: 64, packets: 2, landingPackets: 4, packetBytes: 64 });
  const { buffer } = allocateMemory(map);
  const words = new PortWords(buffer, map.portWords[0]);
  words.initialise();
  const source: PacketSource = new MemorySource(new Landing(buffer, map.landing[0], 4, 64));
  if (queue !== null) source.queueBytes = queue;
  return {
    words,
    pulse: new ReceiverPulse(buffer, map, 0, words, source),
    batches: histogramsAt(buffer, map.portHistograms[0], portHistogramTable).batchPackets,
  };
}

t.test(
  'each turn is a heartbeat, and the longest time between two of them is kept until the next series',
  async (t) => {
    const { words, pulse } = make(null);
    const before = words.heartbeat;
    for (const now of [100, 101, 108, 110]) pulse.turn(now);
    t.equal(words.heartbeat, before + 4);
    t.equal(words.figure('stallMsMax'), 7);
    pulse.beginSeries();
    t.equal(words.figure('stallMsMax'), 0);
    pulse.turn(112);
    t.equal(words.figure('stallMsMax'), 2);
  },
);

t.test('a batch is one observation and says when the last packet came', async (t) => {
  const { words, pulse, batches } = make(null);
  pulse.batch(3, 55);
  t.equal(words.figure('lastPacketAt'), 55);
  t.strictSame(batches.read(), { counts: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0], sum: 3 });
});

t.test(
  'the most that waited in the socket is kept until the next series; a source that cannot say leaves it unknown',
  async (t) => {
    const answers = [10, 30, 20, null, 5];
    let asked = 0;
    const { words, pulse } = make(() => answers[asked++]);
    const packetsCame = (now: number): void => {
      pulse.turn(now);
      pulse.batch(1, now);
    };
    for (const now of [0, 1, 2, 11, 21, 31]) packetsCame(now);
    t.equal(asked, 4, 'asked at most every 10 ms');
    t.equal(words.figure('queueBytesMax'), 30);
    pulse.beginSeries();
    t.equal(words.figure('queueBytesMax'), 0);
    pulse.turn(41);
    t.equal(words.figure('queueBytesMax'), 5);
    for (const now of [51, 61]) pulse.turn(now);
    t.equal(asked, 5, 'not asked while nothing comes');
    const unknown = make(null);
    unknown.pulse.turn(0);
    unknown.pulse.beginSeries();
    t.ok(Number.isNaN(unknown.words.figure('queueBytesMax')));
  },
);
