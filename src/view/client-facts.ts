// What PSI's client has set, and what came of it, for the doctor. Comes in: the settings of its modules, and the series
// that is open or the last one. Goes out: facts.
// Tested by test/threads/from-client.test.ts.

import type { ClientFacts } from '../doctor/facts.js';
import { seriesNow } from './series-now.js';
import type { SeriesNowDeps } from './series-now.js';
import type { ToldSeries } from './told-series.js';

/** A door through which orders come, as far as people should know of it. */
export interface Door {
  /** What is wrong, in sentences. */
  problems(): readonly string[];
  /** Modules that were not set up. */
  lacking(): readonly number[];
  /** Ports that were switched on. */
  ports(): readonly { readonly udpPort: number; readonly module: number }[];
}

/** @param now null = there is no data plane */
export function clientFacts(door: Door | null, told: ToldSeries, now: SeriesNowDeps | null): ClientFacts | null {
  if (door === null) return null;
  const open = now === null ? null : seriesNow(now);
  const counted =
    open === null
      ? told.last?.ledger.map(({ udp_port, accepted, malformed }) => ({ udp_port, packets: accepted + malformed }))
      : open.ports.map(({ udp_port, counters }) => ({ udp_port, packets: counters.received }));
  return {
    lacking: door.lacking(),
    problems: door.problems(),
    arrived:
      counted === undefined
        ? null
        : door.ports().flatMap(({ udpPort, module }) => {
            const port = counted.find(({ udp_port }) => udp_port === udpPort);
            return port === undefined ? [] : [{ udpPort, module, packets: port.packets }];
          }),
    warnings: open === null ? (told.last?.warnings ?? []) : [...told.warnings.values()],
  };
}
