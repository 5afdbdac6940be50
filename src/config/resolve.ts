// Options of the file, checked, to the ServiceConfig that the rest of the program reads: names of the program, maps for
// ports, null for what is not set. The last step of `load.ts`. Only options that become something else are named here.

import { camelCase } from '../base/snake-case.js';
import { hostOffset } from './host-offset.js';
import { detectorOptions } from './options-detector.js';
import { parseSource } from './networks.js';
import type { UdpSource } from './networks.js';
import { formOptions } from './options-form.js';
import { networkOptions } from './options-network.js';
import { seriesOptions } from './options-series.js';
import type { OptionKey, Options } from './schema.js';
import type { Resolved, ServiceConfig } from './service-config.js';
import { hostsOfPorts } from './udp-hosts.js';

/**
 * One detector's options as configuration; `options` must have passed every check. `hostName` null: `frames_offset:
 * hostname` is taken as 0.
 */
export function resolveOptions(name: string, options: Options, hostName: string | null = null): ServiceConfig {
  const { nibbleOrder, dynamicRangeMax, flipRows, portPositions, ...settings } = group(options, detectorOptions);
  const { udpHost, udpPorts, udpSource, dataPort, preview, ...network } = group(options, networkOptions);
  const { ringFrames, ringMs, framesStride: stride, framesOffset, ...series } = group(options, seriesOptions);
  return {
    name,
    detector: {
      ...settings,
      udpPorts,
      lowNibbleFirst: nibbleOrder === 'low_first',
      flipRows: flips(flipRows, udpPorts),
      portPositions: new Map(Object.entries(portPositions).map(([port, position]) => [Number(port), position])),
    },
    dynamicRangeMax: dynamicRangeMax ?? settings.dynamicRange,
    udpHosts: hostsOfPorts(udpHost, { ports: udpPorts.length, interfaces: settings.interfaces }),
    udpSources: [udpSource ?? []].flat().map((text) => parseSource(text) as UdpSource),
    ...network,
    ...group(options, formOptions),
    dataPorts: [dataPort].flat(),
    preview: preview === null ? null : { port: preview.port, rateHz: preview.rate_hz, form: preview.form },
    ring: ringFrames !== null ? { frames: ringFrames } : ringMs === null ? null : { milliseconds: ringMs },
    share: {
      stride,
      offset: framesOffset === 'hostname' ? (hostName === null ? 0 : (hostOffset(hostName) ?? 0)) : framesOffset,
    },
    ...series,
  };
}

/** A group of options by their names in the program. */
function group<G extends Partial<Record<OptionKey, unknown>>>(options: Options, of: G): Resolved<keyof G & OptionKey> {
  const keys = Object.keys(of) as OptionKey[];
  return Object.fromEntries(keys.map((key) => [camelCase(key), options[key] ?? null])) as Resolved<keyof G & OptionKey>;
}

/** One value for all ports becomes one per port; ports not named follow the profile. */
function flips(flipRows: Options['flip_rows'] | null, udpPorts: readonly number[]): ReadonlyMap<number, boolean> {
  if (flipRows === null || flipRows === undefined) return new Map();
  if (typeof flipRows === 'boolean') return new Map(udpPorts.map((port) => [port, flipRows]));
  return new Map(Object.entries(flipRows).map(([port, flip]) => [Number(port), flip]));
}
