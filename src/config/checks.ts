// What a configuration must satisfy beyond each key's own range: keys compared with each other and with the detector's
// profile. Called by `load.ts` with the keys that are right by themselves; every problem is reported, not only the first.

import { isIP } from 'node:net';
import type { DetectorProfile } from '../detector/profile.js';
import { profiles } from '../detector/profiles.js';
import { oneOf, parseSource, type OptionKey, type Options } from './schema.js';

/** One thing that is wrong: where in the entry, and what was seen, what is needed, what to do. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

interface Check {
  /** Keys that must be right by themselves before this check means anything. */
  readonly needs: readonly OptionKey[];
  readonly find: (options: Options, profile: DetectorProfile) => Problem[];
}

/**
 * Problems between keys.
 * @param wrong keys that failed by themselves; checks that need them are left out
 */
export function findProblems(options: Options, wrong: ReadonlySet<string>): Problem[] {
  const profile = profiles[options.detector];
  if (wrong.has('detector') || profile === undefined) return [];
  return checks
    .filter((check) => !check.needs.some((key) => wrong.has(key)))
    .flatMap((check) => check.find(options, profile));
}

/** Rows and columns of the detector, counted in ports. */
export function portGrid(options: Pick<Options, 'quad' | 'modules'>, profile: DetectorProfile): { rows: number; columns: number } {
  const unit = (options.quad ? profile.quadPorts : null) ?? profile.unitPorts;
  return { rows: unit.rows * options.modules[0], columns: unit.columns * options.modules[1] };
}

const checks: readonly Check[] = [
  { needs: ['quad'], find: quadExists },
  { needs: ['quad', 'modules'], find: quadIsOneUnit },
  { needs: ['quad', 'modules', 'udp_ports'], find: portCount },
  { needs: ['udp_ports'], find: ({ udp_ports }) => repeated('udp_ports', udp_ports) },
  { needs: ['ports_off'], find: ({ ports_off }) => repeated('ports_off', ports_off) },
  { needs: ['udp_ports', 'ports_off'], find: portsOff },
  { needs: ['udp_ports', 'flip_rows'], find: flippedPorts },
  { needs: ['quad', 'modules', 'udp_ports', 'port_positions'], find: positions },
  { needs: ['dynamic_range'], find: depth },
  { needs: ['dynamic_range', 'dynamic_range_max'], find: largestDepth },
  { needs: ['dynamic_range', 'ten_giga', 'read_n_rows'], find: rowsReadOut },
  { needs: ['udp_host', 'udp_source'], find: sourceFamily },
  { needs: ['ring_frames', 'ring_ms', 'frame_rate_hz'], find: oneRing },
  { needs: ['data_host', 'data_port', 'api_host', 'api_port'], find: tcpPorts },
];

function quadExists({ quad }: Options, profile: DetectorProfile): Problem[] {
  if (!quad || profile.quadPorts !== null) return [];
  return [{ path: ['quad'], message: `true, but ${profile.name} has no quad hardware. Remove quad` }];
}

function quadIsOneUnit({ quad, modules }: Options): Problem[] {
  if (!quad || (modules[0] === 1 && modules[1] === 1)) return [];
  return [{ path: ['modules'], message: `${show(modules)} with quad: true, but a quad is one unit. Remove modules, or quad` }];
}

function portCount(options: Options, profile: DetectorProfile): Problem[] {
  if (options.quad && profile.quadPorts === null) return [];
  const grid = options.quad ? portGrid({ quad: true, modules: [1, 1] }, profile) : portGrid(options, profile);
  const needed = grid.rows * grid.columns;
  const seen = options.udp_ports.length;
  if (seen === needed) return [];
  const why = options.quad
    ? 'quad: true'
    : `modules: ${show(options.modules)} at ${profile.unitPorts.rows * profile.unitPorts.columns} per unit`;
  return [{
    path: ['udp_ports'],
    message: `${seen} ports, but ${why} needs ${needed}. List every port (those not sent go into ports_off as well), or correct ${options.quad ? 'quad' : 'modules'}`,
  }];
}

function repeated(key: OptionKey, ports: readonly number[]): Problem[] {
  return ports.flatMap((port, index) => ports.indexOf(port) === index
    ? []
    : [{ path: [key, index], message: `${port} is listed twice. Each port is needed once` }]);
}

function portsOff({ udp_ports, ports_off }: Options): Problem[] {
  const problems = ports_off.flatMap((port, index) => notListed(['ports_off', index], port, udp_ports));
  if (problems.length === 0 && udp_ports.every((port) => ports_off.includes(port))) {
    problems.push({ path: ['ports_off'], message: `${show(ports_off)} is every port of udp_ports, so nothing would be received. Leave at least one on` });
  }
  return problems;
}

