// A small detector for table tests: one Eiger half-module of two ports, four packets per port image.

import { MemorySink } from './memory-sink.js';
import { Pipeline } from './pipeline.js';
import type { PipelineOptions } from './pipeline.js';

const defaults: Readonly<Record<string, unknown>> = {
  detector: 'eiger',
  modules: '[1, 1]',
  dynamic_range: 8,
  read_n_rows: 32,
  udp_ports: '[50001, 50002]',
  series: 'armed',
  ring_frames: 16,
  frame_timeout_ms: 50,
  drain_ms: 10,
  start_window_ms: 5,
  closing_timeout_ms: 200,
  series_idle_ms: 100,
};

/** Packets of a port image of `small`. */
export const all = [0, 1, 2, 3] as const;

/** A pipeline with these keys changed (null = left out); its consumer is connected unless `sink` says otherwise. */
export function small(keys: Readonly<Record<string, unknown>> = {}, options: Partial<PipelineOptions> = {}): Pipeline {
  const entries = Object.entries({ ...defaults, ...keys }).filter(([, value]) => value !== null);
  const sink = options.sink ?? new MemorySink();
  if (options.sink === undefined) sink.connect();
  return new Pipeline({ ...options, sink, yaml: entries.map(([key, value]) => `${key}: ${String(value)}`).join('\n') });
}
