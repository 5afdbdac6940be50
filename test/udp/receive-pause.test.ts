import t from 'tap';
import { ReceivePause } from '../../src/udp/receive-pause.js';

/** Calls that bring `packets` each, `everyMs` apart. */
function run(packets: number, everyMs: number, calls = 32, buffered = 10_000): { pause: ReceivePause; more: (packets: number, everyMs: number, calls: number) => void } {
  let now = 0;
  const pause = new ReceivePause(() => now, buffered);
  const more = (count: number, every: number, times: number): void => {
    for (let call = 0; call < times; call++) {
      now += every;
      pause.note(count);
    }
  };
  more(packets, everyMs, calls);
  return { pause, more };
}

t.test('few datagrams per call at a high rate: sleep, as long as a good batch takes', async (t) => {
  t.equal(run(2, 0.005).pause.microseconds, 60);
  t.equal(run(1, 0.02).pause.microseconds, 300, 'at most 300 µs');
});

t.test('large batches or a low rate: no sleep', async (t) => {
  t.equal(run(64, 0.1).pause.microseconds, 0);
  t.equal(run(1, 0.25).pause.microseconds, 0);
});

t.test('never longer than an eighth of what the buffer covers', async (t) => {
  t.equal(run(1, 0.01, 32, 16).pause.microseconds, 20);
  t.equal(run(1, 0.01, 32, 0).pause.microseconds, 0);
});

t.test('judged over many calls, ended by one that finds nothing, or by a lower rate', async (t) => {
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
