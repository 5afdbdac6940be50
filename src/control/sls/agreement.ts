// Where PSI's client and the configuration of this service say different things of one detector. Comes in: the
// configuration, and what was set on the modules. Goes out: sentences: which key, which value here, which there. Pure.
// Bit depth and rows are not compared: they belong to each series.

import type { ClientOptions } from '../../config/from-client.js';
import type { ServiceConfig, StatedOptions } from '../../config/service-config.js';
import { hostsOfPorts } from '../../config/udp-hosts.js';
import { makeLayout, rowsFlipped } from '../../detector/layout.js';
import { framesExpected, imagePorts, notSet, portCount } from './module-settings.js';
import type { ModuleSettings } from './module-settings.js';
import { regionOf } from './region.js';

const wildcards: readonly string[] = ['0.0.0.0', '::'];

const says = (key: string, here: unknown, there: unknown, command: string): string =>
  `${key}: ${String(here)} in the configuration of the service, but ${String(there)} at the detector (${command})`;

/** What cannot be changed any more after rx_hostname: the type, and how many modules stand where. */
export function lastingContradictions(config: ServiceConfig, settings: ModuleSettings): string[] {
  const { detector, modules } = config.detector;
  const found: string[] = [];
  if (settings.detector !== detector) return [says('detector', detector, settings.detector, 'hostname')];
  const { x, y } = settings.modules;
  if (y !== modules[0] || x !== modules[1])
    found.push(says('modules', `[${modules.join(', ')}]`, `[${y}, ${x}]`, 'hostname, detsize'));
  return found;
}

/** Everything else, module by module; all of `modules` have been set up, in their order. */
export function contradictions(config: ServiceConfig, modules: readonly ModuleSettings[]): string[] {
  return [
    ...disagreements(modules),
    ...modules.flatMap((settings) => ofModule(config, settings)),
    ...regionContradictions(config, modules),
  ];
}

/** What stands against the region of interest that the client has set; it tells the first module. */
export function regionContradictions(config: ServiceConfig, modules: readonly ModuleSettings[]): readonly string[] {
  const [first, ...others] = modules;
  if (first?.moduleIndex !== 0) return [];
  const { roi, problems } = regionOf([first, ...others], config.detector);
  if (roi === null) return problems;
  const { stated } = config;
  if (stated !== undefined) return statedContradictions(stated, { roi: [...roi] });
  if (written(roi) === written(config.roi)) return [];
  return [
    `${says('roi', config.roi === null ? 'none' : written(config.roi), written(roi), 'rx_roi')}. Set roi: ` +
      `${written(roi)} here, or say rx_clearroi; it follows the client where the configuration leaves the detector ` +
      'to it (detector: from_client)',
  ];
}

/** Keys that a configuration states, and the client too; what each is called there. */
const commands = {
  detector: 'hostname',
  modules: 'hostname, detsize',
  quad: 'quad',
  interfaces: 'numinterfaces',
  counters: 'counters',
  ten_giga: 'tengiga',
  udp_ports: 'udp_dstport, udp_dstport2',
  ports_off: 'activate, datastream',
  udp_host: 'udp_dstip, udp_dstip2',
  flip_rows: 'fliprows',
  roi: 'rx_roi; rx_clearroi takes that of the configuration',
} as const satisfies Partial<Record<keyof ClientOptions, string>>;

/**
 * Where a configuration that leaves the detector to the client states a value all the same, and the client another.
 * Addresses are compared only where both say one.
 */
export function statedContradictions({ options, given }: StatedOptions, client: ClientOptions): string[] {
  return (Object.keys(commands) as (keyof typeof commands)[]).flatMap((key) => {
    const [here, there] = [options[key], client[key]];
    if (!given.has(key) || there === undefined || key === 'detector' || agree(key, options, client)) return [];
    return [says(key, written(here), written(there), commands[key])];
  });
}

const written = (value: unknown): string => JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ');

