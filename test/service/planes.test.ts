import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makeLogger } from '../../src/runtime/log.js';
import type { StoppedPlane } from '../../src/service/data-plane.js';
import type { Planes, PlanesDeps } from '../../src/service/planes.js';
import { configText, quadYaml } from '../threads/running.js';

/** As built: tap would look beside this file's source. */
const built = (name: string): string => fileURLToPath(new URL(`../../src/service/${name}.js`, import.meta.url));

/** The data planes of a service, each of which ends so. */
async function planesThat(t: Test, ended: StoppedPlane) {
  // The pauses of the program do not keep a process alive.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  let started = 0;
  const plane = (config: unknown) => ({
    config,
    plan: { detector: { shape: [514, 514] } },
    dataEndpoint: 'tcp://127.0.0.1:9999',
    view: { calm: () => true, totals: () => ({}), numbers: { message: 100, series: 4 }, status: () => ({}) },
    flightRecorder: { start: () => undefined, close: () => Promise.resolve() },
    drain: () => Promise.resolve(),
    stop: () => Promise.resolve(ended),
    close: () => undefined,
  });
  const mocked = await t.mockImport<{ Planes: new (deps: PlanesDeps) => Planes }>(built('planes'), {
    [built('data-plane')]: {
      planDataPlane: () => Promise.resolve({}),
      startDataPlane: () => {
        started++;
        return Promise.resolve(plane(config));
      },
    },
  });
  const config = parseConfig(await configText(quadYaml), 'test.yaml', 'det');
  const failures: Error[] = [];
  const view = { status: () => ({ consumers: 0 }), keep: () => undefined, adopt: () => undefined };
  const planes = new mocked.Planes({
    view,
    logger: makeLogger('error', 'det', { write: () => undefined }),
    firstMessageNumber: 1,
    seriesBefore: 0,
    onFailed: (error: Error) => void failures.push(error),
  } as unknown as PlanesDeps);
  await planes.replace(config);
  return { planes, config, failures, started: () => started };
}

t.test('a data plane that has ended gives its place to the next', async (t) => {
  const { planes, config, failures, started } = await planesThat(t, { inOrder: true, freed: true });
  await planes.replace(config);
  t.equal(started(), 2);
  t.strictSame(failures, []);
});

t.test(
  'where a thread was cut off no other is started: its sockets cannot be had, and the service fails',
  async (t) => {
    for (const inOrder of [true, false]) {
      const { planes, config, failures, started } = await planesThat(t, { inOrder, freed: false });
      await t.rejects(planes.replace(config), /did not end in time, and its sockets stay bound/);
      t.equal(started(), 1);
      t.match(failures, [{ message: /sockets stay bound/ }]);
    }
  },
);
