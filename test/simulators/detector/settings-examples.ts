// Configurations that the simulators' tests start from.

import type { DetectorSettings } from '../../../src/detector/settings.js';

/** An Eiger quad at 16 bit on ports 50001 and 50002. */
export function quadSettings(changes: Partial<DetectorSettings> = {}): DetectorSettings {
  return {
    detector: 'eiger',
    interfaces: 1,
    counters: 1,
    flat: false,
    lowNibbleFirst: false,
    quad: true,
    modules: [1, 1],
    gapPixels: true,
    dynamicRange: 16,
    tenGiga: true,
    readNRows: null,
    udpPorts: [50001, 50002],
    portsOff: [],
    flipRows: new Map(),
    portPositions: new Map(),
    ...changes,
  };
}

/** A grid of half-modules with ports 50001, 50002, … */
export function gridSettings(rows: number, columns: number, changes: Partial<DetectorSettings> = {}): DetectorSettings {
  const udpPorts = Array.from({ length: 2 * rows * columns }, (_, index) => 50001 + index);
  return quadSettings({ quad: false, modules: [rows, columns], udpPorts, ...changes });
}
