// The mask of a detector as NeXus has it (NXdetector, pixel_mask): 0 = a value, bit 0 = a gap, no sensor is there,
// bit 1 = dead: its port is off, or its row is not read out. Comes in: what the service says of the detector in the
// header's metadata, `virtual_dcu`, or a file that keeps it. Goes out: the mask, null where it says too little.

import { makeLayout } from '../../src/detector/layout.js';
import type { Layout } from '../../src/detector/layout.js';
import { profileOf } from '../../src/detector/profiles.js';
import { PixelStates, pixelState } from '../../src/detector/pixel-states.js';
import { mostUnits } from '../../src/detector/settings.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { SentForm } from '../consumer/sent-form.js';
import type { JsonObject } from '../consumer/stream-message.js';

export interface PixelMask {
  /** Rows, columns. */
  readonly shape: readonly [number, number];
  /** C order. */
  readonly bits: Uint32Array;
}

const maskBits: Readonly<Record<number, number>> = { [pixelState.gap]: 1, [pixelState.unread]: 2 };

/**
 * Whatever is told, it costs no more memory than the largest frame that can be configured.
 * @param told `virtual_dcu` of the metadata: its keys are in docs/stream.md#header
 */
export function pixelMask(told: unknown): PixelMask | null {
  const settings = settingsOf(told);
  const layout = settings === null ? null : layoutOf(settings);
  if (settings === null || layout === null) return null;
  // Ports that send lie at places of ports that send: for the mask it does not matter which has which.
  const sending = layout.ports.filter(({ off }) => !off);
  const positions = Object.fromEntries(sending.map(({ udpPort, expectedPosition }) => [udpPort, expectedPosition]));
  const { dynamicRange, readNRows } = settings;
  const { states } = new PixelStates(settings).of({ dynamicRange, readNRows, positions }, {});
  const bits = Uint32Array.from(states, (state) => maskBits[state] ?? 0);
  const form = formOf(told as JsonObject, layout.shape);
  return form === null
    ? { shape: layout.shape, bits }
    : { shape: [form.rows, form.columns], bits: form.imageOf(bits, 0) };
}

/** Null = there is no such detector. */
function layoutOf(settings: DetectorSettings): Layout | null {
  const { modules, udpPorts } = settings;
  if (modules.some((units) => units < 1 || units > mostUnits)) return null;
  try {
    const { unitPorts } = profileOf(settings.detector, settings);
    const needed = modules[0] * modules[1] * unitPorts.rows * unitPorts.columns;
    return udpPorts.length === needed ? makeLayout(settings) : null;
  } catch {
    return null;
  }
}

/** What images are of the frame; null = all of it, as it is. */
function formOf({ turn, mirror, roi }: JsonObject, [rows, columns]: readonly [number, number]): SentForm | null {
  if (!isNumbers([turn]) || !isNumbers(roi, 4)) return null;
  const [row, column, high, wide] = roi;
  if (row < 0 || column < 0 || high < 1 || wide < 1 || row + high > rows || column + wide > columns) return null;
  const wish = { turn: turn as number, mirror: Boolean(mirror), roi: [row, column, high, wide] as const };
  return new SentForm({ ...wish, mask: null, maskValue: null }, rows, columns);
}

function settingsOf(told: unknown): DetectorSettings | null {
  if (typeof told !== 'object' || told === null) return null;
  const has = told as JsonObject;
  const { detector, modules, udp_ports: udpPorts, ports_off: portsOff = [] } = has;
  const numbers = [has['interfaces'], has['counters'], has['dynamic_range'], has['read_n_rows']];
  const flags = [has['flat'], has['quad'], has['gap_pixels'], has['ten_giga']];
  if (
    typeof detector !== 'string' ||
    !isNumbers(modules, 2) ||
    !isNumbers(udpPorts) ||
    !isNumbers(portsOff) ||
    !isNumbers(numbers) ||
    !flags.every((flag) => typeof flag === 'boolean' || flag === 0 || flag === 1)
  )
    return null;
  const [interfaces, counters, dynamicRange, rows] = numbers;
  const [flat, quad, gapPixels, tenGiga] = flags.map(Boolean);
  const ofPorts = (key: string): readonly number[] | null => {
    const values = has[key];
    return isNumbers(values, udpPorts.length) ? values : null;
  };
  const [portRows, portColumns, flips] = ['port_rows', 'port_columns', 'flip_rows'].map(ofPorts);
  return {
    detector,
    interfaces,
    counters,
    dynamicRange,
    readNRows: rows === 0 ? null : rows,
    flat,
    quad,
    gapPixels,
    tenGiga,
    modules: [modules[0], modules[1]],
    udpPorts,
    portsOff,
    lowNibbleFirst: false,
    flipRows: new Map(
      udpPorts.flatMap((port, at) => (flips === null || flips[at] < 0 ? [] : [[port, flips[at] === 1]])),
    ),
    portPositions: new Map(
      portRows === null || portColumns === null
        ? []
        : udpPorts.map((port, at) => [port, [portRows[at], portColumns[at]]] as const),
    ),
  };
}

/** Whole numbers, so many where it is said. */
function isNumbers(values: unknown, length?: number): values is number[] {
  return (
    Array.isArray(values) &&
    (length === undefined || values.length === length) &&
    values.every((value) => Number.isSafeInteger(value))
  );
}
