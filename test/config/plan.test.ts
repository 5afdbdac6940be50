import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makePlan, planWarnings, type Plan } from '../../src/config/plan.js';
import { mapMemory, memoryLimitBytes } from '../../src/memory/memory-map.js';

function plan(lines: readonly string[], cores = 4): Plan {
  return makePlan(parseConfig(`a:\n  detector: eiger\n  ${lines.join('\n  ')}\n`, 'f', 'a'), cores);
}

const quad = ['quad: true', 'udp_ports: [50001, 50002]'];

t.test('the numbers of an Eiger quad, 514 × 514 × 16 bit, at 1000 Hz', async (t) => {
  const { memory, sharedMemoryBytes, memoryBytes, rate, ...rest } = plan([...quad, 'frame_rate_hz: 1000']);
  t.strictSame(rest, {
    share: { stride: 1, offset: 0 },
    detector: {
      shape: [514, 514],
      pixelType: 'uint16',
      frameBytes: 528392,
      packetBytes: 4144,
      payloadBytes: 4096,
      packetsPerPortImage: 64,
      expectedPackets: 64,
      packetsPerFrame: 128,
    },
    ports: [
      { udpPort: 50001, udpHost: '127.0.0.1', off: false, thread: 0, expectedPackets: 64 },
      { udpPort: 50002, udpHost: '127.0.0.1', off: false, thread: 0, expectedPackets: 64 },
    ],
    threads: {
      main: 1,
      receivers: 1,
      why: 'by load: each takes at most 0.45 of a core at this rate',
      encoders: 0,
      streamer: 1,
      cores: 4,
    },
    encoding: null,
    portsOfThread: [[50001, 50002]],
    ring: { frames: 1000, slotBytes: 528512, bytes: 528512000, milliseconds: 1000, burstFrames: 1 },
    maxOwedFrames: 10000,
    maxOwedMs: 10000,
    sendQueue: { of: 'kernel', frames: 7, bytes: 2 * 4194304, milliseconds: 7 },
    sendBufferBytes: 4194304,
    highWaterMark: 127,
    previewBytes: 0,
    receiveBufferBytes: { perPort: 104857600, total: 209715200, chargedPerPacket: 8192 + 256 },
    limits: {
      overtakeFrames: 4,
      overtakeMs: 4,
      frameTimeoutMs: 500,
      frameTimeoutFrames: 500,
      startWindowMs: 20,
      startWindowFrames: 20,
      drainMs: 100,
      seriesIdleMs: 2000,
      seriesTimeoutMs: null,
      closingTimeoutMs: 10000,
    },
  });
  t.match(memory, { ports: 2, slots: 1000, frameBytes: 528392, packets: 64, packetBytes: 4144 });
  t.equal(sharedMemoryBytes, mapMemory(memory).totalBytes);
  t.ok(memoryBytes > sharedMemoryBytes + 127 * 528392 + 2 * 209715200);
  const viewed = plan([...quad, 'frame_rate_hz: 1000', 'preview: {port: 9998}']);
  t.ok(viewed.previewBytes > 0);
  t.equal(viewed.memoryBytes, memoryBytes + viewed.previewBytes);
  if (rate === null) throw new Error('the rate is known');
  t.equal(rate.gigabytesPerSecond, 0.528392);
  t.equal(rate.perPort.packetsPerSecond, 64000);
  t.equal(rate.perPort.gigabitsPerSecond, (64000 * 4210 * 8) / 1e9, 'with 66 bytes around each datagram');
  t.ok(Math.abs(rate.perPort.receiveBufferMs - 388) < 1, '100 MiB hold 194 ms at 2000 Hz, measured');
});

t.test('without a rate nothing is said in milliseconds, and the default ring stays within 512 MiB', async (t) => {
  const { ring, rate, maxOwedMs, sendQueue } = plan([...quad, 'dynamic_range: 32']);
  t.equal(rate, null);
  t.equal(maxOwedMs, null);
  t.equal(sendQueue.milliseconds, null);
  t.equal(ring.milliseconds, null);
  t.equal(
    ring.frames,
    Math.floor(2 ** 29 / (514 * 514 * 4 + 48 + 2 * 128 + 2176)),
    'slots are multiples of 128 bytes; each port has a record of 128 for each, and its message is kept in 2176',
  );
});

t.test('the default ring is at least 64 frames', async (t) => {
  t.equal(plan([...quad, 'frame_rate_hz: 1']).ring.frames, 64);
});

const named = (detector: string, more: readonly string[] = []): Plan =>
  makePlan(parseConfig(`a:\n  detector: ${detector}\n  ${more.join('\n  ')}\n`, 'f', 'a'), 4);
const module = ['udp_ports: [50001]'];

