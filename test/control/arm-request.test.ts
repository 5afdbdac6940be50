import t from 'tap';
import { armProperties, checkArmWish } from '../../src/control/arm-request.js';
import { parseJson } from '../../src/base/json-text.js';
import { Refused } from '../../src/control/refused.js';
import type { ArmRequest } from '../../src/contract/series.js';
import { config } from '../view/hand-made-view.js';

const check = (text: string, given = config): ArmRequest => checkArmWish(parseJson(text), given);

function problemsOf(text: string, given = config): readonly string[] {
  try {
    check(text, given);
    return [];
  } catch (error) {
    if (error instanceof Refused && error.why === 'invalid') return error.problems;
    throw error;
  }
}

const most = '9007199254740991';

const neighbours: readonly [accepted: string, rejected: string, problem: RegExp][] = [
  ['{}', '[]', /^body: is a list; send a JSON object/],
  ['{"filename":""}', '{"filename":null}', /^filename: null is not an absolute path/],
  ['{"filename":"/data/a.h5"}', '{"filename":"data/a.h5"}', /^filename: "data\/a.h5" is not an absolute path/],
  ['{"filename":"/data/a"}', '{"filename":"/data/a/"}', /not the path of a file, not of a folder/],
  ['{"filename":"/data/å"}', '{"filename":"/data/\\u0000"}', /without NUL/],
  [`{"filename":"/${'x'.repeat(4094)}"}`, `{"filename":"/${'x'.repeat(4095)}"}`, /at most 4095 bytes/],
  ['{"frames":0}', '{"frames":-1}', /^frames: -1 is not a whole number from 0/],
  ['{"frames":10}', '{"frames":10.5}', /^frames: 10.5 is not a whole number/],
  ['{"frames":10}', '{"frames":"10"}', /^frames: "10" is not a whole number/],
  [
    `{"frames":${most}}`,
    '{"frames":9007199254740992}',
    /^frames: 9007199254740992 is not a whole number from 0 to 9007199254740991/,
  ],
  ['{"first_frame_number":0}', '{"first_frame_number":-1}', /^first_frame_number: -1 is not/],
  [
    '{"first_frame_number":9007199254740989,"frames":1}',
    '{"first_frame_number":9007199254740989,"frames":2}',
    /beyond frame number 9007199254740989/,
  ],
  [
    '{"first_frame_number":9007199254740989,"frames":0}',
    '{"first_frame_number":9007199254740990}',
    /^first_frame_number: 9007199254740990 is not/,
  ],
  ['{"frame_period_ms":0.5}', '{"frame_period_ms":0}', /^frame_period_ms: 0 is not a number of milliseconds/],
  ['{"frame_period_ms":0.001}', '{"frame_period_ms":1e-300}', /^frame_period_ms: 1e-300 is not .* from 0.001 to/],
  ['{"frame_period_ms":86400000}', '{"frame_period_ms":1e99}', /^frame_period_ms: 1e99 is not/],
  ['{"metadata":{"exptime":1.0}}', '{"metadata":{"a":null}}', /^metadata\.a: is null/],
  ['{"metadata":null}', '{"metadata":"x"}', /^metadata: is a string/],
  ['{"dynamic_range":8}', '{"dynamic_range":7}', /^dynamic_range: 7 is not a bit depth of eiger/],
  [
    '{"dynamic_range":16}',
    '{"dynamic_range":32}',
    /^dynamic_range: 32 is more than the 16 bits .* set dynamic_range_max: 32/,
  ],
  ['{"read_n_rows":0}', '{"read_n_rows":-1}', /^read_n_rows: -1 is not a whole number/],
  ['{"read_n_rows":128}', '{"read_n_rows":130}', /^read_n_rows: 130 is no whole number of packets/],
  ['{"read_n_rows":256}', '{"read_n_rows":512}', /^read_n_rows: 512 is more than the 256 of a port image/],
  ['{"read_n_rows":8,"dynamic_range":8}', '{"read_n_rows":4,"dynamic_range":8}', /^read_n_rows: 4 is no whole number/],
  ['{"msg_number_base":0}', '{"msg_number_base":-1}', /^msg_number_base: -1 is not a whole number/],
  [
    `{"msg_number_base":9007199254740983,"frames":5}`,
    `{"msg_number_base":9007199254740983,"frames":6}`,
    /^msg_number_base: 9007199254740983 and 6 frames go beyond/,
  ],
  ['{"force":true}', '{"force":"yes"}', /^force: "yes" is not true or false/],
  ['{"frames":1}', '{"frames":1,"frames":2}', /^frames: is given twice/],
  ['{"frames":1}', '{"frame":1}', /^frame: is not a key of this request; did you mean frames\?/],
  ['{"first_frame_number":1}', '{"firstFrameNumber":1}', /did you mean first_frame_number\?/],
  ['{}', '{"__proto__":1}', /^__proto__: is not a key of this request; known: filename, frames/],
];

