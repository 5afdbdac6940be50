import t from 'tap';
import { asNumber, asOwn, ownOf } from '../../frame-numbers.js';
import { parseConfig } from '../../../src/config/load.js';
import { makeLayout } from '../../../src/detector/layout.js';
import { otherSettings } from '../../../src/detector/other-settings.js';
import { PortWords, portEvent, portWordsBytes } from '../../../src/memory/port-words.js';
import { lateBeginnings, suspicionsOf } from '../../../src/stream/series/suspicions.js';
import { gridSettings } from '../../simulators/detector/settings-examples.js';

const layout = makeLayout(gridSettings(2, 1));

function told(change: (words: PortWords) => void): string[] {
  const words = new PortWords(new SharedArrayBuffer(portWordsBytes), 0);
  words.initialise();
  change(words);
  return suspicionsOf(words, 50001, layout).map(({ code, message }) => `${code}: ${message}`);
}

t.test('nothing seen, nothing said', async (t) => {
  t.strictSame(
    told(() => undefined),
    [],
  );
});

t.test('a wrong size names the other interface speed only when it fits', async (t) => {
  t.match(
    told((words) => words.setFigure('wrongSize', 1072)),
    [/^wrong_size: port 50001: datagrams of 1072 bytes, 4144 expected. They are packets as with ten_giga: false.$/],
  );
  t.match(
    told((words) => words.setFigure('wrongSize', 1500)),
    [/1500 bytes, 4144 expected. Another detector, or fragments/],
  );
});

t.test('a wrong size with the header of another detector names that detector', async (t) => {
  t.match(
    told((words) => {
      words.setFigure('wrongSize', 8240);
      words.setFigure('wrongSizeType', 3);
    }),
    [/8240 bytes, 4144 expected. They say detector type 3. That is detector: jungfrau. Check/],
  );
});

t.test('packet numbers of a deeper image name its bit depth', async (t) => {
  const suspect = (lowest: number, highest: number, seen: number): string[] =>
    told((words) => {
      words.setFigure('wrongPacketLowest', lowest);
      words.setFigure('wrongPacketNumber', highest);
      words.setFigure('wrongPacketSeen', seen);
      words.raise(portEvent.suspect);
    });
  t.match(suspect(64, 127, 6400), [/packet numbers up to 127, but an image has 64 packets. dynamic_range: 32\?/]);
  t.notMatch(suspect(64, 5000, 3), [/dynamic_range/]);
});

t.test(
  'half of the packets each time is half the bit depth or half the rows; other parts are rows; with holes it is ' +
    'the path',
  async (t) => {
    const same = (accepted: number, lowest = 0, highest = accepted - 1): string[] =>
      told((words) => {
        words.setFigure('sameMissingAccepted', accepted);
        words.setFigure('sameMissingLowest', lowest);
        words.setFigure('sameMissingHighest', highest);
        words.raise(portEvent.sameMissing);
      });
    t.match(same(32), [/32 of 64 came each time. read_n_rows: 128 or dynamic_range: 8\? Or a part/]);
    t.match(same(50), [/50 of 64 came each time. read_n_rows: 200\?/]);
    t.match(same(50, 0, 63), [/50 of 64 came each time. A part of the path always loses them/]);
  },
);

t.test('positions, versions, types, jumps: each has its sentence', async (t) => {
  t.match(
    told((words) => {
      words.setFigure('wrongRow', 4);
      words.setFigure('wrongColumn', 1);
      words.setPosition(3);
    }),
    [/row 4, column 1; the detector is configured as 2 rows × 2 columns of ports and this port is at row 1, column 1/],
  );
  t.match(
    told((words) => words.setFigure('wrongVersion', 1)),
    [/version 1, 2 expected/],
  );
  t.match(
    told((words) => words.setFigure('wrongDetectorType', 3)),
    [/type 3, 1 \(eiger\) expected/],
  );
  t.match(
    told((words) => words.raise(portEvent.positionTaken)),
    [/position_taken/],
  );
  t.match(
    told((words) => {
      words.setNewestSeen(ownOf(80));
      words.setJump(ownOf(77));
      words.raise(portEvent.jumpBackward);
    }),
    [/went back to 77/],
  );
  t.match(
    told((words) => words.raise(portEvent.ringSpan)),
    [/nextframenumber/],
  );
});

t.test('a port that sends numbers below those of the series is not one whose numbers went back', async (t) => {
  const below = (newestSeen: number): string[] =>
    told((words) => {
      words.setJump(ownOf(1));
      words.raise(portEvent.jumpBackward);
      words.setFigure('refusedPackets', 44);
      words.setFigure('refusedNumber', ownOf(1));
      words.setNewestSeen(asOwn(newestSeen));
    });
  t.strictSame(below(0), [
    'jump_backward: port 50001: its frame numbers are below the first one of the series: 1. Set nextframenumber, or ' +
      'arm with first_frame_number: 1.',
  ]);
  t.match(below(5003), [
    /frame numbers went back to 1\. Was the detector restarted/,
    /^frame_numbers: .*44 packets were not taken/,
  ]);
});

