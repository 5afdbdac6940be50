// The settings of PSI's client as a request to arm. Comes in: what was set on the modules. Goes out: a wish, which the
// rules of all requests check (control/arm-request.ts). Pure. Names of the metadata are those of MAX IV's other
// detectors where they have one; times in seconds, energies in eV.

import type { ServiceConfig } from '../../config/service-config.js';
import { makeLayout } from '../../detector/layout.js';
import { Refused } from '../refused.js';
import type { ArmWish } from '../arm-request.js';
import { counters } from './agreement.js';
import { framesExpected } from './module-settings.js';
import type { ModuleSettings } from './module-settings.js';

const timings = ['auto', 'trigger', 'gating', 'burst_trigger', 'trigger_gating'] as const;
const burstModes = ['burst_internal', 'burst_external', 'cw_internal', 'cw_external'] as const;
const speeds = ['full_speed', 'half_speed', 'quarter_speed', '108_mhz', '144_mhz'] as const;

const seconds = (ns: bigint): number => Number(ns) / 1e9;

/**
 * The request of one acquisition.
 * @param first settings of the first module, which is told what is told only once
 * @throws Refused (invalid)
 */
export function armWishOf(first: ModuleSettings, config: ServiceConfig): ArmWish {
  const { detector, dynamicRange, readNRows } = first;
  const rows = readNRows === 0 || !readsRows(detector) ? {} : { read_n_rows: readNRows };
  return {
    filename: filenameOf(first),
    frames: framesExpected(first),
    metadata: metadataOf(first),
    ...(makeLayout(config.detector).settings.dynamicRange === dynamicRange ? {} : { dynamic_range: dynamicRange }),
    ...rows,
  };
}

const readsRows = (detector: string): boolean => ['eiger', 'jungfrau', 'moench'].includes(detector);

/**
 * `{path}/{name}_{index}.h5`, or nothing while file writing is off.
 * @throws Refused (invalid) when it is on and there is no path
 */
export function filenameOf({ fileWrite, filePath, fileName, fileIndex }: ModuleSettings): string {
  if (fileWrite === 0) return '';
  if (filePath === '')
    throw new Refused('invalid', ['File path cannot be empty: set fpath, or switch file writing off (fwrite 0)']);
  return `${filePath.replace(/\/+$/, '')}/${fileName}_${fileIndex}.h5`;
}

/** What becomes of the settings beside the frames; what the layout says is added to it (config/series-metadata.ts). */
export function metadataOf(settings: ModuleSettings): Record<string, unknown> {
  const { detector, scan, jsonHeader } = settings;
  const eiger = detector === 'eiger';
  const mythen3 = detector === 'mythen3';
  const exptime = seconds(mythen3 ? settings.exptimesNs[0] : settings.exptimeNs);
  return {
    exptime,
    count_time: exptime,
    frame_time: seconds(settings.periodNs),
    nimages: Number(settings.frames),
    ntrigger: Number(settings.triggers),
    trigger_mode: timings[settings.timing] ?? String(settings.timing),
    ...(detector === 'gotthard2'
      ? { nbursts: Number(settings.bursts), burst_mode: burstModes[settings.burstMode] ?? String(settings.burstMode) }
      : {}),
    ...(detector === 'jungfrau' ? { additional_storage_cells: settings.storageCells } : {}),
    ...(settings.readoutSpeed === null
      ? {}
      : { readout_speed: speeds[settings.readoutSpeed] ?? String(settings.readoutSpeed) }),
    ...(eiger
      ? {
          threshold_energy: settings.thresholdsEv[0],
          ...(settings.dynamicRange === 32
            ? { sub_exptime: seconds(settings.subExptimeNs), sub_deadtime: seconds(settings.subDeadtimeNs) }
            : {}),
          countrate_correction_applied: settings.deadTimesNs.some((ns) => ns !== 0n),
          ...(settings.deadTimesNs.length === 0 ? {} : { dead_time: settings.deadTimesNs.map(seconds) }),
        }
      : {}),
    ...(mythen3
      ? {
          threshold_energy: [...settings.thresholdsEv],
          counters: counters(settings),
          exptimes: settings.exptimesNs.map(seconds),
          ngates: settings.gates,
          gate_delays: settings.gateDelaysNs.map(seconds),
        }
      : {}),
    ...(scan.enable === 0
      ? {}
      : {
          scan: {
            dac: scan.dac,
            start: scan.start,
            stop: scan.stop,
            step: scan.step,
            settle_time: seconds(scan.settleNs),
          },
        }),
    ...(jsonHeader.size === 0 ? {} : { additional_json_header: Object.fromEntries(jsonHeader) }),
  };
}
