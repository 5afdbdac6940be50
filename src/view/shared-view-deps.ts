// What the view of a data plane is made from. Comes in: from the root, once for each data plane.

import type { Clock, Repeat } from '../base/clock.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { Machine } from '../doctor/machine.js';
import type { Logger } from '../runtime/log.js';
import type { FindingLog } from './finding-log.js';
import type { PortViewDeps } from './port-view.js';
import type { ReceiverWatched } from './receiver-watched.js';
import type { Recent } from './recent.js';
import type { Outside } from './service-view.js';
import type { KeptHistory, ToldSeries } from './told-series.js';

export interface SharedViewDeps extends PortViewDeps {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  /** Not 0 = the configured mask covers this pixel, C order; absent = there is no mask. */
  readonly masked?: Uint8Array | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the doctor looks at; unless given, this one. */
  readonly machine?: Machine;
  /** How commands that wait for the streamer are looked after; by the machine's clock unless given. */
  readonly repeat?: Repeat;
  wakeStreamer(): void;
  /** Notifications to the outside; absent = none. */
  readonly outside?: Outside;
  /** Summaries that outlive the process; absent = none do. */
  readonly kept?: KeptHistory;
  /** The receiver that consumes; absent = it is not asked. */
  readonly receiver?: ReceiverWatched;
  /** What outlives the data plane that is seen; absent = nothing does. */
  readonly outliving?: Outliving;
}

/** What goes on when another data plane takes the place of this one. */
export interface Outliving {
  readonly told: ToldSeries;
  readonly recent: Recent;
  readonly findings: FindingLog;
}