function agree(key: keyof typeof commands, here: StatedOptions['options'], there: ClientOptions): boolean {
  const sorted = (ports: readonly number[] = []): string => JSON.stringify([...ports].sort((a, b) => a - b));
  if (key === 'ports_off') return sorted(here.ports_off) === sorted(there.ports_off);
  if (key === 'flip_rows') {
    const { flip_rows: flips } = here;
    const said = Object.entries(typeof there.flip_rows === 'object' ? there.flip_rows : {});
    return said.every(([port, flip]) => flip === ((typeof flips === 'object' ? flips[port] : flips) ?? flip));
  }
  if (key !== 'udp_host') return JSON.stringify(here[key]) === JSON.stringify(there[key]);
  const theirs = [there.udp_host ?? []].flat();
  const ours = hostsOfPorts(here.udp_host, { ports: theirs.length, interfaces: 1 });
  return theirs.every((host, at) => host === notSet || host === ours[at] || wildcards.includes(ours[at] ?? ''));
}

function ofModule(config: ServiceConfig, settings: ModuleSettings): string[] {
  const here = config.detector;
  const { detector } = settings;
  const found = lastingContradictions(config, settings);
  const compare = (key: string, ours: unknown, theirs: unknown, command: string): void => {
    if (ours !== theirs) found.push(says(key, ours, theirs, command));
  };
  if (found.length > 0) return found;
  if (detector === 'eiger') compare('quad', here.quad, settings.quad !== 0, `quad ${settings.quad}`);
  if (detector === 'eiger' || detector === 'mythen3')
    compare('ten_giga', here.tenGiga, settings.tenGiga !== 0, `tengiga ${settings.tenGiga}`);
  if (detector === 'jungfrau' || detector === 'moench')
    compare('interfaces', here.interfaces, portCount(detector, settings.interfaces), 'numinterfaces');
  if (detector === 'mythen3') compare('counters', here.counters, counters(settings).length, 'counters');
  return found.length > 0 ? found : [...found, ...ofPorts(config, settings)];
}

function ofPorts(config: ServiceConfig, settings: ModuleSettings): string[] {
  const { udpPorts, portsOff } = config.detector;
  const layout = makeLayout(config.detector);
  const found: string[] = [];
  const ports = imagePorts(settings);
  ports.forEach(({ udpPort, on }, within) => {
    const index = settings.moduleIndex * ports.length + within;
    const port = udpPorts[index];
    const command = `${settings.moduleIndex}:udp_dstport${within === 0 ? '' : '2'}`;
    if (port !== udpPort) return void found.push(says(`udp_ports[${index}]`, port, udpPort, command));
    if (on === portsOff.includes(port))
      found.push(says('ports_off', `port ${port} ${on ? 'off' : 'on'}`, on ? 'on' : 'off', 'activate, datastream'));
    const host = config.udpHosts[index];
    const address = settings.udpAddresses[settings.detector === 'eiger' ? 0 : within];
    if (address !== notSet && address !== host && !wildcards.includes(host))
      found.push(says(`udp_host of port ${port}`, host, address, command.replace('port', 'ip')));
    const laid = layout.ports[index];
    if (settings.flipRows === null || settings.quad !== 0 || laid === undefined) return;
    const flipped = rowsFlipped(layout, laid.expectedPosition, laid.flip);
    if (flipped !== (settings.flipRows !== 0))
      found.push(says(`flip_rows of port ${port}`, flipped, settings.flipRows !== 0, 'fliprows'));
  });
  return found;
}

/** Modules that would send different frames. */
export function disagreements(modules: readonly ModuleSettings[]): string[] {
  return differences(modules, [
    ['frames of the acquisition', framesExpected],
    ['dr', ({ dynamicRange }) => dynamicRange],
    ['readnrows', ({ readNRows }) => readNRows],
  ]);
}

/** Where modules are not set as the first one is: what it is called, which value here, which there. */
export function differences(
  [first, ...others]: readonly ModuleSettings[],
  facts: readonly (readonly [name: string, of: (settings: ModuleSettings) => unknown])[],
): string[] {
  if (first === undefined) return [];
  return others.flatMap((other) =>
    facts
      .filter(([, of]) => of(first) !== of(other))
      .map(
        ([name, of]) =>
          `${name}: ${String(of(first))} on module ${first.moduleIndex}, but ` +
          `${String(of(other))} on module ${other.moduleIndex}: set it for all modules at once`,
      ),
  );
}

/** Counters of a Mythen3 that are read out, from 0. */
export function counters({ counterMask }: ModuleSettings): number[] {
  return [0, 1, 2].filter((counter) => (counterMask & (1 << counter)) !== 0);
}
