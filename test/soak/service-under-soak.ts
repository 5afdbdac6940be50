// The service as users run it (`vdcu run`), as its own process: its HTTP interface, its counters, and what the
// operating system says of its memory and descriptors.

import { readFileSync, readdirSync } from 'node:fs';
import type { ServiceStatus } from '../../src/view/service-view.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import { parseMetrics } from '../threads/metrics-text.js';
import type { Samples } from '../threads/metrics-text.js';
import { Child } from './children.js';

/** One look at the service. */
export interface ServiceSample {
  readonly residentMB: number;
  /** Resident, without the pages of program files. */
  readonly anonymousMB: number;
  /** JavaScript objects of the main thread. */
  readonly heapMB: number;
  /** Memory of the main thread's objects outside V8's heap. */
  readonly externalMB: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly cpuSeconds: number;
  /** Everything of /metrics, by name and labels. */
  readonly metrics: Samples;
}

const requestLimitMs = 30_000;
const readyLimitMs = 30_000;
const clockTicksPerSecond = 100;

export class ServiceUnderSoak {
  readonly endpoint: string;
  readonly apiUrl: string;
  readonly #child: Child;

  private constructor(child: Child, endpoint: string, apiUrl: string) {
    this.#child = child;
    this.endpoint = endpoint;
    this.apiUrl = apiUrl;
  }

  /** @throws Error with its last words when it does not get ready */
  static async start(file: string, name: string): Promise<ServiceUnderSoak> {
    let ready: (line: Record<string, unknown>) => void = () => undefined;
    const said = new Promise<Record<string, unknown>>((resolve) => (ready = resolve));
    const child = new Child('../../src/main.js', ['run', file, name, '--json'], (line) => {
      if (line['event'] === 'ready' && line['api_url'] !== undefined) ready(line);
    });
    const late = setTimeout(() => child.signal('SIGKILL'), readyLimitMs);
    const first = await Promise.race([said, child.ended]);
    clearTimeout(late);
    if (typeof first !== 'object')
      throw new Error(`the service ended with ${first} before it was ready: ${child.complaints.trim()}`);
    return new ServiceUnderSoak(child, first['data_endpoint'] as string, first['api_url'] as string);
  }

  /** Its end, when nobody asked for it. */
  get ended(): Promise<number | string> {
    return this.#child.ended;
  }

  get complaints(): string {
    return this.#child.complaints;
  }

  stop(): Promise<number | string> {
    return this.#child.stop('SIGTERM');
  }

  async request(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> {
    const response = await this.#fetch(method, path, body);
    return { status: response.status, body: await response.json() };
  }

  async status(): Promise<ServiceStatus> {
    return (await this.request('GET', '/api/v1/series')).body as ServiceStatus;
  }

  /** Series that have ended, oldest first; the service knows the last hundred. */
  async history(): Promise<SeriesSummary[]> {
    return ((await this.request('GET', '/api/v1/series/history')).body as { series: SeriesSummary[] }).series.reverse();
  }

  async metrics(): Promise<Map<string, number>> {
    return parseMetrics(await (await this.#fetch('GET', '/metrics')).text());
  }

  /** Everything that is watched; asks for what viewers ask, too, so that a soak finds what they leave behind. */
  async sample(): Promise<ServiceSample> {
    const metrics = await this.metrics();
    await (await this.#fetch('GET', '/last_frame')).arrayBuffer();
    await (await this.#fetch('GET', '/api/v1/last_frame.npy')).arrayBuffer();
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
    const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1');
    const times = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      residentMB: (kilobytes('VmRSS') * 1024) / 1e6,
      anonymousMB: (kilobytes('RssAnon') * 1024) / 1e6,
      heapMB: (metrics.get('nodejs_heap_size_used_bytes{}') ?? Number.NaN) / 1e6,
      externalMB: (metrics.get('nodejs_external_memory_bytes{}') ?? Number.NaN) / 1e6,
      descriptors: readdirSync(`/proc/${this.#child.pid}/fd`).length,
      threads: kilobytes('Threads'),
      cpuSeconds: (Number(times[11]) + Number(times[12])) / clockTicksPerSecond,
      metrics,
    };
  }

  #fetch(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.apiUrl}${path}`, {
      method,
      signal: AbortSignal.timeout(requestLimitMs),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  }
}
