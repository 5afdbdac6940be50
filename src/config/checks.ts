// What a configuration must satisfy beyond each key's own range: keys compared with each other and with the detector's
// profile. Every problem is reported, not only the first.

import { isIP } from 'node:net';
import { messageOf } from '../base/errors.js';
import type { DetectorFamily, DetectorProfile } from '../detector/profile.js';
import { families, profileOf } from '../detector/profiles.js';
import { parseJson } from '../base/json-text.js';
import { checkMetadata } from './metadata.js';
import { hostOffset } from './host-offset.js';
import { parseSource } from './networks.js';
import { choiceKeys, defaultOf, type ChoiceKey, type OptionKey, type Options } from './schema.js';
import { hostListLengths } from './udp-hosts.js';
import { wayOutFacts } from './ways.js';
import { repeated, show } from './problem.js';
import type { Problem } from './problem.js';
import {
  wrongChoices,
  oneRowOfModules,
  quadIsOneUnit,
  flatCounters,
  nibbles,
  portCount,
  portsOff,
  flippedPorts,
  positions,
  exchangedHalves,
  largestDepth,
  depthProblem,
  rowsReadOut,
} from './checks-detector.js';
import { maskValueOfMask, roiWithinFrame, valueOfPixels } from './checks-form.js';

interface Check {
  /** Keys that must be right by themselves before this check means anything. */
  readonly needs: readonly OptionKey[];
  readonly find: (options: Options, profile: DetectorProfile, family: DetectorFamily) => Problem[];
}

/**
 * Problems between keys.
 * @param wrong keys that failed by themselves; checks that need them are left out
 */
export function findProblems(options: Options, wrong: ReadonlySet<string>): Problem[] {
  const family = families[options.detector];
  if (options.detector === 'from_client' && !wrong.has('detector')) return beforeTheClient(options, wrong);
  if (wrong.has('detector') || family === undefined) return [];
  const impossible = wrongChoices(options, family);
  const unusable = new Set([...wrong, ...impossible.flatMap(({ path }) => path.map(String))]);
  const depths = wrong.has('dynamic_range') ? [] : depthProblem('dynamic_range', options.dynamic_range, family);
  if (depths.length > 0) unusable.add('dynamic_range');
  const profile = profileOf(options.detector, choiceOf(options, family, unusable));
  return [
    ...impossible.filter(({ path }) => !wrong.has(String(path[0]))),
    ...depths,
    ...checks
      .filter((check) => !check.needs.some((key) => unusable.has(key)))
      .flatMap((check) => check.find(options, profile, family)),
  ];
}

/** What can be compared before it is known what the detector is. */
function beforeTheClient(options: Options, wrong: ReadonlySet<string>): Problem[] {
  const { receiver_ports: receivers } = options;
  const found = plainChecks
    .filter((check) => !check.needs.some((key) => wrong.has(key)))
    .flatMap((check) => check.find(options));
  if (wrong.has('receiver_ports') || receivers.length > 0) return found;
  const message =
    "from_client, but PSI's client has no way to say what the detector is: add receiver_ports, one for each module, " +
    'or name the detector';
  return [{ path: ['detector'], message }, ...found];
}

/** The settings that pick a profile; what is not usable is replaced by something that is. */
function choiceOf(
  options: Options,
  family: DetectorFamily,
  unusable: ReadonlySet<string>,
): Parameters<typeof profileOf>[1] {
  const { quad, ten_giga, interfaces, counters, flat, dynamic_range } = options;
  const given = { quad, tenGiga: ten_giga, interfaces, counters, flat };
  const chosen = Object.entries(choiceKeys).map(
    ([key, option]) => [key, unusable.has(option) ? defaultOf(option) : given[key as ChoiceKey]] as const,
  );
  const dynamicRange = unusable.has('dynamic_range') ? Number(Object.keys(family.values.depths)[0]) : dynamic_range;
  return { ...(Object.fromEntries(chosen) as typeof given), dynamicRange };
}

