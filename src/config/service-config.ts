// The configuration of one detector after loading: checked, defaults filled in. Comes in: the type of the options
// (schema.ts). Goes out: the same by their names in the program, and what becomes something else on the way. What each
// means stands in its row; limits that follow from them (bytes, slots, threads) are the plan's business.

import type { CamelCase } from '../base/snake-case.js';
import type { FrameShare } from '../detector/frame-share.js';
import type { DetectorSettings } from '../detector/settings.js';
import type { UdpSource } from './networks.js';
import type { formOptions } from './options-form.js';
import type { networkOptions } from './options-network.js';
import type { seriesOptions } from './options-series.js';
import type { OptionKey, Options } from './schema.js';

/** Options by their names in the program; null = not set. Times in milliseconds unless the name says otherwise. */
export type Resolved<K extends OptionKey> = {
  readonly [Key in K as CamelCase<Key>]: undefined extends Options[Key]
    ? Exclude<Options[Key], undefined> | null
    : Readonly<Options[Key]>;
};

type Network = Omit<
  Resolved<keyof typeof networkOptions>,
  'udpHost' | 'udpPorts' | 'udpSource' | 'dataPort' | 'preview'
>;
type Form = Resolved<keyof typeof formOptions>;
type Series = Omit<Resolved<keyof typeof seriesOptions>, 'ringFrames' | 'ringMs' | 'framesStride' | 'framesOffset'>;

/** What the file says of a detector that comes from PSI's client. */
export interface StatedOptions {
  /** Defaults filled in. */
  readonly options: Options;
  /** Keys that stand in the file. */
  readonly given: ReadonlySet<string>;
  readonly hostName: string | null;
}

export interface ServiceConfig extends Network, Form, Series {
  /** Name of the detector in the file; the `detector` label of metrics. */
  readonly name: string;
  readonly detector: DetectorSettings;
  /** Largest `dynamic_range` that an arm request may ask for; slots are sized for it. */
  readonly dynamicRangeMax: number;
  /** The address that each port of `udpPorts` is received on. */
  readonly udpHosts: readonly string[];
  /** Only datagrams from these are the detector's; empty = any. */
  readonly udpSources: readonly UdpSource[];
  /** For live viewers; null = none. */
  readonly preview: { readonly port: number; readonly rateHz: number; readonly form: 'plain' | 'as_sent' } | null;
  /** Of the sockets that messages leave by; one at least, 0 = any free one. */
  readonly dataPorts: readonly number[];
  /** Ring length as asked: frames, or milliseconds at `frameRateHz`, or null for the plan's default. */
  readonly ring: { readonly frames: number } | { readonly milliseconds: number } | null;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  /** What the file states where PSI's client says what the detector is; absent = the file says it. */
  readonly stated?: StatedOptions;
}
