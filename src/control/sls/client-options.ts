// What PSI's client has set, as values of the keys of a configuration. Comes in: the settings of all modules, in their
// order. Goes out: what it says of the detector, and what it has not said or says of one module so and of another
// otherwise. Pure. What belongs to each series (rows, frames, files) is not among it.

import type { ClientOptions } from '../../config/from-client.js';
import { families } from '../../detector/profiles.js';
import type { DetectorSettings } from '../../detector/settings.js';
import { counters, differences } from './agreement.js';
import { imagePorts, notSet, portCount } from './module-settings.js';
import type { ModuleSettings } from './module-settings.js';
import { regionOf } from './region.js';

/**
 * @param hostGiven the configuration says on which addresses packets are received
 * @param frames what it says of them
 */
export function clientOptions(
  modules: readonly [ModuleSettings, ...ModuleSettings[]],
  hostGiven: boolean,
  frames: Pick<DetectorSettings, 'gapPixels' | 'flat'>,
): { readonly options: ClientOptions; readonly problems: readonly string[] } {
  const [first] = modules;
  const { detector } = first;
  const { choices } = families[detector];
  const quad = detector === 'eiger' && first.quad !== 0;
  const region = regionOf(modules, frames);
  const ports = modules.flatMap((settings) => imagePorts(settings).map((port) => ({ ...port, settings })));
  const options: ClientOptions = {
    detector,
    modules: [first.modules.y, first.modules.x],
    dynamic_range: first.dynamicRange,
    udp_ports: ports.map(({ udpPort }) => udpPort),
    ports_off: ports.filter(({ on }) => !on).map(({ udpPort }) => udpPort),
    udp_host: modules.flatMap(hostsOf),
    ...(choices.quad === undefined ? {} : { quad }),
    ...(choices.tenGiga === undefined ? {} : { ten_giga: first.tenGiga !== 0 }),
    ...(choices.interfaces === undefined ? {} : { interfaces: portCount(detector, first.interfaces) }),
    ...(choices.counters === undefined ? {} : { counters: counters(first).length }),
    ...flips(modules, quad),
    ...(region.roi === null ? {} : { roi: [...region.roi] }),
  };
  const unset = modules.flatMap((settings) => (hostGiven ? [] : unsetHosts(settings)));
  return { options, problems: [...differing(modules), ...unset, ...region.problems] };
}

/** Of each port of a module; an Eiger has one address for both. */
function hostsOf(settings: ModuleSettings): string[] {
  const { detector, udpAddresses } = settings;
  return imagePorts(settings).map((_, within) => udpAddresses[detector === 'eiger' || within === 0 ? 0 : 1]);
}

function unsetHosts(settings: ModuleSettings): string[] {
  return hostsOf(settings).flatMap((address, within) => {
    if (address !== notSet || (within > 0 && settings.detector === 'eiger')) return [];
    const command = `udp_dstip${within === 0 ? '' : '2'}`;
    return [
      `${command} of module ${settings.moduleIndex} is not set, so it is not known where packets come in: set it ` +
        `(${command} auto), or udp_host in the configuration of the service`,
    ];
  });
}

/** Only where the client has said it; a quad has its own way. */
function flips(modules: readonly ModuleSettings[], quad: boolean): Pick<ClientOptions, 'flip_rows'> {
  const said = modules.flatMap((settings) =>
    settings.flipRows === null || quad
      ? []
      : imagePorts(settings).map(({ udpPort }) => [String(udpPort), settings.flipRows !== 0] as const),
  );
  return said.length === 0 ? {} : { flip_rows: Object.fromEntries(said) };
}

/** Modules that would not be parts of one detector. */
function differing(modules: readonly ModuleSettings[]): string[] {
  return differences(modules, [
    ['hostname', ({ detector }) => detector],
    ['detsize', ({ modules: { x, y } }) => `${y} × ${x} modules`],
    ['quad', ({ detector, quad }) => (detector === 'eiger' ? quad : 0)],
    ['tengiga', ({ detector, tenGiga }) => (families[detector].choices.tenGiga === undefined ? 0 : tenGiga)],
    ['numinterfaces', ({ detector, interfaces }) => portCount(detector, interfaces)],
    ['counters', (settings) => (settings.detector === 'mythen3' ? counters(settings).join() : '')],
  ]);
}
