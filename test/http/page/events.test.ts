import t from 'tap';
import type { ServerResponse } from 'node:http';
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
