// The detectors of the benchmarks: an Eiger quad or a grid of half-modules at 16 bit with gaps, on free UDP ports of
// this machine.

import { parseConfig } from '../src/config/load.js';
import { makePlan } from '../src/config/plan.js';
import type { Plan } from '../src/config/plan.js';
import type { ServiceConfig } from '../src/config/service-config.js';
import { makeLayout } from '../src/detector/layout.js';
import type { Layout } from '../src/detector/layout.js';
import { freeUdpPorts } from '../src/rehearsal/free-ports.js';

/** Keys of the configuration file, as a user writes them. */
export type ConfigKeys = Readonly<Record<string, unknown>>;

export interface BenchDetector {
  readonly keys: ConfigKeys;
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly layout: Layout;
}

/** Name of the detector in the configuration. */
export const detectorName = 'bench';

/** 514 × 514 × 16 bit on two ports. */
export async function quad(keys: ConfigKeys = {}): Promise<BenchDetector> {
  return detector({ quad: true, udp_ports: await freeUdpPorts(2), ...keys });
}

/** Half-modules in rows and columns, two ports each. */
export async function grid(rows: number, columns: number, keys: ConfigKeys = {}): Promise<BenchDetector> {
  return detector({ modules: [rows, columns], udp_ports: await freeUdpPorts(2 * rows * columns), ...keys });
}

/** The same detector with other keys. */
export function withKeys({ keys }: BenchDetector, more: ConfigKeys): BenchDetector {
  return detector({ ...keys, ...more });
}

/** `udp port:row:column` of each port, separated by commas; where the ports lie follows PSI's order. */
export function portsText(
  { config, layout }: BenchDetector,
  ports: readonly number[] = config.detector.udpPorts.map((_, index) => index),
): string {
  return ports
    .map((port) => {
      const { row, column } = positionOf(layout, port);
      return `${config.detector.udpPorts[port]}:${row}:${column}`;
    })
    .join(',');
}

export function positionOf(layout: Layout, port: number): { readonly row: number; readonly column: number } {
  const position = layout.positions[layout.ports[port]?.expectedPosition ?? -1];
  if (position === undefined) throw new Error(`there is no port ${port}`);
  return position;
}

function detector(keys: ConfigKeys): BenchDetector {
  const all = { detector: 'eiger', dynamic_range: 16, data_port: 0, api_port: 0, ...keys };
  const config = parseConfig(JSON.stringify({ [detectorName]: all }), 'benchmark', detectorName);
  return { keys: all, config, plan: makePlan(config), layout: makeLayout(config.detector) };
}
