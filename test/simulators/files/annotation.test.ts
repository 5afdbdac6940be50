import t from 'tap';
import { annotate } from '../../../simulators/files/annotation.js';
import type { Annotation } from '../../../simulators/files/annotation.js';
import { noRow } from '../../../simulators/files/frame-loss.js';
import { readLedger } from '../../../simulators/files/series-ledger.js';
import { recordOf } from '../../../src/view/series-record.js';
import { summaryOf } from '../../view/hand-made-view.js';

type Values = Parameters<typeof summaryOf>[0];

/** A series as the service tells it. */
const told = (values: Values, missing: number[][] = [], unlisted: number | null = null): Record<string, unknown> => ({
  ...recordOf(summaryOf(values), { ranges: Uint32Array.from(missing.flat()), unlisted_from: unlisted }),
});

const annotated = (sequence: number[], ...series: Record<string, unknown>[]): Annotation =>
  annotate(
    sequence,
    series.map((value, index) => readLedger(value, `series ${index}`)),
  );

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);
const unknownCount = 2 ** 32 - 1;
const lossOf = ({ incomplete }: Annotation): unknown[] =>
  incomplete.map(({ frame, row, missing }) => [frame, row, Object.fromEntries(missing)]);

t.test('each row says what its frame lacks', async (t) => {
  const seen = annotated(
    upTo(6),
    told(
      {
        frames: 6,
        complete: 3,
        marked: 3,
        incomplete: [
          [1, 2],
          [5, 5],
        ],
        first_frame_number: 101,
      },
      [
        [1, 50001, 3, 5],
        [1, 50001, 9, 9],
        [2, 50002, 0, 63],
      ],
    ),
  );
  t.strictSame([...seen.frameNumber], [101n, 102n, 103n, 104n, 105n, 106n]);
  t.strictSame([...seen.complete], [1, 0, 0, 1, 1, 0]);
  t.strictSame([...seen.missingPackets], [0, 4, 64, 0, 0, 0], 'frame 5 has all, with numbers that it should not have');
  t.strictSame(lossOf(seen), [
    [
      1,
      1,
      {
        50001: [
          [3, 5],
          [9, 9],
        ],
      },
    ],
    [2, 2, { 50002: [[0, 63]] }],
    [5, 5, {}],
  ]);
  t.strictSame(seen.counts, { rows: 6, incompleteRows: 3, absent: 0, unknown: 0 });
  t.strictSame(seen.warnings, []);
});

t.test('frames that were discarded are not in the file, and are told all the same', async (t) => {
  const seen = annotated(
    [0, 2, 3],
    told(
      {
        frames: 5,
        complete: 3,
        discarded: 2,
        incomplete: [
          [1, 1],
          [4, 4],
        ],
      },
      [
        [1, 1, 0, 0],
        [4, 2, 7, 7],
      ],
    ),
  );
  t.strictSame([...seen.complete], [1, 1, 1]);
  t.strictSame(lossOf(seen), [
    [1, noRow, { 1: [[0, 0]] }],
    [4, noRow, { 2: [[7, 7]] }],
  ]);
  t.match(seen.counts, { incompleteRows: 0, absent: 2 });
});

t.test('what did not fit into the history is not known, and never called complete', async (t) => {
  const cut = {
    frames: 8,
    complete: 4,
    marked: 4,
    incomplete: [
      [1, 1],
      [3, 3],
    ] as [number, number][],
    truncated: true,
  };
  const seen = annotated(
    upTo(8),
    told(
      cut,
      [
        [1, 1, 0, 0],
        [3, 1, 0, 0],
        [4, 1, 2, 3],
      ],
      5,
    ),
  );
  t.strictSame([...seen.complete], [1, 0, 1, 0, 0, 255, 255, 255]);
  t.strictSame([...seen.missingPackets], [0, 1, 0, 1, 2, unknownCount, unknownCount, unknownCount]);
  t.equal(seen.counts.unknown, 3);
  const listed = annotated(
    upTo(3),
    told(
      {
        frames: 3,
        complete: 1,
        marked: 2,
        incomplete: [
          [0, 0],
          [2, 2],
        ],
      },
      [],
      0,
    ),
  );
  t.strictSame([...listed.complete], [0, 1, 0]);
  t.strictSame([...listed.missingPackets], [unknownCount, 0, unknownCount]);
});

