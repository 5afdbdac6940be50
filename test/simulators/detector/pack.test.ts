import t from 'tap';
import { pack12, pack4 } from '../../../simulators/detector/pack.js';

t.test('4 bit: the left pixel is the high half, or the low one', async (t) => {
  const wire = new Uint8Array(2);
  pack4(Uint8Array.of(1, 2, 15, 0), wire, false);
  t.strictSame([...wire], [0x12, 0xf0]);
  pack4(Uint8Array.of(1, 2, 15, 0), wire, true);
  t.strictSame([...wire], [0x21, 0x0f]);
});

t.test('12 bit: two pixels in three bytes, lowest bits first', async (t) => {
  const wire = new Uint8Array(6);
  pack12(Uint16Array.of(0x123, 0xabc, 0xfff, 0), wire);
  t.strictSame([...wire], [0x23, 0xc1, 0xab, 0xff, 0x0f, 0x00]);
});
