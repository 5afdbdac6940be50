// `vdcu run`: the service for one detector of a configuration file, or only its check, its plan or its geometry.
// Tested by test/threads/signals.test.ts.

import type { Command } from 'commander';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import type { ServiceConfig } from '../config/service-config.js';
import { stopLimitMs } from '../config/stop-limit.js';
import { helpEnd, sharedCodes } from './arguments.js';

interface RunOptions {
  readonly printPlan?: true;
  readonly printGeometry?: true;
  readonly svg?: string;
  readonly check?: true;
  readonly json?: true;
}

/** The last log lines have so long to go out when their reader is slow, ms. */
const lastLinesMs = 200;

/** Add the command to the program. */
export function addRun(program: Command): void {
  program
    .command('run')
    .summary('receive packets, offer frames: the service')
    .description(
      'Receive the packets of detector NAME of the YAML file CONFIG and offer its frames on the zmq stream, with ' +
        'an HTTP interface beside it, until Ctrl-C, SIGTERM or another signal that ends a process. A second Ctrl-C ' +
        'or SIGTERM ends at once, without series_end.',
    )
    .argument('<config>', 'YAML file of named detectors (all keys: docs/reference/configuration.md)')
    .argument('<name>', 'the detector: a top-level key of the file')
    .option('--check', 'only check the configuration')
    .option('--print-plan', 'only print every number that follows from the configuration')
    .option('--print-geometry', 'only print which port lands where in the frame, and which way its rows run')
    .option('--svg <file>', 'with --print-geometry: draw it into this file as well')
    .option('--json', 'print the plan, the geometry, the check or the addresses of the running service as JSON')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu run examples/detectors.yaml softimax-eiger',
          'vdcu run examples/detectors.yaml softimax-eiger --check',
          'vdcu run examples/detectors.yaml cosaxs-eiger --print-plan --json | jq .ring',
          'vdcu run examples/detectors.yaml cosaxs-eiger --print-geometry --svg cosaxs.svg',
          'LOG_LEVEL=debug vdcu run examples/detectors.yaml softimax-eiger',
        ],
        [
          [exitCode.ok, 'stopped as asked, or nothing wrong with the configuration'],
          sharedCodes.usage,
          [
            exitCode.environment,
            'a port is taken, an address is not of this machine, a limit of the system is in the way',
          ],
          sharedCodes.internal,
          [
            exitCode.undelivered,
            'stopped as asked, but the consumer lacks messages, series_end perhaps among them; the log says how many',
          ],
          [exitCode.interrupted, 'interrupted twice'],
        ],
      ),
    )
    .action(async (file: string, name: string, options: RunOptions) => {
      process.exitCode = await run(file, name, options);
    });
}

/**
 * Run, check or plan.
 * @returns exit code
 * @throws OperatorError
 */
export async function run(file: string, name: string, options: RunOptions): Promise<number> {
  const { loadAnyConfig, loadConfig } = await import('../config/load.js');
  const { makePlan, planWarnings } = await import('../config/plan.js');
  const { isOpen } = await import('../config/from-client.js');
  const { hostName, logLevel } = await import('../base/environment.js');
  // Which instance this is matters only to the one that runs: a configuration may be checked anywhere.
  const looksOnly =
    options.check === true || options.printPlan === true || options.printGeometry === true || options.svg !== undefined;
  const computes = options.printPlan === true || options.printGeometry === true || options.svg !== undefined;
  const config = computes ? loadConfig(file, name) : loadAnyConfig(file, name, looksOnly ? null : hostName());
  const plan = isOpen(config) ? null : makePlan(config);
  const { maskOf } = await import('../config/mask-file.js');
  if (looksOnly && plan !== null) await maskOf(config);
  logLevel();
  if (options.printPlan === true && plan !== null) {
    const { planJson, planText } = await import('../config/print-plan.js');
    print(options.json === true ? JSON.stringify(planJson(config, plan), null, 2) : planText(config, plan).trimEnd());
    return exitCode.ok;
  }
  if (options.printGeometry === true || options.svg !== undefined) {
    await printGeometry(config, options);
    return exitCode.ok;
  }
  if (options.check === true) {
    const warnings = plan === null ? [] : planWarnings(plan);
    if (options.json === true) print(JSON.stringify({ file, name, valid: true, warnings }));
    else
      print(
        warnings.length === 0
          ? `${file}: ${name}: nothing wrong`
          : `${file}: ${name}: can be used, but ${warnings.join('; ')}`,
      );
    return exitCode.ok;
  }

  return serve(config, options.json === true);
}

/** The service, until it is told to end or fails. @returns exit code */
async function serve(config: ServiceConfig, json: boolean): Promise<number> {
  const { onInterrupt } = await import('./interrupt.js');
  // Its log may have no reader, which costs lines and nothing else.
  const interrupt = onInterrupt({ outliveOutput: true });
  const { surviveErrors } = await import('./uncaught.js');
  const { logLevel } = await import('../base/environment.js');
  const { internalErrors } = await import('../runtime/internal-errors.js');
  const { standardOutput } = await import('../runtime/log-output.js');
  const { makeLogger } = await import('../runtime/log.js');
  const { startService } = await import('../service/service.js');
  const logger = makeLogger(logLevel(), config.name);
  const service = await startService(config, { logger });
  const letThemEnd = surviveErrors((error) => internalErrors.note(error, logger));
  try {
    if (json) {
      const { dataEndpoint, apiUrl } = service;
      const ready = { event: 'ready', name: config.name, data_endpoint: dataEndpoint, api_url: apiUrl };
      standardOutput().write(`${JSON.stringify(ready)}\n`);
    }
    const reason = await Promise.race([interrupt.asked, service.failed]);
    const delivered = await within(service.stop(reason), stopLimitMs(config));
    return delivered ? exitCode.ok : exitCode.undelivered;
  } finally {
    letThemEnd();
    await standardOutput().settle(lastLinesMs);
  }
}

/** @throws OperatorError (environment) when the drawing cannot be written */
async function printGeometry(config: ServiceConfig, { json, svg }: RunOptions): Promise<void> {
  const { makeLayout } = await import('../detector/layout.js');
  const { geometryOf } = await import('../detector/geometry.js');
  const { geometryJson, geometryText } = await import('../config/print-geometry.js');
  const geometry = geometryOf(makeLayout(config.detector));
  if (svg !== undefined) {
    const { writeFileSync } = await import('node:fs');
    const { geometrySvg } = await import('../config/geometry-svg.js');
    try {
      writeFileSync(svg, geometrySvg(config, geometry));
    } catch (error) {
      throw new OperatorError(
        `--svg ${svg}: cannot be written (${messageOf(error)}). Give the path of a file in a folder that exists`,
        exitCode.environment,
        { cause: error },
      );
    }
  }
  print(
    json === true ? JSON.stringify(geometryJson(config, geometry), null, 2) : geometryText(config, geometry).trimEnd(),
  );
}

/** Wait for an orderly end, but not for ever. */
async function within<T>(ending: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new OperatorError(
          `the service did not end within ${limitMs} ms. It is ended now; frames that were queued are lost`,
          exitCode.internal,
        ),
      );
    }, limitMs);
  });
  try {
    return await Promise.race([ending, late]);
  } finally {
    clearTimeout(timer);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
