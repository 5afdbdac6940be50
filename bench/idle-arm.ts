// How long do `arm` and `stop` of an empty series take on an idle service? Scans that are triggered by software pay
// both at every point. Measured from outside, over HTTP with a connection that stays, with a consumer that takes the
// stream; in between the service is left in peace for a while, as by a motor.
//
//   node dist/bench/idle-arm.js [--runs 50] [--restMs 100] [--json]

import { Agent, request } from 'node:http';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { spentBetween } from './cpu-time.js';
import { quad } from './detector.js';
import { delay, startConsumer } from './programs.js';
import { ServiceProcess } from './service-process.js';
import { percentile, table } from './statistics.js';

export interface IdleArmOptions {
  readonly runs: number;
  /** Between two series, ms. */
  readonly restMs: number;
}

const idleArmDefaults: IdleArmOptions = { runs: 50, restMs: 100 };

/** Milliseconds, run by run, smallest first; CPU of the idle service in ms per second. */
export interface IdleArmResult {
  readonly arm: readonly number[];
  readonly stop: readonly number[];
  readonly idleCpu: Readonly<Record<string, number>>;
}

const idleSeconds = 3;

/** About 5 + runs × (restMs + some 50 ms). */
async function measureIdleArm({ runs, restMs }: IdleArmOptions): Promise<IdleArmResult> {
  const programs = await compilePrograms();
  const service = await ServiceProcess.start(programs, await quad({ series: 'armed' }));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, body?: object): Promise<number> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': text.length };
      const begun = performance.now();
      const call = request(`${service.apiUrl}/api/v1/series`, { method, agent, headers }, (answer) => {
        let said = '';
        answer.on('data', (bytes: Buffer) => (said += bytes.toString()));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(performance.now() - begun);
          else reject(new Error(`${method}: ${answer.statusCode} ${said}`));
        });
      });
      call.on('error', reject);
      call.end(text);
    });
  const arm: number[] = [];
  const stop: number[] = [];
  try {
    await startConsumer(programs, service.dataEndpoint, '');
    const before = service.cpu();
    await delay(idleSeconds * 1000);
    const after = service.cpu();
    const idleCpu = Object.fromEntries(
      Object.entries(spentBetween(before, after)).map(([name, spent]) => [name, spent / 1e6 / idleSeconds]),
    );
    for (let run = 0; run < runs; run++) {
      arm.push(await ask('POST', { force: true }));
      await delay(restMs);
      stop.push(await ask('DELETE'));
      await delay(restMs);
    }
    return { arm: arm.sort((a, b) => a - b), stop: stop.sort((a, b) => a - b), idleCpu };
  } finally {
    agent.destroy();
    await service.stop();
  }
}

/** Table for people. */
function idleArmTables({ arm, stop, idleCpu }: IdleArmResult): string {
  const row = (name: string, values: readonly number[]): string[] => [
    name,
    ...[0.1, 0.5, 0.9].map((share) => percentile(values, share).toFixed(1)),
    (values.at(-1) ?? Number.NaN).toFixed(1),
  ];
  const idle = Object.entries(idleCpu)
    .map(([name, spent]) => `${name} ${spent.toFixed(2)}`)
    .join(', ');
  const heads = ['empty series', 'p10, ms', 'median, ms', 'p90, ms', 'longest, ms'];
  return (
    `${table(heads, [row('arm', arm), row('stop', stop)])}\n\n` + `CPU of the idle service, ms per second: ${idle}.`
  );
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(idleArmDefaults);
  print(await measureIdleArm(options), idleArmTables, json);
}
