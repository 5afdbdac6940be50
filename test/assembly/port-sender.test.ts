import t from 'tap';
import { PortSender } from '../../src/assembly/port-sender.js';

t.test('the sender is learned from three accepted packets, not from two', async (t) => {
  const sender = new PortSender();
  t.strictSame([sender.accept(7), sender.accept(7), sender.learned], [false, false, 0]);
  t.notOk(sender.differs(8), 'nobody is another one while none is learned');
  t.ok(sender.accept(7));
  t.equal(sender.learned, 7);
  t.notOk(sender.differs(7));
  t.ok(sender.differs(8));
});

t.test('single packets of others, before or between, do not keep the real one from being learned', async (t) => {
  const sender = new PortSender();
  const learnedAt = [1, 9, 2, 9, 3, 4, 5, 6, 9].findIndex((word) => sender.accept(word));
  t.equal(learnedAt, 8);
  t.equal(sender.learned, 9);
  sender.forget();
  t.equal(
    [5, 9, 5, 9, 9].findIndex((word) => sender.accept(word)),
    4,
    'two that alternate: the one with three first',
  );
});

t.test('the next series learns anew, and counts nothing of the last one', async (t) => {
  const sender = new PortSender();
  sender.accept(7);
  sender.accept(7);
  sender.forget();
  t.strictSame([sender.accept(7), sender.accept(8), sender.accept(8), sender.accept(8)], [false, false, false, true]);
  t.equal(sender.learned, 8);
  sender.forget();
  t.equal(sender.learned, 0);
  t.notOk(sender.differs(1));
});

t.test('words with the highest bit are told apart like others', async (t) => {
  const sender = new PortSender();
  t.equal(
    [-1, -2, -1, -2, -2].findIndex((word) => sender.accept(word)),
    4,
  );
  t.ok(sender.differs(-1));
});
