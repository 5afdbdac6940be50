// The files for PSI's client in examples/sls/ against the entries of examples/sls.yaml: what one sets up is what the
// other expects.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sourceText } from '../../src/config/networks.js';
import type { UdpSource } from '../../src/config/networks.js';
import { makeSenderWord } from '../../src/udp/source-filter.js';
import { loadConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { families, profileOf } from '../../src/detector/profiles.js';
import { repository } from '../commands/repository.js';

const folder = join(repository, 'examples', 'sls');
const names = readdirSync(folder).map((file) => file.replace(/\.config$/, ''));

/**
 * Commands that PSI's client 10.0.1 knows, of those that a set-up for this service may need; by detector where not all
 * have them.
 */
const everywhere = [
  'detsize',
  'hostname',
  'udp_srcip',
  'udp_dstip',
  'udp_dstmac',
  'udp_dstport',
  'frames',
  'exptime',
  'period',
  'triggers',
  'timing',
];
const secondPort = [
  'udp_srcip2',
  'udp_dstip2',
  'udp_dstmac2',
  'udp_dstport2',
  'numinterfaces',
  'powerchip',
  'readnrows',
  'nextframenumber',
];
const own: Readonly<Record<string, readonly string[]>> = {
  eiger: ['dr', 'tengiga', 'quad', 'readnrows', 'datastream', 'activate', 'udp_dstport2', 'nextframenumber'],
  jungfrau: secondPort,
  moench: secondPort,
  mythen3: ['dr', 'tengiga', 'counters'],
  gotthard2: ['nextframenumber', 'numinterfaces'],
};

interface Line {
  readonly module: number | null;
  readonly command: string;
  readonly values: readonly string[];
}

const linesOf = (name: string): Line[] =>
  readFileSync(join(folder, `${name}.config`), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [, module, command = '', rest = ''] = /^(?:(\d+):)?(\S+)\s*(.*)$/.exec(line) ?? [];
      return { module: module === undefined ? null : Number(module), command, values: rest.split(/\s+/) };
    });

const valueOf = (lines: readonly Line[], command: string): string | undefined =>
  lines.find((line) => line.command === command)?.values[0];

/** UDP ports as the client sets them: a command without module counts up, by 2 where a module has two ports. */
function portsOf(lines: readonly Line[], modules: number, perModule: number): number[] {
  return Array.from({ length: modules * perModule }, (_, index) => {
    const command = index % perModule === 0 ? 'udp_dstport' : 'udp_dstport2';
    const module = Math.floor(index / perModule);
    const exact = lines.find((line) => line.command === command && line.module === module);
    return exact === undefined ? Number(valueOf(lines, command)) + module * perModule : Number(exact.values[0]);
  });
}

/** What differs between the two, in words. */
function differences(config: ServiceConfig, lines: readonly Line[]): string[] {
  const { detector } = config;
  const profile = profileOf(detector.detector, detector);
  const modules = detector.modules[0] * detector.modules[1];
  const perModule = profile.unitPorts.rows * profile.unitPorts.columns;
  const two = detector.interfaces === 2;
  const eiger1GbE = detector.detector === 'eiger' && !detector.tenGiga;
  const has = families[detector.detector]?.choices ?? {};
  const problems: string[] = [];
  const same = (what: string, seen: unknown, wanted: unknown): void => {
    if (JSON.stringify(seen) !== JSON.stringify(wanted))
      problems.push(`${what}: ${JSON.stringify(seen)}, wanted ${JSON.stringify(wanted)}`);
  };
  same('udp ports', portsOf(lines, modules, perModule), detector.udpPorts);
  const hosts = detector.udpPorts.map((_, index) =>
    valueOf(lines, two && index % 2 === 1 ? 'udp_dstip2' : 'udp_dstip'),
  );
  same('udp_dstip', hosts, config.udpHosts);
  if (two)
    same(
      'cards',
      new Set(lines.filter(({ command }) => /^udp_dst(ip|mac)2?$/.test(command)).map(({ values }) => values[0])).size,
      4,
    );
  same('udp_dstmac', /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(valueOf(lines, 'udp_dstmac') ?? ''), true);
  same(
    'hosts',
    valueOf(lines, 'hostname')
      ?.split('+')
      .filter((host) => host !== '').length,
    modules,
  );
  same('sources', lines.filter(({ command }) => command === 'udp_srcip').length, eiger1GbE ? 0 : modules);
  const senders = lines.filter(({ command }) => /^udp_srcip2?$/.test(command)).flatMap(({ values }) => values);
  const takes = (sources: readonly UdpSource[], sender: string): boolean =>
    makeSenderWord(sources)(sender, 32410) !== 0;
  if (config.udpSources.length > 0 || !eiger1GbE) {
    same(
      'senders that are taken',
      senders.filter((sender) => takes(config.udpSources, sender)),
      senders,
    );
    for (const one of config.udpSources)
      same(
        `${sourceText(one)} sends`,
        senders.some((sender) => takes([one], sender)),
        true,
      );
    same('udp_source', config.udpSources.length > 0, true);
  }
  for (const command of ['udp_srcip2', 'udp_dstip2', 'udp_dstmac2'])
    same(
      command,
      lines.some((line) => line.command === command),
      two,
    );
  if (Object.keys(profile.depths).length > 1) same('dr', Number(valueOf(lines, 'dr')), detector.dynamicRange);
  if (has.tenGiga !== undefined) same('tengiga', valueOf(lines, 'tengiga'), detector.tenGiga ? '1' : '0');
  if (has.interfaces !== undefined)
    same(
      'numinterfaces and powerchip',
      [valueOf(lines, 'numinterfaces'), valueOf(lines, 'powerchip')],
      [String(detector.interfaces), '1'],
    );
  if (has.counters !== undefined)
    same(
      'counters',
      lines.find(({ command }) => command === 'counters')?.values,
      Array.from({ length: detector.counters }, (_, index) => String(index)),
    );
  same('quad', valueOf(lines, 'quad'), detector.quad ? '1' : undefined);
  same('readnrows', valueOf(lines, 'readnrows'), detector.readNRows === null ? undefined : String(detector.readNRows));
  if (modules > 1 && profile.portImage.rows > 1 && profile.partialReadout !== 'none') {
    const { rows, columns } = profile.portImage;
    const size = [
      detector.modules[1] * profile.unitPorts.columns * columns,
      detector.modules[0] * profile.unitPorts.rows * rows,
    ].map(String);
    same('detsize', lines.find(({ command }) => command === 'detsize')?.values, size);
    same('detsize first', lines[0]?.command, 'detsize');
  }
  const off = lines
    .filter(({ command }) => command === 'datastream')
    .map(({ module, values }) => (module ?? 0) * perModule + (values[0] === 'right' ? 1 : 0));
  same(
    'ports off',
    off.map((index) => detector.udpPorts[index]),
    detector.portsOff,
  );
  const position = (command: string): number => lines.findIndex((line) => line.command === command);
  if (two) same('numinterfaces before the addresses', position('numinterfaces') < position('udp_srcip'), true);
  return problems;
}