for (const [accepted, rejected, problem] of neighbours) {
  t.test(`the request ${accepted.slice(0, 60)} is accepted, ${rejected.slice(0, 60)} is not`, (t) => {
    t.strictSame(problemsOf(accepted), []);
    const problems = problemsOf(rejected);
    t.match(problems[0], problem);
    t.equal(problems.length, 1);
    t.end();
  });
}

t.test('what is refused lies outside of the figures that OpenAPI and the page show', (t) => {
  // Of depths and rows in the range some are no detector's: another rule, in other words.
  const outside = /^\w+: \S+ is not a (?:whole number|number of milliseconds) from (\S+) to (\S+)$/;
  let ranges = 0;
  for (const [key, property] of Object.entries(armProperties)) {
    const {
      type,
      minimum = NaN,
      maximum = Number(most),
    }: { type: string; minimum?: number; maximum?: number } = property;
    if (type !== 'integer' && type !== 'number') continue;
    ranges++;
    const rangeOf = (value: number): string[] =>
      problemsOf(JSON.stringify({ [key]: value })).flatMap((text) => outside.exec(text)?.slice(1) ?? []);
    for (const value of [minimum - 1, maximum * 2])
      t.strictSame(rangeOf(value), [String(minimum), String(maximum)], `${key}: ${value}`);
    for (const value of [minimum, maximum]) t.strictSame(rangeOf(value), [], `${key}: ${value}`);
  }
  t.equal(ranges, 6);
  t.end();
});

t.test('a request with nothing in it is a live view until stopped', (t) => {
  t.strictSame(check('{}'), {
    filename: '',
    frames: 0,
    firstFrameNumber: null,
    msgNumberBase: null,
    framePeriodMs: null,
    metadata: null,
    dynamicRange: null,
    readNRows: null,
    force: false,
  });
  t.end();
});

t.test('every key reaches the streamer, metadata as they were written', (t) => {
  const text =
    '{"filename":"/data/a.h5","frames":5,"first_frame_number":1000000000000,"msg_number_base":77,"frame_period_ms":2.5,"metadata":{"n":9007199254740993},"dynamic_range":8,"read_n_rows":0,"force":true}';
  t.strictSame(check(text), {
    filename: '/data/a.h5',
    frames: 5,
    firstFrameNumber: 1e12,
    msgNumberBase: 77,
    framePeriodMs: 2.5,
    metadata: '{"n":9007199254740993}',
    dynamicRange: 8,
    readNRows: 0,
    force: true,
  });
  t.end();
});

t.test('rows of the configuration that do not fit the bit depth asked for are refused', (t) => {
  const partial = { ...config, detector: { ...config.detector, readNRows: 4 } };
  t.strictSame(problemsOf('{"dynamic_range":16}', partial), []);
  t.match(problemsOf('{"dynamic_range":8}', partial)[0], /^read_n_rows: 4 is no whole number/);
  t.strictSame(problemsOf('{"dynamic_range":8,"read_n_rows":0}', partial), []);
  t.end();
});

t.test('bit depth and rows are those of the detector', (t) => {
  const jungfrau = {
    ...config,
    detector: {
      ...config.detector,
      detector: 'jungfrau',
      quad: false,
      interfaces: 2,
      flipRows: new Map(),
      portPositions: new Map(),
    },
  };
  t.strictSame(problemsOf('{"dynamic_range":16,"read_n_rows":64}', jungfrau), []);
  t.match(
    problemsOf('{"dynamic_range":12}', jungfrau)[0],
    /^dynamic_range: 12 is not a bit depth of jungfrau; use one of 16/,
  );
  t.match(
    problemsOf('{"read_n_rows":12}', jungfrau)[0],
    /^read_n_rows: 12 is no whole number of packets on both sides of the centre/,
  );
  t.end();
});

t.test('everything that is wrong is said at once', (t) => {
  t.equal(problemsOf('{"frmes":1,"filename":"x","metadata":{"a":null,"data":1},"force":1}').length, 5);
  t.match(problemsOf('null')[0], /body: is null/);
  t.throws(() => checkArmWish(null, config), { name: 'Refused', message: /^body: is empty/ });
  t.end();
});

t.test('where instances share a detector, frames, first frame and the number of the header are needed', (t) => {
  const shared = { ...config, share: { stride: 4, offset: 1 } };
  t.strictSame(problemsOf('{"frames":5,"first_frame_number":1,"msg_number_base":1000}', shared), []);
  t.match(problemsOf('{}', shared), [
    /^frames: needed where 4 instances share a detector.*vdcu arm --endpoints/,
    /^first_frame_number: needed/,
    /^msg_number_base: needed/,
  ]);
  t.match(problemsOf('{"frames":0,"first_frame_number":-1,"msg_number_base":1}', shared), [
    /^first_frame_number: -1 is not/,
    /^frames: needed/,
  ]);
  t.end();
});
