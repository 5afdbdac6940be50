// A consumer's machine dies, and says nothing: it is given up within the time that is configured, in a series and
// between two, and who comes after it gets everything. One that only does not read is kept. In network namespaces, with
// the service as a process.

import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import type { Got } from './consumer-process.js';
import { ConsumerHosts } from './consumer-hosts.js';
import { httpAt } from './http-at.js';
import { runProcess, startProcess, vdcuProcess } from './process.js';
import type { Process } from './process.js';
import { quadYaml } from './running.js';
import { tell } from './scraped-truth.js';
import type { Ask } from './scraped-truth.js';
import { until } from './waiting.js';
import { ways } from './ways.js';
import type { Way } from './ways.js';

const timeoutMs = 2000;
/**
 * Beyond the configured time: how often the way out looks, how long it waits before it asks a silent machine, a busy
 * machine here.
 */
const marginMs = 10_000;
/**
 * A closed window is probed this seldom at most (Linux 6.15 and later), so long it may be dead before that can show.
 */
const closedWindowMs = 5000;
const consumerMain = fileURLToPath(new URL('./consumer-process.js', import.meta.url));

t.setTimeout(400_000);
// They wait most of the time, each between machines of its own.
t.jobs = 3;

/** A service on a machine of its own, and two for consumers. */
class Site {
  readonly #t: Test;
  readonly hosts: ConsumerHosts;
  readonly run: Process;
  readonly ask: Ask;
  readonly #port: string;
  readonly #http: ReturnType<typeof httpAt>;
  readonly #file: string;

  private constructor(
    t: Test,
    hosts: ConsumerHosts,
    { run, endpoint, apiUrl, file }: Awaited<ReturnType<typeof runProcess>>,
  ) {
    this.#t = t;
    this.hosts = hosts;
    this.run = run;
    this.#port = (/\d+$/.exec(endpoint) as RegExpExecArray)[0];
    this.#file = file;
    const http = httpAt(t, hosts.atService, apiUrl);
    this.ask = async (path) => (await http('GET', path)).text;
    this.#http = http;
  }

  static async open(t: Test, { send }: Way, more = ''): Promise<Site | null> {
    const hosts = await ConsumerHosts.setUp(t, 2);
    if (typeof hosts === 'string') {
      t.pass(`not tried: ${hosts}`, { skip: hosts });
      return null;
    }
    const keys =
      `${quadYaml}\nsend: ${send}\nconsumer_timeout_ms: ${timeoutMs}\nudp_ports: [50001, 50002]\ndata_host: ` +
      `0.0.0.0\ndata_port: 0\napi_port: 0${more}`;
    return new Site(
      t,
      hosts,
      await runProcess(
        t,
        `det:\n${keys
          .split('\n')
          .map((key) => `  ${key}\n`)
          .join('')}`,
        [],
        hosts.atService,
      ),
    );
  }

  consumer(host: number, ...words: readonly 'busy'[]): Process {
    return startProcess(
      this.#t,
      [
        ...this.hosts.atConsumer(host),
        process.execPath,
        consumerMain,
        `tcp://${this.hosts.serviceAddress(host)}:${this.#port}`,
        this.#file,
        'det',
        ...words,
      ],
      'pipe',
    );
  }

  async arm(frames: number, first: number): Promise<void> {
    this.#t.match(
      await this.#http('POST', '/api/v1/series', { frames, first_frame_number: first }),
      { status: 201 },
      'armed',
    );
  }

  detector(frames: number, first: number, rate: number): Process {
    return vdcuProcess(
      this.#t,
      [
        'simulate',
        this.#file,
        'det',
        '--frames',
        String(frames),
        '--first-frame',
        String(first),
        '--rate',
        String(rate),
      ],
      [],
      this.hosts.atService,
    );
  }

  async consumers(count: number, limitMs?: number): Promise<void> {
    await until(async () => (await tell(this.ask)).status.consumers === count, `${count} consumers`, limitMs);
  }

  async ended(series: number, limitMs?: number) {
    await until(async () => (await tell(this.ask)).summaries.length === series, `the end of series ${series}`, limitMs);
    return (await tell(this.ask)).summaries.at(-1);
  }

  /** Series number `series`, of five frames: the consumer gets all of it. */
  async wholeSeries(consumer: Process, series: number, first: number): Promise<void> {
    await this.arm(5, first);
    this.#t.equal(await this.detector(5, first, 20).code(), 0);
    const summary = await this.ended(series);
    this.#t.match(summary, { frames: 5, complete: 5 });
    this.#t.notOk(summary?.aborted);
    await until(() => whole(consumer), 'the consumer has the whole series');
    this.#t.ok(whole(consumer, ['header', ...images(5), 'series_end']), JSON.stringify(got(consumer)));
  }
}

