import t from 'tap';
import { DeliveryWait } from '../../../src/stream/output/delivery-wait.js';
import type { MessageSink } from '../../../src/stream/output/message-sink.js';
import type { Undelivered } from '../../../src/contract/series.js';

/** What a wait looks at: messages under way, and consumers that went. */
class Underway {
  disconnects = 0;
  underway: Undelivered | null;
  lost: Undelivered | null = null;
  constructor(messages: number | null) {
    this.underway = messages === null ? null : { messages, bytes: 100 * messages };
  }
  wait(taken = 10, until = 1000): DeliveryWait {
    return new DeliveryWait(this as unknown as MessageSink, taken, until);
  }
}

t.test('nothing under way: over at once', (t) => {
  t.strictSame(new Underway(0).wait().look(10, 0), { messages: 0, bytes: 0 });
  t.end();
});

t.test('it waits until all of it has arrived', (t) => {
  const sink = new Underway(2);
  const wait = sink.wait();
  t.equal(wait.look(10, 0), 'waiting');
  sink.underway = { messages: 1, bytes: 100 };
  t.equal(wait.look(10, 999), 'waiting');
  sink.underway = { messages: 0, bytes: 0 };
  t.strictSame(wait.look(10, 999), { messages: 0, bytes: 0 });
  t.end();
});

t.test('it does not wait beyond its time, and says what is left then', (t) => {
  const wait = new Underway(2).wait();
  t.equal(wait.look(10, 999), 'waiting');
  t.strictSame(wait.look(10, 1000), { messages: 2, bytes: 200 });
  t.end();
});

t.test('messages that were handed over later are not waited for', (t) => {
  const sink = new Underway(2);
  const wait = sink.wait(10);
  sink.underway = { messages: 4, bytes: 400 };
  t.equal(wait.look(13, 0), 'waiting', 'one of the first two, and three later ones');
  sink.underway = { messages: 3, bytes: 300 };
  t.strictSame(wait.look(13, 0), { messages: 0, bytes: 0 }, 'the three later ones');
  t.end();
});

t.test('what was on its way to a consumer that went is lost; had all of it arrived, nothing is', (t) => {
  const sink = new Underway(2);
  const wait = sink.wait();
  sink.underway = { messages: 1, bytes: 100 };
  t.equal(wait.look(10, 0), 'waiting');
  sink.disconnects = 1;
  sink.underway = { messages: 0, bytes: 0 };
  t.strictSame(wait.look(10, 1), { messages: 1, bytes: 100 });
  const empty = new Underway(0);
  const over = empty.wait();
  empty.disconnects = 1;
  t.strictSame(over.look(10, 1), { messages: 0, bytes: 0 });
  t.end();
});

t.test('a way that knows what was lost says that, and not what was on its way when it looked last', (t) => {
  const sink = new Underway(2);
  sink.lost = { messages: 5, bytes: 500 };
  const wait = sink.wait();
  t.equal(wait.look(10, 0), 'waiting');
  sink.disconnects = 1;
  sink.underway = { messages: 0, bytes: 0 };
  t.strictSame(wait.look(10, 1), { messages: 0, bytes: 0 }, 'it had all of it, and went at that moment');
  const lacking = new Underway(2);
  lacking.lost = { messages: 5, bytes: 500 };
  const other = lacking.wait();
  lacking.disconnects = 1;
  lacking.lost = { messages: 8, bytes: 800 };
  t.strictSame(other.look(12, 1), { messages: 1, bytes: 300 }, 'two of the three were handed over later');
  t.end();
});

t.test('when one of several went with nothing lost, the others are waited for', (t) => {
  const sink = new Underway(2);
  sink.lost = { messages: 0, bytes: 0 };
  const wait = sink.wait();
  sink.disconnects = 1;
  sink.underway = { messages: 1, bytes: 100 };
  t.equal(wait.look(10, 1), 'waiting');
  sink.underway = { messages: 0, bytes: 0 };
  t.strictSame(wait.look(10, 2), { messages: 0, bytes: 0 });
  t.end();
});

t.test('a way that cannot tell is not waited for', (t) => {
  t.equal(new Underway(null).wait().look(10, 0), null);
  const sink = new Underway(3);
  const wait = sink.wait();
  sink.underway = null;
  t.equal(wait.look(10, 0), null);
  t.end();
});
