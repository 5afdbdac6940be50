import Fastify from 'fastify';
import t from 'tap';
import { addPsiClientRoutes, receiversSchema } from '../../src/http/routes-psi-client.js';
import { callBytes, chars, i32, setupBytes } from '../control/sls/client.js';
import { PlayedService } from '../control/sls/played-service.js';

t.test('what the client has set is told, and what the next start would be refused for', async (t) => {
  const service = new PlayedService();
  const app = Fastify();
  addPsiClientRoutes(app, service.group);
  t.teardown(() => app.close());
  const ask = async (): Promise<Record<string, unknown>> => (await app.inject('/api/v1/receivers')).json();
  t.strictSame(await ask(), {
    status: 'idle',
    receivers: [0, 1].map((module) => ({ module, locked_by: null, set_up: null })),
    next: null,
    preview: null,
    problems: [],
  });

  await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes({ frames: 10n })));
  await service.call(1, callBytes('F_SETUP_RECEIVER', setupBytes({ index: 1, frames: 10n, activate: 0 })));
  await service.call(1, callBytes('F_LOCK_RECEIVER', i32(1)), '10.0.0.7');
  await service.call(0, callBytes('F_SET_RECEIVER_FILE_WRITE', i32(1)));
  const told = await ask();
  t.match(told, {
    receivers: [
      {
        set_up: {
          hostname: 'beb001',
          detector: 'eiger',
          frames: '10',
          udp_ports: [
            { udp_port: 50_001, on: true },
            { udp_port: 50_002, on: true },
          ],
        },
      },
      { locked_by: '10.0.0.7', set_up: { udp_ports: [{ on: false }, { on: false }] } },
    ],
    next: { filename: '', metadata: { exptime: 0.001 } },
    problems: [/^ports_off: port 50003/, /^ports_off: port 50004/, /^File path cannot be empty/],
  });
  t.strictSame(Object.keys(told), Object.keys(receiversSchema.properties ?? {}), 'as the schema says');

  await service.call(0, callBytes('F_SET_RECEIVER_FILE_PATH', chars('/data')));
  t.match(await ask(), { next: { filename: '/data/run_0.h5' } });
});
