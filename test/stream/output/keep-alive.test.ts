import t from 'tap';
import { keepAlive } from '../../../src/stream/output/keep-alive.js';

t.test(
  'keep-alive of a silent connection ends within consumer_timeout_ms, and has traffic at least each minute',
  (t) => {
    t.strictSame([2000, 10_000, 60_000].map(keepAlive), [
      { idle: 1, interval: 1, count: 1 },
      { idle: 5, interval: 1, count: 5 },
      { idle: 30, interval: 3, count: 10 },
    ]);
    for (let timeoutMs = 2000; timeoutMs <= 3_600_000; timeoutMs += 777) {
      const { idle, interval, count } = keepAlive(timeoutMs);
      const whole = [idle, interval, count].every((value) => Number.isInteger(value) && value >= 1);
      if (!whole || idle > 60 || count > 10 || (idle + interval * count) * 1000 > timeoutMs)
        t.fail(`${timeoutMs} ms: ${JSON.stringify({ idle, interval, count })}`);
    }
    t.end();
  },
);
