import t from 'tap';
import { LossWatch } from '../../src/flight/loss-watch.js';

t.test('a burst begins with a loss after a second without one, on its own port', async (t) => {
  const watch = new LossWatch(2);
  t.strictSame(watch.look(0, [5, 0]), [], 'what was lost before is no beginning');
  t.strictSame(watch.look(100, [5, 0]), []);
  t.strictSame(watch.look(200, [6, 0]), [0]);
  t.strictSame(watch.look(400, [9, 1]), [1], 'the burst of port 0 goes on');
  t.strictSame(watch.look(1399, [10, 1]), [], '999 ms are not enough');
  t.strictSame(watch.look(2398, [11, 1]), []);
  t.strictSame(watch.look(3398, [12, 2]), [0, 1], '1000 ms are');
});
