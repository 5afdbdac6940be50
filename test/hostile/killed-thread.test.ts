// A thread that dies in the middle of a series, at a moment that nobody chose: `vdcu run` as a process of its own, one
// of its worker threads ended from outside. The process ends with the reason, and the consumer has seen nothing wrong.

import t from 'tap';
import { Random } from '../../src/base/random.js';
import { parseConfig } from '../../src/config/load.js';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { runProcess } from '../threads/process.js';
import { configText, quadYaml } from '../threads/running.js';
import { until, within } from '../threads/waiting.js';

/**
 * Ends the worker of this number, in the order of their start, on SIGWINCH, which the program leaves alone. Loaded
 * beside the program, which knows nothing of it. Node's own thread for hooks, where a runner of tests has some, is told
 * of as well: of a class of its own, and the process would end with code 1 and without a word.
 */
const preload = (victim: number): string =>
  'import { Worker } from "node:worker_threads"; const workers = []; process.on("worker", (worker) => ' +
  'worker.constructor === Worker && workers.push(worker)); process.once("SIGWINCH", () => ' +
  `workers[${victim}].terminate())`;

const seed = Date.now() % 1_000_000;
const random = new Random(seed);
const victims = [
  { number: 0, name: 'receiver 0' },
  { number: 1, name: 'receiver 1' },
  { number: 2, name: 'streamer' },
];

for (const { number, name } of victims) {
  const moment = random.integer(400);
  t.test(`${name} dies in a series: code 4, the reason, and no wrong pixel`, { timeout: 120_000 }, async (t) => {
    t.comment(`${moment} ms after the fifth image, seed ${seed}`);
    const text = await configText(`${quadYaml}\nreceiver_threads: 2`);
    const settings = parseConfig(text, 'test.yaml', 'det').detector;
    const { run, endpoint, apiUrl } = await runProcess(t, text, [
      '--import',
      `data:text/javascript,${encodeURIComponent(preload(number))}`,
    ]);
    const status = async (): Promise<{ consumers: number; series: { images_sent: number } | null }> =>
      (await (await fetch(`${apiUrl}/api/v1/series`)).json()) as never;
    const watching = new AbortController();
    const report = watchStream({ endpoint, verify: settings, signal: watching.signal });
    await until(async () => (await status()).consumers === 1, "the consumer's connection");
    t.equal(
      (
        await fetch(`${apiUrl}/api/v1/series`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
      201,
      'armed',
    );
    const end = new AbortController();
    const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 80, loss: '0.01', signal: end.signal });
    await until(async () => ((await status()).series?.images_sent ?? 0) >= 5, 'five images');
    await new Promise((resolve) => setTimeout(resolve, moment));
    run.child.kill('SIGWINCH');
    t.equal(await run.code(), 4);
    t.match(run.stderr, new RegExp(`${name}: the thread ended with code 1`));
    t.match(
      run.lines().find(({ event }) => event === 'failed'),
      { level: 'error', msg: new RegExp(name) },
    );
    end.abort();
    await sending;
    watching.abort();
    const {
      checker: { counts, problems },
    } = await within(report, "the consumer's end");
    t.match(counts, { headers: 1, wrongPixels: 0 });
    t.ok(counts.images >= 5 && counts.framesVerified === counts.images, `${counts.images} images, each verified`);
    t.strictSame(
      problems.map(({ rule }) => rule),
      ['connection'],
      'nothing but the end of the connection',
    );
  });
}
