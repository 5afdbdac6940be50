// The simulator's own truth as Prometheus metrics, for commissioning and CI: beside the service's counters it shows at
// once whether the service measured what was done. Each scrape reads the truth as it is then. The table is the only
// list of these metrics; documentation and endpoint are made from it.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { exitCode, messageOf, OperatorError } from '../../src/base/errors.js';
import type { GroundTruth, PortTruth } from './truth.js';

/** One sample of each port that sends. */
interface SimulatorCounterRow {
  readonly metric: string;
  readonly help: string;
  /** Besides `port`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly of: (port: PortTruth) => number;
}

const suppressed = {
  metric: 'vdcu_simulator_packets_suppressed_total',
  help: 'Packets of the detector that never left whole, by the fault that was asked for',
} as const;

export const simulatorCounterTable: readonly SimulatorCounterRow[] = [
  {
    metric: 'vdcu_simulator_packets_sent_total',
    help: 'Datagrams that the simulator sent, of any kind',
    labels: {},
    of: ({ sent }) => sent,
  },
  { ...suppressed, labels: { fault: 'loss' }, of: ({ lost }) => lost },
  { ...suppressed, labels: { fault: 'truncate' }, of: ({ truncated }) => truncated },
];

/** The truth in Prometheus' text format. */
export function simulatorMetrics(truth: GroundTruth, detector: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ detector });
  for (const metric of new Set(simulatorCounterTable.map((row) => row.metric))) {
    const rows = simulatorCounterTable.filter((row) => row.metric === metric);
    const [{ help, labels }] = rows as [SimulatorCounterRow];
    new Counter({
      name: metric,
      help,
      labelNames: ['port', ...Object.keys(labels)],
      registers: [registry],
      collect() {
        this.reset();
        for (const port of truth.ports.filter(({ off }) => !off)) {
          for (const row of rows) this.inc({ port: String(port.udpPort), ...row.labels }, row.of(port));
        }
      },
    });
  }
  return registry;
}

/** An endpoint that is open. */
export interface SimulatorMetricsServer {
  /** Where Prometheus asks. */
  readonly url: string;
  /** Resolves after the next scrape that is answered in full, or after this time. */
  scraped(limitMs: number, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Serve `GET /metrics` of this truth.
 * @param port 0 = any free one
 * @throws OperatorError (environment) when the address cannot be bound
 */
export async function serveSimulatorMetrics(
  truth: GroundTruth,
  detector: string,
  { host = '127.0.0.1', port }: { readonly host?: string; readonly port: number },
): Promise<SimulatorMetricsServer> {
  const registry = simulatorMetrics(truth, detector);
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics is all there is\n');
      return;
    }
    // Only a scrape that begins after the wait began shows the last figures.
    const told = [...waiting];
    void registry.metrics().then((text) => {
      response.once('finish', () => {
        for (const tell of told) tell();
      });
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
    });
  });
  server.requestTimeout = 5000;
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new OperatorError(`--metrics-port ${port}: ${messageOf(error)}. Choose another port`, exitCode.environment, {
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/metrics`,
    scraped: (limitMs, signal) =>
      new Promise((resolve) => {
        const end = (was: boolean): void => {
          waiting.delete(tell);
          clearTimeout(timer);
          signal.removeEventListener('abort', give);
          resolve(was);
        };
        const tell = (): void => end(true);
        const give = (): void => end(false);
        const timer = setTimeout(give, limitMs);
        waiting.add(tell);
        signal.addEventListener('abort', give, { once: true });
        if (signal.aborted) give();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
