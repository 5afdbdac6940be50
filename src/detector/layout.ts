// Where every wire pixel of a detector belongs in the stitched frame: pure functions from settings to a layout, and
// from a layout and a position to a piece table. Rules of the geometry: docs/geometry.md.

import { OperatorError, exitCode } from '../base/errors.js';
import { headerBytes } from './packet-header.js';
import { pixelBytes } from './pixel-type.js';
import type { PixelType } from './pixel-type.js';
import type { Decode, DetectorProfile } from './profile.js';
import { profileOf } from './profiles.js';
import type { DetectorSettings } from './settings.js';

/** One place for a port image in the frame, as packet headers name it. */
export interface Position {
  readonly row: number;
  readonly column: number;
  /** First packet number that is read out of a port image here. */
  readonly firstPacket: number;
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
  /** 4 bit: the left pixel of a byte is its low half. */
  readonly lowNibbleFirst: boolean;
  readonly gapPixels: boolean;
  /** Bytes of one whole datagram, header included: the only accepted size. */
  readonly packetBytes: number;
  readonly payloadBytes: number;
  /** Packets of a port image when all rows are read out. */
  readonly packetsPerPortImage: number;
  /** Packets that are read out of each port image, numbered from `firstPacket` of its position. */
  readonly expectedPackets: number;
  /** What it was made from, overrides included. */
  readonly settings: DetectorSettings;
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
 * @throws OperatorError (usage) when the settings fit no detector: unknown bit depth, rows that are no whole number of
 * packets
 */
export function makeLayout(settings: DetectorSettings, overrides: LayoutOverrides = {}): Layout {
  const dynamicRange = overrides.dynamicRange ?? settings.dynamicRange;
  const profile = profileOf(settings.detector, { ...settings, dynamicRange });
  const depth = profile.depths[dynamicRange];
  const { portImage, unitPorts, payloadBytes } = profile;
  const packetsPerPortImage = (portImage.rows * portImage.columns * depth.wireBits) / (payloadBytes * 8);
  const readNRows = overrides.readNRows === undefined ? settings.readNRows : overrides.readNRows;
  const { expectedPackets, firstPackets } = readOut(profile, depth.wireBits, readNRows);

  const [unitRows, unitColumns] = settings.modules;
  const grid = { rows: unitRows * unitPorts.rows, columns: unitColumns * unitPorts.columns };
  const positions: Position[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++)
      positions.push({ row, column, firstPacket: firstPackets[row % unitPorts.rows] });
  }
  const bytes = pixelBytes[depth.pixelType];
  const rows = gapped(grid.rows * portImage.rows - 1, settings.gapPixels, profile, 'rows') + 1;
  const columns = gapped(grid.columns * portImage.columns - 1, settings.gapPixels, profile, 'columns') + 1;

  const ports = settings.udpPorts.map((udpPort, index): PortLayout => {
    const fixedAt = settings.portPositions.get(udpPort);
    const [row, column] = fixedAt ?? conventionalPosition(index, profile, unitRows);
    return {
      udpPort,
      off: settings.portsOff.includes(udpPort),
      expectedPosition: row * grid.columns + column,
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
    lowNibbleFirst: settings.lowNibbleFirst,
    gapPixels: settings.gapPixels,
    packetBytes: headerBytes + payloadBytes,
    payloadBytes,
    packetsPerPortImage,
    expectedPackets,
    settings: { ...settings, dynamicRange, readNRows },
    grid,
    positions,
    ports,
  };
}

/**
 * How many packets are read out of each port image, and the first of them by header row within the unit.
 * @throws OperatorError (usage) for rows that are no whole number of packets
 */
export function readOut(
  profile: DetectorProfile,
  wireBits: number,
  readNRows: number | null,
): { expectedPackets: number; firstPackets: number[] } {
  const { portImage, unitPorts, payloadBytes, partialReadout } = profile;
  const packetsPerPortImage = (portImage.rows * portImage.columns * wireBits) / (payloadBytes * 8);
  const portRows = Array.from({ length: unitPorts.rows }, (_, row) => row);
  const perUnit = partialReadout === 'centre_of_unit';
  const all = portImage.rows * (perUnit ? unitPorts.rows : 1);
  if (readNRows === null) return { expectedPackets: packetsPerPortImage, firstPackets: portRows.map(() => 0) };
  if (partialReadout === 'none')
    throw new OperatorError(
      `read_n_rows: ${readNRows} is not possible: ${profile.name} always reads out everything. Remove it`,
      exitCode.usage,
    );
  const packetsPerRow = (portImage.columns * wireBits) / (payloadBytes * 8);
  const packets = (readNRows / (perUnit ? unitPorts.rows : 1)) * packetsPerRow;
  if (readNRows === all) return { expectedPackets: packetsPerPortImage, firstPackets: portRows.map(() => 0) };
  // Around the centre of a single port image the same number lies above and below.
  const firstPackets = portRows.map((row) =>
    !perUnit
      ? 0
      : unitPorts.rows === 1
        ? (packetsPerPortImage - packets) / 2
        : row === 0
          ? packetsPerPortImage - packets
          : 0,
  );
  if (!Number.isInteger(packets) || packets < 1 || readNRows > all || !firstPackets.every(Number.isInteger)) {
    const step = leastRows(packetsPerRow) * (perUnit ? 2 : 1);
    const reason =
      readNRows > all
        ? `is more than the ${all} of a ${perUnit ? 'module' : 'port image'}`
        : `is no whole number of packets${perUnit ? ' on both sides of the centre' : ''}`;
    throw new OperatorError(
      `read_n_rows: ${readNRows} ${reason}; use a multiple of ${step} from ${step} to ${all}`,
      exitCode.usage,
    );
  }
  return { expectedPackets: packets, firstPackets };
}

/** Fewest rows that are a whole number of packets. */
function leastRows(packetsPerRow: number): number {
  let rows = 1;
  while (!Number.isInteger(rows * packetsPerRow)) rows++;
  return rows;
}

/**
 * Header row and column of port `index` as PSI numbers modules: stacked in rows first, ports of a unit one after the
 * other.
 */
function conventionalPosition(
  index: number,
  { unitPorts, firstPort }: DetectorProfile,
  unitRows: number,
): [number, number] {
  const portsPerUnit = unitPorts.rows * unitPorts.columns;
  const unit = Math.floor(index / portsPerUnit);
  const within = index % portsPerUnit;
  const row = Math.floor(within / unitPorts.columns);
  return [
    (unit % unitRows) * unitPorts.rows + (firstPort === 'lowest_row' ? row : unitPorts.rows - 1 - row),
    Math.floor(unit / unitRows) * unitPorts.columns + (within % unitPorts.columns),
  ];
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
  const rule = layout.profile.flippedRows;
  const odd = layout.positions[position].row % 2 === 1;
  return rule === 'odd' ? odd : rule === 'even' ? !odd : false;
}
