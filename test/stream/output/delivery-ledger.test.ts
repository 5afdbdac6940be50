import t from 'tap';
import { DeliveryLedger, wireBytes } from '../../../src/stream/output/delivery-ledger.js';

t.test('a part of up to 255 bytes has 2 bytes before it on the wire, a longer one 9', (t) => {
  t.strictSame([0, 255, 256].map(wireBytes), [2, 257, 265]);
  t.end();
});

t.test('a message is under way until its last byte was acknowledged', (t) => {
  const ledger = new DeliveryLedger();
  t.strictSame([ledger.idle, ledger.underway], [true, { messages: 0, bytes: 0 }]);
  ledger.handed(100);
  ledger.handed(50);
  ledger.acknowledge(99);
  t.strictSame(ledger.underway, { messages: 2, bytes: 51 });
  ledger.acknowledge(100);
  t.strictSame([ledger.idle, ledger.underway], [false, { messages: 1, bytes: 50 }]);
  ledger.acknowledge(150);
  t.strictSame([ledger.idle, ledger.underway], [true, { messages: 0, bytes: 0 }]);
  t.end();
});

t.test('what was acknowledged stays so, and more than was handed over is nothing more', (t) => {
  const ledger = new DeliveryLedger();
  ledger.handed(100);
  ledger.acknowledge(60);
  ledger.acknowledge(10);
  t.equal(ledger.underway.bytes, 40);
  ledger.acknowledge(1000);
  ledger.handed(30);
  t.strictSame(ledger.underway, { messages: 1, bytes: 30 });
  t.end();
});

t.test('of more messages than it can tell apart the bytes stay exact, and all of them are gone with the last', (t) => {
  const ledger = new DeliveryLedger();
  for (let index = 0; index < 10_000; index++) ledger.handed(10);
  t.strictSame(ledger.underway, { messages: 8192, bytes: 100_000 });
  ledger.acknowledge(99_999);
  t.strictSame(ledger.underway, { messages: 1, bytes: 1 });
  ledger.acknowledge(100_000);
  t.ok(ledger.idle);
  t.end();
});

t.test('with a new connection a new count begins', (t) => {
  const ledger = new DeliveryLedger();
  ledger.handed(100);
  ledger.acknowledge(40);
  ledger.reset();
  t.strictSame([ledger.idle, ledger.underway], [true, { messages: 0, bytes: 0 }]);
  ledger.handed(7);
  ledger.acknowledge(6);
  t.strictSame(ledger.underway, { messages: 1, bytes: 1 });
  t.end();
});
