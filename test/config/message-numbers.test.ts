import t from 'tap';
import { firstMessageNumber } from '../../src/config/message-numbers.js';

t.test('message numbers begin with the time in microseconds, safe integers that grow with it', (t) => {
  const times = [Date.UTC(2026, 0, 1), Date.UTC(2026, 10, 29), Date.UTC(2026, 10, 29) + 1, Date.UTC(2099, 11, 31)];
  const numbers = times.map(firstMessageNumber);
  t.strictSame(
    numbers,
    times.map((time) => time * 1000),
  );
  t.ok(numbers.every(Number.isSafeInteger));
  t.end();
});

t.test('a clock that cannot be right is refused with what it says and what to do', (t) => {
  for (const wall of [
    Date.UTC(1972, 5, 1),
    0,
    -1,
    Date.UTC(1969, 11, 31),
    Date.UTC(2025, 11, 31, 23, 59, 59, 999),
    Date.UTC(2100, 0, 1),
    8.64e15 + 1,
    NaN,
    -Infinity,
  ]) {
    t.throws(
      () => firstMessageNumber(wall),
      { name: 'OperatorError', exitCode: 3, message: /^the clock says .*timedatectl.*#clock/ },
      String(wall),
    );
  }
  t.throws(() => firstMessageNumber(Date.UTC(1972, 5, 1)), { message: /1972-06-01T00:00:00\.000Z/ });
  t.end();
});