/** Checks that need not know the detector. */
const plainChecks: readonly (Omit<Check, 'find'> & { readonly find: (options: Options) => Problem[] })[] = [
  { needs: ['metadata_defaults'], find: metadata },
  { needs: ['mask', 'mask_value'], find: maskValueOfMask },
  { needs: ['ports_off'], find: ({ ports_off }) => repeated('ports_off', ports_off) },
  { needs: ['udp_host', 'udp_source'], find: sourceFamily },
  { needs: ['ring_frames', 'ring_ms', 'frame_rate_hz'], find: oneRing },
  { needs: ['frames_stride', 'frames_offset'], find: offsetWithinStride },
  { needs: ['frames_stride', 'series'], find: sharedAreArmed },
  { needs: ['series', 'auto_filename'], find: filenameOfArmed },
  { needs: ['data_port'], find: ({ data_port }) => repeated('data_port', [data_port].flat().filter(Boolean)) },
  { needs: ['data_host', 'data_port', 'api_host', 'api_port'], find: tcpPorts },
  { needs: ['send', 'consumer_source'], find: sourceIsKnown },
  {
    needs: ['receiver_ports'],
    find: ({ receiver_ports }) => repeated('receiver_ports', receiver_ports.filter(Boolean)),
  },
  { needs: ['receiver_ports', 'frames_stride'], find: sharedReceivers },
  { needs: ['receiver_ports', 'sls_preview'], find: previewOfClient },
  { needs: ['receiver_ports', 'receiver_host', 'udp_host'], find: receiverHost },
  { needs: ['receiver_ports', 'data_port', 'api_port'], find: receiverPorts },
  { needs: ['preview', 'receiver_ports', 'data_port', 'api_port'], find: previewPort },
];

const checks: readonly Check[] = [
  ...plainChecks,
  { needs: ['modules'], find: oneRowOfModules },
  { needs: ['quad', 'modules'], find: quadIsOneUnit },
  { needs: ['roi', 'modules', 'gap_pixels'], find: roiWithinFrame },
  { needs: ['mask_value', 'dynamic_range'], find: valueOfPixels },
  { needs: ['flat', 'counters'], find: flatCounters },
  { needs: ['nibble_order'], find: nibbles },
  { needs: ['quad', 'interfaces', 'modules', 'udp_ports'], find: portCount },
  { needs: ['udp_ports'], find: ({ udp_ports }) => repeated('udp_ports', udp_ports) },
  { needs: ['udp_ports', 'ports_off'], find: portsOff },
  { needs: ['udp_ports', 'flip_rows'], find: flippedPorts },
  { needs: ['quad', 'interfaces', 'modules', 'udp_ports', 'port_positions'], find: positions },
  { needs: ['udp_ports', 'port_positions', 'read_n_rows', 'interfaces'], find: exchangedHalves },
  { needs: ['dynamic_range', 'dynamic_range_max'], find: largestDepth },
  { needs: ['dynamic_range', 'ten_giga', 'interfaces', 'quad', 'read_n_rows'], find: rowsReadOut },
  { needs: ['udp_host', 'udp_ports', 'interfaces'], find: hostCount },
  { needs: ['receiver_ports', 'modules'], find: receivers },
];

/**
 * `frames_offset: hostname` on the host that the service shall run on.
 * @param hostName null = it is not known yet: nothing is wrong
 */
export function hostProblems(
  { frames_stride: stride, frames_offset: offset }: Options,
  hostName: string | null,
): Problem[] {
  if (offset !== 'hostname' || hostName === null) return [];
  const found = hostOffset(hostName);
  const problem =
    found === null
      ? `hostname, but the name of this host, "${hostName}", does not end in a hyphen and a number, as those of a ` +
        "StatefulSet's pods do. Run it there, or give a number"
      : found < stride
        ? null
        : `hostname, and the name of this host, "${hostName}", says ${found}, but frames_stride: ${stride} has only ` +
          `0 to ${stride - 1}. Set frames_stride to the number of instances (replicas)`;
  return problem === null ? [] : [{ path: ['frames_offset'], message: problem }];
}

