import t from 'tap';
import type { ServerResponse } from 'node:http';
import { setTimeout as pass } from 'node:timers/promises';
import { VirtualClock } from '../../../src/base/clock.js';
import { PageEvents } from '../../../src/http/page/events.js';

/** A connection that takes what is written only when told. */
class Connection {
  written: string[] = [];
  writableLength = 0;
  destroyed = false;
  ended = false;
  readonly #closed: (() => void)[] = [];
  write(text: string): boolean {
    this.written.push(text);
    this.writableLength = text.length;
    return false;
  }
  on(name: string, listener: () => void): this {
    if (name === 'close') this.#closed.push(listener);
    return this;
  }
  destroy(): void {
    this.destroyed = true;
    for (const listener of this.#closed) listener();
  }
  end(): void {
    this.ended = true;
  }
}

t.test('a viewer that does not take its events gets none, and is cut off in the end; others are not held up', (t) => {
  const clock = new VirtualClock();
  const about = {};
  const events = new PageEvents({
    clock,
    about: () => about,
    recent: { samples: [] },
    state: () => ({ state: 'idle' }),
    frame: () => ({ count: 0, age_ms: null }),
  });
  const [slow, fast] = [new Connection(), new Connection()];
  for (const connection of [slow, fast]) events.add(connection as unknown as ServerResponse);
  const sample = {
    frames_per_second: 1,
    packets_per_second: 1,
    unarmed_per_second: 0,
    outside_per_second: 0,
    placed_per_second: 1,
    in_gbit_per_second: 1,
    out_gbit_per_second: 1,
    missing: [],
  };
  for (let second = 0; second < 20; second++) {
    fast.writableLength = 0;
    clock.advance(1000);
    events.tell(sample);
  }
  t.equal(slow.written.length, 1, 'the first only');
  t.ok(slow.destroyed);
  t.equal(fast.written.length, 21);
  t.notOk(fast.destroyed);
  events.close();
  t.ok(fast.ended);
  t.end();
});

t.test('every viewer hears of another data plane, also one that was busy, or there before another came', async (t) => {
  let about = { shape: [0, 0] };
  const events = new PageEvents({
    clock: new VirtualClock(),
    about: () => about,
    recent: { samples: [] },
    state: () => ({ state: 'idle' }),
    frame: () => ({ count: 0, age_ms: null }),
  });
  t.teardown(() => events.close());
  const [ready, busy, later] = [new Connection(), new Connection(), new Connection()];
  for (const connection of [ready, busy]) events.add(connection as unknown as ServerResponse);
  ready.writableLength = 0;
  about = { shape: [514, 514] };
  events.add(later as unknown as ServerResponse);
  const shapes = ({ written }: Connection): unknown[] =>
    written.flatMap((text) => [...text.matchAll(/event: about\ndata: (.*)/g)].map(([, json = '']) => JSON.parse(json)));
  const until = async (connection: Connection, count: number): Promise<void> => {
    for (let waited = 0; shapes(connection).length < count && waited < 100; waited++) await pass(20);
  };
  await until(ready, 2);
  t.strictSame(shapes(ready), [{ shape: [0, 0] }, { shape: [514, 514] }]);
  t.strictSame(shapes(busy), [{ shape: [0, 0] }], 'it has not taken its last event');
  busy.writableLength = 0;
  await until(busy, 2);
  t.strictSame(shapes(busy), [{ shape: [0, 0] }, { shape: [514, 514] }]);
  t.strictSame(shapes(later), [{ shape: [514, 514] }]);
});