t.test('small frames get a ring worth 32 MiB, and a burst of the detector fits whatever its size', async (t) => {
  const gotthard2 = named('gotthard2', module);
  t.equal(gotthard2.ring.burstFrames, 2720);
  t.equal(gotthard2.ring.frames, Math.floor(2 ** 25 / (2560 + 128 + 640)), 'a slot, its record, its message');
  const eight = named('gotthard2', ['modules: [1, 8]', `udp_ports: [${[1, 2, 3, 4, 5, 6, 7, 8].join()}]`]);
  t.equal(eight.ring.frames, 2720, '32 MiB hold fewer frames of 8 modules');
  for (const plan of [gotthard2, eight, named('mythen3', [...module, 'dynamic_range: 8'])]) {
    t.ok(plan.ring.frames >= 1000 && plan.ring.frames >= plan.ring.burstFrames);
    t.ok(plan.sharedMemoryBytes < 256 * 2 ** 20, 'records, landing and flight recorder included');
    t.strictSame(planWarnings(plan), []);
  }
  const many = named('gotthard2', [
    'modules: [1, 32]',
    `udp_ports: [${Array.from({ length: 32 }, (_, index) => index + 1).join()}]`,
    'frame_rate_hz: 10',
  ]);
  t.equal(many.ring.frames, 2720, 'a low mean rate says nothing of a burst');
});

t.test('a ring that is shorter than a burst is allowed, and told with its remedy; one frame more is not', async (t) => {
  t.match(planWarnings(named('gotthard2', [...module, 'ring_frames: 2719'])), [
    /^ring_frames: 2719 is shorter than a burst of this detector, 2720 frames.*Raise ring_frames to 2720/,
  ]);
  t.strictSame(planWarnings(named('gotthard2', [...module, 'ring_frames: 2720'])), []);
  t.match(planWarnings(named('jungfrau', [...module, 'ring_frames: 15'])), [/16 frames/]);
  t.strictSame(planWarnings(plan([...quad, 'ring_frames: 5'])), []);
});

t.test(
  'the rate of Gotthard2, 400 kHz, can be planned for; where memory ends a time-out is named that fits',
  async (t) => {
    const fast = named('gotthard2', [...module, 'frame_rate_hz: 400000']);
    t.strictSame([fast.ring.frames, fast.ring.milliseconds], [400000, 1000]);
    const wide = ['modules: [1, 8]', `udp_ports: [${[1, 2, 3, 4, 5, 6, 7, 8].join()}]`, 'frame_rate_hz: 400000'];
    let fits = 0;
    try {
      named('gotthard2', wide);
      t.fail('8 modules need 8 GB');
    } catch (error) {
      fits = Number(/frame_timeout_ms: (\d+) and/.exec((error as Error).message)?.[1]);
    }
    t.ok(fits > 100 && fits < 500, `${fits}`);
    t.ok(named('gotthard2', [...wide, `frame_timeout_ms: ${fits}`]).sharedMemoryBytes <= memoryLimitBytes);
    t.throws(() => named('gotthard2', [...module, 'frame_rate_hz: 1000001']), /up to 1000000/);
  },
);

t.test('a ring in milliseconds is as many frames as arrive in that time', async (t) => {
  t.equal(plan([...quad, 'frame_rate_hz: 500', 'ring_ms: 3000']).ring.frames, 1500);
});

t.test('slots are sized for the largest bit depth that may be armed', async (t) => {
  const { ring, memory, detector } = plan([...quad, 'dynamic_range: 8', 'dynamic_range_max: 32']);
  t.equal(detector.frameBytes, 514 * 514);
  t.ok(ring.slotBytes >= 514 * 514 * 4);
  t.equal(memory.packets, 128);
});

t.test('ports that are off get no thread and no buffer; threads share the others evenly', async (t) => {
  const ports = ['modules: [2, 2]', 'udp_ports: [1, 2, 3, 4, 5, 6, 7, 8]', 'ports_off: [3]'];
  const four = plan(ports, 4);
  t.strictSame(four.portsOfThread, [[1, 2], [4, 5], [6, 7], [8]]);
  t.same(four.ports[2], { udpPort: 3, udpHost: '127.0.0.1', off: true, thread: null, expectedPackets: 0 });
  t.equal(four.receiveBufferBytes.total, 7 * 104857600);
  t.equal(four.detector.packetsPerFrame, 7 * 64);
  t.strictSame(plan(ports, 16).portsOfThread, [[1], [2], [4], [5], [6], [7], [8]], 'never more threads than ports');
  t.equal(plan(ports, 1).portsOfThread.length, 2);
});

t.test(
  'memory holds the largest datagram, the most packets and the most pieces of every bit depth that may be armed',
  async (t) => {
    const mythen = (more: string[]): Plan =>
      makePlan(
        parseConfig(`a:\n  detector: mythen3\n  counters: 3\n  udp_ports: [1]\n  ${more.join('\n  ')}\n`, 'f', 'a'),
        4,
      );
    t.match(mythen(['dynamic_range: 8']).memory, { packetBytes: 48 + 3840, packets: 1, frameBytes: 3840 });
    t.match(mythen(['dynamic_range: 8', 'dynamic_range_max: 32']).memory, {
      packetBytes: 48 + 7680,
      packets: 2,
      frameBytes: 4 * 3840,
    });
    t.match(mythen(['dynamic_range: 32', 'ten_giga: false']).memory, { packetBytes: 48 + 768, packets: 20 });
    t.match(plan([...quad, 'dynamic_range: 4', 'dynamic_range_max: 12']).memory, {
      packets: 48,
      frameBytes: 528392,
      packetBytes: 4144,
    });
  },
);

