import t from 'tap';
import { callBytes, callOver, chars, i32, i64, sentenceOf, setupBytes } from '../control/sls/client.js';
import { freeUdpPorts } from '../threads/free-ports.js';
import { start } from '../threads/running.js';

const yaml = 'detector: eiger\nquad: true\nframe_rate_hz: 100\nseries: armed\nreceiver_ports: [0]';

t.test(
  'what a client sets and starts goes through to the consumer, and its figures are those of the ledger',
  async (t) => {
    const running = await start(t, yaml);
    const [port = 0] = running.service.receiverPorts;
    const call = async (...bytes: Parameters<typeof callBytes>): Promise<Buffer> => {
      const reply = await callOver(port, callBytes(...bytes));
      return reply;
    };
    const done = async (...bytes: Parameters<typeof callBytes>): Promise<void> => {
      const reply = await call(...bytes);
      t.equal(reply.readInt32LE(), 0, `${bytes[0]}: ${sentenceOf(reply) ?? 'done'}`);
    };
    const numbers = async (name: Parameters<typeof callBytes>[0]): Promise<number[]> => {
      const reply = await call(name);
      return [0, 1].map((index) => Number(reply.readBigInt64LE(8 + 8 * index)));
    };
    const [first = 0, second = 0] = running.config.detector.udpPorts;
    await done('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1, ports: [first, second] }));
    await done('F_RECEIVER_SET_DATASTREAM', i32(1, 0));
    t.match(
      running.status().problems.join('\n'),
      /ports_off: port \d+ on .* off at the detector/,
      'before it is tried',
    );
    await done('F_RECEIVER_SET_DATASTREAM', i32(1, 1));
    t.notMatch(running.status().problems.join('\n'), /ports_off/);
    await done('F_RECEIVER_SET_NUM_FRAMES', i64(20n));
    t.match(sentenceOf(await call('F_START_RECEIVER')), /no consumer is connected/);

    const consumer = await running.consume({ series: 1 });
    await done('F_SET_RECEIVER_FILE_PATH', chars('/data/x'));
    await done('F_SET_RECEIVER_FILE_WRITE', i32(1));
    await done('F_START_RECEIVER');
    t.match((await running.http('GET', '/api/v1/receivers')).body, { status: 'running', problems: [] });
    t.match(running.status().series, { filename: '/data/x/run_0.h5', frames: 20 });
    t.equal((await call('F_GET_RECEIVER_STATUS')).readInt32LE(4), 5);
    t.match((await running.arm({ frames: 1 })).body, { why: 'busy' }, 'other doors wait');
    await running.simulate({ frames: 20 });
    await done('F_STOP_RECEIVER', i32(0));
    await done('F_INCREMENT_FILE_INDEX');
    t.equal((await call('F_GET_RECEIVER_FILE_INDEX')).readBigInt64LE(4), 1n);
    const report = await consumer.report;
    t.ok(report.ok, 'every pixel is right');
    const [summary] = running.service.view.history();
    t.match(summary, { filename: '/data/x/run_0.h5', frames: 20 });
    const complete = await numbers('F_GET_RECEIVER_FRAMES_CAUGHT');
    t.strictSame(
      await numbers('F_GET_NUM_MISSING_PACKETS'),
      summary?.ledger.map(({ missing }) => missing),
    );
    t.ok(complete.every((count) => count <= 20 && count >= (summary?.complete ?? 0)));
    t.strictSame(await numbers('F_GET_RECEIVER_FRAME_INDEX'), [20, 20]);
    t.equal((await call('F_GET_RECEIVER_PROGRESS')).readDoubleLE(4), 100);
    t.equal((await call('F_GET_RECEIVER_STATUS')).readInt32LE(4), 0);
  },
);

t.test('a port that another receiver has is named, and the service does not start', async (t) => {
  const running = await start(t, yaml);
  const [port = 0] = running.service.receiverPorts;
  const [first = 0, second = 0] = await freeUdpPorts(2);
  const taken = `${yaml.replace('[0]', `[${port}]`)}\nudp_ports: [${first}, ${second}]`;
  await t.rejects(start(t, taken), { message: /receiver port \d+ on 127.0.0.1 is taken/ });
});
