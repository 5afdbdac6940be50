// A plan for people (text) and for scripts (JSON, snake_case). Nothing is computed here.

import { frameIndexOf, noFrame, ownBehind } from '../detector/frame-share.js';
import { formSteps } from './encoding.js';
import { sourceText } from './networks.js';
import { planWarnings, type Plan } from './plan.js';
import type { ProcessorLoad } from './processor-load.js';
import { choiceKeys, defaultOf, type ChoiceKey } from './schema.js';
import type { ServiceConfig } from './service-config.js';
import { hostOfPort, receivingHosts } from './udp-hosts.js';

/** The plan as aligned lines, each limit with what it means in milliseconds or frames where the rate is known. */
export function planText(config: ServiceConfig, plan: Plan): string {
  const { detector, ring, rate, limits } = plan;
  const rows: [string, string][] = [
    [
      'detector',
      `${config.name} ` +
        `(${[config.detector.detector, ...choices(config), `${config.detector.dynamicRange} bit`].join(', ')})`,
    ],
    ['frame', `${detector.shape.join(' × ')} ${detector.pixelType}, ${bytes(detector.frameBytes)}`],
    [
      'packets',
      `${detector.packetBytes} bytes, ${detector.payloadBytes} of them pixels; ${detector.expectedPackets} of ` +
        `${detector.packetsPerPortImage} for each port image, ${detector.packetsPerFrame} for a frame`,
    ],
    ...shareRows(plan),
    ['ports', plan.ports.map((port) => `${port.udpPort}${port.off ? ' (off)' : ''}`).join(', ')],
    ['receives on', `${receivesOn(config)}, ${source(config)}`],
    ['offers', `zmq ${config.dataHost} ${dataPorts(config)}, HTTP ${config.apiHost} port ${config.apiPort}`],
    ...previewRows(config),
    ['threads', `main, ${plan.threads.receivers} × receiver, ${encoders(plan)}streamer on ${plan.threads.cores} cores`],
    ['  receivers', plan.threads.why],
    ...plan.portsOfThread.map((ports, index): [string, string] => [`  receiver ${index}`, `ports ${ports.join(', ')}`]),
    [
      'ring',
      `${ring.frames} frames of ${bytes(ring.slotBytes)}, ${bytes(ring.bytes)}${milliseconds(ring.milliseconds)}`,
    ],
    ...formRows(config, plan),
    ...(ring.burstFrames > 1
      ? [
          [
            '  a burst',
            `${ring.burstFrames} frames${ring.burstFrames <= ring.frames ? ', which the ring holds' : ''}`,
          ] as [string, string],
        ]
      : []),
    ['owed at most', `${plan.maxOwedFrames} frames${milliseconds(plan.maxOwedMs)}`],
    ['send queue', sendQueue(config, plan)],
    [
      'receive buffer',
      `${bytes(plan.receiveBufferBytes.perPort)} for each port${milliseconds(rate?.perPort.receiveBufferMs ?? null)}`,
    ],
    ...rateRows(plan),
    ['overtaken', `${limits.overtakeFrames} frames ahead${milliseconds(limits.overtakeMs)}`],
    ['frame time-out', `${limits.frameTimeoutMs} ms${frames(limits.frameTimeoutFrames)}`],
    ['start window', `${limits.startWindowMs} ms${frames(limits.startWindowFrames)}`],
    ['drain', `${limits.drainMs} ms`],
    [
      'series',
      config.series === 'auto'
        ? `auto, ends after ${limits.seriesIdleMs} ms without a packet`
        : `armed, ${timeout(limits.seriesTimeoutMs)}`,
    ],
    ...fileRows(config),
    ['closing time-out', `${limits.closingTimeoutMs} ms`],
    ...planWarnings(plan).map((text): [string, string] => ['beware', text]),
    ['shared memory', bytes(plan.sharedMemoryBytes)],
    ['memory', `${bytes(plan.memoryBytes)} at most: shared memory, send queue, twice the receive buffers, process`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, text]) => `${label.padEnd(width)}${text}\n`).join('');
}

/** The plan as a JSON object with snake_case keys and the detector's name. */
export function planJson(config: ServiceConfig, plan: Plan): unknown {
  return { name: config.name, ...(snakeCase(plan) as object), warnings: planWarnings(plan) };
}

function previewRows({ preview, dataHost }: ServiceConfig): [string, string][] {
  if (preview === null) return [];
  const form = preview.form === 'plain' ? 'plain' : 'as sent';
  return [['  preview', `zmq PUB, ${dataHost} port ${preview.port}, ${preview.rateHz} frames/s at most, ${form}`]];
}

function dataPorts({ dataPorts: ports }: ServiceConfig): string {
  return ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.join(', ')}, images in turns`;
}

/** Settings of this detector type that are not the default: a switch by its name, a number with it. */
function choices({ detector }: ServiceConfig): string[] {
  return Object.entries(choiceKeys).flatMap(([key, option]) => {
    const value = detector[key as ChoiceKey];
    if (value === defaultOf(option)) return [];
    return value === true ? [option] : [`${option}: ${value}`];
  });
}

function sendQueue({ consumerConnections, dataPorts: { length } }: ServiceConfig, plan: Plan): string {
  const { of, frames, bytes: most, milliseconds: time } = plan.sendQueue;
  const where = `for each of ${length * consumerConnections} connections`;
  return of === 'kernel'
    ? `the kernel's send buffer, ${bytes(plan.sendBufferBytes)} ${where}: ${frames} frames${milliseconds(time)}`
    : `zmq's, ${frames} messages ${where}, ${bytes(most)}${milliseconds(time)}`;
}