function offsetWithinStride({ frames_stride: stride, frames_offset: offset }: Options): Problem[] {
  if (offset === 'hostname' || offset < stride) return [];
  return [
    {
      path: ['frames_offset'],
      message:
        `${offset} is not possible with frames_stride: ${stride}: needs 0 to ${stride - 1}. Set frames_stride to the ` +
        'number of instances, or correct frames_offset',
    },
  ];
}

/**
 * Which instance has a frame follows from the first frame number of the series. Only a request can name that number for
 * all instances.
 */
function sharedAreArmed({ frames_stride: stride, series }: Options): Problem[] {
  if (stride === 1 || series === 'armed') return [];
  return [
    {
      path: ['frames_stride'],
      message:
        `${stride} is not possible with series: auto: instances that share a detector must be told the first frame ` +
        'and the numbers of the messages. Set series: armed, and arm with vdcu arm --endpoints',
    },
  ];
}

/** What the consumer's file writer could not store. */
function metadata({ metadata_defaults: given }: Options): Problem[] {
  let problems: readonly string[];
  try {
    ({ problems } = checkMetadata(parseJson(JSON.stringify(given))));
  } catch (error) {
    problems = [messageOf(error)];
  }
  return problems.map((problem) => ({
    path: ['metadata_defaults'],
    message: problem.replace(/^metadata[.:]\s*/, ''),
  }));
}

/** A rule about the peers that may connect must hold. */
function sourceIsKnown({ send, consumer_source: source }: Options): Problem[] {
  if (source.length === 0 || send === 'auto' || wayOutFacts[send].knowsSource) return [];
  const message =
    `${show(source)} with send: ${send}, which lets in every peer. Set send: zmtp, or remove consumer_source ` +
    'and keep others away from the data port with a firewall';
  return [{ path: ['consumer_source'], message }];
}

function hostCount({ udp_host, udp_ports, interfaces }: Options): Problem[] {
  if (typeof udp_host === 'string') return [];
  const lengths = hostListLengths({ ports: udp_ports.length, interfaces });
  if (lengths.includes(udp_host.length)) return [];
  const perInterface =
    lengths.length === 1 ? '' : `, or ${interfaces}: that of udp_dstip, then that of udp_dstip2, for all modules`;
  const seen = `${show(udp_host)} has ${udp_host.length} address${udp_host.length === 1 ? '' : 'es'}`;
  return [
    {
      path: ['udp_host'],
      message:
        `${seen}, needs ${udp_ports.length}: one for each port, in the order of udp_ports${perInterface}. One ` +
        'address for all ports is written without brackets',
    },
  ];
}

/** Every sender has an address to send to, and every address a sender. */
function sourceFamily({ udp_host, udp_source }: Options): Problem[] {
  if (udp_source === undefined) return [];
  const sources = [udp_source].flat().map((text) => ({ text, version: parseSource(text)?.family === 'ipv6' ? 6 : 4 }));
  const hosts = [udp_host].flat();
  for (const { text, version } of sources) {
    const other = hosts.find((host) => isIP(host) !== version && !sources.some((one) => one.version === isIP(host)));
    const alone = !hosts.some((host) => isIP(host) === version);
    if (other === undefined && !alone) continue;
    return [
      {
        path: ['udp_source'],
        message:
          `${show(text)} is IPv${version}, but udp_host: ${other ?? hosts[0]} is not, so nothing could come from ` +
          `there. Use an IPv${version} address for udp_host`,
      },
    ];
  }
  return [];
}

