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
  t.equal(run(2, 0.005).pause.microseconds, 80);
  t.equal(run(1, 0.04).pause.microseconds, 600, 'at most 600 µs');
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
  t.equal(pause.microseconds, 320);
  more(30, 0.3, 64);
  t.equal(pause.microseconds, 320, 'the batches that gather do not end it');
  more(0, 10, 1);
  t.equal(pause.microseconds, 0);
  more(1, 0.01, 16);
  t.equal(pause.microseconds, 320);
  more(1, 0.25, 16);
  t.equal(pause.microseconds, 0);
});
