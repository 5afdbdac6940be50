// The end of the service as a process, by SIGTERM, and of a series, by DELETE, with every way out: what was handed over
// reaches the consumer first, `series_end` too; what does not is named, in log and exit code; and it takes a bounded
// time in every phase.

import t from 'tap';
import type { Test } from 'tap';
import { Pull } from 'zeromq';
import { exitCode } from '../../src/base/errors.js';
import { parseConfig } from '../../src/config/load.js';
import { stopLimitMs } from '../../src/config/stop-limit.js';
import { simulate } from '../../simulators/simulate.js';
import { runProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { askAt, tell } from './scraped-truth.js';
import { generousMs, until, within } from './waiting.js';
import { ways } from './ways.js';
import type { Way } from './ways.js';

t.setTimeout(400_000);

interface Message {
  readonly htype: string;
  readonly msg_number: number;
}

/** A service in its own process, and what is done to it. */
class Site {
  readonly run: Awaited<ReturnType<typeof runProcess>>['run'];
  readonly #t: Test;
  readonly #endpoint: string;
  readonly #apiUrl: string;
  readonly #text: string;

  private constructor(t: Test, text: string, { run, endpoint, apiUrl }: Awaited<ReturnType<typeof runProcess>>) {
    this.#t = t;
    this.run = run;
    this.#endpoint = endpoint;
    this.#apiUrl = apiUrl;
    this.#text = text;
  }

  static async open(t: Test, { send }: Way, closingMs: number): Promise<Site> {
    const text = await configText(`${quadYaml}\nring_frames: 128\nsend: ${send}\nclosing_timeout_ms: ${closingMs}`);
    return new Site(t, text, await runProcess(t, text));
  }

  /** A consumer that is known to the service, and keeps nothing but what it has read. */
  async consumer(): Promise<Pull> {
    const socket = new Pull({ receiveHighWaterMark: 1, linger: 0 });
    this.#t.teardown(() => {
      if (!socket.closed) socket.close();
    });
    socket.connect(this.#endpoint);
    await until(async () => (await this.told()).status.consumers === 1, 'the consumer');
    return socket;
  }

  told() {
    return tell(askAt(this.#apiUrl));
  }

  http(method: 'POST' | 'DELETE', body?: unknown): Promise<Response> {
    const request =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return fetch(`${this.#apiUrl}/api/v1/series`, { method, signal: AbortSignal.timeout(4 * generousMs), ...request });
  }

  async arm(more: Record<string, unknown> = {}): Promise<void> {
    this.#t.equal((await this.http('POST', { first_frame_number: 1, ...more })).status, 201, 'armed');
  }

  /** So many frames from the detector, and as many images handed over, if there is somebody who takes them. */
  async frames(frames: number, taken = true): Promise<void> {
    const settings = parseConfig(this.#text, 'test.yaml', 'det').detector;
    await simulate({ settings, udpHost: '127.0.0.1', frames, rate: 60, signal: new AbortController().signal });
    if (taken)
      await until(async () => (await this.told()).status.series?.images_sent === frames, 'all images handed over');
  }

  /** SIGTERM; the exit code. */
  async terminate(): Promise<number | string | null> {
    this.run.child.kill('SIGTERM');
    const { closingTimeoutMs, drainMs } = parseConfig(this.#text, 'test.yaml', 'det');
    const { code, signal } = await within(this.run.ended, 'an end in time', stopLimitMs({ closingTimeoutMs, drainMs }));
    return signal ?? code;
  }
}

/** Read on, with a pause after each message, until the end of a series. */
async function read(socket: Pull, pauseMs: number): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const [json] of socket) {
    messages.push(JSON.parse(String(json)) as Message);
    if (messages.at(-1)?.htype === 'series_end') break;
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return messages;
}

/** One header, all images, one end, without a gap. */
function holdsSeries(t: Test, messages: readonly Message[], images: number): void {
  const kinds = ['header', ...Array.from({ length: images }, () => 'image'), 'series_end'];
  t.strictSame(
    messages.map(({ htype }) => htype),
    kinds,
  );
  t.ok(
    messages.every(({ msg_number: number }, index) => number === messages[0].msg_number + index),
    'without a gap',
  );
}

for (const way of ways) {
  const { send, skip, counts } = way;

  t.test(
    `${send}: SIGTERM waits for a consumer of 20 messages a second: it has 100 frames of 60 a second, series_end ` +
      'too; exit code 0',
    { skip },
    async (t) => {
      const site = await Site.open(t, way, 30_000);
      const consumer = await site.consumer();
      await site.arm();
      const reading = read(consumer, 50);
      await site.frames(100);
      t.equal(await site.terminate(), exitCode.ok);
      holdsSeries(t, await within(reading, 'the series_end'), 100);
      t.notOk(site.run.lines().some(({ event }) => event === 'undelivered'));
    },
  );

  t.test(`${send}: DELETE waits for such a consumer as well`, { skip }, async (t) => {
    const site = await Site.open(t, way, 30_000);
    const consumer = await site.consumer();
    await site.arm();
    const reading = read(consumer, 50);
    await site.frames(100);
    const { summary } = (await (await site.http('DELETE')).json()) as { summary: { undelivered?: unknown } };
    t.notOk(summary.undelivered);
    holdsSeries(t, await within(reading, 'the series_end'), 100);
    t.equal(await site.terminate(), exitCode.ok);
  });

  t.test(
    `${send}: a consumer that never reads: DELETE and SIGTERM say in time what it ` +
      `lacks${counts ? '' : ', as far as this way can'}`,
    { skip },
    async (t) => {
      const site = await Site.open(t, way, 1500);
      const consumer = await site.consumer();
      await site.arm();
      // A way without a queue of its own takes as many as the kernel does; the others wait in the ring, and are told as
      // unsent.
      await site.frames(60, false);
      await until(async () => ((await site.told()).status.series?.images_sent ?? 0) > 2, 'images handed over');
      const { summary } = (await (await site.http('DELETE')).json()) as {
        summary: { undelivered?: { messages: number; bytes: number } };
      };
      if (counts)
        t.ok(
          (summary.undelivered?.messages ?? 0) > 0 && (summary.undelivered?.bytes ?? 0) > 512 * 1024,
          JSON.stringify(summary.undelivered),
        );
      else t.notOk(summary.undelivered, 'nothing is made up');
      t.equal(await site.terminate(), counts ? exitCode.undelivered : exitCode.ok);
      const said = site.run.lines().filter(({ event }) => event === 'undelivered');
      if (counts)
        t.ok(
          said.some(({ undelivered }) => ((undelivered as { messages?: number } | undefined)?.messages ?? 0) > 0),
          `${JSON.stringify(said)}`,
        );
      consumer.close();
    },
  );

  t.test(
    `${send}: SIGTERM with a slow consumer and images in the ring ends the series in time, and tells it`,
    // The others have a queue of their own, which takes all of them.
    { skip: send === 'zmtp' ? skip : 'no image stays in the ring' },
    async (t) => {
      const site = await Site.open(t, way, 1500);
      const consumer = await site.consumer();
      await site.arm();
      void read(consumer, 200).catch(() => undefined);
      await site.frames(100, false);
      const code = await site.terminate();
      const ends = site.run.lines().flatMap(({ series }) => (typeof series === 'object' ? [series] : []));
      t.equal(ends.length, 1);
      t.match(ends, [{ aborted: 'closing_timeout', header_sent: true }]);
      const named = site.run.lines().some(({ event }) => event === 'undelivered');
      t.equal(code, named ? exitCode.undelivered : exitCode.ok);
      if (counts) t.ok(named, 'what the kernel holds takes longer than that');
      consumer.close();
    },
  );

  t.test(
    `${send}: SIGTERM in every phase of a series ends in time, with one series_end for each header`,
    { skip },
    async (t) => {
      const phases: readonly (readonly [string, (site: Site) => Promise<void>, number])[] = [
        [
          'while it arms',
          async (site) => {
            void site.http('POST', {}).catch(() => undefined);
            return Promise.resolve();
          },
          0,
        ],
        ['open, without a frame', (site) => site.arm(), 0],
        [
          'open, frames on their way',
          async (site) => {
            await site.arm();
            await site.frames(20);
          },
          20,
        ],
        [
          'while it is stopped',
          async (site) => {
            await site.arm();
            await site.frames(20);
            void site.http('DELETE').catch(() => undefined);
          },
          20,
        ],
      ];
      for (const [phase, begin, images] of phases) {
        const site = await Site.open(t, way, 10_000);
        const consumer = await site.consumer();
        const messages: Message[] = [];
        const reading = read(consumer, 0)
          .then((all) => messages.push(...all))
          .catch(() => undefined);
        await begin(site);
        t.equal(await site.terminate(), exitCode.ok, phase);
        // No header may have been sent yet: then nothing comes.
        await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 500))]);
        if (messages.length > 0 || phase !== 'while it arms') holdsSeries(t, messages, images);
        consumer.close();
      }
    },
  );

  t.test(
    `${send}: SIGTERM with a header that nobody took ends in time, and no series_end is owed`,
    { skip },
    async (t) => {
      const site = await Site.open(t, way, 1500);
      await site.arm({ force: true });
      await site.frames(10, false);
      t.equal(await site.terminate(), exitCode.ok);
    },
  );

  t.test(
    `${send}: SIGTERM while a series_end is owed: who comes gets it first; with nobody there the exit code says ` +
      'that it is lacking',
    { skip },
    async (t) => {
      for (const comes of [true, false]) {
        const site = await Site.open(t, way, comes ? 10_000 : 1500);
        const first = await site.consumer();
        await site.arm();
        const reading = (async () => {
          for await (const parts of first) if (String(parts[0]).includes('"htype":"image"')) break;
        })();
        await site.frames(10);
        await reading;
        first.close();
        await until(async () => (await site.told()).status.end_pending, 'an owed end');
        if (!comes) {
          t.equal(await site.terminate(), exitCode.undelivered);
          continue;
        }
        const second = await site.consumer();
        const ending = site.terminate();
        t.strictSame(
          (await within(read(second, 0), 'the owed series_end')).map(({ htype }) => htype),
          ['series_end'],
        );
        t.equal(await ending, exitCode.ok);
      }
    },
  );
}