const images = (count: number): string[] => Array.from({ length: count }, () => 'image');
const got = (consumer: Process): Got[] => consumer.lines() as unknown as Got[];

/**
 * Did this come, from the last header on: in order, without a gap, every pixel right? Asked without kinds: is it there
 * up to the end?
 */
function whole(consumer: Process, kinds?: readonly string[]): boolean {
  const all = got(consumer);
  const series = all.slice(all.findLastIndex(({ htype }) => htype === 'header'));
  if (kinds === undefined) return series[0]?.htype === 'header' && series.at(-1)?.htype === 'series_end';
  return (
    series.map(({ htype }) => htype).join() === kinds.join() &&
    series.every(({ number, problems }, index) => number === series[0].number + index && problems?.length === 0)
  );
}

for (const way of ways) {
  const { send, skip, patience, refuses } = way;
  const limitMs = patience * timeoutMs + marginMs;

  t.test(
    `${send}: a machine that dies in a series ends it as consumer_lost, and the next consumer, on another machine, ` +
      'gets all of the next series',
    { skip },
    async (t) => {
      const site = await Site.open(t, way);
      if (site === null) return;
      const first = site.consumer(0);
      await site.consumers(1);
      await site.arm(0, 1);
      site.detector(0, 1, 20);
      await until(() => got(first).length > 5, 'images');
      await site.hosts.die(0, 'silent');
      const died = performance.now();
      first.child.kill('SIGKILL');
      const second = site.consumer(1);
      t.match(await site.ended(1, limitMs), { aborted: 'consumer_lost' });
      t.comment(`noticed after ${Math.round(performance.now() - died)} ms`);
      await site.consumers(1, limitMs);
      await until(async () => !(await tell(site.ask)).status.end_pending, 'the end that was owed');
      if (refuses) await until(() => got(second).length > 0, 'the first message');
      if (refuses)
        t.match(
          got(second),
          [{ htype: 'series_end', aborted: 'consumer_lost' }],
          'of the first series it got the end alone',
        );
      await site.wholeSeries(second, 2, 100_001);
    },
  );

  t.test(
    `${send}: a machine that dies between two series is noticed, and the next consumer gets all of the next series`,
    { skip },
    async (t) => {
      const site = await Site.open(t, way);
      if (site === null) return;
      const first = site.consumer(0);
      await site.consumers(1);
      await site.wholeSeries(first, 1, 1);
      await site.hosts.die(0, 'unplugged');
      const died = performance.now();
      first.child.kill('SIGKILL');
      await site.consumers(0, limitMs);
      t.comment(`noticed after ${Math.round(performance.now() - died)} ms`);
      const second = site.consumer(1);
      await site.consumers(1);
      await site.wholeSeries(second, 2, 101);
    },
  );

  t.test(`${send}: a machine that dies while its program reads nothing is noticed too`, { skip }, async (t) => {
    const site = await Site.open(t, way, '\nring_frames: 256');
    if (site === null) return;
    const consumer = site.consumer(0);
    await site.consumers(1);
    await site.arm(0, 1);
    await until(() => got(consumer).length > 0, 'the header');
    consumer.child.kill('SIGSTOP');
    site.detector(0, 1, 20);
    // What goes into the buffers of its machine is acknowledged; then its window is closed.
    await sleep(2 * timeoutMs);
    await site.hosts.die(0, 'silent');
    const died = performance.now();
    t.match(await site.ended(1, limitMs + closedWindowMs), { aborted: 'consumer_lost' });
    t.comment(`noticed after ${Math.round(performance.now() - died)} ms`);
  });

  for (const how of ['its program reads nothing', 'its process is stopped'] as const) {
    t.test(
      `${send}: a consumer is kept, and gets everything, while ${how} for longer than consumer_timeout_ms`,
      { skip },
      async (t) => {
        const site = await Site.open(t, way, '\nring_frames: 256');
        if (site === null) return;
        const frames = 120;
        const stopped = how === 'its process is stopped';
        const consumer = stopped ? site.consumer(0) : site.consumer(0, 'busy');
        await site.consumers(1);
        await site.arm(frames, 1);
        await until(() => got(consumer).length > 0, 'the header');
        if (stopped) consumer.child.kill('SIGSTOP');
        t.equal(await site.detector(frames, 1, 40).code(), 0);
        await sleep(3.5 * timeoutMs);
        t.ok(got(consumer).length < frames / 2, 'it has not read them meanwhile');
        if (stopped) consumer.child.kill('SIGCONT');
        else consumer.child.stdin?.write('\n');
        await until(() => whole(consumer), 'the whole series', 60_000);
        const summary = await site.ended(1);
        t.match(summary, { frames, complete: frames });
        t.notOk(summary?.aborted);
        t.ok(whole(consumer, ['header', ...images(frames), 'series_end']), 'in order, to the pixel');
      },
    );
  }
}