t.test('several series in one file stand one behind the other', async (t) => {
  const one = told({ series_id: 1, frames: 3, complete: 2, marked: 1, incomplete: [[2, 2]] }, [[2, 1, 0, 0]]);
  const two = told({ series_id: 2, frames: 2, complete: 1, marked: 1, incomplete: [[0, 0]], first_frame_number: 50 }, [
    [0, 2, 4, 4],
  ]);
  const seen = annotated([0, 1, 2, 0, 1], one, two);
  t.strictSame([...seen.complete], [1, 1, 0, 0, 1]);
  t.strictSame([...seen.frameNumber], [1n, 2n, 3n, 50n, 51n]);
  t.strictSame(lossOf(seen), [
    [2, 2, { 1: [[0, 0]] }],
    [0, 3, { 2: [[4, 4]] }],
  ]);
  for (const series of [[one], [one, two, two]])
    t.throws(() => annotated([0, 1, 2, 0, 1], ...series), {
      name: 'OperatorError',
      exitCode: 1,
      message: /has the frames of 2 series \(rows 0 to 2, rows 3 to 4\)/,
    });
});

t.test('of instances that share a series each knows its own frames', async (t) => {
  const share = (offset: number): Values => ({
    series_id: 5 + offset,
    frames: 3,
    complete: 2,
    marked: 1,
    incomplete: [[2 + offset, 2 + offset]],
    shared: { stride: 2, offset, frames: 6, msg_number_base: 7 },
  });
  const both = annotated(upTo(6), told(share(0), [[2, 1, 0, 0]]), told(share(1), [[3, 1, 0, 1]]));
  t.strictSame([...both.complete], [1, 1, 0, 0, 1, 1]);
  t.strictSame([...both.missingPackets], [0, 0, 1, 2, 0, 0]);
  t.strictSame([...both.frameNumber], [1n, 2n, 3n, 4n, 5n, 6n]);
  const half = annotated(upTo(6), told(share(1), [[3, 1, 0, 1]]));
  t.strictSame([...half.complete], [255, 1, 255, 0, 255, 1], 'nobody was asked of the others');
  t.strictSame(half.warnings, []);
});

t.test('a file of another series is found out', async (t) => {
  const marked = told({ frames: 3, complete: 3 });
  t.throws(() => annotated(upTo(4), marked), { exitCode: 1, message: /row 3 of the file is frame 3.*fewer frames/ });
  const discarded = told({ frames: 3, complete: 2, discarded: 1, incomplete: [[1, 1]] });
  t.throws(() => annotated(upTo(3), discarded), { exitCode: 1, message: /row 1.*that frame was discarded/ });
});

t.test('frames that the receiver did not write are said', async (t) => {
  t.match(annotated([0, 2], told({ frames: 4, complete: 4 })).warnings, [/series 1: the file has 2 of its 4 frames/]);
  t.match(annotated([], told({ frames: 4, complete: 4 })).warnings, [/has 0 of its 4 frames/]);
  t.strictSame(annotated([], told({ frames: 2, complete: 0, discarded: 2, incomplete: [[0, 1]] })).warnings, []);
});

t.test('what is no series, or contradicts itself, is refused with what it lacks', async (t) => {
  const good = told({ frames: 3, complete: 2, marked: 1, incomplete: [[1, 1]] }, [[1, 1, 0, 0]]);
  t.ok(readLedger(good, 'here'));
  const wrong: [Record<string, unknown> | null, RegExp][] = [
    [null, /no JSON object/],
    [{ ...good, frames: -1 }, /frames is -1/],
    [{ ...good, frames: 4 }, /are not its frames/],
    [{ ...good, incomplete: [[1]] }, /no incomplete frames/],
    [{ ...good, incomplete: [[0, 1]] }, /2 incomplete frames are listed, 1 were sent/],
    [{ ...good, incomplete: [[5, 5]] }, /5 to 5 are none of it/],
    [{ ...good, missing: undefined }, /older version/],
    [{ ...good, missing: [[1, 1, 3, 0]] }, /what frame 1 lacks/],
    [{ ...good, missing: [[9, 1, 0, 0]] }, /what frame 9 lacks/],
    [{ ...good, shared: { stride: 2, offset: 2, frames: 3, msg_number_base: 1 } }, /shared is none/],
    [told({ frames: 2 ** 33, complete: 2 ** 33 }), /more than a file can number/],
  ];
  for (const [value, message] of wrong)
    t.throws(() => readLedger(value, 'here'), { name: 'OperatorError', exitCode: 2, message }, String(message));
});

t.test('a series of which nothing came whole is told, however long it was', async (t) => {
  const frames = 300_000;
  const seen = annotated([], told({ frames, complete: 0, marked: frames, incomplete: [[0, frames - 1]] }));
  t.equal(seen.incomplete.length, frames);
  t.equal(seen.counts.absent, frames);
});
