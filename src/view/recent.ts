// The last minutes of the service, second by second: rates, and the share of packets that each port missed. Main reads
// the counters once a second in any case, so that a page that is opened after trouble still shows when it was.

import type { Clock } from '../base/clock.js';
import { portCounterTable } from '../memory/counters.js';
import type { PortCounter } from '../memory/counters.js';
import type { Sample } from '../contract/sample.js';
import type { RecentSeconds, ServiceView, UdpPortStatus } from './service-view.js';

/** Time from sample to sample, ms. */
export const sampleMs = 1000;
/** Samples that are kept: ten minutes. */
export const sampleLimit = 600;

interface Totals {
  readonly at: number;
  readonly images: number;
  readonly bytesOut: number;
  readonly ports: ReturnType<ServiceView['portCounters']>;
}

type Counted = Pick<ServiceView, 'portCounters' | 'streamCounters' | 'udpPorts'>;

export class Recent implements RecentSeconds {
  readonly #view: Counted;
  readonly #clock: Clock;
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;
  #before: Totals;
  #sockets: readonly UdpPortStatus[] = [];

  readonly #listeners = new Set<(sample: Sample) => void>();

  constructor(view: Counted, clock: Clock) {
    this.#view = view;
    this.#clock = clock;
    this.#before = this.#read();
    this.#timer = setInterval(() => {
      const sample = this.sample();
      for (const listener of this.#listeners) listener(sample);
    }, sampleMs).unref();
  }

  /** Hear of every second from now on. @returns ends it */
  listen(listener: (sample: Sample) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Sockets as they were at the last sample: asking costs system calls. */
  get sockets(): readonly UdpPortStatus[] {
    return this.#sockets;
  }

  /** Other ports are received from now on: what was seen of those before says nothing of them. */
  restart(): void {
    this.#samples.length = 0;
    this.#sockets = [];
    this.#before = this.#read();
  }

  /** Take a sample now: what happened since the one before. */
  sample(): Sample {
    const now = this.#read();
    const before = this.#before;
    this.#before = now;
    this.#sockets = this.#view.udpPorts();
    const seconds = Math.max(1, now.at - before.at) / 1000;
    const countersBefore = now.ports.map(
      ({ udpPort }) => before.ports.find((port) => port.udpPort === udpPort)?.counters,
    );
    const gone = (port: number, counter: PortCounter): number =>
      difference(now.ports[port]?.counters[counter], countersBefore[port]?.[counter]);
    const sum = (counter: PortCounter): number => now.ports.reduce((total, _, port) => total + gone(port, counter), 0);
    const sample: Sample = {
      frames_per_second: difference(now.images, before.images) / seconds,
      packets_per_second: sum('received') / seconds,
      unarmed_per_second: sum('foreignUnarmed') / seconds,
      outside_per_second: sum('foreignSeries') / seconds,
      placed_per_second: sum('accepted') / seconds,
      in_gbit_per_second: (sum('bytes') * 8) / 1e9 / seconds,
      out_gbit_per_second: (difference(now.bytesOut, before.bytesOut) * 8) / 1e9 / seconds,
      // What the end of a series cut off is no loss.
      missing: now.ports.map((_, port) =>
        gone(port, 'expected') > 0
          ? Math.max(0, gone(port, 'missing') - gone(port, 'cutOff')) / gone(port, 'expected')
          : null,
      ),
    };
    this.#samples.push(sample);
    if (this.#samples.length > sampleLimit) this.#samples.shift();
    return sample;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #read(): Totals {
    const { images, bytes } = this.#view.streamCounters();
    // A copy: what a view hands out may go on counting.
    const ports = this.#view.portCounters().map(({ udpPort, counters }) => ({
      udpPort,
      counters: Object.fromEntries(portCounterTable.map(({ id }) => [id, counters[id]])) as Record<PortCounter, number>,
    }));
    return { at: this.#clock.now(), images, bytesOut: bytes, ports };
  }
}

const difference = (now = 0, before = 0): number => Math.max(0, now - before);
