import t from 'tap';
import { parseJson } from '../../src/base/json-text.js';
import { checkMetadata } from '../../src/config/metadata.js';
import { metadataBytesLimit } from '../../src/contract/series.js';

/** What is accepted, and its neighbour that is not: text, text, what the problem must say. */
const neighbours: readonly [accepted: string, rejected: string, problem: RegExp][] = [
  ['{}', '[]', /^metadata: is a list; it must be a JSON object/],
  ['{"a":0}', '{"a":null}', /^metadata\.a: is null/],
  ['{"a":{"b":{"c":""}}}', '{"a":{"b":{"c":null}}}', /^metadata\.a\.b\.c: is null/],
  ['{"a":[]}', '{"a":[null]}', /^metadata\.a: a list with nulls/],
  ['{"a":[1,2.5,-3]}', '{"a":[1,"2"]}', /^metadata\.a: a list of numbers and strings mixed/],
  ['{"a":["x","y"]}', '{"a":[{"x":1}]}', /^metadata\.a: a list with objects/],
  ['{"a":[1,2]}', '{"a":[[1,2],[3,4]]}', /^metadata\.a: a list with lists/],
  ['{"a":true}', '{"a":[true,false]}', /^metadata\.a: a list with booleans/],
  ['{"data_":1}', '{"data":1}', /^metadata\.data: the file writer makes a dataset of this name/],
  ['{"sequence":1}', '{"sequence_number":[1]}', /^metadata\.sequence_number: the file writer/],
  ['{"sample":{"data":1,"sequence_number":2}}', '{"data":{"sample":1}}', /^metadata\.data: /],
  [
    '{"a":9223372036854775807}',
    '{"a":9223372036854775808}',
    /^metadata\.a: 9223372036854775808 is beyond a signed 64-bit integer/,
  ],
  ['{"a":-9223372036854775808}', '{"a":-9223372036854775809}', /^metadata\.a: -9223372036854775809 is beyond/],
  ['{"a":[9223372036854775807]}', '{"a":[1,9223372036854775808]}', /^metadata\.a\[1\]: /],
  ['{"a":9223372036854775808.0}', '{"a":1e400}', /^metadata\.a: 1e400 is beyond a 64-bit float/],
  ['{"a":"b/c"}', '{"b/c":1}', /^metadata\."b\/c": a key with "\/" makes HDF5 groups/],
  ['{"a":{"b":1}}', '{"a":{"b/c":1}}', /^metadata\.a\."b\/c": /],
  ['{"..":1}', '{".":1}', /is no name for an HDF5 dataset/],
  ['{" ":1}', '{"":1}', /is no name for an HDF5 dataset/],
  ['{"a":"\\u0001"}', '{"a":"\\u0000"}', /^metadata\.a: holds a NUL character/],
  ['{"a":["\\u0001"]}', '{"a":["","\\u0000"]}', /^metadata\.a\[1\]: holds a NUL character/],
  ['{"\\u0001":1}', '{"\\u0000":1}', /holds a NUL character/],
  ['{"a":"\\ud83d\\ude00"}', '{"a":"\\ud83d"}', /^metadata\.a: holds half of a surrogate pair/],
  ['{"a":1,"b":{"a":1}}', '{"b":{"a":1,"a":2}}', /^metadata\.b\.a: is given twice/],
  ['{"exptime":0.001}', '{"exptime":"0.001"}', /^metadata\.exptime: is a string; .* must be a number/],
  [
    `{"exptime":0.${'1'.repeat(30)},"a":0.${'1'.repeat(300)}}`,
    `{"exptime":0.${'1'.repeat(31)}}`,
    /^metadata\.exptime: a number of 33 characters; it stands in every image and may have 32/,
  ],
  ['{"exptime":1}', '{"exptime":[1]}', /^metadata\.exptime: is a list/],
  ['{"save_raw":false}', '{"save_raw":"false"}', /^metadata\.save_raw: is a string; .* must be a boolean/],
  ['{"save_raw":true}', '{"save_raw":1}', /^metadata\.save_raw: is a number/],
  ['{"a":{"save_raw":"no"}}', '{"a":1,"save_raw":{}}', /^metadata\.save_raw: is an object/],
  [
    `{"a":"${'x'.repeat(metadataBytesLimit - 8)}"}`,
    `{"a":"${'x'.repeat(metadataBytesLimit - 7)}"}`,
    /^metadata: 131073 bytes of JSON; at most 131072/,
  ],
  [
    `{"a":"${'x'.repeat(metadataBytesLimit - 10)}é"}`,
    `{"a":"${'x'.repeat(metadataBytesLimit - 9)}é"}`,
    /^metadata: 131073 bytes/,
  ],
];

for (const [accepted, rejected, problem] of neighbours) {
  t.test(`metadata ${accepted.slice(0, 50)} is accepted, ${rejected.slice(0, 50)} is not`, (t) => {
    t.strictSame(checkMetadata(parseJson(accepted)).problems, []);
    const { text, problems } = checkMetadata(parseJson(rejected));
    t.equal(text, null);
    t.match(problems[0], problem);
    t.equal(problems.length, 1);
    t.end();
  });
}

t.test('metadata leave digit by digit as they came', (t) => {
  t.equal(
    checkMetadata(parseJson('{ "n": 9007199254740993, "exptime": 1.0 }')).text,
    '{"n":9007199254740993,"exptime":1.0}',
  );
  t.end();
});

t.test('everything that is wrong is said, up to a bound', (t) => {
  t.equal(checkMetadata(parseJson('{"a":null,"b/":[{}],"data":null}')).problems.length, 5);
  t.equal(
    checkMetadata(parseJson(`{${Array.from({ length: 50 }, (_, index) => `"k${index}":null`).join(',')}}`)).problems
      .length,
    20,
  );
  t.end();
});
