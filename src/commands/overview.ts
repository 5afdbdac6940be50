// `vdcu overview`: several services on one page, for the control room.
// Tested by test/threads/overview.test.ts.

import type { AddressInfo } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { systemClock } from '../base/clock.js';
import { exitCode, OperatorError } from '../base/errors.js';
import { hostPort } from '../base/host-port.js';
import { checkedUrl, refusal, request } from './api-client.js';
import { helpEnd, sharedCodes } from './arguments.js';
import { onInterrupt } from './interrupt.js';

interface OverviewOptions {
  readonly host: string;
  readonly port: number;
  readonly json?: true;
}

const askLimitMs = 5000;

/** Add the command to the program. */
export function addOverview(program: Command): void {
  program
    .command('overview')
    .summary('several services on one page')
    .description(
      'Ask each service once a second what it does, and show all of them on one page: state, progress, rate, and ' +
        'what is wrong, those with a problem marked. Each leads to the page of its own service. Nothing can be ' +
        'ordered here.',
    )
    .argument('<urls...>', 'HTTP interfaces of the services')
    .option('--host <address>', 'address to listen on; 0.0.0.0 = all', '127.0.0.1')
    .option('--port <port>', 'port of the page', portOf, 5080)
    .option('--json', 'ask once, print what each said as JSON, and end')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu overview http://daq1:5000 http://daq2:5000',
          'vdcu overview --host 0.0.0.0 --port 5080 http://daq1:5000 http://daq2:5000',
          'vdcu overview --json http://daq1:5000 | jq -r ".services[].message"',
        ],
        [
          [exitCode.ok, 'ended by Ctrl-C; with --json: every service answered'],
          sharedCodes.usage,
          [exitCode.environment, 'the page cannot be served; with --json: a service did not answer'],
          sharedCodes.internal,
        ],
      ),
    )
    .action(async (urls: string[], options: OverviewOptions) => {
      process.exitCode = await overview(urls, options);
    });
}

function portOf(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65535) throw new InvalidArgumentError('needs 0 to 65535.');
  return Number(text);
}

/**
 * Serve the page until told to end, or print once.
 * @returns exit code
 * @throws OperatorError (usage, environment)
 */
export async function overview(texts: readonly string[], { host, port, json }: OverviewOptions): Promise<number> {
  const { Services } = await import('../overview/services.js');
  const urls = texts.map((text) => checkedUrl(text, 'overview'));
  const ask = async (url: string, path: string): Promise<unknown> => {
    const answer = await request(url, 'GET', askLimitMs, { path });
    if (answer.status !== 200) throw refusal(answer, `no answer from ${url}`);
    return answer.body;
  };
  const services = new Services(urls, ask, systemClock);
  if (json === true) {
    await services.look();
    process.stdout.write(`${JSON.stringify({ services: services.rows })}\n`);
    return services.rows.every(({ silent }) => silent === null) ? exitCode.ok : exitCode.environment;
  }
  const { makeOverview } = await import('../overview/server.js');
  const interrupt = onInterrupt();
  const app = makeOverview(services);
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new OperatorError(
      `overview: port ${port} of ${host} cannot be listened on (${(error as Error).message}). Choose another --port`,
      exitCode.environment,
      { cause: error },
    );
  }
  services.start();
  const { port: taken } = app.server.address() as AddressInfo;
  process.stdout.write(`The overview is at http://${hostPort(host, taken)}/  Ctrl-C ends it.\n`);
  await interrupt.asked;
  services.stop();
  await app.close();
  return exitCode.ok;
}
