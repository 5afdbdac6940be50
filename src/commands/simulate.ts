// `vdcu simulate`: the detector of a configuration, as packets. The simulator itself lies in simulators/.

import { Option } from 'commander';
import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { helpEnd, positiveNumber, sharedCodes, wholeNumber } from './arguments.js';

interface SimulateOptions {
  readonly frames: number;
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
  readonly json?: true;
}

const faultSyntax = `
Faults are given as a ratio (--loss 0.001: one packet in a thousand, chosen by --seed) or as a list of PORT:FRAME:PACKET, each
a number, a range or *: --loss 50001:12:3,50002:13:0-5,*:14:* loses packet 3 of frame 12 on port 50001, the first six packets
of frame 13 on port 50002, and frame 14 whole. The same seed gives the same faults.`;

/** Add the command to the program. */
export function addSimulate(program: Command): void {
  program.command('simulate')
    .summary('send the packets that the detector would send')
    .description('Send the packets of detector NAME of the YAML file CONFIG to its udp_host and udp_ports, with faults if asked for, and print '
      + 'the ground truth: what was sent on each port and what was done to it. Pixels follow a formula that `vdcu watch --verify` knows.')
    .argument('<config>', 'YAML file of named detectors')
    .argument('<name>', 'the detector: a top-level key of the file')
    .option('--frames <count>', 'frames to send; 0: until Ctrl-C', wholeNumber(0), 1000)
    .option('--rate <hz>', 'frames per second', positiveNumber, 100)
    .option('--first-frame <number>', 'number of the first frame', wholeNumber(1), 1)
    .option('--seed <number>', 'chooses the packets of faults given as ratios', wholeNumber(0, 4294967295), 1)
    .option('--loss <fault>', 'packets that are never sent')
    .option('--reorder <fault>', 'packets that are sent after later ones of their port')
    .option('--reorder-distance <packets>', 'how many places later', wholeNumber(1))
    .option('--duplicate <fault>', 'packets that are sent twice')
    .option('--delay <fault>', 'packets that are sent frames later')
    .option('--delay-frames <count>', 'how many frames later', wholeNumber(1))
    .option('--truncate <fault>', 'packets that are cut short')
    .option('--foreign <fault>', 'packets before which one of a stranger is sent')
    .option('--udp-host <address>', 'send there instead of to udp_host of the configuration')
    .option('--source-port <port>', 'UDP port to send from (default: the port of udp_source, or any)', wholeNumber(1, 65535))
    .addOption(new Option('--send <way>', 'how datagrams get to the kernel: many per system call, or one; auto takes the first that is possible').choices(['auto', 'sendmmsg', 'dgram']).default('auto'))
    .option('--coalesce', 'send runs of datagrams as one buffer each, which the kernel cuts up: less work, but not what detectors do')
    .option('--no-checksum', 'send with UDP checksum 0, as detectors do (IPv4; not with --coalesce)')
    .option('--prepare <megabytes>', 'make all datagrams before the first is sent, in at most so much memory: a higher rate, for a short run', wholeNumber(1))
    .option('--json', 'print the ground truth as JSON')
    .addHelpText('after', `${faultSyntax}\n${helpEnd([
      'vdcu simulate examples/detectors.yaml softimax-eiger --frames 1000 --rate 500',
      'vdcu simulate examples/detectors.yaml softimax-eiger --loss 0.001 --reorder 0.01 --seed 7 --json',
      'vdcu simulate examples/detectors.yaml softimax-eiger --frames 4000 --rate 2000 --prepare 2500',
      'vdcu simulate examples/detectors.yaml softimax-eiger --frames 20 --loss 50001:12:3',
    ], [
      [exitCode.ok, 'all was sent, or stopped by Ctrl-C; a rate that was not kept is said, and no failure'],
      sharedCodes.usage,
      [exitCode.environment, 'the address cannot be reached, or the system refused datagrams'],
      sharedCodes.internal,
    ])}`)
    .action(async (file: string, name: string, options: SimulateOptions) => {
      process.exitCode = await simulate(file, name, options);
    });
}

/**
 * Send a run as the configuration says.
 * @returns exit code
 * @throws OperatorError
 */
export async function simulate(file: string, name: string, options: SimulateOptions): Promise<number> {
  const { loadConfig } = await import('../config/load.js');
  const config = loadConfig(file, name);
  const { runSimulate } = await import('../../simulators/simulate.js');
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  try {
    const { json, udpHost, sourcePort, ...run } = options;
    return await runSimulate({
      ...run,
      settings: config.detector,
      udpHost: udpHost ?? config.udpHost,
      sourcePort: sourcePort ?? config.udpSource?.port ?? null,
      json: json === true,
      signal: interrupt.signal,
      out: process,
    });
  } finally {
    interrupt.release();
  }
}