t.test('rows not read out are not expected', async (t) => {
  t.match(plan([...quad, 'read_n_rows: 64']).detector, { packetsPerPortImage: 64, expectedPackets: 16 });
});

t.test(
  "the consumer's connections each have their queue: of the kernel, or of zmq with at least 4 messages",
  async (t) => {
    t.equal(plan([...quad, 'consumer_connections: 3']).sendQueue.bytes, 3 * 2 * 4194304);
    t.match(plan([...quad, 'consumer_connections: 3', 'send: libzmq']).sendQueue, {
      of: 'zmq',
      frames: 127,
      bytes: 3 * 127 * 528392,
    });
    const asked = plan([...quad, 'send: zmtp', 'send_buffer_bytes: 8388608']);
    t.match(asked, { sendBufferBytes: 8388608, sendQueue: { of: 'kernel', frames: 15, bytes: 2 * 8388608 } });
    const many = Array.from({ length: 72 }, (_, index) => index + 1);
    const large = plan(['modules: [18, 2]', `udp_ports: [${many.join(', ')}]`, 'dynamic_range: 32', 'ring_frames: 16']);
    t.match(large, { highWaterMark: 4, sendBufferBytes: 64 * 2 ** 20 });
  },
);

t.test('a ring shorter than two frame time-outs at the rate is refused', async (t) => {
  t.equal(plan([...quad, 'frame_rate_hz: 100', 'ring_frames: 100']).ring.milliseconds, 1000);
  t.throws(() => plan([...quad, 'frame_rate_hz: 100', 'ring_frames: 99']), {
    exitCode: 2,
    message:
      /^a: the ring of 99 frames holds 990 ms at frame_rate_hz: 100, but 2 × frame_timeout_ms: 500 needs 100 frames\. Raise the ring \(ring_frames: 100\), or lower frame_timeout_ms$/,
  });
  t.doesNotThrow(() => plan([...quad, 'ring_frames: 99']), 'without a rate nobody can say');
});

t.test('overtake_frames is less than the ring', async (t) => {
  t.throws(() => plan([...quad, 'ring_frames: 16', 'overtake_frames: 16']), {
    exitCode: 2,
    message: /overtake_frames: 16, but the ring has 16 frames.*ring_frames: 17/,
  });
  t.throws(() => plan([...quad, 'overtake_frames: 1000']), /ring has \d+ frames.*ring_frames: 1001/);
  t.equal(plan([...quad, 'ring_frames: 17', 'overtake_frames: 16']).limits.overtakeFrames, 16);
});

t.test('a ring shorter than the start window at the rate is refused', async (t) => {
  const lines = [...quad, 'frame_rate_hz: 100', 'frame_timeout_ms: 10', 'start_window_ms: 1000'];
  t.equal(plan([...lines, 'ring_frames: 100']).ring.frames, 100);
  t.throws(() => plan([...lines, 'ring_frames: 99']), {
    exitCode: 2,
    message: /start_window_ms: 1000 needs 100 frames.*or lower start_window_ms$/,
  });
});

t.test('a ring that does not fit into shared memory is refused, with one that does', async (t) => {
  let fits = 0;
  try {
    plan([...quad, 'ring_frames: 9000']);
  } catch (error) {
    t.match(error, {
      exitCode: 2,
      message: /needs \d+ bytes of shared memory, but there are 4294901760\. Use ring_frames: \d+/,
    });
    fits = Number(/Use ring_frames: (\d+)/.exec((error as Error).message)?.[1]);
  }
  const { sharedMemoryBytes } = plan([...quad, `ring_frames: ${fits}`]);
  t.ok(sharedMemoryBytes <= memoryLimitBytes && sharedMemoryBytes > memoryLimitBytes - 3 * 530000);
});

t.test('of a shared detector each instance plans for its own frames', async (t) => {
  const [alone, shared] = [
    plan([...quad, 'frame_rate_hz: 4000', 'series: armed']),
    plan([...quad, 'frame_rate_hz: 4000', 'series: armed', 'frames_stride: 4', 'frames_offset: 1']),
  ];
  t.match(shared.rate, { framesPerSecond: 1000, perPort: { packetsPerSecond: 64000 } });
  t.match(alone.rate, { framesPerSecond: 4000, perPort: { packetsPerSecond: 256000 } });
  t.strictSame([alone.ring.frames, shared.ring.frames], [4000, 1000]);
  t.throws(
    () => plan([...quad, 'frame_rate_hz: 4000', 'series: armed', 'frames_stride: 4', 'ring_frames: 999']),
    /frame_rate_hz: 4000 \/ 4 instances.*ring_frames: 1000/,
  );
});
