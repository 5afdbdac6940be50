// What the diagnosis finds at this moment. Comes in: the last minutes, the series that is open or the last one, the
// ring. Goes out: its findings, and behind them those of the receiver's watch. What is new among them is told to log
// and outside, and what the receiver has made of series to their summaries. The rules: diagnosis.ts.
// Tested by test/view/shared-view.test.ts.

import type { Clock } from '../base/clock.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { Finding } from '../contract/findings.js';
import { doubtedPorts } from '../contract/series-warnings.js';
import { diagnose } from './diagnosis.js';
import type { FindingLog } from './finding-log.js';
import type { ReceiverWatched } from './receiver-watched.js';
import { seriesNow } from './series-now.js';
import type { SeriesNowDeps } from './series-now.js';
import type { Outside, RecentSeconds } from './service-view.js';

export interface FindingsDeps extends SeriesNowDeps {
  readonly config: Pick<ServiceConfig, 'series' | 'consumerConnections'>;
  readonly recent: Pick<RecentSeconds, 'samples' | 'sockets'>;
  /** Absent = it is not asked. */
  readonly receiver?: Pick<ReceiverWatched, 'findings'>;
}

export function findingsNow(deps: FindingsDeps): Finding[] {
  const { config, told, stream, recent, receiver } = deps;
  const { ringSlots, ringSlotsUsed } = stream.slots();
  const found = diagnose({
    state: stream.state(),
    armed: config.series === 'armed',
    open: seriesNow(deps)?.ports.map(({ udp_port, packets }) => ({ udp_port, ...packets })) ?? null,
    last: told.last ?? null,
    consumers: {
      most: Math.max(0, ...stream.sockets().map(({ consumers }) => consumers)),
      expected: config.consumerConnections,
    },
    doubted: doubtedPorts(told.warnings.keys()),
    ring: { slots: ringSlots, used: ringSlotsUsed },
    sockets: recent.sockets.filter(({ off }) => !off),
    samples: recent.samples,
  });
  return [...found, ...(receiver?.findings() ?? [])];
}

export interface TellDeps extends FindingsDeps {
  readonly receiver?: ReceiverWatched;
  readonly findings: FindingLog;
  readonly outside?: Outside;
  readonly clock: Clock;
}

/** Tell what is new. */
export function tellNew(deps: TellDeps): void {
  const { told, receiver, findings, outside, clock } = deps;
  for (const result of receiver?.takeSettled() ?? []) told.received(result);
  for (const finding of findings.look(findingsNow(deps), clock.now())) outside?.problem(finding);
}