const encoders = ({ threads }: Plan): string => (threads.encoders === 0 ? '' : `${threads.encoders} × encoder, `);

/** In which form frames leave, where it is not as they lie. */
function formRows(config: ServiceConfig, { encoding }: Plan): [string, string][] {
  if (encoding === null) return [];
  const { compression } = config;
  const [rows, columns] = encoding.shape;
  const steps = formSteps(config);
  const slots = `${encoding.slots} slots for ${compression === 'none' ? 'these' : 'compressed'} frames`;
  return [
    ...(steps.length === 0 ? [] : [['form', `${rows} × ${columns}: ${steps.join(', ')}`] as [string, string]]),
    ['compression', `${compression}, ${slots}, ${bytes(encoding.bytes)}`],
  ];
}

/** Instances that share a detector: which frames come here. */
function shareRows({ share }: Plan): [string, string][] {
  if (share.stride === 1) return [];
  const indices = [0, 1, 2].map((frames) => frameIndexOf(share, ownBehind(noFrame, frames), noFrame)).join(', ');
  return [
    [
      'takes',
      `frames with index ${indices}, … of a series: instance ${share.offset} of ${share.stride}; rates and limits ` +
        'below are of these',
    ],
  ];
}

/**
 * Of which series files can become: where no name is given the consumer writes none, and nothing else would say so.
 */
function fileRows({ series, autoFilename }: ServiceConfig): [string, string][] {
  if (series === 'armed') return [['  file', 'as each arm request names it']];
  return [
    [
      '  file',
      autoFilename ?? 'none: the consumer writes no file of automatic series (set auto_filename, or series: armed)',
    ],
  ];
}

function rateRows({ rate, threads }: Plan): [string, string][] {
  if (rate === null) return [['rate', 'unknown: set frame_rate_hz to see what the limits mean in time']];
  return [
    ['rate', `${number(rate.framesPerSecond)} frames/s, ${number(rate.gigabytesPerSecond)} GB/s of pixels`],
    [
      '  each port',
      `${number(rate.perPort.packetsPerSecond)} packets/s, ${number(rate.perPort.gigabitsPerSecond)} Gbit/s`,
    ],
    ['  processors', processors(threads.cores, rate.processors)],
  ];
}

/** An estimate: docs/performance.md says how it is made. */
function processors(
  present: number,
  { receivers, encoders, streamer, zmq, total, cores, overloaded }: ProcessorLoad,
): string {
  const shares =
    `about ${number(total)} cores busy: receivers ${receivers.map(number).join(' + ')}, ` +
    `${encoders.length === 0 ? '' : `encoders ${encoders.map(number).join(' + ')}, `}streamer ` +
    `${number(streamer)}${zmq === null ? '' : `, zmq ${number(zmq)}`}; give it ${cores}`;
  const few = cores > present ? `, and here are ${present}` : '';
  if (overloaded.length === 0) return `${shares}${few}`;
  const ofReceivers = overloaded.some((name) => name.startsWith('receiver'));
  const ofEncoders = overloaded.some((name) => name.startsWith('encoder'));
  const remedies = [
    ...(ofReceivers ? ['raise receiver_threads, up to one per port'] : []),
    ...(ofEncoders ? ['raise encoder_threads'] : []),
  ];
  const remedy = remedies.length === 0 ? '' : ` (${remedies.join('; ')})`;
  return `${shares}${few}; too much for one core: ${overloaded.join(', ')}${remedy}`;
}

/** The address, or each with its ports where there are several. */
function receivesOn(config: ServiceConfig): string {
  const hosts = receivingHosts(config);
  if (hosts.length === 1) return hosts[0];
  const { udpPorts, portsOff } = config.detector;
  return hosts
    .map(
      (host) =>
        `${host} ` +
        `(${udpPorts.filter((port) => !portsOff.includes(port) && hostOfPort(config, port) === host).join(', ')})`,
    )
    .join(', ');
}

function source(config: ServiceConfig): string {
  const { udpSources, enforceSource } = config;
  const from = udpSources.length === 0 ? 'from any source' : `only from ${udpSources.map(sourceText).join(', ')}`;
  return enforceSource ? `${from}, in a series from one for each port` : from;
}

function timeout(limit: number | null): string {
  return limit === null ? 'ends when stopped or complete' : `ends after ${limit} ms without a packet`;
}

function milliseconds(value: number | null): string {
  return value === null ? '' : ` = ${number(value)} ms`;
}

function frames(value: number | null): string {
  return value === null ? '' : ` = ${number(value)} frames`;
}

function bytes(count: number): string {
  if (count < 1024) return `${count} bytes`;
  if (count < 2 ** 20) return `${number(count / 1024)} KiB`;
  return count < 2 ** 30 ? `${number(count / 2 ** 20)} MiB` : `${number(count / 2 ** 30)} GiB`;
}

/** Three significant digits below 1000, whole numbers above. */
function number(value: number): string {
  return value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}
