// Where every wire pixel of a detector belongs in the stitched frame: pure functions from settings to a layout, and from a
// layout and a position to a piece table. The plan sizes memory by it, the receivers place by it, the streamer fills absent
// port images by it. Rules of the geometry: docs/geometry.md.

import { OperatorError, exitCode } from '../base/errors.js';
import { headerBytes } from './packet-header.js';
import { pixelBytes } from './pixel-type.js';
import type { PixelType } from './pixel-type.js';
import type { Decode, DetectorProfile } from './profile.js';
import { profiles } from './profiles.js';
import type { DetectorSettings } from './settings.js';

/** One place for a port image in the frame, as packet headers name it. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

/** A port as configured. */
export interface PortLayout {
  readonly udpPort: number;
  /** The detector sends nothing here; its pixels are missing and frames are complete without it. */
  readonly off: boolean;
  /** Index into `positions` that PSI's order of ports gives; the packet header decides unless `fixed`. */
  readonly expectedPosition: number;
  /** Placed at `expectedPosition` whatever the header says. */
  readonly fixed: boolean;
  /** Configured orientation; null = the position decides. */
  readonly flip: boolean | null;
}

/** Everything derived from detector settings; immutable, computed between series only. */
export interface Layout {
  readonly profile: DetectorProfile;
  /** Frame as numpy shape: rows, columns; C order. */
  readonly shape: readonly [rows: number, columns: number];
  readonly pixelType: PixelType;
  readonly pixelBytes: number;
  readonly frameBytes: number;
  readonly decode: Decode;
  readonly wireBits: number;
  readonly gapPixels: boolean;
  readonly quad: boolean;
  /** Bytes of one whole datagram, header included: the only accepted size. */
  readonly packetBytes: number;
  readonly payloadBytes: number;
  /** Packets of a port image when all rows are read out. */
  readonly packetsPerPortImage: number;
  /** Packet numbers that are read out: from `firstPacket`, `expectedPackets` of them. */
  readonly firstPacket: number;
  readonly expectedPackets: number;
  /** Header rows and columns of the grid of positions. */
  readonly grid: { readonly rows: number; readonly columns: number };
  /** All places for port images, row by row. */
  readonly positions: readonly Position[];
  /** In the order of `udp_ports`. */
  readonly ports: readonly PortLayout[];
}

/** What an arm request may change from series to series. */
export interface LayoutOverrides {
  readonly dynamicRange?: number;
  readonly readNRows?: number | null;
}

/**
 * The layout of a detector.
 * @throws OperatorError (usage) when the settings fit no detector: unknown bit depth, rows that are no whole number of packets
 */
export function makeLayout(settings: DetectorSettings, overrides: LayoutOverrides = {}): Layout {
  const profile = profiles[settings.detector];
  if (profile === undefined) throw new OperatorError(`detector: "${settings.detector}" is not known; known: ${Object.keys(profiles).join(', ')}`, exitCode.usage);
  const dynamicRange = overrides.dynamicRange ?? settings.dynamicRange;
  const depth = profile.depths[dynamicRange];
  if (depth === undefined) {
    throw new OperatorError(`dynamic_range: ${dynamicRange} is not a bit depth of ${profile.name}; use one of ${Object.keys(profile.depths).join(', ')}`, exitCode.usage);
  }
  const payloadBytes = settings.tenGiga ? profile.payloadBytes.tenGiga : profile.payloadBytes.oneGiga;
  const rowBits = profile.portImage.columns * depth.wireBits;
  const packetsPerPortImage = (profile.portImage.rows * rowBits) / (payloadBytes * 8);
  const rowsRead = (overrides.readNRows === undefined ? settings.readNRows : overrides.readNRows) ?? profile.portImage.rows;
  const expectedPackets = (rowsRead * rowBits) / (payloadBytes * 8);
  if (!Number.isInteger(expectedPackets) || expectedPackets < 1 || rowsRead > profile.portImage.rows) {
    const step = Math.max(1, (payloadBytes * 8) / rowBits);
    throw new OperatorError(`read_n_rows: ${rowsRead} is no whole number of packets; use a multiple of ${step} from ${step} to ${profile.portImage.rows}`, exitCode.usage);
  }

  const perUnit = settings.quad && profile.quadPorts !== null ? profile.quadPorts : profile.unitPorts;
  const [unitRows, unitColumns] = settings.modules;
  const grid = { rows: unitRows * perUnit.rows, columns: unitColumns * perUnit.columns };
  const positions: Position[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) positions.push({ row, column });
  }
  const bytes = pixelBytes[depth.pixelType];
  const rows = gapped(grid.rows * profile.portImage.rows - 1, settings.gapPixels, profile, 'rows') + 1;
  const columns = gapped(grid.columns * profile.portImage.columns - 1, settings.gapPixels, profile, 'columns') + 1;

  const ports = settings.udpPorts.map((udpPort, index): PortLayout => {
    const fixedAt = settings.portPositions.get(udpPort);
    const position = fixedAt ?? conventionalPosition(index, perUnit, unitRows, settings.quad);
    return {
      udpPort,
      off: settings.portsOff.includes(udpPort),
      expectedPosition: position[0] * grid.columns + position[1],
      fixed: fixedAt !== undefined,
      flip: settings.flipRows.get(udpPort) ?? null,
    };
  });

  return {
    profile,
    shape: [rows, columns],
    pixelType: depth.pixelType,
    pixelBytes: bytes,
    frameBytes: rows * columns * bytes,
    decode: depth.decode,
    wireBits: depth.wireBits,
    gapPixels: settings.gapPixels,
    quad: settings.quad,
    packetBytes: headerBytes + payloadBytes,
    payloadBytes,
    packetsPerPortImage,
    firstPacket: 0,
    expectedPackets,
    grid,
    positions,
    ports,
  };
}

/** Header row and column of port `index` as PSI numbers modules: stacked in rows first, ports of a unit one after the other. */
function conventionalPosition(index: number, perUnit: { rows: number; columns: number }, unitRows: number, quad: boolean): [number, number] {
  const portsPerUnit = perUnit.rows * perUnit.columns;
  const unit = Math.floor(index / portsPerUnit);
  const within = index % portsPerUnit;
  // A quad's left port is the lower half of the frame (header row 1), its right port the upper.
  if (quad) return [perUnit.rows - 1 - within, 0];
  return [(unit % unitRows) * perUnit.rows + Math.floor(within / perUnit.columns), Math.floor(unit / unitRows) * perUnit.columns + (within % perUnit.columns)];
}

/** Frame coordinate of pixel coordinate `at` along one axis: chip gaps inside modules, wider gaps between them. */
export function gapped(at: number, gapPixels: boolean, profile: DetectorProfile, axis: 'rows' | 'columns'): number {
  if (!gapPixels) return at;
  const modulesBefore = Math.floor(at / profile.module[axis]);
  const chipBordersBefore = Math.floor(at / profile.chip[axis]) - modulesBefore;
  const moduleGap = axis === 'rows' ? profile.gaps.moduleRows : profile.gaps.moduleColumns;
  return at + chipBordersBefore * profile.gaps.chip + modulesBefore * moduleGap;
}

/** Does this port image go upside down into the frame? Configured per port, else by the header row of its position. */
export function rowsFlipped(layout: Layout, position: number, configured: boolean | null): boolean {
  if (configured !== null) return configured;
  const rule = layout.quad ? layout.profile.flippedRows.quad : layout.profile.flippedRows.normal;
  const odd = (layout.positions[position] as Position).row % 2 === 1;
  return rule === 'odd' ? odd : rule === 'even' ? !odd : false;
}
