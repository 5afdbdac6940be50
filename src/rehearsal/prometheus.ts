// A Prometheus of its own for the rehearsal, if it is installed. It scrapes the service every second, evaluates the
// alert rules of the repository, keeps its data in the rehearsal's folder and ends with it. At the end its figures are
// compared.
// Tested by test/threads/rehearsal.test.ts.

import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../base/errors.js';
import { spawnBound } from '../runtime/bound-child.js';
import { freeTcpPort } from './free-ports.js';

const startLimitMs = 15_000;
/** The last scrape is at most so old: two intervals and a slow machine. */
const settleLimitMs = 10_000;
const intervalMs = 1000;

/** What Prometheus has of the service. */
export interface PrometheusReport {
  /** Scrapes that succeeded. */
  readonly samples: number;
  readonly missing: number;
  readonly received: number;
  readonly images: number;
  /** Alerts that are pending or firing, which a rehearsal with faults is expected to raise. */
  readonly alerts: readonly string[];
  readonly problems: readonly string[];
}

export interface ScrapingPrometheus {
  readonly url: string;
  /** @param expected what the service says now, when nothing more is going on */
  report(expected: { missing: number; received: number; images: number }): Promise<PrometheusReport>;
}

/** Start it, as one of `children`; null when it is not installed, or does not start. */
export async function startPrometheus(
  folder: string,
  apiUrl: string,
  children: ChildProcess[],
): Promise<ScrapingPrometheus | null> {
  const port = await freeTcpPort();
  const rules = fileURLToPath(new URL('../../../deploy/prometheus/alerts.yaml', import.meta.url));
  const file = join(folder, 'prometheus.yaml');
  await writeFile(
    file,
    JSON.stringify({
      global: { scrape_interval: `${intervalMs}ms`, evaluation_interval: `${intervalMs}ms` },
      ...(existsSync(rules) ? { rule_files: [rules] } : {}),
      scrape_configs: [{ job_name: 'vdcu', static_configs: [{ targets: [new URL(apiUrl).host] }] }],
    }),
  );
  const child = spawnBound(
    'prometheus',
    [
      `--config.file=${file}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      '--storage.tsdb.retention.size=64MB',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  let gone = false;
  child.on('error', () => (gone = true));
  child.on('close', () => (gone = true));
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; waited < startLimitMs && !gone; waited += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (await isReady(url)) return { url, report: (expected) => report(url, expected) };
  }
  return null;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

async function report(
  url: string,
  expected: { missing: number; received: number; images: number },
): Promise<PrometheusReport> {
  const ask = async (): Promise<Omit<PrometheusReport, 'problems' | 'alerts'>> => ({
    samples: await query(url, 'sum(count_over_time(vdcu_ready[1h]))'),
    missing: await query(url, 'sum(vdcu_udp_packets_missing_total)'),
    received: await query(url, 'sum(vdcu_udp_packets_received_total)'),
    images: await query(url, 'sum(vdcu_zmq_messages_sent_total{type="image"})'),
  });
  try {
    const agrees = (seen: { missing: number; received: number; images: number }): boolean =>
      seen.missing === expected.missing && seen.received === expected.received && seen.images === expected.images;
    let seen = await ask();
    // The last scrape may be a second old.
    for (let waited = 0; waited < settleLimitMs && !agrees(seen); waited += 500) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      seen = await ask();
    }
    const broken = await query(
      url,
      'max(max_over_time(vdcu_accounting_error_packets[1h])) + max(max_over_time(vdcu_accounting_error_frames[1h]))',
    );
    const problems = (['missing', 'received', 'images'] as const)
      .filter((name) => seen[name] !== expected[name])
      .map((name) => `${name}: ${seen[name]}, the service says ${expected[name]}`);
    if (broken !== 0) problems.push(`the accounting errors were ${broken} at some time, 0 expected`);
    return { ...seen, alerts: await alertsOf(url), problems };
  } catch (error) {
    return {
      samples: 0,
      missing: 0,
      received: 0,
      images: 0,
      alerts: [],
      problems: [`does not answer: ${messageOf(error)}`],
    };
  }
}

/** Value of an expression with one sample; NaN = it has none. */
async function query(url: string, expression: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`, {
    signal: AbortSignal.timeout(5000),
  });
  const { data } = (await answer.json()) as { data?: { result?: { value: [number, string] }[] } };
  return Number(data?.result?.[0]?.value[1] ?? Number.NaN);
}

async function alertsOf(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/api/v1/alerts`, { signal: AbortSignal.timeout(5000) });
  const { data } = (await answer.json()) as { data?: { alerts?: { labels: { alertname?: string } }[] } };
  return [...new Set((data?.alerts ?? []).map(({ labels }) => labels.alertname ?? ''))].sort();
}
