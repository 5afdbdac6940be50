import t from 'tap';
import type { Test } from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import type { ReceiverAnswer } from '../../src/receiver/ask.js';
import { ReceiverWatch } from '../../src/receiver/watch.js';

const idle = (received: number): ReceiverAnswer => ({ state: 'idle', error: null, received });
const running = (received: number): ReceiverAnswer => ({ state: 'running', error: null, received });

interface Station {
  readonly watch: ReceiverWatch;
  /** One look at a receiver that answers this. */
  readonly see: (answer: ReceiverAnswer | Error) => Promise<void>;
  readonly clock: VirtualClock;
  readonly asked: () => number;
}

function station(t: Test): Station {
  const clock = new VirtualClock();
  let answer: ReceiverAnswer | Error = idle(0);
  let asked = 0;
  const watch = new ReceiverWatch({
    url: 'http://receiver',
    clock,
    ask: async () => {
      asked++;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  t.teardown(() => watch.close());
  const see = async (next: ReceiverAnswer | Error): Promise<void> => {
    answer = next;
    clock.advance(5000);
    await watch.look();
  };
  return { watch, see, clock, asked: () => asked };
}

const codes = (watch: ReceiverWatch): string[] => watch.findings().map(({ code }) => code);

t.test('a series is settled when the receiver is idle twice with the same count', async (t) => {
  const { watch, see } = station(t);
  await see(idle(7));
  watch.opened(1, null);
  await see(idle(7));
  t.equal(watch.figures(3).behind, null, 'while it is not running its count may be that of the series before');
  await see(running(1));
  t.match(watch.figures(3), { answers: true, behind: 2, missed: 0 });
  t.equal(watch.sentence(), null, 'the series is open');
  watch.ended(1, 10);
  t.equal(watch.sentence(), 'series 1 is sent, the receiver is still 9 frames behind.');
  await see(running(10));
  t.equal(watch.sentence(), 'series 1 is sent, the receiver has not finished it yet.');
  await see(idle(10));
  t.equal(watch.takeSettled(), null, 'idle once');
  await see(idle(10));
  t.strictSame(watch.takeSettled(), { series_id: 1, received: 10, error: null });
  t.equal(watch.takeSettled(), null, 'told once');
  t.equal(watch.sentence(), null);
  t.strictSame(watch.findings(), []);
  t.match(watch.figures(0), { behind: 0, missed: 0 });
});

t.test('a receiver that is still idle from the series before does not settle this one', async (t) => {
  const { watch, see } = station(t);
  watch.opened(2, null);
  watch.ended(2, 10);
  await see(idle(7));
  await see(running(3));
  await see(idle(10));
  t.equal(watch.takeSettled(), null);
  await see(idle(10));
  t.match(watch.takeSettled(), { received: 10 });
});

t.test('received fewer than sent: told until the next series', async (t) => {
  const { watch, see } = station(t);
  watch.opened(1, null);
  await see(running(4));
  watch.ended(1, 10);
  await see(idle(6));
  t.strictSame(codes(watch), [], 'not before it is done');
  await see(idle(6));
  t.match(watch.findings(), [{ code: 'received_fewer', message: /received 6 of the 10 frames of series 1\. Look/ }]);
  t.match(watch.figures(0), { missed: 4 });
  watch.opened(2, null);
  t.strictSame(codes(watch), []);
  t.match(watch.figures(0), { missed: 4 }, 'those of all series are counted');
  watch.ended(2, 10);
  await see(idle(9));
  t.match(watch.figures(0), { missed: 4 }, 'not before it is done');
  await see(idle(9));
  t.match(watch.figures(0), { missed: 5 });
  await see(idle(9));
  t.match(watch.figures(0), { missed: 5 }, 'once');
});

t.test('a failure is kept, though the receiver forgets it at the end of the series', async (t) => {
  const { watch, see } = station(t);
  watch.opened(1, '/data/a.h5');
  t.match(watch.findings(), [{ code: 'name_again', message: /has the file of an earlier series, \/data\/a\.h5/ }]);
  await see({ state: 'error', error: 'no such folder', received: 2 });
  t.strictSame(codes(watch), ['receiver_error', 'name_again']);
  watch.ended(1, 2);
  await see(idle(2));
  await see(idle(2));
  t.strictSame(watch.takeSettled(), { series_id: 1, received: 2, error: 'no such folder' });
  t.match(watch.findings()[0], { message: /failed in series 1, its frames are not saved: no such folder\./ });
});

t.test('one that does not answer is said, and nothing is made up', async (t) => {
  const { watch, see } = station(t);
  watch.opened(1, null);
  await see(running(2));
  watch.ended(1, 4);
  await see(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
  t.match(watch.findings(), [{ code: 'receiver_silent', message: /\(connect ECONNREFUSED\)/ }]);
  t.match(watch.figures(0), { answers: false, behind: null, missed: 0 });
  t.equal(watch.sentence(), null);
  await see(idle(4));
  await see(idle(4));
  t.strictSame(codes(watch), []);
  t.match(watch.takeSettled(), { received: 4 });
});

t.test('it is asked seldom while nothing goes on, and an old answer is not taken for a new series', async (t) => {
  const { watch, clock, asked } = station(t);
  await watch.look();
  for (let look = 0; look < 9; look++) {
    clock.advance(500);
    await watch.look();
  }
  t.equal(asked(), 1);
  clock.advance(500);
  // Asked before the series was opened, answered after.
  const look = watch.look();
  watch.opened(1, null);
  watch.ended(1, 0);
  await look;
  await watch.look();
  t.equal(watch.takeSettled(), null, 'one look of this series');
  await watch.look();
  t.match(watch.takeSettled(), { received: 0 });
});
