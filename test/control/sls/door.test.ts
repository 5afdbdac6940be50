import { connect } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { openReceiverDoor } from '../../../src/control/sls/door.js';
import type { DoorOptions, ReceiverDoor } from '../../../src/control/sls/door.js';
import { callBytes, callOver, chars, i32, sentenceOf, setupBytes } from './client.js';
import { PlayedService, silentLogger } from './played-service.js';

async function open(t: Test, options: Partial<DoorOptions> = {}): Promise<ReceiverDoor & { service: PlayedService }> {
  const service = new PlayedService();
  const door = await openReceiverDoor(service.group, {
    host: '127.0.0.1',
    ports: [0, 0],
    allowed: [],
    logger: silentLogger,
    ...options,
  });
  t.teardown(() => door.close());
  return { ...door, service };
}

t.test('each module has its port; a call is answered in whatever pieces it comes', async (t) => {
  const { ports, service } = await open(t);
  t.equal(ports.length, 2);
  const [first = 0, second = 0] = ports;
  const setup = callBytes('F_SETUP_RECEIVER', setupBytes());
  t.equal((await callOver(first, setup.subarray(0, 2), setup.subarray(2, 700), setup.subarray(700))).length, 20);
  t.equal(service.group.receivers[0]?.isSetUp, true);
  t.equal(service.group.receivers[1]?.isSetUp, false);
  t.match(sentenceOf(await callOver(second, callBytes('F_GET_RECEIVER_STATUS'))), /not set up/);
  t.match((await callOver(second, callBytes('F_GET_RECEIVER_VERSION'))).toString('utf8', 4), /^10\.0\.1 0x261005\0/);
});

t.test('a client that is silent keeps nobody waiting, and is cut off', async (t) => {
  const { ports } = await open(t, { limits: { callMs: 300, replyMs: 300, connections: 4 } });
  const [port = 0] = ports;
  const silent = callOver(port, Buffer.from([4]));
  for (let call = 0; call < 20; call++)
    t.equal((await callOver(port, callBytes('F_GET_RECEIVER_VERSION'))).length, 1004, `call ${call}`);
  t.equal((await silent).length, 0);
});

t.test('more connections than are allowed are closed, and others come when there is room', async (t) => {
  const { ports } = await open(t, { limits: { callMs: 60_000, replyMs: 300, connections: 2 } });
  const [port = 0] = ports;
  const waiting = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all(waiting.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const version = callBytes('F_GET_RECEIVER_VERSION');
  t.equal((await callOver(port, version).catch(() => Buffer.alloc(0))).length, 0);
  await Promise.all(waiting.map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy())));
  let answer = Buffer.alloc(0);
  for (let look = 0; look < 100 && answer.length === 0; look++)
    answer = Buffer.from(await callOver(port, version).catch(() => Buffer.alloc(0)));
  t.equal(answer.length, 1004);
});

t.test('a call that breaks off, or says too much, harms nobody', async (t) => {
  const { ports } = await open(t);
  const [port = 0] = ports;
  t.equal((await callOver(port, i32(516), Buffer.alloc(200_000))).length, 1004);
  t.match(sentenceOf(await callOver(port, i32(700))), /^Unrecognized Function enum700: .* Set receiver_release/);
  await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(callBytes('F_SET_RECEIVER_FILE_PATH', chars('/x', 10))));
    socket.on('close', resolve).resume();
  });
  await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(callBytes('F_GET_RECEIVER_VERSION'));
      socket.resetAndDestroy();
    });
    socket.on('close', resolve);
  });
  t.equal((await callOver(port, callBytes('F_GET_RECEIVER_VERSION'))).length, 1004);
});

t.test('calls from other addresses are refused', async (t) => {
  const { ports } = await open(t, { allowed: ['10.0.0.0/8'] });
  const answer = await callOver(ports[0], callBytes('F_GET_RECEIVER_VERSION')).catch(() => Buffer.alloc(0));
  t.equal(answer.length, 0);
});

t.test('a port that is taken is named, and no listener stays open', async (t) => {
  const { ports, service } = await open(t);
  await t.rejects(
    openReceiverDoor(service.group, {
      host: '127.0.0.1',
      ports: [0, ports[0]],
      allowed: [],
      logger: silentLogger,
    }),
    { message: /receiver port \d+ on 127.0.0.1 is taken: another receiver/ },
  );
});

t.test('many connections at once, cut and whole, of all functions', { timeout: 60_000 }, async (t) => {
  const { ports, service } = await open(t, { limits: { callMs: 500, replyMs: 500, connections: 64 } });
  for (const index of [0, 1]) await service.call(index, callBytes('F_SETUP_RECEIVER', setupBytes({ index })));
  for (let round = 0; round < 12; round++) {
    const calls = Array.from({ length: 40 }, (_, at) => {
      const id = 514 + ((round * 40 + at) % 110);
      // Starts and stops wait for other modules.
      const sent =
        id === 534 || id === 535 ? i32(516) : Buffer.concat([i32(id), Buffer.alloc(at % 3 === 0 ? 1 : 1300)]);
      return callOver(ports[at % 2], sent).catch(() => Buffer.alloc(0));
    });
    await Promise.all(calls);
  }
  t.equal((await callOver(ports[0], callBytes('F_GET_RECEIVER_VERSION'))).length, 1004);
});
