// A metric as a row of a table: its name, the sentence that explains it, its labels, and how it is read from the view.

import type { ServiceView } from '../view/service-view.js';

/** What `vdcu_build_info` says. `backend`: how packets are received. */
export interface BuildInfo {
  readonly version: string;
  readonly backend: string;
}

export type Labels = Readonly<Record<string, string>>;

/** Null or not finite = unknown: there is no sample then. */
export type Sample = readonly [labels: Labels, value: number | null];

export interface MetricRow {
  readonly metric: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (view: ServiceView, build: BuildInfo) => readonly Sample[];
}
