// `vdcu simulate`: the detector of a configuration, as packets. The simulator itself lies in simulators/.
// Tested by test/commands/rehearsal-commands.test.ts.

import { Option } from 'commander';
import type { Command } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import { pictures } from '../../simulators/detector/pictures.js';
import type { Picture } from '../../simulators/detector/pictures.js';
import { helpEnd, positiveNumber, sharedCodes, wholeNumber } from './arguments.js';

interface SimulateOptions {
  readonly frames?: number;
  readonly hdf5?: string;
  readonly dataset?: string;
  readonly loop?: true;
  readonly pcap?: string;
  readonly timing?: string;
  readonly mapPort?: string;
  readonly rate: number;
  readonly seed: number;
  readonly firstFrame: number;
  readonly udpHost?: string;
  readonly sourcePort?: number;
  readonly send: 'auto' | 'sendmmsg' | 'dgram';
  readonly coalesce?: true;
  readonly checksum: boolean;
  readonly prepare?: number;
  readonly loss?: string;
  readonly reorder?: string;
  readonly reorderDistance?: number;
  readonly duplicate?: string;
  readonly delay?: string;
  readonly delayFrames?: number;
  readonly truncate?: string;
  readonly foreign?: string;
  readonly metricsPort?: number;
  readonly picture: Picture;
  readonly json?: true;
}

const faultSyntax = `
Faults are given as a ratio (--loss 0.001: one packet in a thousand, chosen by --seed) or as a list of
PORT:FRAME:PACKET, each a number, a range or *: --loss 50001:12:3,50002:13:0-5,*:14:* loses packet 3 of frame 12 on
port 50001, the first six packets of frame 13 on port 50002, and frame 14 whole. The same seed gives the same faults.`;

/** Add the command to the program. */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .summary('send the packets that the detector would send')
    .description(
      'Send the packets of detector NAME of the YAML file CONFIG to its udp_host and udp_ports, with faults if ' +
        'asked for, and print the ground truth: what was sent on each port and what was done to it. Pixels follow a ' +
        'formula that `vdcu watch --verify` knows.',
    )
    .argument('<config>', 'YAML file of named detectors')
    .argument('<name>', 'the detector: a top-level key of the file')
    .option(
      '--frames <count>',
      'frames to send; 0: until Ctrl-C (default: 1000; with --hdf5, each image once)',
      wholeNumber(0),
    )
    .option('--rate <hz>', 'frames per second', positiveNumber, 100)
    .option('--first-frame <number>', 'number of the first frame', wholeNumber(0), 1)
    .option('--seed <number>', 'chooses the packets of faults given as ratios', wholeNumber(0, 4294967295), 1)
    .option('--loss <fault>', 'packets that are never sent')
    .option('--reorder <fault>', 'packets that are sent after later ones of their port')
    .option('--reorder-distance <packets>', 'how many places later', wholeNumber(1))
    .option('--duplicate <fault>', 'packets that are sent twice')
    .option('--delay <fault>', 'packets that are sent frames later')
    .option('--delay-frames <count>', 'how many frames later', wholeNumber(1))
    .option('--truncate <fault>', 'packets that are cut short')
    .option('--foreign <fault>', 'packets before which one of a stranger is sent')
    .option(
      '--udp-host <addresses>',
      'send there instead of to udp_host of the configuration; several with commas between: frame k goes to the ' +
        'k-th, in turn, as a detector with udp_numdst sends',
    )
    .option(
      '--source-port <port>',
      'UDP port to send from (default: the port of udp_source, or any)',
      wholeNumber(1, 65535),
    )
    .addOption(
      new Option('--picture <picture>', 'what the pixels show: the formula, which has all values, or a beam with rings')
        .choices(pictures)
        .default('formula'),
    )
    .option('--hdf5 <file>', 'pixels of the images in this file instead of the formula')
    .option('--dataset <path>', 'where the images lie in it: [images, rows, columns], with or without gap pixels')
    .option('--loop', 'begin again after the last image')
    .option('--pcap <file>', "send the datagrams of this capture (pcap or pcapng, also gzip'ed) instead, as they are")
    .option(
      '--timing <timing>',
      'with --pcap: original, x2 (so many times as fast), 500 (frames per second) or asap (default: original)',
    )
    .option('--map-port <ports>', 'with --pcap: CAPTURED:CONFIGURED,…, where ports differ')
    .addOption(
      new Option(
        '--send <way>',
        'how datagrams get to the kernel: many per system call, or one; auto takes the first that is possible',
      )
        .choices(['auto', 'sendmmsg', 'dgram'])
        .default('auto'),
    )
    .option(
      '--coalesce',
      'send runs of datagrams as one buffer each, which the kernel cuts up: less work, but not what detectors do',
    )
    .option('--no-checksum', 'send with UDP checksum 0, as detectors do (IPv4; not with --coalesce)')
    .option(
      '--prepare <megabytes>',
      'make all datagrams before the first is sent, in at most so much memory: a higher rate, for a short run',
      wholeNumber(1),
    )
    .option(
      '--metrics-port <port>',
      'serve the truth to Prometheus at http://127.0.0.1:PORT/metrics while sending, and for one scrape more (0: ' +
        'any free port)',
      wholeNumber(0, 65535),
    )
    .option('--json', 'print the ground truth as JSON')
    .addHelpText(
      'after',
      `${faultSyntax}\n${helpEnd(
        [
          'vdcu simulate examples/detectors.yaml softimax-eiger --frames 1000 --rate 500',
          'vdcu simulate examples/detectors.yaml softimax-eiger --loss 0.001 --reorder 0.01 --seed 7 --json',
          'vdcu simulate examples/detectors.yaml softimax-eiger --frames 4000 --rate 2000 --prepare 2500',
          'vdcu simulate examples/detectors.yaml softimax-eiger --frames 20 --loss 50001:12:3',
          'vdcu simulate examples/detectors.yaml softimax-eiger --frames 0 --loss 0.001 --metrics-port 9101',
          'vdcu simulate examples/detectors.yaml softimax-eiger --hdf5 scan.h5 --dataset ' +
            '/entry/instrument/eiger/data --loop',
          'vdcu simulate examples/detectors.yaml softimax-eiger --udp-host 10.0.0.10,10.0.0.11',
          'vdcu simulate examples/detectors.yaml softimax-eiger --pcap eiger.pcap.gz --timing 500',
        ],
        [
          [exitCode.ok, 'all was sent, or stopped by Ctrl-C; a rate that was not kept is said, and no failure'],
          [exitCode.failed, 'the capture is cut off or damaged; what came before was sent'],
          sharedCodes.usage,
          [exitCode.environment, 'the address cannot be reached, or the system refused datagrams'],
          sharedCodes.internal,
        ],
      )}`,
    )
    .action(async (file: string, name: string, options: SimulateOptions, command: Command) => {
      refuseMixture(options, (key) => command.getOptionValueSource(key) === 'cli');
      process.exitCode = await simulate(file, name, options);
    });
}

