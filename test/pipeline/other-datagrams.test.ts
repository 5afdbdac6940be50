import t from 'tap';
import { PacketMaker } from './packets.js';
import { Pipeline } from './pipeline.js';

const pipelineOf = (yaml: string): Pipeline => {
  const pipeline = new Pipeline({
    yaml: `${yaml}\nseries: armed\nring_frames: 8\nframe_timeout_ms: 20\nstart_window_ms: 2\ndrain_ms: 5`,
  });
  pipeline.sink.connect();
  pipeline.arm({ firstFrameNumber: 1 });
  return pipeline;
};

t.test('datagrams of the veto port of a Gotthard2 are counted, named and never placed', async (t) => {
  const pipeline = pipelineOf('detector: gotthard2\nudp_ports: [50001]');
  for (let frame = 1; frame <= 5; frame++) {
    pipeline.deliver(0, new Uint8Array(176).fill(frame));
    pipeline.send(0, frame);
    pipeline.run(1);
  }
  pipeline.run(600);
  pipeline.stop();
  t.match(pipeline.counters(0), { malformedSize: 5, accepted: 5 });
  t.match(pipeline.summaries[0], { frames: 5, complete: 5 });
  t.match(pipeline.summaries[0]?.warnings, [
    /datagrams of 176 bytes, 2608 expected\. They are of the veto port.*udp_dstport2/,
  ]);
  t.strictSame(pipeline.verify(), []);
});

/** What is configured, what the detector is really set to, and what is said about it. */
const mistakes: readonly (readonly [configured: string, real: string, says: RegExp])[] = [
  [
    'detector: mythen3\ncounters: 2',
    'counters: 3',
    /datagrams of 7728 bytes, 5168 expected\. They are packets as with counters: 3\./,
  ],
  [
    'detector: mythen3\ncounters: 3',
    'ten_giga: false',
    /datagrams of 816 bytes, 7728 expected\. They are packets as with ten_giga: false\./,
  ],
  [
    'detector: eiger\nquad: true\ndynamic_range: 12',
    'ten_giga: false',
    /datagrams of 1072 bytes, 4144 expected\. They are packets as with ten_giga: false\./,
  ],
  [
    'detector: eiger\nquad: true\ndynamic_range: 12',
    'dynamic_range: 16',
    /packet numbers up to \d+, but an image has 48 packets\. dynamic_range: 16 or dynamic_range: 32\?/,
  ],
  [
    'detector: eiger\nquad: true\ndynamic_range: 12',
    'dynamic_range: 4',
    /10 successive images missed the same packets: 16 of 48 came each time\. dynamic_range: 4\?/,
  ],
  ['detector: jungfrau\nread_n_rows: 128', 'read_n_rows: 512', /packet numbers up to \d+/],
  [
    'detector: jungfrau',
    'read_n_rows: 128',
    /10 successive images missed the same packets: 32 of 128 came each time\. read_n_rows: 128\?/,
  ],
];

for (const [configured, real, says] of mistakes) {
  t.test(`${configured.replace(/\n/g, ', ')}, but the detector has ${real}: the likely setting is named`, async (t) => {
    const ports = configured.includes('quad') ? '[50001, 50002]' : '[50001]';
    const pipeline = pipelineOf(`${configured}\nudp_ports: ${ports}`);
    const key = real.split(':')[0];
    const lines = configured.split('\n').filter((line) => !line.startsWith(`${key}:`));
    const maker = new PacketMaker(
      new Pipeline({ yaml: [...lines, real, `udp_ports: ${ports}`].join('\n') }).config.detector,
    );
    for (let frame = 1; frame <= 15; frame++) {
      for (const port of pipeline.sources.keys())
        for (let packet = 0; packet < maker.packets; packet++)
          pipeline.deliver(port, maker.packet(port, frame, packet));
      pipeline.run(1);
    }
    pipeline.run(600);
    const warnings = pipeline.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
    t.ok(
      warnings.some((warning) => says.test(warning)),
      warnings.join('\n'),
    );
    pipeline.stop();
    // The first image may be complete before the first packet that is too many.
    t.ok((pipeline.summaries[0]?.complete ?? 9) <= 1);
  });
}
