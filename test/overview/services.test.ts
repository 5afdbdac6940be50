import t from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import { Services } from '../../src/overview/services.js';

const idle = { state: 'idle', message: 'idle: ready', problems: [], series: null, last_series: null };
const open = (images: number): object => ({
  ...idle,
  state: 'open',
  message: 'series 3 is open',
  problems: ['port 50001 loses packets'],
  series: {
    ...{ series_id: 3, filename: '/data/a.h5', frames: 100, images_sent: images, complete: 1, marked: 2, discarded: 1 },
  },
});

t.test(
  'each service is asked for its name once and for what it does each time; its rate is between two answers',
  async (t) => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    let images = 10;
    const ask = (url: string, path: string): Promise<unknown> => {
      asked.push(`${url}${path}`);
      return Promise.resolve(
        path === '/api/v1/config' ? { name: url.slice(-1) } : url === 'http://a' ? idle : open(images),
      );
    };
    const services = new Services(['http://a', 'http://b'], ask, clock);
    t.match(services.rows, [
      { url: 'http://a', name: null, silent: 'not asked yet', state: 'unknown' },
      { url: 'http://b', name: null },
    ]);
    await services.look();
    clock.advance(2000);
    images = 50;
    await services.look();
    t.equal(asked.filter((text) => text.endsWith('config')).length, 2);
    t.match(services.rows, [
      { url: 'http://a', name: 'a', silent: null, state: 'idle', series: null, frames_per_second: null },
      {
        name: 'b',
        state: 'open',
        problems: ['port 50001 loses packets'],
        series: { series_id: 3, open: true, frames: 100, images_sent: 50, incomplete: 3, aborted: null },
        frames_per_second: 20,
      },
    ]);
  },
);

t.test('a service that does not answer holds up no other, and says why; what it was called stays', async (t) => {
  const clock = new VirtualClock();
  let gone = false;
  let release = (): void => undefined;
  const ask = (url: string, path: string): Promise<unknown> => {
    if (path === '/api/v1/config') return Promise.resolve({ name: 'x' });
    if (!gone || url === 'http://a') return Promise.resolve(idle);
    return new Promise((_, reject) => (release = () => reject(new Error('nobody answers'))));
  };
  const services = new Services(['http://a', 'http://b'], ask, clock);
  await services.look();
  gone = true;
  const second = services.look();
  await Promise.resolve();
  await services.look();
  t.match(services.rows[1], { silent: null }, 'not asked twice at a time');
  release();
  await second;
  t.match(services.rows, [{ silent: null }, { name: 'x', silent: 'nobody answers', state: 'unknown' }]);
});

t.test('what answers, and is no service of ours, is said to be none', async (t) => {
  const services = new Services(['http://a'], () => Promise.resolve({}), new VirtualClock());
  await services.look();
  t.match(services.rows, [{ name: null, silent: /no service of Virtual DCU/ }]);
});

t.test('after a silence a service is asked for its name anew: another may run there', async (t) => {
  let name: string | null = 'a';
  const ask = (_: string, path: string): Promise<unknown> => {
    if (name === null) return Promise.reject(new Error('nobody answers'));
    return Promise.resolve(path === '/api/v1/config' ? { name } : idle);
  };
  const services = new Services(['http://a'], ask, new VirtualClock());
  await services.look();
  name = null;
  await services.look();
  t.match(services.rows, [{ name: 'a', silent: 'nobody answers' }]);
  name = 'b';
  await services.look();
  t.match(services.rows, [{ name: 'b', silent: null }]);
});

t.test(
  'a service that answers with another JSON later is none either, and the others are told as they are',
  async (t) => {
    let answer: unknown = idle;
    const ask = (url: string, path: string): Promise<unknown> =>
      Promise.resolve(path === '/api/v1/config' ? { name: 'x' } : url === 'http://a' ? answer : idle);
    const services = new Services(['http://a', 'http://b'], ask, new VirtualClock());
    await services.look();
    for (const other of [
      { series: null, last_series: null },
      null,
      { state: 'idle' },
      { state: 'new', problems: [] },
    ]) {
      answer = other;
      await services.look();
      t.match(services.rows, [{ silent: /no service of Virtual DCU/ }, { silent: null, state: 'idle' }]);
    }
    answer = idle;
    await services.look();
    t.match(services.rows, [{ silent: null, name: 'x' }]);
  },
);
