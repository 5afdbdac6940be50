import t from 'tap';
import { firstMessageNumber, numbersBehind } from '../../src/config/message-numbers.js';

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

t.test('behind a streamer that closed in order numbers go on without a gap, whatever the clock says', (t) => {
  const told = { message: Date.UTC(2026, 10, 29) * 1000 + 77, series: 12 };
  for (const wall of [Date.UTC(2026, 10, 30), Date.UTC(2026, 10, 28), 0])
    t.strictSame(numbersBehind(told, true, wall), told);
  t.end();
});

t.test('behind one that was cut off in a turn no number comes twice', (t) => {
  const began = Date.UTC(2026, 10, 29);
  // What it has told before that turn, and what it sent in the turn.
  const told = { message: began * 1000 + 77, series: 12 };
  const used = { message: told.message + 18, series: 13 };
  const behind = numbersBehind(told, false, began + 1000);
  t.ok(behind.message > used.message);
  t.ok(behind.series + 1 > used.series, 'the next series has the number after this one');
  t.throws(() => numbersBehind(told, false, 0), { message: /^the clock says/ });
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