/** Options that shape a run of the simulated detector; a capture is sent as it is. */
const runOptions = [
  'frames',
  'rate',
  'firstFrame',
  'seed',
  'hdf5',
  'dataset',
  'loop',
  'picture',
  'loss',
  'reorder',
  'reorderDistance',
  'duplicate',
  'delay',
  'delayFrames',
  'truncate',
  'foreign',
  'metricsPort',
];
const replayOptions = ['timing', 'mapPort'];

/** @throws OperatorError (usage) for options of a capture without one, and others with one */
function refuseMixture({ pcap }: SimulateOptions, given: (key: string) => boolean): void {
  const wrong = (pcap === undefined ? replayOptions : runOptions).find(given);
  if (wrong === undefined) return;
  const option = `--${wrong.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new OperatorError(
    pcap === undefined
      ? `${option}: goes only with --pcap FILE`
      : `${option}: does not go with --pcap, whose datagrams are sent as they are. Leave it out`,
    exitCode.usage,
  );
}

/**
 * Send a run as the configuration says.
 * @returns exit code
 * @throws OperatorError
 */
export async function simulate(file: string, name: string, options: SimulateOptions): Promise<number> {
  const { loadConfig } = await import('../config/load.js');
  const { writtenHosts } = await import('../config/udp-hosts.js');
  const config = loadConfig(file, name);
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  try {
    const { json, udpHost, sourcePort, pcap, timing, mapPort, ...run } = options;
    const shared = {
      settings: config.detector,
      udpHost: udpHost ?? writtenHosts(config.udpHosts),
      sourcePort: sourcePort ?? config.udpSources[0]?.port ?? null,
      json: json === true,
      signal: interrupt.signal,
      out: process,
    };
    if (pcap !== undefined) {
      const { runReplay } = await import('../../simulators/replay.js');
      return await runReplay({
        ...shared,
        pcap,
        ...(timing === undefined ? {} : { timing }),
        ...(mapPort === undefined ? {} : { mapPort }),
      });
    }
    const { runSimulate } = await import('../../simulators/simulate.js');
    return await runSimulate({ ...run, ...shared, name });
  } finally {
    interrupt.release();
  }
}
