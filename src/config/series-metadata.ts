// The second part of a series' header: what the service knows of the detector, under the names that class Eiger of
// streaming-receiver writes for Dectris detectors, so that readers of files find them. Comes in: configuration, layout
// and arm request. Goes out: one JSON object; `metadata_defaults` stand over what is known here, the request over both.

import { version } from '../base/version.js';
import { parseJson, writeJson } from '../base/json-text.js';
import type { JsonNode, JsonObject } from '../base/json-text.js';
import type { ArmRequest } from '../contract/series.js';
import { altersPixels, formOf } from './encoding.js';
import type { FormConfig } from './encoding.js';
import type { Layout } from '../detector/layout.js';
import { rowsFlipped } from '../detector/layout.js';
import { gapByte } from '../detector/pixel-type.js';
import type { ServiceConfig } from './service-config.js';

export interface SeriesMetadata {
  /** JSON text. */
  readonly text: string;
  /** `exptime` as it was written, in seconds; null = none was given. Images carry it as `exposure_time`. */
  readonly exposureTime: string | null;
}

/** The metadata of one series. */
export function seriesMetadata(
  config: Pick<ServiceConfig, 'metadataDefaults'> & FormConfig,
  layout: Layout,
  request: Pick<ArmRequest, 'frames' | 'framePeriodMs' | 'metadata'>,
): SeriesMetadata {
  const layers = [
    jsonObject(knownMetadata(config, layout, request)),
    jsonObject(config.metadataDefaults),
    request.metadata === null ? jsonObject({}) : (parseJson(request.metadata) as JsonObject),
  ];
  const members = new Map<string, JsonNode>(layers.flatMap((layer) => layer.members));
  const exptime = members.get('exptime');
  return {
    text: writeJson({ kind: 'object', members: [...members] }),
    exposureTime: exptime?.kind === 'number' ? exptime.text : null,
  };
}

const jsonObject = (values: object): JsonObject => parseJson(JSON.stringify(values)) as JsonObject;

/** What follows from configuration and request. Lengths in metres, times in seconds. */
function knownMetadata(
  config: FormConfig,
  layout: Layout,
  { frames, framePeriodMs }: Pick<ArmRequest, 'frames' | 'framePeriodMs'>,
): object {
  const { profile, settings, wireBits } = layout;
  const { name, pixelPitch } = profile;
  const sideways = config.turn === 90 || config.turn === 270;
  const [across, down] = sideways ? [pixelPitch.y, pixelPitch.x] : [pixelPitch.x, pixelPitch.y];
  return {
    description: `PSI ${name[0].toUpperCase()}${name.slice(1)}`,
    bit_depth_image: 8 * layout.pixelBytes,
    bit_depth_readout: wireBits,
    saturation_value: 2 ** wireBits - 1,
    ...(across === null ? {} : { x_pixel_size: across }),
    ...(down === null ? {} : { y_pixel_size: down }),
    ...(frames > 0 ? { nimages: frames } : {}),
    ...(framePeriodMs === null ? {} : { frame_time: framePeriodMs / 1000 }),
    pixel_mask_applied: config.mask !== null,
    flatfield_correction_applied: false,
    virtual_pixel_correction_applied: false,
    virtual_dcu: {
      version: version(),
      missing_value: 2 ** (8 * layout.pixelBytes) - 1,
      gap_value: gapByte,
      detector: settings.detector,
      interfaces: settings.interfaces,
      counters: settings.counters,
      flat: settings.flat,
      dynamic_range: settings.dynamicRange,
      gap_pixels: layout.gapPixels,
      quad: settings.quad,
      modules: settings.modules,
      ten_giga: settings.tenGiga,
      read_n_rows: settings.readNRows ?? 0,
      udp_ports: settings.udpPorts,
      ports_off: settings.portsOff,
      ...placesOf(layout),
      ...flipsOf(layout),
      ...formMetadata(config, layout),
    },
  };
}

/** Rows stored upside down (1) or as received (0) where the configuration says so, else -1, in order of `udp_ports`. */
function flipsOf({ settings: { flipRows, udpPorts } }: Layout): object {
  return flipRows.size === 0 ? {} : { flip_rows: udpPorts.map((port) => Number(flipRows.get(port) ?? -1)) };
}

/** What images are of the frame as the detector has it: of that are all rows and columns that the header names. */
function formMetadata(config: FormConfig, { shape, pixelBytes }: Layout): object {
  const { turn, mirror, roi, mask, maskValue } = config;
  if (!altersPixels(formOf(config))) return {};
  return {
    frame_shape: shape,
    roi: roi ?? [0, 0, ...shape],
    turn,
    mirror,
    ...(mask === null ? {} : { mask, mask_value: maskValue ?? 2 ** (8 * pixelBytes) - 1 }),
  };
}

/**
 * Where the ports lie, in the order of `udp_ports`: header rows and columns, and whether rows are stored upside down.
 * Nothing unless all are placed by configuration: else the packets say it, and the header goes out before them.
 */
function placesOf(layout: Layout): object {
  if (!layout.ports.every(({ fixed }) => fixed)) return {};
  const positions = layout.ports.map(({ expectedPosition }) => layout.positions[expectedPosition]);
  return {
    port_rows: positions.map(({ row }) => row),
    port_columns: positions.map(({ column }) => column),
    port_flipped: layout.ports.map(({ expectedPosition, flip }) => Number(rowsFlipped(layout, expectedPosition, flip))),
  };
}
