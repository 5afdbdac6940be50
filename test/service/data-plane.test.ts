import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makeLogger } from '../../src/runtime/log.js';
import type { ThreadInfo } from '../../src/service/this-thread.js';
import type { DataPlaneDeps, planDataPlane, startDataPlane } from '../../src/service/data-plane.js';
import { configText, quadYaml } from '../threads/running.js';
import { within } from '../threads/waiting.js';

/** As built: tap would look beside this file's source. */
const built = (name: string): string => fileURLToPath(new URL(`../../src/service/${name}.js`, import.meta.url));
const info: ThreadInfo = { sources: [], endpoint: '', sendBuffer: null, backend: 'none', notes: [] };

t.test('a thread that was ready and fails while others are not ends the start with its reason', async (t) => {
  const stopped: string[] = [];
  /** The first receiver is ready at once and fails soon; the streamer is never ready. */
  class Thread {
    readonly ready: Promise<ThreadInfo>;
    readonly #name: string;

    constructor(name: string, _task: unknown, _onEvent: unknown, onFailed: (error: Error) => void) {
      this.#name = name;
      this.ready = name === 'streamer' ? new Promise(() => undefined) : Promise.resolve(info);
      if (name === 'receiver 0') setTimeout(() => onFailed(new Error('receiver 0: no memory')), 20);
    }

    stop(): Promise<boolean> {
      stopped.push(this.#name);
      return Promise.resolve(true);
    }
  }
  const mocked = await t.mockImport<{ startDataPlane: typeof startDataPlane; planDataPlane: typeof planDataPlane }>(
    built('data-plane'),
    { [built('service-thread')]: { ServiceThread: Thread, closeLimitMs: 3000 } },
  );
  const config = parseConfig(await configText(quadYaml), 'test.yaml', 'det');
  const failures: Error[] = [];
  const deps = {
    planned: await mocked.planDataPlane(config, null),
    logger: makeLogger('error', 'det', { write: () => undefined }),
    firstMessageNumber: 1,
    seriesBefore: 0,
    onFailed: (error: Error) => void failures.push(error),
  };
  await t.rejects(within(mocked.startDataPlane(deps as unknown as DataPlaneDeps), 'the start', 5000), {
    message: 'receiver 0: no memory',
  });
  t.strictSame(failures, [], 'who starts it hears of it once');
  t.ok(stopped.includes('streamer') && stopped.includes('receiver 0'));
});
