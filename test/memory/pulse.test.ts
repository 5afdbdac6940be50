import t from 'tap';
import { Pulse } from '../../src/memory/pulse.js';

/** The same words as the thread that writes them sees them, and as main does. */
function both(): { thread: Pulse; main: Pulse; words: Int32Array } {
  const words = new Int32Array(new SharedArrayBuffer(32));
  return { thread: new Pulse(words, 2, 5), main: new Pulse(words, 2, 5), words };
}

t.test('each turn is a beat; the longest pause between two is kept to the microsecond', async (t) => {
  const { thread, main, words } = both();
  t.match(main, { heartbeat: 0, stallMsMax: 0 });
  for (const now of [100, 101, 104.2505, 105]) thread.beat(now);
  t.match(main, { heartbeat: 4, stallMsMax: 3.251 });
  t.strictSame(
    [...words].filter((_, index) => index !== 2 && index !== 5),
    [0, 0, 0, 0, 0, 0],
    'no other word',
  );
});

t.test('a series has pauses of its own', async (t) => {
  const { thread, main } = both();
  for (const now of [0, 50]) thread.beat(now);
  thread.begin();
  t.equal(main.stallMsMax, 0);
  for (const now of [52, 53]) thread.beat(now);
  t.equal(main.stallMsMax, 2, 'what lies between two turns belongs to the later one');
});
