// What must fit the detector: its settings among each other and with its profile, its ports, their places and the rows
// that are read out.
// Tested by test/config/checks.test.ts.

import { OperatorError } from '../base/errors.js';
import { readOut } from '../detector/layout.js';
import type { DetectorFamily, DetectorProfile } from '../detector/profile.js';
import { families } from '../detector/profiles.js';
import { oneOf } from './option.js';
import { choiceKeys, defaultOf, type ChoiceKey, type OptionKey, type Options } from './schema.js';
import { notListed, show } from './problem.js';
import type { Problem } from './problem.js';

/** Values that this detector type does not have; a setting that it does not know keeps its default. */
export function wrongChoices(options: Options, family: DetectorFamily): Problem[] {
  return Object.entries(choiceKeys).flatMap(([key, option]): Problem[] => {
    const seen = options[option];
    const known: readonly unknown[] | undefined = family.choices[key as ChoiceKey];
    if (known === undefined) {
      const fallback = defaultOf(option);
      if (seen === fallback) return [];
      const others = Object.keys(families).filter((name) => families[name]?.choices[key as ChoiceKey] !== undefined);
      return [
        {
          path: [option],
          message:
            `${show(seen)} is not possible: ${family.values.name} has only ${option}: ${show(fallback)}, a choice is ` +
            `there for ${oneOf(others)}. Remove ${option}`,
        },
      ];
    }
    if (known.includes(seen)) return [];
    return [
      {
        path: [option],
        message: `${show(seen)} is not allowed: ${family.values.name} needs ${oneOf(known.map(String))}`,
      },
    ];
  });
}

/** Rows and columns of the detector, counted in ports. */
function portGrid({ modules }: Options, { unitPorts }: DetectorProfile): { rows: number; columns: number } {
  return { rows: unitPorts.rows * modules[0], columns: unitPorts.columns * modules[1] };
}

export function oneRowOfModules(
  { modules }: Options,
  _profile: DetectorProfile,
  { values }: DetectorFamily,
): Problem[] {
  if (values.portImage.rows > 1 || modules[0] === 1) return [];
  return [
    {
      path: ['modules'],
      message:
        `${show(modules)} is not possible: modules of ${values.name} are lines, which lie side by side. Use [1, ` +
        `${modules[0] * modules[1]}]`,
    },
  ];
}

export function quadIsOneUnit({ quad, modules }: Options): Problem[] {
  if (!quad || (modules[0] === 1 && modules[1] === 1)) return [];
  return [
    { path: ['modules'], message: `${show(modules)} with quad: true, but a quad is one unit. Remove modules, or quad` },
  ];
}

export function flatCounters({ flat, counters }: Options): Problem[] {
  if (!flat || counters > 1) return [];
  return [
    {
      path: ['flat'],
      message: `true with counters: ${counters}, but one counter is one row already. Remove flat, or correct counters`,
    },
  ];
}

export function nibbles({ nibble_order }: Options, _profile: DetectorProfile, { values }: DetectorFamily): Problem[] {
  if (nibble_order === 'high_first' || Object.values(values.depths).some(({ decode }) => decode === 'unpack4'))
    return [];
  return [
    {
      path: ['nibble_order'],
      message: `${nibble_order} is not possible: ${values.name} has no 4 bit pixels. Remove nibble_order`,
    },
  ];
}

export function portCount(options: Options, profile: DetectorProfile): Problem[] {
  const grid = portGrid(options, profile);
  const perUnit = profile.unitPorts.rows * profile.unitPorts.columns;
  // A quad that says more than one unit is told so by another check.
  const needed = options.quad ? perUnit : grid.rows * grid.columns;
  const seen = options.udp_ports.length;
  if (seen === needed) return [];
  const interfaces = options.interfaces > 1 ? ` with interfaces: ${options.interfaces}` : '';
  const why = options.quad ? 'quad: true' : `modules: ${show(options.modules)} at ${perUnit} per unit${interfaces}`;
  return [
    {
      path: ['udp_ports'],
      message:
        `${seen} ports, but ${why} needs ${needed}. List every port (those not sent go into ports_off as well), or ` +
        `correct ${options.quad ? 'quad' : 'modules'}`,
    },
  ];
}

