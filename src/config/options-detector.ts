// Options of the detector and of how its frames are put together. What a detector type is (sizes, gaps, packets) is in
// its profile, not here.
// Tested by test/config/schema.test.ts.

import { z } from 'zod';
import type { DetectorFamily } from '../detector/profile.js';
import { families } from '../detector/profiles.js';
import { mostUnits } from '../detector/settings.js';
import { noted, oneOf, port, portKey } from './option.js';

const cell = z.tuple([z.int().min(0).max(63), z.int().min(0).max(63)]);

/** In the order of the reference. */
export const detectorOptions = {
  detector: noted(z.enum([...Object.keys(families), 'from_client']), {
    unit: null,
    range: oneOf([...Object.keys(families), 'from_client']),
    description:
      "The type of detector; from_client: PSI's client says what the detector is (receiver_ports), and udp_ports " +
      'and all that is said of it may be left out. May be left out itself where receiver_ports are given.',
  }),
  quad: noted(z.boolean().default(false), {
    unit: null,
    range: choiceRange('quad'),
    description: 'Quad hardware: one unit whose two ports lie above each other.',
  }),
  interfaces: noted(z.int().min(1).max(2).default(1), {
    unit: null,
    range: choiceRange('interfaces'),
    description:
      'UDP interfaces in use on each module (PSI: numinterfaces); with two each sends one half, through a port of ' +
      'its own.',
  }),
  counters: noted(z.int().min(1).max(3).default(1), {
    unit: null,
    range: choiceRange('counters'),
    description: 'How many counters are read out (PSI: counters lists which); one row of the frame each.',
  }),
  flat: noted(z.boolean().default(false), {
    unit: null,
    range: choiceRange('flat'),
    description:
      'All counters in one row, module by module as they are sent, instead of one row for each; the frame keeps two ' +
      'dimensions.',
  }),
  modules: noted(z.tuple([z.int().min(1).max(mostUnits), z.int().min(1).max(mostUnits)]).default([1, 1]), {
    unit: 'units',
    range:
      `[rows, columns], each 1 to ${mostUnits}; one row only: ` +
      namesOf((family) => family.values.portImage.rows === 1),
    description: `How many units stand above and beside each other. A unit has ${unitSizes()} pixels.`,
  }),
  gap_pixels: noted(z.boolean().default(true), {
    unit: null,
    range: 'true or false',
    description: 'Leave room in the frame for the pixels between chips and modules, which are 0.',
  }),
  flip_rows: noted(z.union([z.boolean(), z.record(portKey, z.boolean())]).optional(), {
    unit: null,
    range: 'true or false, or a map of UDP ports to true or false',
    description: 'Store the rows of all ports, or of the ports named, upside down (true) or as received (false).',
    unset:
      `as the detector type has it: odd rows flipped (${namesOf((family) => family.values.flippedRows === 'odd')}; a ` +
      'quad: row 0), none (the others)',
  }),
  port_positions: noted(z.record(portKey, cell).default({}), {
    unit: null,
    range: 'a map of UDP ports to [row, column], counted in ports from 0',
    description: 'Where these ports lie, whatever their packet headers say.',
  }),
  ports_off: noted(z.array(port).default([]), {
    unit: null,
    range: 'a list of ports of udp_ports, not all of them',
    description: 'Ports that the detector does not send; their pixels are missing and the frame counts as complete.',
  }),
  dynamic_range: noted(z.int().min(1).max(64).default(16), {
    unit: 'bits',
    range: depthRange(),
    description: "Bits of one pixel; packets do not carry it, so it must equal the detector's own setting.",
  }),
  dynamic_range_max: noted(z.int().min(1).max(64).optional(), {
    unit: 'bits',
    range: `${depthRange()}, at least dynamic_range`,
    description: 'Largest bit depth that an arm request may ask for; the ring is sized for it.',
    unset: 'dynamic_range',
  }),
  nibble_order: noted(z.enum(['high_first', 'low_first']).default('high_first'), {
    unit: null,
    range:
      'high_first or low_first ' +
      `(${namesOf((family) => Object.values(family.values.depths).some((depth) => depth.decode === 'unpack4'))})`,
    description:
      "At 4 bit: which half of a byte is the left pixel. PSI's viewer takes the high one; switch if neighbours are " +
      'swapped.',
  }),
  ten_giga: noted(z.boolean().default(true), {
    unit: null,
    range: choiceRange('tenGiga'),
    description: 'Packets of the 10 GbE interface (true) or the smaller ones of the 1 GbE interface.',
  }),
  read_n_rows: noted(z.int().min(1).max(65536).optional(), {
    unit: 'rows',
    range: `1 to all, in whole packets (${namesOf((family) => family.values.partialReadout !== 'none')})`,
    description:
      'Rows that the detector reads out: the first of each port image ' +
      `(${namesOf((family) => family.values.partialReadout === 'first_of_port')}), or those around the centre of ` +
      `each module (${namesOf((family) => family.values.partialReadout === 'centre_of_unit')}); the others are ` +
      'missing in every frame.',
    unset: 'all rows',
  }),
} as const;

function depthRange(): string {
  return byFamily((family) => oneOf(Object.keys(family.values.depths)));
}

/** Values of a choice by detector type; types that have none keep the default, which need not be said. */
function choiceRange(key: keyof DetectorFamily['choices']): string {
  return byFamily((family) => {
    const values = family.choices[key];
    return values === undefined ? null : oneOf(values.map(String));
  });
}

/** Rows × columns of one unit of `modules`. */
function unitSizes(): string {
  return byFamily(
    ({ values: { portImage, unitPorts } }) =>
      `${portImage.rows * unitPorts.rows} × ${portImage.columns * unitPorts.columns}`,
  );
}

/** "8 or 16 (a, b), 32 (c)": what is said of each detector type, types of which the same is said together. */
function byFamily(say: (family: DetectorFamily) => string | null): string {
  const namesBySaying = new Map<string, string[]>();
  for (const [name, family] of Object.entries(families)) {
    const said = say(family);
    if (said !== null) namesBySaying.set(said, [...(namesBySaying.get(said) ?? []), name]);
  }
  return [...namesBySaying].map(([said, names]) => `${said} (${names.join(', ')})`).join(', ');
}

function namesOf(holds: (family: DetectorFamily) => boolean): string {
  return Object.keys(families)
    .filter((name) => holds(families[name]))
    .join(', ');
}
