import t from 'tap';
import { planSendQueue } from '../../src/config/send-queue.js';

const frame = 528_392;
const config = {
  send: 'auto',
  sendBufferBytes: null,
  consumerConnections: 1,
  dataPorts: [9999],
  preview: null,
} as const;

t.test('the kernel holds four frames, between 4 and 64 MiB, and doubles what it is asked for', async (t) => {
  t.match(planSendQueue(config, frame, 1000), {
    sendQueue: { of: 'kernel', frames: 7, bytes: 2 * 4194304, milliseconds: 7 },
    sendBufferBytes: 4194304,
  });
  t.equal(planSendQueue(config, 2 ** 22, null).sendBufferBytes, 2 ** 24);
  t.equal(planSendQueue(config, 2 ** 25, null).sendBufferBytes, 2 ** 26);
  t.equal(planSendQueue(config, frame, null).sendQueue.milliseconds, null);
});

t.test('a size that was asked for holds, for each connection', async (t) => {
  const plan = planSendQueue(
    { ...config, send: 'zmtp', sendBufferBytes: 8 * frame, consumerConnections: 3 },
    frame,
    null,
  );
  t.match(plan, { sendBufferBytes: 8 * frame, sendQueue: { frames: 8, bytes: 3 * 2 * 8 * frame } });
});

t.test('zmq queues 64 MiB for each connection, and at least four messages', async (t) => {
  for (const send of ['libzmq', 'zeromq.js'] as const) {
    const plan = planSendQueue({ ...config, send, consumerConnections: 2 }, frame, 100);
    t.match(plan, { highWaterMark: 127, sendQueue: { of: 'zmq', frames: 127, bytes: 2 * 127 * frame } });
    t.equal(planSendQueue({ ...config, send }, 2 ** 25, null).highWaterMark, 4);
  }
});

t.test('several sockets queue for themselves: as many bytes and as much time each', async (t) => {
  const one = planSendQueue(config, frame, 1000);
  const four = planSendQueue({ ...config, dataPorts: [1, 2, 3, 4] }, frame, 1000);
  t.equal(four.sendBufferBytes, one.sendBufferBytes);
  t.match(four.sendQueue, { frames: one.sendQueue.frames, bytes: 4 * one.sendQueue.bytes, milliseconds: 28 });
});

t.test('viewers of a preview take copies of four frames and a send buffer; without one nothing is taken', async (t) => {
  const preview = { port: 9998, rateHz: 10, form: 'plain' } as const;
  t.equal(planSendQueue({ ...config, preview }, frame, null).previewBytes, 4 * frame + 2 * 4194304);
  t.equal(planSendQueue(config, frame, null).previewBytes, 0);
});
