import t from 'tap';
import { IdleTime } from '../../../src/stream/series/idle-time.js';

t.test('at any usual rate a silence is series_idle_ms long', (t) => {
  const idle = new IdleTime(2000);
  t.equal(idle.ms, 2000);
  idle.begin(1, 1000);
  for (let frame = 2; frame < 50; frame++) idle.observe(frame, 1000 + frame * 10);
  t.equal(idle.ms, 2000);
  t.end();
});

t.test('frames that come slowly make it three periods, whatever their numbers skip', (t) => {
  const idle = new IdleTime(2000);
  idle.begin(1, 1000);
  for (let frame = 2; frame < 6; frame++) idle.observe(frame, frame * 1500);
  idle.observe(8, 12_000);
  t.equal(idle.ms, 4500);
  t.end();
});

t.test('a single frame gives its period to the next series; a longer series does not', (t) => {
  const idle = new IdleTime(2000);
  idle.begin(1, 1000);
  t.equal(idle.fellApart, null);
  idle.begin(2, 3050);
  t.strictSame(idle.fellApart, { periodMs: 2050, waits: true });
  t.equal(idle.ms, 6150);
  idle.observe(3, 5100);
  idle.begin(4, 12_000);
  t.equal(idle.fellApart, null, 'the pause between two acquisitions');
  t.equal(idle.ms, 6150);
  t.end();
});

t.test('a period that is far longer than series_idle_ms changes nothing, and a silence has a limit', (t) => {
  const idle = new IdleTime(100);
  idle.begin(1, 0);
  idle.begin(2, 5000);
  t.equal(idle.ms, 100);
  for (let frame = 3; frame < 20; frame++) idle.observe(frame, 5000 + frame * 900);
  t.equal(idle.ms, 1000);
  t.end();
});

t.test('a jump that ends a series of a single frame is no period: nothing was waited for', (t) => {
  const idle = new IdleTime(1000);
  idle.begin(1, 0);
  idle.begin(10_001, 250);
  t.equal(idle.fellApart, null);
  t.equal(idle.ms, 1000);
  idle.begin(10_002, 1300);
  t.strictSame(idle.fellApart, { periodMs: 1050, waits: true }, 'a silence');
  t.end();
});

t.test('numbers that begin anew are no period', (t) => {
  const idle = new IdleTime(1000);
  idle.begin(5, 0);
  idle.begin(1, 1100);
  t.equal(idle.fellApart, null);
  t.equal(idle.ms, 1000);
  t.end();
});

t.test(
  'single frames that come too slowly for any wait are told when their pauses are alike, from the third on',
  (t) => {
    const idle = new IdleTime(2000);
    idle.begin(1, 0);
    idle.begin(2, 10_000);
    t.equal(idle.fellApart, null, 'one pause is that between two exposures');
    idle.begin(3, 20_200);
    t.strictSame(idle.fellApart, { periodMs: 10_200, waits: false });
    t.equal(idle.ms, 2000, 'nothing waits longer');
    idle.begin(4, 60_000);
    t.equal(idle.fellApart, null, 'exposures by hand are not regular');
    idle.begin(5, 100_000);
    idle.observe(6, 100_100);
    idle.begin(7, 140_000);
    t.equal(idle.fellApart, null, 'a series of two frames is none of a single one');
    t.end();
  },
);
