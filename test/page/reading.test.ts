import t from 'tap';
import { blockHolds } from '../../src/page/preview-bytes.js';
import { valueWords } from '../../src/page/reading.js';

const { value, missing, saturated, unread } = blockHolds;

t.test('a pixel is missing, saturated, not read out, a gap or a value, each in its own word', async (t) => {
  t.equal(valueWords(value, 1234, [1, 1]), '1,234');
  t.equal(valueWords(value | saturated, 65535, [1, 1]), '65,535: saturated');
  t.equal(valueWords(missing, 0, [1, 1]), 'missing: not received');
  t.equal(valueWords(unread, 0, [1, 1]), 'not read out');
  t.equal(valueWords(blockHolds.masked, 0, [1, 1]), 'masked');
  t.equal(valueWords(0, 0, [1, 1]), 'gap: no sensor here');
});

t.test('a block says what is among its pixels', async (t) => {
  t.equal(valueWords(value, 1.5, [2, 3]), '1.5 (mean of 2 × 3 pixels)');
  t.equal(valueWords(value | saturated, 1.5, [2, 2]), '1.5 (mean of 2 × 2 pixels, some saturated)');
  t.equal(
    valueWords(value | saturated | missing | unread, 1.5, [2, 2]),
    '1.5 (mean of 2 × 2 pixels, some saturated, some missing)',
  );
  t.equal(valueWords(missing | unread, 0, [2, 2]), 'missing: not received');
});
