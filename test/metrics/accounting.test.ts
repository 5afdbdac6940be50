import t from 'tap';
import { accountingError } from '../../src/metrics/accounting.js';
import { packetClasses } from '../../src/memory/counters.js';
import { portCountersOf } from '../view/hand-made-view.js';

const at = (received: number, accepted: number) => portCountersOf({ received, accepted });

t.test(
  'three packets may be held and a fourth be looked at; a fifth without a class is an error, a class too many is one',
  (t) => {
    t.equal(accountingError(at(10, 10), at(10, 10)), 0);
    t.equal(accountingError(at(12, 10), at(12, 10)), 0);
    t.equal(
      accountingError(at(13, 10), at(13, 10)),
      0,
      'the one that decides about those held is counted, its tables are being made',
    );
    t.equal(accountingError(at(14, 10), at(14, 10)), 0);
    t.equal(accountingError(at(15, 10), at(15, 10)), 5);
    t.equal(accountingError(at(10, 11), at(10, 11)), -1);
    t.end();
  },
);

t.test('each class counts once', (t) => {
  const each = portCountersOf(Object.fromEntries(packetClasses.map((id) => [id, 1])));
  const all = { ...each, received: packetClasses.length };
  t.equal(accountingError(all, all), 0);
  const less = { ...all, received: packetClasses.length - 1 };
  t.equal(accountingError(less, less), -1);
  t.end();
});

t.test('counters that go on while they are read are no error', (t) => {
  t.equal(accountingError(at(100, 98), at(1000, 997)), 0);
  t.equal(accountingError(at(100, 150), at(1000, 1000)), 0);
  t.equal(accountingError(at(200, 100), at(250, 190)), 10);
  t.end();
});
