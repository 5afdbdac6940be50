// `npm run soak -- --minutes 30`: the command line of the soak. Progress to standard error, the report to standard
// output.

import { Command, Option } from 'commander';
import { helpEnd, positiveNumber, wholeNumber } from '../../src/commands/arguments.js';
import { onInterrupt } from '../../src/commands/interrupt.js';
import { exitCode, messageOf } from '../../src/base/errors.js';
import { phases } from './phases.js';
import { runSoak } from './soak.js';
import type { SoakDetector } from './soak.js';
import { soakJson, soakText } from './soak-report.js';

interface SoakCommandOptions {
  readonly minutes: number;
  readonly rate: number;
  readonly seed: number;
  readonly detector: SoakDetector;
  readonly hostile?: number;
  readonly json?: true;
}

/** Ten million in half an hour. */
const hostilePerMinute = 333_334;

const program = new Command('soak')
  .description(
    'Run the real service for a long time with a simulated detector whose faults change every few seconds and ' +
      'consumers that come, go, stand still and are killed; check every pixel of every frame and every sum; and see ' +
      `whether memory or descriptors grow. ${phases.length} phases in turn, some three minutes in all, then again ` +
      'from the first. Takes about two thirds of a core at 80 frames/s, and what is left of another for the hostile ' +
      'datagrams. Growth is judged from some 23 minutes on.',
  )
  .option('--minutes <count>', 'how long; the phase that is running then is brought to its end', positiveNumber, 30)
  .option('--rate <hz>', 'frames per second that the detector sends', positiveNumber, 80)
  .addOption(
    new Option(
      '--detector <name>',
      'eiger: a quad of 514 × 514, 16 bit; gotthard2: two modules, whose small frames make a million in a quarter ' +
        'of an hour at --rate 2000',
    )
      .choices(['eiger', 'gotthard2'])
      .default('eiger'),
  )
  .option('--seed <number>', 'chooses the packets that get lost', wholeNumber(0, 4294967295), 1)
  .option(
    '--hostile <datagrams>',
    'datagrams, true and hostile ones, that are played to the pipeline in memory beside the phases, at the lowest ' +
      `priority; 0 = none (default: ${hostilePerMinute} a minute, ten million in half an hour)`,
    wholeNumber(0, 1e12),
  )
  .option('--json', 'print the report as JSON')
  .addHelpText(
    'after',
    helpEnd(
      [
        'npm run soak -- --minutes 30',
        'npm run soak -- --minutes 15 --rate 2000 --detector gotthard2 --hostile 0',
        'npm run soak -- --minutes 600 --json > soak.json      (Ctrl-C ends it early, with a report)',
      ],
      [
        [exitCode.ok, 'every pixel was right, all sums agree, nothing grew'],
        [exitCode.failed, 'something was wrong: it is listed at the end'],
        [exitCode.usage, 'the command line is wrong'],
        [exitCode.internal, 'the soak itself could not go on'],
        [exitCode.interrupted, 'interrupted twice'],
      ],
    ),
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage))
  .parse();

const options = program.opts<SoakCommandOptions>();
const interrupt = onInterrupt();
const say = (text: string): void => void process.stderr.write(`${text}\n`);
void interrupt.asked.then((name) => say(`${name}: the phase is cut short, the report follows`));
try {
  let state = '';
  const report = await runSoak({
    minutes: options.minutes,
    rate: options.rate,
    seed: options.seed,
    detector: options.detector,
    hostile: options.hostile ?? Math.ceil(options.minutes * hostilePerMinute),
    signal: interrupt.signal,
    onSample: (minutes, { residentMB, heapMB, descriptors, cpuSeconds, metrics }) => {
      const packets = [...metrics]
        .filter(([key]) => key.startsWith('vdcu_udp_packets_received_total'))
        .reduce((sum, [, value]) => sum + value, 0);
      state =
        `${minutes.toFixed(1)}/${options.minutes} min  ${(packets / 1e6).toFixed(2)} M packets  ` +
        `${(cpuSeconds / 60).toFixed(1)} CPU min  resident ${residentMB.toFixed(1)} MB  heap ${heapMB.toFixed(1)} MB ` +
        ` descriptors ${descriptors}`;
    },
    onPhase: ({ name, seconds, framesSent, images, complete, marked, pixelsChecked, wrongPixels, problems }) => {
      say(
        `${state}  ${name}: ${framesSent} frames sent in ${seconds.toFixed(0)} s, ${images} received, ${complete} ` +
          `complete, ${marked} marked, ${(pixelsChecked / 1e6).toFixed(0)} M pixels checked, ${wrongPixels} ` +
          `wrong${problems.length === 0 ? '' : `, ${problems.length} PROBLEMS`}`,
      );
      for (const problem of problems.slice(0, 5)) say(`  ${problem}`);
    },
  });
  process.stdout.write(options.json === true ? `${JSON.stringify(soakJson(report))}\n` : soakText(report));
  process.exitCode = report.ok ? exitCode.ok : exitCode.failed;
} catch (error) {
  say(`soak: ${messageOf(error)}`);
  process.exitCode = exitCode.internal;
} finally {
  interrupt.release();
}
