import t from 'tap';
import * as shapes from '../../../src/control/sls/shapes.js';

t.test('numbers are little endian', async (t) => {
  t.equal(shapes.i32.write(530).toString('hex'), '12020000');
  t.equal(shapes.i32.read(Buffer.from('ffffffff', 'hex')), -1);
  t.equal(shapes.u16.write(50_001).toString('hex'), '51c3');
  t.equal(shapes.i64.write(-1n).toString('hex'), 'ffffffffffffffff');
  t.equal(shapes.f64.write(100).toString('hex'), '0000000000005940');
  t.equal(shapes.u64.write(0x00aabbccddeen).toString('hex'), 'eeddccbbaa000000');
});

t.test('an address stands as it is read', async (t) => {
  t.equal(shapes.ip.write('192.0.2.7').toString('hex'), 'c0000207');
  t.equal(shapes.ip.read(Buffer.from([10, 1, 2, 3])), '10.1.2.3');
});

t.test('texts end with NUL and are cut between characters', async (t) => {
  const bytes = shapes.text.write('10.0.1');
  t.equal(bytes.length, 1000);
  t.equal(shapes.text.read(bytes), '10.0.1');
  const long = shapes.text.write('µ'.repeat(600));
  t.equal(long.length, 1000);
  t.equal(long[999], 0);
  t.equal(shapes.text.read(long), 'µ'.repeat(499));
  t.equal(shapes.key.read(Buffer.alloc(20, 0x61)), 'a'.repeat(20), 'without a NUL it ends with its field');
});

t.test('a list tells its length by its count, and none is shorter than nothing', async (t) => {
  const list = shapes.list(shapes.i64);
  t.equal(list.size(Buffer.alloc(0), false), 4);
  t.equal(list.size(shapes.i32.write(3), false), 28);
  t.equal(list.size(shapes.i32.write(-5), false), 4);
  t.strictSame(list.read(list.write([1n, -2n])), [1n, -2n]);
  t.ok(list.size(shapes.i32.write(2 ** 31 - 1), false) > shapes.bytesLimit, 'what cannot be is beyond the limit');
});

t.test('a text with its size, also an empty one', async (t) => {
  t.equal(shapes.sizedText.write('').toString('hex'), '00000000');
  t.equal(shapes.sizedText.read(shapes.sizedText.write('key value ')), 'key value ');
  t.equal(shapes.sizedText.size(shapes.i32.write(7), false), 11);
});

t.test('regions: many since release 10, one before', async (t) => {
  const region = { xmin: 0, xmax: 511, ymin: 0, ymax: 100 };
  t.strictSame(shapes.rois.read(shapes.rois.write([region, shapes.wholeRoi])), [region, shapes.wholeRoi]);
  t.equal(shapes.oneRoi.size(Buffer.alloc(0), false), 16);
  t.strictSame(shapes.oneRoi.read(shapes.oneRoi.write([region])), [region]);
});

t.test('a scan', async (t) => {
  const scan = { enable: 1, dac: 5, start: 500, stop: 1500, step: 100, settleNs: 1_000_000n };
  t.equal(shapes.scan.size(Buffer.alloc(0), false), 28);
  t.strictSame(shapes.scan.read(shapes.scan.write(scan)), scan);
});
