// Which settings of the detector explain packets that do not fit the configured ones? Comes in: a layout, and what was
// seen on the wire. Goes out: every combination of settings under which exactly this is sent, those with the fewest
// changes first. Pure, and run only when something is wrong.

import type { Layout } from './layout.js';
import { readOut } from './layout.js';
import { headerBytes } from './packet-header.js';
import { families, profileOf } from './profiles.js';
import type { DetectorSettings } from './settings.js';

/** What came. Packet numbers as in the header; `seen` counts packets. */
export interface Evidence {
  /** Bytes of the datagrams. */
  readonly bytes: number;
  /** Row in the packets' headers, by which the halves of a module are told apart; null = not known. */
  readonly row: number | null;
  /**
   * `wrong`: numbers that the configured image does not have. `all`: every number of these datagrams, none of which was
   * accepted. `kept`: the numbers accepted of images that always miss the same, which tells all that is sent; `null`:
   * only the size is known.
   */
  readonly numbers: {
    readonly of: 'wrong' | 'all' | 'kept';
    readonly lowest: number;
    readonly highest: number;
    readonly seen: number;
  } | null;
}

/** After so many images' worth of packets the first and the last number of an image have been among them. */
const enoughImages = 4;

type Range = readonly [first: number, last: number];

/** Settings beside the configured ones: what is changed, and what is sent then. */
interface Other {
  readonly changes: readonly string[];
  readonly packetBytes: number;
  /** Packet numbers of a port image, by header row within the unit. */
  readonly ranges: readonly Range[];
}

const known = new WeakMap<Layout, readonly Other[]>();

/** Settings that explain this, each as text: `counters: 2`, `dynamic_range: 8 with counters: 3`; empty = none does. */
export function otherSettings(layout: Layout, evidence: Evidence): string[] {
  let others = known.get(layout);
  if (others === undefined) known.set(layout, (others = enumerate(layout)));
  const configured = rangesOf(layout.profile, layout.wireBits, layout.settings.readNRows);
  const fitting = others.filter(
    (other) => other.packetBytes === evidence.bytes && explains(other, configured, evidence),
  );
  // A change that explains it alone needs no second one.
  const least = fitting.filter(
    ({ changes }) =>
      !fitting.some(
        (simpler) =>
          simpler.changes.length < changes.length && simpler.changes.every((change) => changes.includes(change)),
      ),
  );
  // Rows and depth together explain nearly everything: only when nothing simpler does.
  const plain = least.filter((other) => other.changes.length === 1 || !ofRows(other));
  return (plain.length > 0 ? plain : least)
    .toSorted((a, b) => a.changes.length - b.changes.length || Number(ofRows(b)) - Number(ofRows(a)))
    .map(({ changes }) => changes.join(' with '));
}

/** Settings under which the packet headers' rows and columns reach as far as this: `quad: true`, `interfaces: 2`. */
export function otherGrids(layout: Layout, row: number, column: number): string[] {
  const { settings, grid } = layout;
  if (row < grid.rows && column < grid.columns) return [];
  return Object.entries(families[settings.detector]?.choices ?? {}).flatMap(([key, values]) =>
    values.flatMap((value) => {
      const { unitPorts } = profileOf(settings.detector, { ...settings, [key]: value });
      if (unitPorts.rows === layout.profile.unitPorts.rows && unitPorts.columns === layout.profile.unitPorts.columns)
        return [];
      const reaches = row < unitPorts.rows * settings.modules[0] && column < unitPorts.columns * settings.modules[1];
      return reaches ? [`${optionName(key)}: ${value}`] : [];
    }),
  );
}

/** The detector type with this number in its packet headers; null = none that is known here. */
export function detectorOfType(type: number): string | null {
  return Object.keys(families).find((name) => families[name]?.values.detectorType === type) ?? null;
}

const ofRows = ({ changes }: Other): boolean => changes[0]?.startsWith('read_n_rows') === true;

