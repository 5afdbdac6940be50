// A whole running service for tests: real threads, sockets and zmq on free ports of loopback, with a simulated detector
// before it and checking consumers behind it. `accounts` compares all three; at the end of each test the scraped
// metrics are compared with all that the simulator did (scraped-truth.ts).

import type { Test } from 'tap';
import { OperatorError } from '../../src/base/errors.js';
import { parseConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { makeLogger } from '../../src/runtime/log.js';
import type { ServiceStatus } from '../../src/view/service-view.js';
import { packetClasses } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';
import { startService } from '../../src/service/service.js';
import type { RunningService } from '../../src/service/service.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import { simulate } from '../../simulators/simulate.js';
import type { SimulateResult } from '../../simulators/sent.js';
import type { SimulateOptions } from '../../simulators/simulate.js';
import type { GroundTruth } from '../../simulators/detector/truth.js';
import { watchStream } from '../../simulators/watch.js';
import type { WatchOptions, WatchReport } from '../../simulators/watch.js';
import { freeUdpPorts } from './free-ports.js';
import { intactClasses } from '../soak/accounting.js';
import { askAt, scrapedProblems, sentTruth } from './scraped-truth.js';
import type { SentTruth } from './scraped-truth.js';
import { generousMs, until, within } from './waiting.js';

/** Keys of the configuration as YAML, one a line; ports are added. */
export const quadYaml = 'detector: eiger\nquad: true\nframe_rate_hz: 100\nseries: armed';

/**
 * The configuration of detector `det` with free ports, unless `yaml` names some. Of a key that comes twice the last
 * counts; `default` leaves it out.
 */
export async function configText(yaml: string, host = '127.0.0.1', ports = 2): Promise<string> {
  const keys = new Map<string, string>();
  for (const line of yaml.trim().split('\n')) {
    const [, key, value] = /^\s*(\w+):\s*(.*)$/.exec(line) as unknown as [string, string, string];
    keys.set(key, value);
  }
  const defaults = {
    udp_host: `"${host}"`,
    data_host: `"${host}"`,
    api_host: `"${host}"`,
    data_port: '0',
    api_port: '0',
    // Two threads that receive are the harder case; by-load.test.ts has what users get.
    receiver_threads: '2',
  };
  for (const [key, value] of Object.entries(defaults)) if (!keys.has(key)) keys.set(key, value);
  for (const [key, value] of keys) if (value === 'default') keys.delete(key);
  if (!keys.has('udp_ports')) keys.set('udp_ports', `[${(await freeUdpPorts(ports, host)).join(', ')}]`);
  return `det:\n${[...keys].map(([key, value]) => `  ${key}: ${value}\n`).join('')}`;
}

/** A consumer at work. */
export interface Consumer {
  /** Its report, once it has seen the series it was to see or was told to stop. */
  readonly report: Promise<WatchReport>;
  /** The connection ends, as when the process dies. */
  vanish(): Promise<WatchReport>;
}

/** What HTTP answered. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export class Running {
  readonly service: RunningService;
  readonly config: ServiceConfig;
  /** Lines of the log, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Runs of the detector, with their result once they are over. */
  readonly #runs: { truth: GroundTruth | null; result?: SimulateResult }[] = [];
  /** Number of the last series of earlier processes (history_dir). */
  readonly #seriesBefore: number;
  #ended = false;

  constructor(service: RunningService, config: ServiceConfig, log: readonly Record<string, unknown>[]) {
    this.service = service;
    this.config = config;
    this.log = log;
    this.#seriesBefore = service.view.history()[0]?.series_id ?? 0;
  }

  /**
   * Connect a consumer and wait until the service knows it, or until it has got all it wanted and went: what waits for
   * it may be read between two looks.
   */
  async consume(options: Partial<WatchOptions> = {}): Promise<Consumer> {
    const before = this.status().consumers;
    const controller = new AbortController();
    const report = watchStream({
      endpoint: this.service.dataEndpoint,
      verify: this.config.detector,
      signal: controller.signal,
      ...options,
    });
    let over = false;
    const end = (): void => void (over = true);
    report.then(end, end);
    await until(() => over || this.status().consumers > before, "the consumer's connection");
    return {
      report: within(report, `the consumer's end (${options.series ?? 'no'} series)`, 2 * generousMs),
      vanish: () => {
        controller.abort();
        return within(report, 'the end of a consumer that was stopped');
      },
    };
  }

  /** The detector's packets; resolves when all were sent. */
  async simulate(options: Partial<SimulateOptions> = {}): Promise<SimulateResult> {
    const run: { truth: GroundTruth | null; result?: SimulateResult } = { truth: null };
    this.#runs.push(run);
    run.result = await simulate({
      settings: this.config.detector,
      udpHost: this.config.udpHosts,
      frames: 40,
      rate: 80,
      signal: new AbortController().signal,
      ...options,
      onStart: async (truth) => {
        run.truth = truth;
        await options.onStart?.(truth);
      },
    });
    return run.result;
  }

  /** Somebody else than the simulator sends: nobody counts what. */
  othersSend(): void {
    this.#runs.push({ truth: null });
  }

  async http(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const response = await this.fetch(method, path, body);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  fetch(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.service.apiUrl}${path}`, {
      method,
      signal: AbortSignal.timeout(generousMs),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  }

  arm(request: Record<string, unknown> = {}): Promise<Answer> {
    return this.http('POST', '/api/v1/series', request);
  }

  /** End the series by HTTP; its summary. */
  async end(): Promise<SeriesSummary | null> {
    const { body } = await this.http('DELETE', '/api/v1/series');
    return body['summary'] as SeriesSummary | null;
  }

  status(): ServiceStatus {
    return this.service.view.status();
  }

  /** Wait until `count` series have ended since the start; the newest summary. */
  async ended(count: number): Promise<SeriesSummary> {
    await until(() => this.service.view.history().length >= count, `the end of series number ${count}`, 2 * generousMs);
    return this.service.view.history()[0];
  }

  /** Compare the metrics with the simulator's truth, then stop. @throws Error when they differ */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const problems = await this.#scrapedProblems();
    await within(this.service.stop('the test is over'), 'the end of the service', 2 * generousMs);
    if (problems.length > 0)
      throw new Error(`the scraped metrics are not what the simulator did: ${problems.join('; ')}`);
  }

  /** A run that goes on has no truth yet. */
  #scrapedProblems(): Promise<string[]> {
    const sent = (): SentTruth[] | null =>
      this.#runs.every(({ result }) => result !== undefined)
        ? this.#runs.map(({ truth, result }) => sentTruth(truth as GroundTruth, result))
        : null;
    return scrapedProblems(askAt(this.service.apiUrl), sent, this.#seriesBefore);
  }
}

/** Start a service with these keys; it is stopped at the end of the test. */
export async function start(t: Test, yaml = quadYaml, host = '127.0.0.1', ports = 2): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const config = parseConfig(await configText(yaml, host, ports), 'test.yaml', 'det');
    const log: Record<string, unknown>[] = [];
    const logger = makeLogger('debug', config.name, {
      write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>),
    });
    try {
      const running = new Running(await startService(config, { logger }), config, log);
      t.teardown(() => running.stop());
      return running;
    } catch (error) {
      // A port that was free may have been taken since, by whatever else runs on this machine.
      if (
        attempt === 3 ||
        yaml.includes('udp_ports') ||
        !(error instanceof OperatorError && error.message.includes('taken'))
      )
        throw error;
    }
  }
}

/** What one run of the detector became, seen by the detector, the service and the consumer. */
export interface RunOutcome {
  readonly truth: GroundTruth;
  readonly summary: SeriesSummary;
  /** Counters of the service before and after the run. */
  readonly before: Counts;
  readonly after: Counts;
  /** What the consumer got of this series alone. */
  readonly report?: WatchReport;
}

type Counts = readonly { readonly udpPort: number; readonly counters: Readonly<Record<PortCounter, number>> }[];

/**
 * The detector's truth, the service's counters and the consumer's pixels agree: exactly, except that the kernel may
 * have dropped datagrams, of any kind; where it says how many, these too are accounted for.
 * @returns true when the kernel dropped none
 */
export function accounts(t: Test, { truth, summary, before, after, report }: RunOutcome): boolean {
  let whole = true;
  for (const port of truth.ports.filter(({ off }) => !off)) {
    const now = after.find(({ udpPort }) => udpPort === port.udpPort)?.counters as Record<PortCounter, number>;
    const then = before.find(({ udpPort }) => udpPort === port.udpPort)?.counters as Record<PortCounter, number>;
    const count = (name: PortCounter): number => now[name] - then[name];
    const where = `port ${port.udpPort}`;
    const dropped = port.sent - count('received');
    if (dropped !== 0) whole = false;
    t.ok(dropped >= 0, `${where}: no more packets received than sent (${count('received')} of ${port.sent})`);
    if (!Number.isNaN(now.socketDropped))
      t.equal(
        count('received') + now.socketDropped - (Number.isNaN(then.socketDropped) ? 0 : then.socketDropped),
        port.sent,
        `${where}: received and dropped by the kernel are what was sent`,
      );
    t.equal(
      packetClasses.reduce((sum, name) => sum + count(name), 0),
      count('received'),
      `${where}: every packet has one class`,
    );
    const about = (what: string, seen: number, expected: number): void => {
      t.ok(
        seen <= expected && seen >= expected - dropped,
        `${where}: ${what} (${seen} of ${expected}, ${dropped} dropped)`,
      );
    };
    about(
      'packets sent whole',
      intactClasses.reduce((sum, name) => sum + count(name), 0),
      port.intact + port.duplicated,
    );
    about('packets cut short', count('malformedSize'), port.truncated);
    about('packets of another detector', count('malformedDetectorType'), port.foreignDetectorType);
    about('packets of another version', count('malformedVersion'), port.foreignVersion);
    const ledger = summary.ledger.find(({ udp_port: udpPort }) => udpPort === port.udpPort);
    t.match(
      ledger,
      { accepted: count('accepted'), missing: count('missing'), expected: count('expected'), late: count('lateFirst') },
      `${where}: the series' ledger is what was counted`,
    );
    t.equal(count('expected'), count('accepted') + count('missing'), `${where}: expected = accepted + missing`);
  }
  t.equal(summary.frames, summary.complete + summary.marked + summary.discarded, 'frames add up');
  if (report !== undefined) {
    const { counts, problems } = report.checker;
    t.strictSame(problems, [], 'the consumer saw nothing wrong');
    t.ok(report.ok, 'the consumer got everything in order');
    t.match(
      counts,
      {
        images: summary.frames,
        complete: summary.complete,
        marked: summary.marked,
        discarded: summary.discarded,
        wrongPixels: 0,
        framesVerified: summary.frames,
      },
      'the consumer got what the service says it sent',
    );
    t.equal(
      counts.missingPackets,
      summary.ledger.reduce((sum, { missing }) => sum + missing, 0),
      'the consumer was told of every missing packet',
    );
  }
  return whole;
}