function flippedPorts({ udp_ports, flip_rows }: Options): Problem[] {
  if (flip_rows === undefined || typeof flip_rows === 'boolean') return [];
  return Object.keys(flip_rows).flatMap((port) => notListed(['flip_rows', port], Number(port), udp_ports));
}

function positions(options: Options, profile: DetectorProfile): Problem[] {
  const grid = portGrid(options, profile);
  const taken = new Map<string, string>();
  return Object.entries(options.port_positions).flatMap(([port, position]) => {
    const path = ['port_positions', port];
    const problems = notListed(path, Number(port), options.udp_ports);
    if (position[0] >= grid.rows || position[1] >= grid.columns) {
      problems.push({
        path,
        message: `${show(position)} lies outside: rows are 0 to ${grid.rows - 1}, columns 0 to ${grid.columns - 1}, counted in ports. Correct it, or modules`,
      });
    }
    const other = taken.get(show(position));
    if (other !== undefined) {
      problems.push({ path, message: `${show(position)} is the position of port ${other} as well. Give each port its own` });
    }
    taken.set(show(position), port);
    return problems;
  });
}

function depth({ dynamic_range }: Options, profile: DetectorProfile): Problem[] {
  return depthProblem('dynamic_range', dynamic_range, profile);
}

function largestDepth({ dynamic_range, dynamic_range_max }: Options, profile: DetectorProfile): Problem[] {
  if (dynamic_range_max === undefined) return [];
  const problems = depthProblem('dynamic_range_max', dynamic_range_max, profile);
  if (dynamic_range_max < dynamic_range) {
    problems.push({
      path: ['dynamic_range_max'],
      message: `${dynamic_range_max} is less than dynamic_range: ${dynamic_range}. Raise it to ${dynamic_range} or more, or remove it`,
    });
  }
  return problems;
}

function depthProblem(key: OptionKey, bits: number, profile: DetectorProfile): Problem[] {
  if (profile.depths[bits] !== undefined) return [];
  return [{ path: [key], message: `${bits} is not allowed: ${profile.name} needs ${oneOf(Object.keys(profile.depths))}` }];
}

function rowsReadOut({ dynamic_range, ten_giga, read_n_rows }: Options, profile: DetectorProfile): Problem[] {
  const wire = profile.depths[dynamic_range];
  if (read_n_rows === undefined || wire === undefined) return [];
  const { rows, columns } = profile.portImage;
  if (read_n_rows > rows) {
    return [{ path: ['read_n_rows'], message: `${read_n_rows} is not allowed: a port image has ${rows} rows, needs 1 to ${rows}` }];
  }
  const payload = ten_giga ? profile.payloadBytes.tenGiga : profile.payloadBytes.oneGiga;
  const rowBytes = (columns * wire.wireBits) / 8;
  if ((read_n_rows * rowBytes) % payload === 0) return [];
  const step = payload / rowBytes;
  return [{
    path: ['read_n_rows'],
    message: `${read_n_rows} is not a whole number of packets: at dynamic_range: ${dynamic_range} a packet holds ${step} rows. Use a multiple of ${step}`,
  }];
}

function sourceFamily({ udp_host, udp_source }: Options): Problem[] {
  const source = udp_source === undefined ? null : parseSource(udp_source);
  if (source === null || isIP(source.address) === isIP(udp_host)) return [];
  const family = `IPv${isIP(source.address)}`;
  return [{
    path: ['udp_source'],
    message: `${show(udp_source)} is ${family}, but udp_host: ${udp_host} is not, so nothing could come from there. Use an ${family} address for udp_host`,
  }];
}

function oneRing({ ring_frames, ring_ms, frame_rate_hz }: Options): Problem[] {
  if (ring_ms === undefined) return [];
  const problems: Problem[] = [];
  if (ring_frames !== undefined) {
    problems.push({ path: ['ring_ms'], message: `${ring_ms} beside ring_frames: ${ring_frames}, but the ring has one length. Remove one of them` });
  }
  if (frame_rate_hz === undefined) {
    problems.push({ path: ['ring_ms'], message: `${ring_ms} without frame_rate_hz, so it is no number of frames. Add frame_rate_hz, or use ring_frames` });
  }
  return problems;
}

function tcpPorts({ data_host, data_port, api_host, api_port }: Options): Problem[] {
  if (data_port === 0 || data_port !== api_port) return [];
  const everywhere = ['0.0.0.0', '::'];
  if (data_host !== api_host && !everywhere.includes(data_host) && !everywhere.includes(api_host)) return [];
  return [{ path: ['api_port'], message: `${api_port} is data_port as well. Give the HTTP interface its own port` }];
}

function notListed(path: readonly (string | number)[], port: number, ports: readonly number[]): Problem[] {
  if (ports.includes(port)) return [];
  return [{ path, message: `port ${port} is not in udp_ports: ${show(ports)}. Correct it, or add it there` }];
}

/** A value of the file in one short line. */
export function show(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
