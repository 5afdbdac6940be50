// Is the service well: have its threads started, does each turn, has one failed, and does the machine allow a series?
// Comes in: heartbeats, what failed, the doctor's checks. Goes out: readiness, liveness, what stands against a series.
// Tested by test/view/shared-view.test.ts.

import type { Clock } from '../base/clock.js';
import { refusals } from '../contract/refusals.js';
import { remedyOf } from '../contract/row.js';
import { Refused } from '../control/refused.js';
import type { Preflight } from '../doctor/preflight.js';
import { Heartbeats } from './heartbeats.js';
import type { PortViews } from './port-views.js';
import { knownFigure } from './port-view.js';
import type { AgentFigures } from './service-view.js';
import type { StreamView } from './stream-view.js';

/** A thread that has not turned for so long is not alive, in ms. */
export const stallLimitMs = 10_000;

export class Health {
  readonly #heartbeats: Heartbeats;
  readonly #preflight: Pick<Preflight, 'reasons' | 'recentReasons'>;
  #ready = false;
  #failure: string | null = null;

  constructor(
    clock: Clock,
    ports: Pick<PortViews, 'receiving'>,
    { words, encoders }: Pick<StreamView, 'words' | 'encoders'>,
    preflight: Pick<Preflight, 'reasons' | 'recentReasons'>,
  ) {
    this.#preflight = preflight;
    this.#heartbeats = new Heartbeats(clock, [
      ...ports.receiving.map((port) => ({
        name: `receiver of port ${port.udpPort}`,
        agent: `receiver_${port.udpPort}`,
        heartbeat: () => port.words.heartbeat,
        stallMsMax: () => port.words.figure('stallMsMax'),
      })),
      ...encoders.map((encoder, index) => ({
        name: `encoder ${index}`,
        agent: `encoder_${index}`,
        heartbeat: () => encoder.pulse.heartbeat,
        stallMsMax: () => encoder.pulse.stallMsMax,
      })),
      {
        name: 'streamer',
        agent: 'streamer',
        heartbeat: () => words.pulse.heartbeat,
        stallMsMax: () => words.pulse.stallMsMax,
      },
    ]);
  }

  /** All threads have started. */
  noteReady(): void {
    this.#ready = true;
  }

  noteFailure(reason: string): void {
    this.#failure = reason;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Why the service cannot go on; null = it can. */
  get failure(): string | null {
    return this.#failure;
  }

  /** What stands against a series, whatever it is; null = nothing. */
  hindrance(force: boolean): Refused | null {
    if (this.#failure !== null) return new Refused('failed', [this.#failure]);
    if (!this.#ready) return new Refused('starting', [`the service is starting${remedyOf(refusals.starting)}`]);
    const against = force ? [] : this.#preflight.reasons();
    return against.length > 0 ? new Refused('unsafe', against) : null;
  }

  readiness(): { ready: boolean; reasons: readonly string[] } {
    const { reasons } = this.liveness();
    if (!this.#ready) return { ready: false, reasons: ['threads are starting', ...reasons] };
    const all = [...reasons, ...this.#preflight.recentReasons()];
    return { ready: all.length === 0, reasons: all };
  }

  liveness(): { alive: boolean; reasons: readonly string[] } {
    const reasons = this.#heartbeats
      .ages()
      .filter(({ ageMs }) => this.#ready && ageMs > stallLimitMs)
      .map(({ watched, ageMs }) => `${watched.name} has not turned for ${Math.round(ageMs / 1000)} s`);
    if (this.#failure !== null) reasons.unshift(this.#failure);
    return { alive: reasons.length === 0, reasons };
  }

  agents(): AgentFigures[] {
    return this.#heartbeats.ages().map(({ watched, ageMs }) => ({
      agent: watched.agent,
      heartbeatAgeMs: ageMs,
      stallMsMax: knownFigure(watched.stallMsMax()),
    }));
  }

  close(): void {
    this.#heartbeats.close();
  }
}
