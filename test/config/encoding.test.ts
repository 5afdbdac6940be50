import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import type { Plan } from '../../src/config/plan.js';
import { planText } from '../../src/config/print-plan.js';

const configOf = (keys: string) =>
  parseConfig(`a: {detector: eiger, quad: true, udp_ports: [50001, 50002]${keys}}`, 'f', 'a');
const planOf = (keys: string, cores = 8): Plan => makePlan(configOf(keys), cores);

t.test('without compression nothing of the plan is for encoders', async (t) => {
  const { encoding, threads, memory } = planOf('');
  t.equal(encoding, null);
  t.equal(threads.encoders, 0);
  t.equal(memory.encoding, undefined);
});

t.test('as many encoders as the rate needs, 1000 Hz where it is unknown, at most as many as cores', async (t) => {
  const threads = (keys: string, cores?: number): number =>
    planOf(`, compression: bslz4${keys}`, cores).threads.encoders;
  t.equal(threads(''), 1);
  t.equal(threads(', frame_rate_hz: 10'), 1);
  t.equal(threads(', frame_rate_hz: 1000, frame_timeout_ms: 100'), 1);
  t.equal(threads(', frame_rate_hz: 4000, frame_timeout_ms: 100'), 3);
  t.equal(threads(', frame_rate_hz: 4000, frame_timeout_ms: 100', 2), 2);
  t.equal(threads(', frame_rate_hz: 10, encoder_threads: 5'), 5);
});

t.test('slots are a multiple of the encoders, two of each at least, and counted with the memory', async (t) => {
  const plain = planOf('');
  for (const encoders of [1, 2, 3]) {
    const { encoding, memory, sharedMemoryBytes, memoryBytes } = planOf(
      `, compression: bslz4, encoder_threads: ${encoders}, ring_frames: ${plain.ring.frames}`,
    );
    if (encoding === null) throw new Error('there are encoders');
    t.equal(encoding.threads, encoders);
    t.equal(encoding.slots % encoders, 0);
    t.ok(encoding.slots >= 2 * encoders);
    t.match(memory.encoding, { encoders, slots: encoding.slots, alteredBytes: 0, maskBytes: 0 });
    t.ok(sharedMemoryBytes >= plain.sharedMemoryBytes + encoding.bytes);
    t.ok(memoryBytes > plain.memoryBytes + encoding.bytes);
  }
});

t.test('the printed plan says who compresses, and names encoders that have too much to do', async (t) => {
  const keys = ', compression: bslz4, encoder_threads: 1, frame_rate_hz: 4000, frame_timeout_ms: 100';
  const text = planText(configOf(keys), planOf(keys));
  t.match(text, /^threads +main, 2 × receiver, 1 × encoder, streamer on 8 cores$/m);
  t.match(text, /^compression +bslz4, 16 slots for compressed frames, /m);
  t.match(text, /encoders 1\.69, .*too much for one core: .*encoder 0.*raise encoder_threads/);
  t.notMatch(planText(configOf(''), planOf('')), /encoder|compress/);
});

t.test('frames that are cut and turned have encoders without compression, and smaller slots', async (t) => {
  const keys = ', turn: 270, roi: [10, 20, 100, 200], mask: /data/mask.npy, frame_rate_hz: 1000, frame_timeout_ms: 100';
  const { encoding, memory, threads } = planOf(keys);
  t.match(encoding, { threads: 1, shape: [200, 100] });
  t.match(memory.encoding, { slotBytes: 40_064, alteredBytes: 0, maskBytes: 2504 });
  t.equal(threads.encoders, 1);
  const text = planText(configOf(keys), planOf(keys));
  t.match(
    text,
    /^form +200 × 100: pixels of \/data\/mask\.npy are missing, cut to rows 10 to 109, columns 20 to 219, turned by 270° anticlockwise$/m,
  );
  t.match(text, /^compression +none, 16 slots for these frames, /m);
  t.match(planOf(`${keys}, compression: bslz4`).memory.encoding, { alteredBytes: 40_000 });
  t.equal(planOf(', mirror: true').threads.encoders, 1);
});
