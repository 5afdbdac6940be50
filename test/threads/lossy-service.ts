// A service in a process of its own, for tests that lose packets on purpose: it can be stopped as a debugger would stop
// it, so that its socket buffers overflow by a number that is known, and its ledger is read wherever it is told. A
// checking consumer hangs behind it.

import { readdirSync, readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import type { PortLedger, SeriesSummary } from '../../src/contract/series.js';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { hostOfPort } from '../../src/config/udp-hosts.js';
import { simulate } from '../../simulators/simulate.js';
import type { SimulateOptions } from '../../simulators/simulate.js';
import { StreamChecker } from '../../simulators/consumer/stream-check.js';
import type { JsonObject } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import { seriesProblems } from '../soak/accounting.js';
import { eachMessage } from './each-message.js';
import { portCountsOf } from './metrics-text.js';
import type { PortCounts } from './metrics-text.js';
import { runProcess } from './process.js';
import type { Process } from './process.js';
import { configText } from './running.js';
import { askAt, scrapedProblems, sentTruth, tell } from './scraped-truth.js';
import type { Ask, SentTruth } from './scraped-truth.js';
import { until } from './waiting.js';

/** Long time-outs: what is late here was sent late. 64 packets for each of two port images. */
export const lossyYaml =
  'detector: eiger\nquad: true\nframe_rate_hz: 10\nframe_timeout_ms: 3000\nring_frames: 64\nseries: armed';

/** Counts by UDP port. */
export type ByPort = ReadonlyMap<number, number>;

/** What a ledger says of the missing packets of a port. */
export const causesOf = ({ expected, accepted, missing, late, ring, socket, cut_off, unexplained }: PortLedger) => ({
  expected,
  accepted,
  missing,
  late,
  ring,
  socket,
  cut_off,
  unexplained,
});

/** Everything a consumer learns, checked message by message. */
export class LedgerConsumer {
  readonly checker: StreamChecker;
  /** Part 0 of each series_end. */
  readonly ends: JsonObject[] = [];

  constructor(t: Test, endpoint: string, { detector }: ServiceConfig) {
    const checker = new StreamChecker({ verifier: new FrameVerifier(detector) });
    this.checker = checker;
    eachMessage(t, endpoint, (message) => {
      checker.accept(message);
      if (message.htype === 'series_end') this.ends.push(message.fields);
    });
  }
}

export class LossyService {
  readonly config: ServiceConfig;
  readonly run: Process;
  readonly ask: Ask;
  readonly #t: Test;
  /** Where the stream is offered. */
  readonly endpoint: string;
  readonly apiUrl: string;
  readonly #sent: SentTruth[] = [];
  #consumer: LedgerConsumer | null = null;

  private constructor(
    t: Test,
    config: ServiceConfig,
    { run, endpoint, apiUrl }: Awaited<ReturnType<typeof runProcess>>,
  ) {
    this.#t = t;
    this.config = config;
    this.run = run;
    this.endpoint = endpoint;
    this.apiUrl = apiUrl;
    this.ask = askAt(apiUrl);
  }

  static async start(t: Test, yaml = lossyYaml): Promise<LossyService> {
    const text = await configText(yaml);
    return new LossyService(t, parseConfig(text, 'test.yaml', 'det'), await runProcess(t, text));
  }

  get udpPorts(): readonly number[] {
    return this.config.detector.udpPorts;
  }

  get consumer(): LedgerConsumer {
    return this.#consumer as LedgerConsumer;
  }

  /** Connect the consumer, once. */
  async consume(): Promise<void> {
    this.#consumer = new LedgerConsumer(this.#t, this.endpoint, this.config);
    await until(async () => (await tell(this.ask)).status.consumers === 1, "the consumer's connection");
  }

  async arm(request: Record<string, unknown>): Promise<void> {
    const response = await fetch(`${this.apiUrl}/api/v1/series`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (response.status !== 201) throw new Error(`not armed: ${await response.text()}`);
  }

  /** Frames `first` to `last` of the detector. */
  async simulate(first: number, last: number, options: Partial<SimulateOptions> = {}): Promise<SentTruth> {
    const { detector: settings, udpHosts: udpHost } = this.config;
    const result = await simulate({
      settings,
      udpHost,
      firstFrame: first,
      frames: last - first + 1,
      rate: 40,
      signal: new AbortController().signal,
      ...options,
    });
    const truth = sentTruth(result.truth, result);
    this.#sent.push(truth);
    return truth;
  }

  /** `simulate`, and `taken`. */
  async sendAndTake(first: number, last: number, options: Partial<SimulateOptions> = {}): Promise<void> {
    await this.simulate(first, last, options);
    await this.taken();
  }

  /**
   * Do something while no thread of the service runs.
   * @returns datagrams that the kernel dropped meanwhile, as it counts them itself
   */
  async stopped(work: () => Promise<unknown>): Promise<ByPort> {
    const { child } = this.run;
    child.kill('SIGSTOP');
    await until(
      () =>
        readdirSync(`/proc/${child.pid}/task`).every((task) =>
          / [Tt] /.test(readFileSync(`/proc/${child.pid}/task/${task}/stat`, 'latin1').replace(/^.*\)/s, '')),
        ),
      'all threads stopped',
    );
    try {
      return await this.dropsDuring(work);
    } finally {
      child.kill('SIGCONT');
    }
  }

  /** @returns datagrams that the kernel dropped meanwhile: on a busy machine some more than a test is after */
  async dropsDuring(work: () => Promise<unknown>): Promise<ByPort> {
    const before = this.kernelDrops();
    await work();
    const after = this.kernelDrops();
    return new Map(this.udpPorts.map((port) => [port, (after.get(port) as number) - (before.get(port) as number)]));
  }

  /** What the kernel says, not the service. */
  kernelDrops(): ByPort {
    return new Map(
      this.udpPorts.map((port) => [port, readUdpSocket(hostOfPort(this.config, port), port)?.drops ?? Number.NaN]),
    );
  }

  async counts(udpPort: number): Promise<PortCounts> {
    return portCountsOf((await tell(this.ask)).metrics, udpPort);
  }

  /** Wait until the service has read everything that was sent and not dropped. */
  async taken(): Promise<void> {
    await until(async () => {
      const { metrics } = await tell(this.ask);
      const drops = this.kernelDrops();
      return this.udpPorts.every(
        (port) => portCountsOf(metrics, port).received + (drops.get(port) as number) === this.sentOn(port),
      );
    }, 'everything in the sockets read');
  }

  /** Datagrams sent so far. */
  sentOn(udpPort: number): number {
    return this.#sent.reduce((sum, { ports }) => sum + (ports[udpPort]?.packets_sent ?? 0), 0);
  }

  /**
   * Wait for the end of series number `count`: its summary, once the ledgers of HTTP, of series_end and of the metrics
   * are the same, all metrics are what the simulators did, and the consumer found nothing wrong.
   */
  async ended(count: number): Promise<SeriesSummary> {
    const t = this.#t;
    await until(
      async () => (await tell(this.ask)).summaries.length >= count,
      `the end of series number ${count}`,
      40_000,
    );
    await until(() => this.consumer.ends.length >= count, `series_end number ${count}`);
    const { status, summaries } = await tell(this.ask);
    const summary = summaries[count - 1];
    t.strictSame(status.last_series, summary, 'the state tells the last series');
    t.strictSame(
      this.consumer.ends[count - 1]?.['ledger'],
      Object.fromEntries(summary.ledger.map(({ udp_port: port, ...ledger }) => [port, ledger])),
      'series_end has the same ledger',
    );
    t.strictSame(await scrapedProblems(this.ask, () => this.#sent), [], 'the metrics are what the simulators did');
    t.strictSame(this.consumer.checker.problems, [], 'the consumer found nothing wrong');
    t.equal(this.consumer.checker.counts.wrongPixels, 0);
    t.strictSame(seriesProblems(summary), [], 'its sums are right');
    t.notOk(
      summary.ledger.some(({ socket, unexplained }) => socket === null || unexplained === null),
      'the kernel could be asked',
    );
    return summary;
  }

  /** Stop it as an operator would. */
  async end(): Promise<void> {
    this.run.child.kill('SIGTERM');
    this.#t.equal(await this.run.code(), 0);
  }

  /** End the series. */
  async stop(): Promise<void> {
    await fetch(`${this.apiUrl}/api/v1/series`, { method: 'DELETE' });
  }
}
