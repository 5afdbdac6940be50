// The process is killed in the middle of a series and started again, while the detector goes on sending and the
// consumer stays: what the consumer's ordering makes of it, with the old process's messages still in its cache.

import t from 'tap';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { OrderedReceive } from '../../simulators/consumer/ordered-receive.js';
import { simulate } from '../../simulators/simulate.js';
import { StreamChecker } from '../../simulators/consumer/stream-check.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { eachMessage } from './each-message.js';
import { freeTcpPort } from './free-ports.js';
import { runProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { askAt, scrapedProblems, tell } from './scraped-truth.js';
import { until } from './waiting.js';

/**
 * A consumer with the real one's ordering and without its luck: one message of the first series never arrives, so that
 * all later ones of that series wait in its cache for ever.
 */
class UnluckyConsumer {
  /** Messages in the order of arrival, the lost one left out. */
  readonly arrived: StreamMessage[] = [];
  /** What the ordering let through. */
  readonly delivered: StreamMessage[] = [];
  readonly ordered = new OrderedReceive<StreamMessage>();
  #images = 0;

  /** @param lost index of the image that gets lost */
  constructor(t: Test, endpoint: string, lost: number) {
    eachMessage(t, endpoint, (message) => {
      if (message.htype === 'image' && this.#images++ === lost) return;
      this.arrived.push(message);
      this.delivered.push(...this.ordered.push(message));
    });
  }

  images(messages: readonly StreamMessage[] = this.arrived): number {
    return messages.filter(({ htype }) => htype === 'image').length;
  }
}

const statusOf = async (apiUrl: string) =>
  (await (await fetch(`${apiUrl}/api/v1/series`)).json()) as { consumers: number; state: string };
const command = (method: 'POST' | 'DELETE', apiUrl: string, body?: object): Promise<Response> =>
  fetch(`${apiUrl}/api/v1/series`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });

/** Every message of a series that was joined while the detector sent: right by every rule, and by every pixel. */
function checkJoined(t: Test, messages: readonly StreamMessage[], settings: DetectorSettings): void {
  const checker = new StreamChecker({ verifier: new FrameVerifier(settings) });
  for (const message of messages) checker.accept(message);
  t.strictSame(checker.problems, [], 'nothing is wrong with it');
  t.match(checker.counts, { wrongPixels: 0, headers: 1, seriesEnds: 1 });
  const [first] = messages.filter(({ htype }) => htype === 'image');
  t.equal(first?.fields['frame'], 0);
  t.ok((first?.fields['frame_number'] as number) > 1, 'the detector was far beyond its first frame');
  if (first?.fields['complete'] === true) return t.comment('joined exactly between two frames');
  for (const ranges of Object.values(first?.fields['missing'] as Record<string, [number, number][]>))
    t.equal(ranges[0]?.[0], 0, 'of the frame that was joined half-way the first packets are missing, and it says so');
}

/**
 * What was lost while there was no service is nobody's: the ledger of the new process holds what its own frames lack.
 */
async function checkLedger(t: Test, apiUrl: string, delivered: readonly StreamMessage[]): Promise<void> {
  t.strictSame(await scrapedProblems(askAt(apiUrl), () => null), [], 'the metrics are what the new process counted');
  const { summaries } = await tell(askAt(apiUrl));
  t.equal(summaries.length, 1);
  const images = delivered.filter(({ htype }) => htype === 'image');
  const lacking = images.reduce((sum, { fields }) => sum + (fields['missing_packets'] as number), 0);
  t.equal(
    summaries[0]?.ledger.reduce((sum, { missing }) => sum + missing, 0),
    lacking,
    'missing is what its images lack, of which the frame that was joined half-way',
  );
  for (const { udp_port: port, expected, kernel_drops: drops, socket, ring, late, unexplained } of summaries[0]
    ?.ledger ?? []) {
    t.equal(expected, images.length * 64, `port ${port}: expected are the packets of the frames that were sent`);
    t.match(
      { socket, ring },
      { socket: drops, ring: 0 },
      `port ${port}: the kernel dropped ${drops}, ${late} came late, ${unexplained} never came`,
    );
  }
}

for (const series of ['armed', 'auto'] as const) {
  t.test(
    `killed in the middle of a series and started again (${series}): larger numbers, nothing of the old series in ` +
      'the new one',
    async (t) => {
      const text = await configText(
        `${quadYaml}\nseries: ${series}\nseries_idle_ms: 1000\ndata_port: ${await freeTcpPort()}`,
      );
      const settings = parseConfig(text, 'test.yaml', 'det').detector;
      const before = await runProcess(t, text);
      const consumer = new UnluckyConsumer(t, before.endpoint, 5);
      await until(async () => (await statusOf(before.apiUrl)).consumers === 1, "the consumer's connection");
      if (series === 'armed') await command('POST', before.apiUrl, { filename: '/data/old.h5' });
      else await until(async () => (await statusOf(before.apiUrl)).state === 'open', 'open receivers');

      const end = new AbortController();
      t.teardown(() => end.abort());
      const sending = simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 50, signal: end.signal });
      await until(() => consumer.images() >= 12, 'twelve images');
      before.run.child.kill('SIGKILL');
      t.equal(await before.run.code(), 'SIGKILL');
      const old = consumer.arrived.length;
      const lastOld = Math.max(...consumer.arrived.map(({ msgNumber }) => msgNumber));
      t.ok(
        consumer.ordered.cached >= 5,
        `${consumer.ordered.cached} messages of the old series are in the consumer's cache`,
      );
      t.equal(consumer.images(consumer.delivered), 5, 'and none behind the lost one was delivered');
      const deliveredBefore = consumer.delivered.length;

      const after = await runProcess(t, text);
      t.equal(after.endpoint, before.endpoint);
      await until(async () => (await statusOf(after.apiUrl)).consumers === 1, 'the consumer is back');
      if (series === 'armed') t.equal((await command('POST', after.apiUrl, { filename: '/data/new.h5' })).status, 201);
      await until(
        () => consumer.images(consumer.delivered.slice(deliveredBefore)) >= 10,
        'ten images of the new series',
      );
      if (series === 'armed') await command('DELETE', after.apiUrl);
      end.abort();
      await sending;
      await until(() => consumer.delivered.at(-1)?.htype === 'series_end', 'the end of the new series');

      const added = consumer.arrived.slice(old);
      t.ok(
        added.every(({ msgNumber }) => msgNumber > lastOld),
        `every number is larger than ${lastOld}`,
      );
      const delivered = consumer.delivered.slice(deliveredBefore);
      t.strictSame(
        delivered.map(({ msgNumber }) => msgNumber),
        added.map(({ msgNumber }) => msgNumber),
        'what was delivered is what the new process sent, all of it and nothing else',
      );
      t.equal(consumer.ordered.cached, 0, 'the cache was thrown away');
      t.match(delivered[0], { htype: 'header', fields: { filename: series === 'armed' ? '/data/new.h5' : '' } });
      checkJoined(t, delivered, settings);
      await checkLedger(t, after.apiUrl, delivered);
      after.run.child.kill('SIGTERM');
      t.equal(await after.run.code(), 0);
    },
  );
}
