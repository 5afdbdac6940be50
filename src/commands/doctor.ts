// `vdcu doctor`: looks for what loses data on this machine or in the running service, and names the command that mends
// it. A running service is asked, since it knows what it was granted; where none runs the checks are made here, and the
// ports are tried, too.
// Tested by test/commands/doctor-command.test.ts.

import type { Command } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { DoctorReport } from '../doctor/report.js';
import { answerLimitMs, detectorOf, refusal, request, serviceUrl, type ApiOptions } from './api-client.js';
import { helpEnd, sharedCodes } from './arguments.js';

const route = '/api/v1/doctor';
/** A service on this machine answers at once. */
const lookLimitMs = 2000;

/** Add the command to the program. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('is anything on this machine in the way of lossless data')
    .description(
      'Check machine, network, limits and, where it runs, the service: what was seen, what is needed, and the ' +
        'command that mends it. With CONFIG and NAME for that detector; with neither the machine alone. The running ' +
        'service makes the same checks before it opens a series.',
    )
    .argument('[config]', 'YAML file of named detectors')
    .argument('[name]', 'the detector in that file')
    .option('--url <url>', 'ask the service at this address, wherever it runs')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu doctor examples/detectors.yaml softimax-eiger',
          'vdcu doctor --url http://softimax-eiger-vdcu:5000',
          `vdcu doctor examples/detectors.yaml cosaxs-eiger --json | jq -r '.checks[] | select(.status != "ok") | ` +
            ".remedy'",
        ],
        [
          [exitCode.ok, 'nothing failed; there may be warnings'],
          [exitCode.failed, 'a check failed'],
          sharedCodes.usage,
          [exitCode.environment, 'no service answers at --url'],
          sharedCodes.internal,
        ],
      ),
    )
    .action(async (file: string | undefined, name: string | undefined, options: ApiOptions) => {
      process.exitCode = await doctor(file, name, options);
    });
}

/**
 * Check and print.
 * @returns exit code
 * @throws OperatorError when the configuration is wrong, or no service answers at `--url`
 */
export async function doctor(file: string | undefined, name: string | undefined, options: ApiOptions): Promise<number> {
  const { reportText } = await import('../doctor/report.js');
  const { report, by } = await examined(file, name, options);
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : `${by}\n${reportText(report)}`);
  return report.ok ? exitCode.ok : exitCode.failed;
}

interface Examined {
  readonly report: DoctorReport;
  /** What was looked at, in words. */
  readonly by: string;
}

async function examined(file: string | undefined, name: string | undefined, options: ApiOptions): Promise<Examined> {
  if (options.url !== undefined) {
    const url = await serviceUrl(file, name, options);
    return { report: await asked(url, answerLimitMs.question), by: `the service at ${url}` };
  }
  if (file === undefined)
    return { report: await madeHere(null), by: 'this machine; with CONFIG and NAME there is more to check' };
  const detector = detectorOf(file, name);
  const { loadAnyConfig } = await import('../config/load.js');
  const { isOpen } = await import('../config/from-client.js');
  const { makePlan } = await import('../config/plan.js');
  const config = loadAnyConfig(file, detector);
  const setup = isOpen(config) ? null : { config, plan: makePlan(config) };
  const url = config.apiPort === 0 ? null : await serviceUrl(file, name, options);
  const running =
    url === null
      ? null
      : await asked(url, lookLimitMs).catch((error: unknown) => {
          if (error instanceof OperatorError) return null;
          throw error;
        });
  // One that waits for PSI's client knows the machine alone.
  if (running?.name === detector || (setup === null && running?.name === null))
    return { report: running, by: `${detector}, by its service at ${url}` };
  if (setup === null)
    return {
      report: await madeHere(null),
      by: `this machine; no service of ${detector} runs, whose detector PSI's client would name`,
    };
  return { report: await madeHere(setup), by: `${detector} on this machine; no service of it runs` };
}

/** The report of a running service. @throws OperatorError */
async function asked(url: string, limit: number): Promise<DoctorReport> {
  const answer = await request(url, 'GET', limit, { path: route });
  const body = answer.body as Partial<DoctorReport> | null;
  if (answer.status !== 200) throw refusal(answer, 'no report');
  if (!Array.isArray(body?.checks))
    throw new OperatorError(`GET ${url}${route}: not a report of this service. Check --url`);
  return body as DoctorReport;
}

async function madeHere(setup: { readonly config: ServiceConfig; readonly plan: Plan } | null): Promise<DoctorReport> {
  const { gatherMachine, thisMachine } = await import('../doctor/machine.js');
  const { askCards } = await import('../doctor/network-card.js');
  const { receivingLinks } = await import('../doctor/receiving.js');
  const { defaultOf } = await import('../config/schema.js');
  const { receivingHosts } = await import('../config/udp-hosts.js');
  const { tryAddresses, tryPorts } = await import('../doctor/port-trial.js');
  const { examine } = await import('../doctor/report.js');
  const { tryReceiveBuffers, waysMissing } = await import('../service/doctor-probes.js');
  const config = setup?.config ?? null;
  const gathered = gatherMachine(thisMachine, config);
  return examine({
    setup,
    service: null,
    client: null,
    ...gathered,
    receiveBuffers: await tryReceiveBuffers(
      config === null ? ['127.0.0.1'] : receivingHosts(config),
      config?.receiveBufferBytes ?? defaultOf('receive_buffer_bytes'),
      config?.receive ?? 'auto',
    ),
    addresses: await tryAddresses(gathered.addresses),
    ports: config === null ? null : await tryPorts(config),
    cards: config === null ? 'needs CONFIG NAME' : await askCards(receivingLinks(gathered.addresses)),
    ways: await waysMissing(),
  });
}
