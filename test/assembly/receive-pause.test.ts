import t from 'tap';
import { ReceivePause } from '../../src/assembly/receive-pause.js';

/** Turns that bring `packets` each, `everyMs` apart. */
function run(packets: number, everyMs: number, turns = 32, buffered = 10_000): { pause: ReceivePause; more: (packets: number, everyMs: number, turns: number) => void } {
  let now = 0;
  const pause = new ReceivePause(() => now);
  pause.setBuffered(buffered);
  const more = (count: number, every: number, times: number): void => {
    for (let turn = 0; turn < times; turn++) {
      now += every;
      pause.note(count);
    }
  };
  more(packets, everyMs, turns);
  return { pause, more };
}

t.test('few datagrams per turn at a high rate: sleep, as long as a good batch takes', async (t) => {
  t.equal(run(2, 0.005).pause.microseconds, 60);
  t.equal(run(1, 0.025).pause.microseconds, 600);
  t.equal(run(1, 0.1).pause.microseconds, 1000, 'at most a millisecond');
});

t.test('large batches or a low rate: no sleep', async (t) => {
  t.equal(run(64, 0.1).pause.microseconds, 0);
  t.equal(run(1, 0.25).pause.microseconds, 0);
});

t.test('never longer than an eighth of what the buffer covers', async (t) => {
  t.equal(run(1, 0.01, 32, 16).pause.microseconds, 20);
  t.equal(run(1, 0.01, 32, 0).pause.microseconds, 0);
});

t.test('judged over many turns, ended by one that finds nothing, or by a lower rate', async (t) => {
  t.equal(run(1, 0.01, 15).pause.microseconds, 0);
  const { pause, more } = run(1, 0.01);
  t.equal(pause.microseconds, 240);
  more(30, 0.3, 64);
  t.equal(pause.microseconds, 240, 'the batches that gather do not end it');
  more(0, 10, 1);
  t.equal(pause.microseconds, 0);
  more(1, 0.01, 16);
  t.equal(pause.microseconds, 240);
  more(1, 0.25, 16);
  t.equal(pause.microseconds, 0);
});

t.test('looking without waiting finds nothing most of the time: that hides no high rate, and makes none of a low one', async (t) => {
  const look = (everyMs: number): ReceivePause => {
    let now = 0;
    const pause = new ReceivePause(() => now);
    pause.setBuffered(10_000);
    for (let packet = 0; packet < 16; packet++) {
      pause.note(0);
      now += everyMs;
      pause.note(1);
    }
    return pause;
  };
  t.equal(look(0.025).microseconds, 600);
  t.equal(look(0.5).microseconds, 0);
});