export function portsOff({ udp_ports, ports_off }: Options): Problem[] {
  const problems = ports_off.flatMap((port, index) => notListed(['ports_off', index], port, udp_ports));
  if (problems.length === 0 && udp_ports.every((port) => ports_off.includes(port))) {
    problems.push({
      path: ['ports_off'],
      message: `${show(ports_off)} is every port of udp_ports, so nothing would be received. Leave at least one on`,
    });
  }
  return problems;
}

export function flippedPorts({ udp_ports, flip_rows }: Options): Problem[] {
  if (flip_rows === undefined || typeof flip_rows === 'boolean') return [];
  return Object.keys(flip_rows).flatMap((port) => notListed(['flip_rows', port], Number(port), udp_ports));
}

export function positions(options: Options, profile: DetectorProfile): Problem[] {
  const grid = portGrid(options, profile);
  const taken = new Map<string, string>();
  return Object.entries(options.port_positions).flatMap(([port, position]) => {
    const path = ['port_positions', port];
    const problems = notListed(path, Number(port), options.udp_ports);
    if (position[0] >= grid.rows || position[1] >= grid.columns) {
      problems.push({
        path,
        message:
          `${show(position)} lies outside: rows are 0 to ${grid.rows - 1}, columns 0 to ${grid.columns - 1}, counted ` +
          'in ports. Correct it, or modules',
      });
    }
    const other = taken.get(show(position));
    if (other !== undefined) {
      problems.push({
        path,
        message: `${show(position)} is the position of port ${other} as well. Give each port its own`,
      });
    }
    taken.set(show(position), port);
    return problems;
  });
}

/**
 * Around the centre each half of a module sends packets of other numbers; a place of the other half would wait for the
 * wrong ones.
 */
export function exchangedHalves(
  { udp_ports, port_positions, read_n_rows }: Options,
  { partialReadout, unitPorts }: DetectorProfile,
): Problem[] {
  if (read_n_rows === undefined || partialReadout !== 'centre_of_unit') return [];
  return Object.entries(port_positions).flatMap(([port, position]): Problem[] => {
    const index = udp_ports.indexOf(Number(port));
    if (index < 0 || position[0] % unitPorts.rows === index % unitPorts.rows) return [];
    return [
      {
        path: ['port_positions', port],
        message:
          `${show(position)} is the place of the other half of a module, which with read_n_rows: ${read_n_rows} ` +
          'sends other packets. List udp_dstport and udp_dstport2 in this order in udp_ports, or keep the half',
      },
    ];
  });
}

export function largestDepth(
  { dynamic_range, dynamic_range_max }: Options,
  _profile: DetectorProfile,
  family: DetectorFamily,
): Problem[] {
  if (dynamic_range_max === undefined) return [];
  const problems = depthProblem('dynamic_range_max', dynamic_range_max, family);
  if (dynamic_range_max < dynamic_range) {
    problems.push({
      path: ['dynamic_range_max'],
      message:
        `${dynamic_range_max} is less than dynamic_range: ${dynamic_range}. Raise it to ${dynamic_range} or more, or ` +
        'remove it',
    });
  }
  return problems;
}

export function depthProblem(key: OptionKey, bits: number, { values }: DetectorFamily): Problem[] {
  if (values.depths[bits] !== undefined) return [];
  return [
    { path: [key], message: `${bits} is not allowed: ${values.name} needs ${oneOf(Object.keys(values.depths))}` },
  ];
}

export function rowsReadOut({ dynamic_range, read_n_rows }: Options, profile: DetectorProfile): Problem[] {
  const depth = profile.depths[dynamic_range];
  if (read_n_rows === undefined || depth === undefined) return [];
  try {
    readOut(profile, depth.wireBits, read_n_rows);
    return [];
  } catch (error) {
    if (error instanceof OperatorError)
      return [{ path: ['read_n_rows'], message: error.message.replace(/^read_n_rows: /, '') }];
    throw error;
  }
}
