import t from 'tap';
import { FlightRecorder } from '../../src/flight/recorder.js';
import { readFlightRecord } from '../../src/flight/pcap.js';
import type { FlightPacket } from '../../src/flight/pcap.js';
import { numbersOf } from '../../src/flight/report.js';
import { tellFlight } from '../../src/flight/story.js';
import type { FrameStory } from '../../src/flight/story.js';
import { makeLogger } from '../../src/runtime/log.js';
import { packetClasses } from '../../src/memory/counters.js';
import { snakeCase } from '../../src/base/snake-case.js';
import { captureOf } from '../../simulators/files/capture/capture.js';
import { changed } from './packets.js';
import type { Pipeline } from './pipeline.js';
import { small } from './small.js';

const silent = makeLogger('error', 'det', { write: () => undefined });

/** What the flight recorder of a pipeline has, through the bytes of its capture file. */
function recorded({ config, plan, map, buffer, clock }: Pipeline): FlightPacket[] {
  const recorder = new FlightRecorder({ config, plan, map, buffer, clock, logger: silent });
  const file = Buffer.concat([...recorder.take('request').pcap()]);
  return [...captureOf('flight', file).records()].map((record) => readFlightRecord(record) as FlightPacket);
}

const classesOf = (packets: readonly FlightPacket[], udpPort = 50001): string[] =>
  packets.filter((packet) => packet.udpPort === udpPort).map((packet) => packet.class);

for (const compiled of [false, true]) {
  const name = compiled ? 'compiled' : 'reference';

  t.test(`every packet is recorded with header, length, time and class, ${name}`, async (t) => {
    const pipeline = small({}, { compiled });
    pipeline.send(0, 1, [0]);
    pipeline.arm({ firstFrameNumber: 10, frames: 5 });
    pipeline.run(5);
    pipeline.play(10, 10);
    const at = pipeline.clock.now();
    pipeline.send(0, 11, [0, 2, 1, 1]);
    pipeline.deliver(0, changed(pipeline.maker.packet(0, 11, 3), { version: 1 }));
    pipeline.deliver(0, new Uint8Array(40).fill(7));
    pipeline.deliver(0, pipeline.maker.packet(0, 11, 3), 0);
    pipeline.deliver(0, pipeline.maker.packet(0, 99, 3));
    pipeline.settle();
    pipeline.send(0, 10, [2]);
    pipeline.settle();
    const packets = recorded(pipeline);
    t.strictSame(classesOf(packets), [
      'foreign_unarmed',
      'accepted',
      'accepted',
      'accepted',
      'accepted',
      'accepted',
      'accepted',
      'accepted',
      'duplicate',
      'malformed_version',
      'header_packet',
      'foreign_source',
      'foreign_series',
      'late_duplicate',
    ]);
    const reordered = packets.filter((packet) => packet.udpPort === 50001)[7];
    const sent = pipeline.maker.packet(0, 11, 1);
    t.strictSame([...reordered.header], [...sent.subarray(0, 48)]);
    t.equal(reordered.length, sent.length);
    t.ok(Math.abs(reordered.timeMs - (1_700_000_000_000 + at)) < 1, 'wall clock');
    const short = packets.find((packet) => packet.class === 'header_packet') as FlightPacket;
    t.strictSame([short.length, ...short.header], [40, ...new Uint8Array(40).fill(7)]);
  });

  t.test(`packets that were held get their class when it is known, also in a later batch, ${name}`, async (t) => {
    const pipeline = small({}, { compiled });
    pipeline.arm();
    pipeline.send(0, 20, [0]);
    pipeline.settle();
    t.strictSame(classesOf(recorded(pipeline)), ['held']);
    pipeline.deliver(0, new Uint8Array(3));
    pipeline.send(0, 20, [1]);
    pipeline.settle();
    t.strictSame(classesOf(recorded(pipeline)), ['held', 'malformed_size', 'held']);
    pipeline.send(0, 20, [2, 3]);
    pipeline.settle();
    t.strictSame(classesOf(recorded(pipeline)), ['accepted', 'malformed_size', 'accepted', 'accepted', 'accepted']);
    pipeline.send(0, 2000, [0]);
    pipeline.settle();
    pipeline.send(0, 21, [0]);
    pipeline.settle();
    t.strictSame(classesOf(recorded(pipeline)).slice(5), ['foreign_series', 'accepted'], 'contradicted');
  });

  t.test(
    `the ring keeps the last packets, whatever the batches, and its classes are those that were counted, ${name}`,
    async (t) => {
      const pipeline = small({ flight_recorder_packets: 100 }, { compiled });
      pipeline.arm({ firstFrameNumber: 1 });
      for (const source of pipeline.sources.values()) source.batch = 7;
      pipeline.play(1, 200);
      const packets = recorded(pipeline).filter(({ udpPort }) => udpPort === 50002);
      t.strictSame(
        packets.map((packet) => numbersOf(packet)),
        Array.from({ length: 100 }, (_, index) => ({
          frameNumber: 176 + Math.floor(index / 4),
          packetNumber: index % 4,
        })),
      );

      const all = small({}, { compiled });
      all.arm();
      all.play(5, 30);
      for (let frame = 31; frame < 60; frame++) {
        all.send(0, frame, [3, 1, 1]);
        all.send(1, frame - 20, [2]);
        all.run(3);
      }
      all.stop();
      const { counters, names } = { counters: all.counters(0), names: classesOf(recorded(all)) };
      for (const id of packetClasses)
        t.equal(names.filter((found) => found === snakeCase(id)).length, counters[id], id);
    },
  );
}