t.test('each file sets up what its entry expects, and each entry has a file', async (t) => {
  const entries = [...readFileSync(join(repository, 'examples', 'sls.yaml'), 'utf8').matchAll(/^([a-z0-9-]+):$/gm)].map(
    ([, name]) => name,
  );
  t.strictSame([...entries].sort(), [...names].sort());
  t.equal(entries[0], 'eiger-quad');
  for (const name of names)
    t.strictSame(differences(loadConfig(join(repository, 'examples', 'sls.yaml'), name), linesOf(name)), [], name);
});

t.test('each command is one that the client knows for this detector', async (t) => {
  for (const name of names) {
    const { detector } = loadConfig(join(repository, 'examples', 'sls.yaml'), name).detector;
    const known = [...everywhere, ...(own[detector] ?? [])];
    t.strictSame(
      linesOf(name)
        .map(({ command }) => command)
        .filter((command) => !known.includes(command)),
      [],
      name,
    );
  }
});

t.test('a file that differs in one value is found', async (t) => {
  const config = loadConfig(join(repository, 'examples', 'sls.yaml'), 'eiger-500k');
  const lines = linesOf('eiger-500k');
  const without = (command: string): Line[] => lines.filter((line) => line.command !== command);
  for (const command of [
    'dr',
    'tengiga',
    'udp_dstip',
    'udp_dstmac',
    'udp_srcip',
    'udp_dstport',
    'udp_dstport2',
    'detsize',
    'hostname',
  ])
    t.not(differences(config, without(command)).length, 0, command);
  t.match(
    differences(
      config,
      lines.map((line) => (line.command === 'udp_dstport' ? { ...line, values: ['50002'] } : line)),
    ),
    [/^udp ports/],
  );
});

t.test('every detector, and every setting of it that its client has, is among them', async (t) => {
  const all = names.map((name) => loadConfig(join(repository, 'examples', 'sls.yaml'), name).detector);
  for (const [detector, { choices, values }] of Object.entries(families)) {
    const ours = all.filter((settings) => settings.detector === detector);
    t.ok(ours.length > 0, detector);
    for (const [key, choice] of Object.entries(choices))
      if (key !== 'flat')
        for (const value of choice)
          t.ok(
            ours.some((settings) => settings[key as keyof typeof settings] === value),
            `${detector}, ${key}: ${String(value)}`,
          );
    if (detector === 'eiger')
      for (const bits of Object.keys(values.depths))
        t.ok(
          ours.some(({ dynamicRange }) => dynamicRange === Number(bits)),
          `${detector}, ${bits} bit`,
        );
  }
});

t.test('each mode that is documented has a file: what the detector can be told differs in none', async (t) => {
  /** All that a detector is told; halves of bytes and rows of counters are the service's own. */
  const told = (file: string, name: string): string => {
    const { detector: settings } = loadConfig(join(repository, 'examples', file), name);
    const { detector, modules, interfaces, counters, dynamicRange, quad, tenGiga, readNRows, portsOff } = settings;
    const off = portsOff.map((port) => settings.udpPorts.indexOf(port));
    return JSON.stringify([detector, modules, interfaces, counters, dynamicRange, quad, tenGiga, readNRows, off]);
  };
  const modes = [
    ...readFileSync(join(repository, 'examples', 'modes.yaml'), 'utf8').matchAll(/^([a-z0-9-]+):(?: \{|$)/gm),
  ].map(([, name]) => name);
  t.ok(modes.length > 35);
  const there = new Set(names.map((name) => told('sls.yaml', name)));
  t.strictSame(
    modes.filter((name) => !there.has(told('modes.yaml', name))),
    [],
  );
});
