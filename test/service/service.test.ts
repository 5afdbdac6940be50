// The composition root: what it starts, what it refuses, and what it tells. Series with real packets: threads/.

import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { makeLogger } from '../../src/runtime/log.js';
import { ServiceThread } from '../../src/service/service-thread.js';
import { startService } from '../../src/service/service.js';
import { configText, quadYaml, start } from '../threads/running.js';
import { within } from '../threads/waiting.js';

t.test('a service that is ready says where it is, in the log as well', async (t) => {
  const running = await start(t);
  const { dataEndpoint, apiUrl } = running.service;
  t.match(
    running.log.find(({ event }) => event === 'ready'),
    {
      data_endpoint: dataEndpoint,
      api_url: apiUrl,
      udp_ports: running.config.detector.udpPorts,
      shape: [514, 514],
      series: 'armed',
      detector: 'det',
    },
  );
  await running.stop();
  t.match(running.log.at(-1), { event: 'stopped' });
});

t.test('each way to receive and send starts and stops', async (t) => {
  for (const [receive, send] of [
    ['dgram', 'zeromq.js'],
    ['auto', 'auto'],
  ] as const) {
    const running = await start(t, `${quadYaml}\nreceive: ${receive}\nsend: ${send}`);
    t.equal((await running.http('GET', '/readyz')).status, 200);
    if (receive === 'dgram') t.equal(running.service.view.backend, 'dgram+zeromq.js');
    await running.stop();
  }
});

t.test('ports that are off get no socket', async (t) => {
  const text = await configText(quadYaml);
  const [, second] = parseConfig(text, 'test.yaml', 'det').detector.udpPorts as [number, number];
  const ports = /udp_ports: (.*)/.exec(text)?.[1] as string;
  const running = await start(t, `${quadYaml}\nudp_ports: ${ports}\nports_off: [${second}]`);
  t.match((await running.http('GET', '/api/v1/udp')).body, {
    ports: [{ off: false }, { udp_port: second, off: true, receive_buffer_granted_bytes: null }],
  });
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 6, first_frame_number: 1 });
  await running.simulate({ frames: 6, rate: 30 });
  t.match(await running.ended(1), { frames: 6, ledger: [{}] });
  t.strictSame((await consumer.report).checker.problems, []);
});

t.test('memory that cannot be had is said before anything is started', async (t) => {
  const config = parseConfig(await configText(`${quadYaml}\nring_frames: 60000`), 'test.yaml', 'det');
  const logger = makeLogger('error', 'det', { write: () => undefined });
  await t.rejects(within(startService(config, { logger }), 'a refusal'), {
    name: 'OperatorError',
    message: /^det: the ring of 60000 frames .* Use ring_frames: \d+/,
    exitCode: 2,
  });
});

t.test('several half-modules on several threads make one frame', async (t) => {
  const running = await start(
    t,
    `detector: eiger\nmodules: [2, 1]\nframe_rate_hz: 50\nring_frames: 64\nseries: armed`,
    '127.0.0.1',
    4,
  );
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 15, first_frame_number: 1 });
  await running.simulate({ frames: 15, rate: 25 });
  t.match(await running.ended(1), { frames: 15 });
  const { checker } = await consumer.report;
  t.strictSame(checker.problems, []);
  t.equal(checker.counts.pixelsChecked, 15 * 514 * 1030);
});

t.test('a thread that has closed everything ended in order, one that was cut off before did not', async (t) => {
  const { stated: _, ...config } = parseConfig(await configText(quadYaml), 'test.yaml', 'det');
  const plan = makePlan(config);
  const map = mapMemory(plan.memory);
  const streamer = async (): Promise<ServiceThread> => {
    const task = { config, plan, map, memory: allocateMemory(map), thread: plan.threads.receivers, name: 'streamer' };
    const numbers = { firstMessageNumber: 1000, seriesBefore: 0 };
    const thread = new ServiceThread(
      task.name,
      { ...task, ...numbers, does: { what: 'stream' }, wakeDescriptors: [] },
      () => undefined,
      () => undefined,
    );
    t.match((await thread.ready).endpoint, /^tcp:/);
    return thread;
  };
  t.equal(await (await streamer()).stop(), true);
  const cutOff = await streamer();
  await cutOff.worker.terminate();
  t.equal(await cutOff.stop(), false);
});
