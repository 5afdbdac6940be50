import fc from 'fast-check';
import t from 'tap';
import { jsonDepthLimit, parseJson, writeJson } from '../../src/base/json-text.js';

t.test('numbers keep the digits they came with', (t) => {
  for (const text of ['9007199254740993', '1.0', '-0', '1e3', '0.1E-7', '123456789012345678901234567890'])
    t.equal(writeJson(parseJson(text)), text);
  t.end();
});

t.test('any JSON text is written as JSON.parse reads it, white space and escapes included', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      t.strictSame(JSON.parse(writeJson(parseJson(text))), JSON.parse(text));
    }),
    { numRuns: 300 },
  );
  t.equal(writeJson(parseJson(' [ ] ')), '[]');
  t.equal(
    writeJson(parseJson('{ "a\\"b" : { } , "\\u00e9" : [ "\\\\" , true,false , null ] }')),
    '{"a\\"b":{},"é":["\\\\",true,false,null]}',
  );
  t.end();
});

t.test('an object keeps a key that comes twice', (t) => {
  t.equal(writeJson(parseJson('{"a":1,"a":2}')), '{"a":1,"a":2}');
  t.end();
});

t.test('text that is no JSON is refused', (t) => {
  for (const text of ['', '{', '[1,]', 'NaN', '{"a":01}', '"\u0000"', "{'a':1}"])
    t.throws(() => parseJson(text), SyntaxError, text);
  t.end();
});

t.test('nesting is read up to its limit and refused beyond', (t) => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  t.equal(writeJson(parseJson(nested(jsonDepthLimit + 1))), nested(jsonDepthLimit + 1));
  t.throws(() => parseJson(nested(jsonDepthLimit + 2)), { message: /nested deeper/ });
  t.throws(() => parseJson(nested(100_000)), SyntaxError);
  t.end();
});
