// The one list of options: every key of a detector's entry in the configuration file, in groups. Each row has unit,
// default, range and one sentence. The check of each key, the reference and the type of the configuration
// (service-config.ts) follow from it.

import type { z } from 'zod';
import { assert } from '../base/assert.js';
import type { DetectorFamily } from '../detector/profile.js';
import type { OptionNotes } from './option.js';
import { detectorOptions } from './options-detector.js';
import { formOptions } from './options-form.js';
import { networkOptions } from './options-network.js';
import { seriesOptions } from './options-series.js';

/** The keys, in the order of the reference. */
export const options = { ...detectorOptions, ...networkOptions, ...formOptions, ...seriesOptions } as const;

/** One detector's entry after parsing: snake_case, defaults filled in, not yet compared key with key. */
export type Options = { -readonly [K in keyof typeof options]: z.output<(typeof options)[K]> };

export type OptionKey = keyof typeof options;

/** Settings that decide which values of a detector type hold, and their options. */
export const choiceKeys = {
  quad: 'quad',
  tenGiga: 'ten_giga',
  interfaces: 'interfaces',
  counters: 'counters',
  flat: 'flat',
} as const satisfies Record<keyof DetectorFamily['choices'], OptionKey>;

export type ChoiceKey = keyof typeof choiceKeys;

/** What holds when a key that has a default is not given. */
export function defaultOf<K extends OptionKey>(key: K): Options[K] {
  return options[key].parse(undefined) as Options[K];
}

/** The largest value that is allowed. */
export function maximumOf(key: 'receive_buffer_bytes' | 'ring_frames'): number {
  const { maxValue } = options[key].unwrap();
  assert(maxValue !== null, `${key} has no largest value`);
  return maxValue;
}

/** The notes of one option. */
export function notesOf(key: OptionKey): OptionNotes {
  return options[key].meta() as unknown as OptionNotes;
}
