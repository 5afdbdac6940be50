// From values to colours and words, and from ledgers to the steps of the waterfall.

import t from 'tap';
import { colourMaps, cssColour, lossPalette, palette, paletteLength } from '../../src/page/colours.js';
import { barLength, waterfall } from '../../src/page/loss.js';
import type { PortLoss } from '../../src/page/messages.js';
import { gapColour, maskedColour, paintBlocks, saturatedColour } from '../../src/page/paint.js';
import { blockHolds } from '../../src/page/preview-bytes.js';
import { scales } from '../../src/page/value-scale.js';
import {
  ageText,
  bytesText,
  lossStep,
  rateText,
  receivedText,
  sentAsText,
  shareText,
  valueText,
} from '../../src/page/words.js';

t.test('colour maps begin and end as published, and every one grows lighter without a step back', (t) => {
  t.equal(cssColour(palette('viridis'), 0), 'rgb(68 1 84)');
  t.equal(cssColour(palette('viridis'), 255), 'rgb(253 231 37)');
  const middle = palette('viridis').subarray(128 * 3, 129 * 3);
  t.strictSame([...middle], [33, 145, 140], 'the middle of the published table');
  t.equal(cssColour(palette('inferno'), 255), 'rgb(252 255 164)');
  t.equal(cssColour(palette('grey'), 128), 'rgb(128 128 128)');
  for (const name of colourMaps) {
    const lightness = lightnessOf(palette(name));
    t.ok(
      lightness.every((value, step) => step === 0 || value >= lightness[step - 1] - 2e-3),
      name,
    );
  }
  t.end();
});

/** Relative luminance of each step. */
function lightnessOf(colours: Uint8Array): number[] {
  const linear = (at: number): number => (colours[at] / 255) ** 2.2;
  return Array.from(
    { length: paletteLength },
    (_, step) => 0.2126 * linear(step * 3) + 0.7152 * linear(step * 3 + 1) + 0.0722 * linear(step * 3 + 2),
  );
}

t.test('the more packets are lost the darker, and one in a million is darker than none', (t) => {
  const lightness = lightnessOf(lossPalette());
  t.ok(lightness.every((value, step) => step === 0 || value <= lightness[step - 1] + 2e-3));
  t.ok(lightness[0] < 0.6, 'no loss has a luminance of 0.78');
  const dark = lightnessOf(lossPalette(true));
  t.ok(
    dark.every((value, step) => step === 0 || value >= dark[step - 1] - 2e-3),
    'on a dark ground: the brighter',
  );
  t.strictSame([1e-9, 1e-6, 1e-3, 1].map(lossStep), [0, 0, 128, 255]);
  t.end();
});

t.test('zero, gaps, missing, partly missing, saturated and masked blocks have six looks in every colour map', (t) => {
  const { value, missing, saturated, unread, masked } = blockHolds;
  const holds = Uint8Array.of(value, 0, missing, value | missing, value | saturated, unread, masked, value | masked);
  for (const map of colourMaps) {
    for (const [scale, inverted] of scales.flatMap((name) => [[name, false] as const, [name, true] as const])) {
      const colours = palette(map, inverted);
      const bytes = paintBlocks({ values: new Float32Array(8), holds }, colours, { low: 0, high: 100 }, scale);
      const block = (index: number): number[] => [...bytes.subarray(index * 4, index * 4 + 4)];
      t.strictSame(block(0), [...colours.subarray(0, 3), 255], `${map}: zero has the first colour`);
      t.strictSame(block(1), [...gapColour, 255]);
      t.equal(block(2)[3], 0, 'the stripes are seen');
      t.equal(block(3)[3], 128, 'the stripes come through');
      t.strictSame(block(4), [...saturatedColour, 255]);
      t.strictSame(block(5), [...gapColour, 255]);
      t.strictSame(block(6), [...maskedColour, 255]);
      t.strictSame(block(7), block(0), 'a block that is masked in part shows its values');
    }
    const colours = palette(map);
    for (const own of [gapColour, saturatedColour, maskedColour]) {
      const nearest = Math.min(
        ...Array.from({ length: paletteLength }, (_, step) =>
          Math.hypot(...own.map((part, channel) => part - colours[step * 3 + channel])),
        ),
      );
      t.ok(nearest > 40, `${map} never comes near ${own.join(' ')} (${nearest.toFixed(0)})`);
    }
  }
  t.end();
});