function oneRing({ ring_frames, ring_ms, frame_rate_hz }: Options): Problem[] {
  if (ring_ms === undefined) return [];
  const problems: Problem[] = [];
  if (ring_frames !== undefined) {
    problems.push({
      path: ['ring_ms'],
      message: `${ring_ms} beside ring_frames: ${ring_frames}, but the ring has one length. Remove one of them`,
    });
  }
  if (frame_rate_hz === undefined) {
    problems.push({
      path: ['ring_ms'],
      message: `${ring_ms} without frame_rate_hz, so it is no number of frames. Add frame_rate_hz, or use ring_frames`,
    });
  }
  return problems;
}

function filenameOfArmed({ series, auto_filename }: Options): Problem[] {
  if (auto_filename === undefined || series === 'auto') return [];
  return [
    {
      path: ['auto_filename'],
      message:
        `${show(auto_filename)} beside series: armed, where each arm request names its file. Remove it, or set ` +
        'series: auto',
    },
  ];
}

function tcpPorts({ data_host, data_port, api_host, api_port }: Options): Problem[] {
  if (api_port === 0 || ![data_port].flat().includes(api_port)) return [];
  const everywhere = ['0.0.0.0', '::'];
  if (data_host !== api_host && !everywhere.includes(data_host) && !everywhere.includes(api_host)) return [];
  return [{ path: ['api_port'], message: `${api_port} is data_port as well. Give the HTTP interface its own port` }];
}

/** PSI's client knows one receiver for each module. */
function receivers({ receiver_ports, modules }: Options): Problem[] {
  const [rows, columns] = modules;
  if (receiver_ports.length === 0 || receiver_ports.length === rows * columns) return [];
  return [
    {
      path: ['receiver_ports'],
      message:
        `${receiver_ports.length} ports, but modules: [${rows}, ${columns}] are ` +
        `${rows * columns}: needs one port for each`,
    },
  ];
}

function sharedReceivers({ receiver_ports, frames_stride }: Options): Problem[] {
  if (receiver_ports.length === 0 || frames_stride === 1) return [];
  return [
    {
      path: ['receiver_ports'],
      message:
        `beside frames_stride: ${frames_stride}, but PSI's client starts and stops one receiver ` +
        'of each module, not several that share the detector. Remove one of them',
    },
  ];
}

function previewOfClient({ receiver_ports, sls_preview }: Options): Problem[] {
  if (!sls_preview || receiver_ports.length > 0) return [];
  const message =
    "true without receiver_ports, but PSI's client opens the preview stream. Add receiver_ports, or remove it";
  return [{ path: ['sls_preview'], message }];
}

function receiverHost({ receiver_ports, receiver_host, udp_host }: Options): Problem[] {
  const host = receiver_host ?? [udp_host].flat()[0] ?? '';
  if (receiver_ports.length === 0 || isIP(host) === 4) return [];
  return [
    {
      path: ['receiver_ports'],
      message: `with udp_host: ${host}, but PSI's client speaks IPv4 only. Set receiver_host to an IPv4 address`,
    },
  ];
}

function receiverPorts({ receiver_ports, data_port, api_port }: Options): Problem[] {
  return receiver_ports.flatMap((port, index) => {
    const other =
      port === 0 ? null : [data_port].flat().includes(port) ? 'data_port' : port === api_port ? 'api_port' : null;
    if (other === null) return [];
    return [{ path: ['receiver_ports', index], message: `${port} is ${other} as well. Give it a port of its own` }];
  });
}

function previewPort({ preview, receiver_ports, data_port, api_port }: Options): Problem[] {
  const port = preview?.port ?? 0;
  const others = { data_port: [data_port].flat(), api_port: [api_port], receiver_ports };
  const other = Object.entries(others).find(([, ports]) => port !== 0 && ports.includes(port))?.[0];
  if (other === undefined) return [];
  return [{ path: ['preview', 'port'], message: `${port} is ${other} as well. Give the preview its own port` }];
}
