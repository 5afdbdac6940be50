import t from 'tap';
import fc from 'fast-check';
import { combinations } from '../../src/page/combine.js';
import { colourMaps } from '../../src/page/colours.js';
import { mostFrames, readAddress, tools, usual, writeAddress } from '../../src/page/address.js';
import type { Settings } from '../../src/page/address.js';
import { scales } from '../../src/page/value-scale.js';

t.test('what is as usual is not in the address', (t) => {
  t.equal(writeAddress(usual), '');
  t.strictSame(readAddress(''), usual);
  t.strictSame(readAddress('#'), usual);
  t.end();
});

t.test('an address is short and can be read', (t) => {
  const settings: Settings = {
    ...usual,
    scale: 'log',
    axes: false,
    range: { low: 1, high: 4000 },
    rectangle: { from: { row: 10, column: 20 }, to: { row: 30, column: 40 } },
    centre: { row: 256.5, column: 257 },
    rings: [50, 100],
  };
  t.equal(writeAddress(settings), 'scale=log&axes=0&range=1,4000&rectangle=10,20,30,40&centre=256.5,257&rings=50,100');
  t.end();
});

t.test('whatever is set comes back from its address', (t) => {
  const plain = { noNullPrototype: true };
  const place = fc.record({ row: fc.nat(9000), column: fc.nat(9000) }, plain);
  const span = fc.record({ from: place, to: place }, plain);
  const settings = fc.record(
    {
      scale: fc.constantFrom(...scales),
      map: fc.constantFrom(...colourMaps),
      inverted: fc.boolean(),
      range: fc.option(fc.tuple(fc.integer(), fc.nat(1e6)).map(([low, more]) => ({ low, high: low + more + 1 }))),
      axes: fc.boolean(),
      ports: fc.boolean(),
      profiles: fc.boolean(),
      combination: fc.constantFrom(...combinations),
      frames: fc.integer({ min: 2, max: mostFrames }),
      tool: fc.constantFrom(...tools),
      line: fc.option(span),
      rectangle: fc.option(span),
      centre: fc.option(place),
      rings: fc
        .uniqueArray(fc.integer({ min: 1, max: 9000 }), { maxLength: 20 })
        .map((radii) => radii.sort((a, b) => a - b)),
    },
    plain,
  );
  fc.assert(
    fc.property(settings, (one) => t.strictSame(readAddress(`#${writeAddress(one)}`), one)),
    { numRuns: 200 },
  );
  t.end();
});

t.test('what cannot be read is as usual', (t) => {
  for (const hash of [
    '#scale=cubic&map=jet&tool=delete&combination=product',
    '#range=5,5',
    '#range=1,nothing',
    '#frames=1',
    '#frames=1e9',
    '#line=1,2,3',
    '#rectangle=-1,0,5,5',
    '#centre=5',
    '#rings=0',
    '#rings=-4,2',
    '#%',
  ])
    t.strictSame(readAddress(hash), usual, hash);
  t.end();
});