t.test('numbers are said shortly', (t) => {
  t.equal(valueText(1234567), '1,234,567');
  t.equal(valueText(0.123456), '0.1235');
  t.equal(shareText(0), '0 %');
  t.equal(shareText(0.0000123), '0.0012 %');
  t.strictSame(
    [1, 0.9938, 0.99999, 0.37, 0.9999999999].map(shareText),
    ['100 %', '99.38 %', '99.99900 %', '37 %', '99.99999999 %'],
    'what is lost is never rounded away',
  );
  t.strictSame(
    [0, 12.3456, 0.000745, 0.00000074].map((rate) => rateText(rate).join(' ')),
    ['0 Gb/s', '12.3 Gb/s', '0.745 Mb/s', '0.74 kb/s'],
  );
  t.equal(bytesText(212992), '208 KiB');
  t.equal(bytesText(12), '12 B');
  t.strictSame([900, 45_000, 600_000, 7_200_000 * 3].map(ageText), ['0.9 s', '45 s', '10 min', '6 h']);
  t.end();
});

const port = (values: Partial<PortLoss>): PortLoss => ({
  udp_port: 1,
  expected: 0,
  accepted: 0,
  missing: 0,
  late: 0,
  ring: 0,
  socket: 0,
  cut_off: 0,
  unexplained: 0,
  duplicate: 0,
  reordered: 0,
  late_duplicate: 0,
  late_unknown: 0,
  malformed: 0,
  foreign: 0,
  ...values,
});

t.test('the waterfall leads from expected to placed', (t) => {
  const steps = waterfall([
    port({ expected: 100, accepted: 90, missing: 10, late: 1, ring: 2, socket: 3, unexplained: 4 }),
    port({ expected: 50, accepted: 50 }),
  ]);
  const packets = (kind: string): number =>
    steps.filter((step) => step.kind === kind).reduce((sum, step) => sum + (step.packets ?? 0), 0);
  t.equal(packets('whole'), 150);
  t.equal(packets('whole') - packets('loss'), packets('rest'));
  t.end();
});

t.test('what was refused is not called in frames', (t) => {
  const share = (values: Partial<PortLoss>): number | null | undefined => waterfall([port(values)]).at(-1)?.share;
  t.equal(share({ expected: 100, accepted: 100 }), 1);
  t.equal(share({ expected: 100, accepted: 100, foreign: 300 }), 0.25);
  t.equal(share({ foreign: 300 }), 0);
  t.equal(share({}), null);
  t.end();
});

t.test('a cause that cannot be known on one port is not known in all', (t) => {
  const steps = waterfall([port({ socket: null, unexplained: null, late: 2 }), port({ socket: 4 })]);
  t.strictSame(
    steps.filter(({ kind }) => kind === 'loss').map(({ packets }) => packets),
    [null, 0, null, 0, 2],
  );
  t.end();
});

t.test('one packet in a million has a bar that is seen; none has none', (t) => {
  t.ok(barLength(1, 1e6) > 0.04);
  t.equal(barLength(1e6, 1e6), 1);
  t.equal(barLength(0, 1e6), 0);
  t.equal(barLength(0, 0), 0);
  t.end();
});

t.test('what the receiver has is said with what was sent', (t) => {
  t.equal(receivedText({ received_by_consumer: 1234 }, 1234), 'the receiver has all');
  t.equal(receivedText({ received_by_consumer: 4 }, 1234), 'the receiver has 4 of 1,234');
  t.equal(receivedText({ received_by_consumer: 0 }, 0), 'the receiver has all');
  t.equal(receivedText({}, 1234), null);
  t.equal(receivedText({ received_by_consumer: null }, 1234), 'what the receiver has is not known');
  const failed = 'the receiver failed: not saved';
  t.equal(receivedText({ received_by_consumer: 1234, receiver_error: 'no such folder' }, 1234), failed);
  t.equal(receivedText({ received_by_consumer: null, receiver_error: 'no such folder' }, 1234), failed);
  t.end();
});

t.test('how images leave is said, and what the picture shows', (t) => {
  t.equal(sentAsText(null), null);
  t.equal(
    sentAsText({ shape: [514, 514], steps: [], compression: 'bslz4' }),
    'Images leave compressed with bitshuffle and LZ4; their pixels are those of the picture.',
  );
  t.equal(
    sentAsText({
      shape: [200, 100],
      steps: ['cut to rows 0 to 99, columns 0 to 199', 'turned by 90° anticlockwise'],
      compression: 'none',
    }),
    'Images leave as 200 × 100: cut to rows 0 to 99, columns 0 to 199, turned by 90° anticlockwise. The picture ' +
      'shows the whole frame, before that.',
  );
  t.end();
});