t.test(
  'a port that began later than one that begins with frame 0 is told; one that has not begun is not',
  async (t) => {
    const codes = (smallest: number | null): string[] =>
      lateBeginnings([
        { udpPort: 50001, smallest: asNumber(0) },
        { udpPort: 50002, smallest: smallest === null ? null : asNumber(smallest) },
      ]).map(({ code }) => code);
    t.strictSame(codes(4), ['ports_apart/50002']);
    t.strictSame(codes(3), []);
    t.strictSame(codes(null), []);
  },
);

t.test('a step of numbers names a setting only where the configuration takes it', async (t) => {
  for (const [figure, code] of [
    ['numberStep', 'number_step'],
    ['refusedStep', 'frame_numbers'],
  ] as const) {
    for (const [stride, step, likely] of [
      [1, 2, ['frames_stride: 2']],
      [1, 32, ['frames_stride: 32']],
      [1, 33, []],
      [1, 1000, []],
      [4, 8, ['frames_stride: 32']],
      [4, 9, []],
    ] as const) {
      const words = new PortWords(new SharedArrayBuffer(portWordsBytes), 0);
      words.initialise();
      words.setFigure(figure, step);
      if (code === 'frame_numbers') words.setFigure('refusedPackets', 7);
      if (code === 'frame_numbers') words.setFigure('refusedNumber', ownOf(7001));
      const share = { stride, offset: 0 };
      const [found] = suspicionsOf(words, 50001, layout, share, ownOf(1));
      t.match(found, { code });
      t.strictSame(found?.likely, likely);
      t.match(found?.message, new RegExp(`in steps of ${step * stride}[., ]`), "in the detector's own numbers");
      t.match(found?.message, likely.length > 0 ? /series: armed and frames_stride/ : /udp_numdst: 1/);
      for (const setting of likely)
        t.equal(
          parseConfig(
            `det:\n  detector: gotthard2\n  udp_ports: [50001]\n  series: armed\n  ${setting}\n  frames_offset: 0\n`,
            'test.yaml',
            'det',
          ).share.stride,
          step * stride,
        );
    }
  }
});

t.test('refused numbers that go up and down name no setting', async (t) => {
  t.match(
    told((words) => {
      words.setFigure('refusedPackets', 7);
      words.setFigure('refusedNumber', ownOf(1001));
      words.setFigure('refusedStep', 0);
    }),
    [/^frame_numbers: port 50001: 7 packets were not taken .* \(udp_source\)/],
  );
});

t.test('whatever settings packets make likely, the configuration takes them', async (t) => {
  const configurations = [
    'detector: eiger\nmodules: [1, 1]\nudp_ports: [50001, 50002]',
    'detector: jungfrau\nudp_ports: [50001]',
    'detector: jungfrau\ninterfaces: 2\nudp_ports: [50001, 50002]',
    'detector: moench\nudp_ports: [50001]',
    'detector: mythen3\ncounters: 2\nudp_ports: [50001]',
    'detector: gotthard2\nudp_ports: [50001]',
  ];
  const load = (yaml: string): ReturnType<typeof parseConfig> =>
    parseConfig(`det:\n${yaml.replace(/^/gm, '  ')}\n`, 'test.yaml', 'det');
  let suggested = 0;
  for (const yaml of configurations) {
    const ofDetector = makeLayout(load(yaml).detector);
    const sizes = new Set<number>();
    for (let bytes = 40; bytes < 9000; bytes += 8) {
      const likely = otherSettings(ofDetector, { bytes, row: null, numbers: null });
      if (likely.length === 0) continue;
      sizes.add(bytes);
      for (const setting of likely) {
        suggested++;
        const changed = new Map(
          [...yaml.split('\n'), ...setting.split(' with ')].map((line) => line.split(': ') as [string, string]),
        );
        // Another number of interfaces needs other ports, and the message says nothing of those.
        const interfaces = changed.get('interfaces') === '2' ? 2 : 1;
        if (setting.includes('interfaces')) changed.set('udp_ports', interfaces === 2 ? '[50001, 50002]' : '[50001]');
        const text = [...changed].map(([key, value]) => `${key}: ${value}`).join('\n');
        t.doesNotThrow(() => load(text), `${yaml} with ${setting}`);
      }
    }
    t.ok(sizes.size > 0 || yaml.includes('gotthard2'), yaml);
  }
  t.ok(suggested > 20, `${suggested} suggestions`);
});
