// What the diagnosis finds at this moment. Comes in: the last minutes, the series that is open or the last one, the
// ring. Goes out: its findings, and behind them those of the receiver's watch. The rules: diagnosis.ts.
// Tested by test/view/shared-view.test.ts.

import type { ServiceConfig } from '../config/service-config.js';
import type { Finding } from '../contract/findings.js';
import { doubtedPorts } from '../contract/series-warnings.js';
import { diagnose } from './diagnosis.js';
import type { ReceiverWatched } from './receiver-watched.js';
import { seriesNow } from './series-now.js';
import type { SeriesNowDeps } from './series-now.js';
import type { RecentSeconds } from './service-view.js';

export interface FindingsDeps extends SeriesNowDeps {
  readonly config: Pick<ServiceConfig, 'series' | 'consumerConnections'>;
  readonly recent: Pick<RecentSeconds, 'samples' | 'sockets'>;
  /** Undefined = it is not asked. */
  readonly receiver: Pick<ReceiverWatched, 'findings'> | undefined;
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
