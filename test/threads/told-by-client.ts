// A service that is told by calls of PSI's client what the detector is, for tests, and acquisitions of what was told.

import type { Test } from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makeLogger } from '../../src/runtime/log.js';
import { startService } from '../../src/service/service.js';
import type { FunctionName } from '../../src/control/sls/functions.js';
import { callBytes, callOver, i32, sentenceOf, setupBytes } from '../control/sls/client.js';
import type { SetupFields } from '../control/sls/client.js';
import { Running } from './running.js';

const anyPorts = 'data_port: 0\n  api_port: 0';

export interface Told {
  readonly running: Running;
  /** A call that must be done. */
  readonly done: (module: number, name: FunctionName, ...argument: Uint8Array[]) => Promise<void>;
  /** The sentence of a call that must be refused. */
  readonly refused: (module: number, name: FunctionName, ...argument: Uint8Array[]) => Promise<string>;
  readonly ready: () => Promise<boolean>;
}

export async function told(t: Test, keys: string): Promise<Told> {
  const config = parseConfig(
    `det:\n  ${keys}\n  ${keys.includes('data_port') ? 'api_port: 0' : anyPorts}\n`,
    'test.yaml',
    'det',
  );
  const log: Record<string, unknown>[] = [];
  const logger = makeLogger('debug', 'det', { write: (line: string) => void log.push(JSON.parse(line) as never) });
  const service = await startService(config, { logger });
  const running = new Running(service, config, log);
  t.teardown(() => running.stop());
  const call = (module: number, name: FunctionName, argument: Uint8Array[]): Promise<Buffer> =>
    callOver(service.receiverPorts[module] ?? 0, callBytes(name, ...argument));
  return {
    running,
    done: async (module, name, ...argument) => {
      const reply = await call(module, name, argument);
      t.equal(reply.readInt32LE(), 0, `${name} of module ${module}: ${sentenceOf(reply) ?? 'done'}`);
    },
    refused: async (module, name, ...argument) => sentenceOf(await call(module, name, argument)) ?? 'it was done',
    ready: async () => (await running.http('GET', '/readyz')).status === 200,
  };
}

/** The set-up of a quad. */
export const quad = (ports: readonly [number, number], more: SetupFields = {}): Buffer =>
  setupBytes({ y: 1, quad: 1, rows: 0, ports, frames: 10n, ...more });

/** Acquire with what the service has been told. */
export async function acquire({ running, done }: Told, modules: readonly number[], frames: number): Promise<void> {
  await Promise.all(modules.map((module) => done(module, 'F_START_RECEIVER')));
  const { detector, udpHosts } = running.service.view.config;
  // (What the simulator counts is compared for detectors that stay the same; here ports come and go.)
  running.othersSend();
  await running.simulate({ settings: detector, udpHost: udpHosts, frames, rate: 40 });
  await Promise.all(modules.map((module) => done(module, 'F_STOP_RECEIVER', i32(0))));
}