t.test('the flight recorder can be switched off', async (t) => {
  const pipeline = small({ flight_recorder_packets: 0 });
  pipeline.arm();
  pipeline.play(1, 3);
  t.strictSame(recorded(pipeline), []);
  t.strictSame(pipeline.verify({ held: 2 }), []);
});

t.test(
  'a run with known faults is told exactly: what was lost, reordered, twice, late, and nothing else',
  async (t) => {
    const pipeline = small();
    pipeline.arm({ firstFrameNumber: 1, frames: 30 });
    const faults: Readonly<Record<number, () => void>> = {
      12: () => {
        pipeline.send(0, 12, [0, 2, 3]);
        pipeline.send(1, 12);
      },
      14: () => {
        pipeline.send(0, 14, [0, 2, 1, 3]);
        pipeline.send(1, 14, [0, 1, 1, 2, 3]);
      },
      16: () => pipeline.send(1, 16),
      18: () => undefined,
    };
    for (let frame = 1; frame <= 30; frame++) {
      const fault =
        faults[frame] ??
        (() => {
          for (const port of [0, 1]) pipeline.send(port, frame);
        });
      fault();
      if (frame === 25) pipeline.send(0, 12, [1]);
      pipeline.run(1);
    }
    pipeline.run(100);
    const story = tellFlight(recorded(pipeline));
    t.equal(story.runs.length, 1);
    const range = (first: number, last: number): Partial<FrameStory> => ({
      first_frame_number: first,
      last_frame_number: last,
      what: 'complete',
      ports: [],
    });
    const behind = (frame_number: number, packet_number: number) => ({ frame_number, packet_number });
    t.match(story.runs[0], [
      range(1, 11),
      {
        first_frame_number: 12,
        what: 'told',
        ports: [
          {
            udp_port: 50001,
            accepted: 3,
            expected: 4,
            never_came: [],
            events: [{ packet_number: 1, what: 'late_first', behind: behind(25, 3) }],
            cut: null,
          },
          { udp_port: 50002, accepted: 4, never_came: [], events: [] },
        ],
      },
      range(13, 13),
      {
        first_frame_number: 14,
        what: 'told',
        ports: [
          {
            udp_port: 50001,
            accepted: 4,
            never_came: [],
            events: [{ packet_number: 1, what: 'reordered', behind: behind(14, 2) }],
          },
          {
            udp_port: 50002,
            accepted: 4,
            never_came: [],
            events: [{ packet_number: 1, what: 'duplicate', behind: behind(14, 1) }],
          },
        ],
      },
      range(15, 15),
      {
        first_frame_number: 16,
        what: 'told',
        ports: [
          { udp_port: 50001, accepted: 0, never_came: [0, 1, 2, 3], first_at: null, events: [] },
          { udp_port: 50002, accepted: 4 },
        ],
      },
      range(17, 17),
      { first_frame_number: 18, last_frame_number: 18, what: 'absent', ports: [] },
      range(19, 30),
    ]);
    t.equal(story.runs[0]?.length, 9);
    t.strictSame(
      story.ports.map(({ packet_numbers: numbers }) => numbers),
      [
        [0, 3],
        [0, 3],
      ],
    );
  },
);

t.test('frame numbers that begin anew in the next series are told apart', async (t) => {
  const pipeline = small();
  for (let series = 0; series < 2; series++) {
    pipeline.arm({ firstFrameNumber: 1, frames: 5 });
    pipeline.play(1, 5);
    pipeline.run(100);
  }
  const { runs } = tellFlight(recorded(pipeline));
  t.match(runs, [
    [{ first_frame_number: 1, last_frame_number: 5, what: 'complete' }],
    [{ first_frame_number: 1, last_frame_number: 5, what: 'complete' }],
  ]);
});