function enumerate({ settings }: Layout): Other[] {
  const family = families[settings.detector];
  if (family === undefined) return [];
  let choices: { readonly changes: readonly string[]; readonly settings: DetectorSettings }[] = [
    { changes: [], settings },
  ];
  const vary = (key: string, values: readonly unknown[]): void => {
    choices = choices.flatMap((choice) =>
      values.map((value) =>
        value === settings[key as keyof DetectorSettings]
          ? choice
          : {
              changes: [...choice.changes, `${optionName(key)}: ${String(value)}`],
              settings: { ...choice.settings, [key]: value },
            },
      ),
    );
  };
  vary('dynamicRange', Object.keys(family.values.depths).map(Number));
  // What changes where packets go, but not the packets, is left out.
  const unseen = ['quad', 'flat'];
  for (const [key, values] of Object.entries(family.choices)) if (!unseen.includes(key)) vary(key, values);
  return choices
    .flatMap((choice) =>
      withRows(choice.settings).map(({ rows, ranges, payloadBytes }): Other => ({
        changes: rows === null ? choice.changes : [`read_n_rows: ${rows}`, ...choice.changes],
        packetBytes: headerBytes + payloadBytes,
        ranges,
      })),
    )
    .filter(({ changes }) => changes.length > 0);
}

/** Every number of rows that can be read out; `rows` null = as configured. */
function withRows(settings: DetectorSettings): { rows: number | null; ranges: Range[]; payloadBytes: number }[] {
  const profile = profileOf(settings.detector, settings);
  const { wireBits } = profile.depths[settings.dynamicRange];
  const { payloadBytes, portImage, unitPorts, partialReadout } = profile;
  const all = portImage.rows * (partialReadout === 'centre_of_unit' ? unitPorts.rows : 1);
  const configured = settings.readNRows ?? all;
  const possible = partialReadout === 'none' ? [configured] : Array.from({ length: all }, (_, index) => index + 1);
  return possible.flatMap((rows) => {
    const ranges = wholePackets(rows, all, profile, wireBits)
      ? rangesOf(profile, wireBits, rows === all ? null : rows)
      : null;
    return ranges === null ? [] : [{ rows: rows === configured ? null : rows, ranges, payloadBytes }];
  });
}

function wholePackets(
  rows: number,
  all: number,
  { portImage, payloadBytes, partialReadout }: Layout['profile'],
  wireBits: number,
): boolean {
  if (rows === all) return true;
  const packets = (rows * portImage.columns * wireBits) / (payloadBytes * 8);
  // Around the centre: as many packets above as below.
  return Number.isInteger(partialReadout === 'centre_of_unit' ? packets / 2 : packets);
}

function rangesOf(profile: Layout['profile'], wireBits: number, readNRows: number | null): Range[] {
  const { expectedPackets, firstPackets } = readOut(profile, wireBits, readNRows);
  return firstPackets.map((first): Range => [first, first + expectedPackets - 1]);
}

/** Is this what would be seen on a port of this row, or, where it is not known, on any? */
function explains(other: Other, configured: readonly Range[], { numbers, row: headerRow }: Evidence): boolean {
  if (numbers === null) return true;
  const { of, lowest, highest, seen } = numbers;
  return other.ranges.some(([first, last], row) => {
    if (headerRow !== null && row !== headerRow % other.ranges.length) return false;
    const [from, to] = configured[(headerRow ?? row) % configured.length];
    if (of === 'kept') return first >= from && last <= to && lowest === first && highest === last;
    // What the configured image has too was accepted.
    const least = of === 'all' || first < from ? first : Math.max(first, to + 1);
    const most = of === 'all' || last > to ? last : Math.min(last, from - 1);
    if (lowest < least || highest > most) return false;
    return seen < enoughImages * (last - first + 1) || (lowest === least && highest === most);
  });
}

const optionName = (key: string): string => key.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
