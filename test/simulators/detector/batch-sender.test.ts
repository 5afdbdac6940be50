import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import t from 'tap';
import type { Test } from 'tap';
import { OperatorError } from '../../../src/base/errors.js';
import { openBatchSender } from '../../../simulators/detector/batch-sender.js';
import { sendCalls } from '../../../simulators/detector/ffi.js';
import { refusedText } from '../../../simulators/detector/refused.js';
import type { BatchSenderOptions } from '../../../simulators/detector/batch-sender.js';
import { copyDatagram, SimulatedDetector } from '../../../simulators/detector/detector.js';
import type { Datagram, DetectorRun } from '../../../simulators/detector/detector.js';
import { noFaults } from '../../../simulators/detector/faults.js';
import type { DatagramSender } from '../../../simulators/detector/udp-sender.js';
import { simulate } from '../../../simulators/simulate.js';
import { quadSettings } from './settings-examples.js';

interface Listener {
  socket: Socket;
  port: number;
  received: Buffer[];
  sources: Set<number>;
}

async function listen(t: Test, host: string): Promise<Listener> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
  const received: Buffer[] = [];
  const sources = new Set<number>();
  socket.on('message', (bytes, source) => {
    received.push(bytes);
    sources.add(source.port);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, host, resolve);
  });
  t.teardown(() => {
    socket.close();
  });
  return { socket, port: socket.address().port, received, sources };
}

async function settle(listeners: readonly Listener[], expected: number): Promise<void> {
  for (let turn = 0; turn < 100 && listeners.reduce((sum, one) => sum + one.received.length, 0) < expected; turn++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

async function open(t: Test, options: Partial<BatchSenderOptions> = {}): Promise<DatagramSender> {
  const sender = await openBatchSender({
    host: '127.0.0.1',
    sourcePort: null,
    coalesceBytes: null,
    checksum: true,
    ...options,
  });
  if (typeof sender === 'string') throw new Error(sender);
  t.teardown(() => sender.close());
  return sender;
}

/** Everything in batches as long as the sender takes them, one round each. */
async function sendAll(sender: DatagramSender, datagrams: Iterable<Datagram>): Promise<void> {
  let batch: Datagram[] = [];
  for (const datagram of datagrams) {
    if (batch.length === sender.batchLimit || (batch[0] !== undefined && batch[0].round !== datagram.round)) {
      await sender.sendBatch(batch);
      batch = [];
    }
    batch.push(datagram);
  }
  await sender.sendBatch(batch);
}

const ways = { single: {}, 'checksum 0': { checksum: false }, coalesced: { coalesceBytes: 4144 } };
for (const [way, options] of Object.entries(ways)) {
  for (const host of ['127.0.0.1', '::1']) {
    if (host === '::1' && way === 'checksum 0') continue;
    t.test(`${way} datagrams arrive at ${host} as the detector made them, in the order of their port`, async (t) => {
      const listeners = [await listen(t, host), await listen(t, host)];
      const run: DetectorRun = {
        settings: quadSettings({ udpPorts: listeners.map(({ port }) => port) }),
        frames: 3,
        firstFrame: 7,
        rate: 1000,
        faults: {
          ...noFaults,
          selectors: { loss: 0.02, truncate: 0.05, reorder: 0.02, duplicate: 0.02, foreign: 0.02, delay: 0.02 },
        },
      };
      const expected = Array.from(new SimulatedDetector(run).datagrams(), copyDatagram);
      const sender = await open(t, { host, ...options });
      await sendAll(sender, new SimulatedDetector(run).datagrams());
      await settle(listeners, expected.length);
      t.equal(sender.sent, expected.length);
      t.equal(sender.errors, 0);
      t.ok(
        expected.some(({ bytes }) => bytes.length < 4144),
        'a shorter one ends a run',
      );
      for (const { port, received, sources } of listeners) {
        const mine = expected.filter(({ udpPort }) => udpPort === port);
        t.equal(received.length, mine.length);
        t.ok(received.every((bytes, at) => bytes.equals(Buffer.from(mine[at].bytes))));
        t.equal(sources.size, 1);
      }
    });
  }
}

t.test('a datagram that the system refuses is counted, and those behind it go out', async (t) => {
  const listener = await listen(t, '127.0.0.1');
  const sender = await open(t);
  const datagram = (udpPort: number): Datagram => ({
    portIndex: 0,
    udpPort,
    round: 0,
    dueMs: 0,
    bytes: new Uint8Array(100),
  });
  await sender.sendBatch([datagram(listener.port), datagram(0), datagram(listener.port)]);
  await settle([listener], 2);
  t.equal(listener.received.length, 2);
  t.match(sender, { sent: 2, errors: 1, lastError: 'EINVAL' });
});

t.test(
  'where the call is known and refused, as by seccomp, that is said at the opening, and the socket closed',
  async (t) => {
    const calls = sendCalls();
    if (typeof calls === 'string') return t.pass(calls, { skip: calls });
    for (const reason of ['ENOSYS', 'EPERM']) {
      const closed: number[] = [];
      const refusing = {
        ...calls,
        sendmmsg: () => -1,
        failure: () => reason,
        close: (descriptor: number) => {
          closed.push(descriptor);
          return calls.close(descriptor);
        },
      };
      t.equal(
        await openBatchSender({ host: '127.0.0.1', sourcePort: null, coalesceBytes: null, checksum: true }, refusing),
        `sendmmsg is refused here (${reason})`,
      );
      t.equal(closed.length, 1);
    }
  },
);

t.test('a refusal of the system is told with what it means', async (t) => {
  t.match(
    refusedText(3, 'EHOSTUNREACH'),
    /^3 datagrams were refused by the system \(EHOSTUNREACH\): no host answers there.*they count as sent above\n$/,
  );
  t.match(refusedText(1, 'send ENETUNREACH 10.0.0.1:50001'), /there is no route to it/);
  t.equal(refusedText(2, null), '2 datagrams were refused by the system (no reason given); they count as sent above\n');
});

t.test('a source port is used, and refused when it is taken', async (t) => {
  const [listener, blocker] = [await listen(t, '127.0.0.1'), await listen(t, '0.0.0.0')];
  await t.rejects(open(t, { sourcePort: blocker.port }), { name: 'OperatorError', exitCode: 3, message: /EADDRINUSE/ });
  const probe = createSocket('udp4');
  await new Promise<void>((resolve) => {
    probe.bind(0, resolve);
  });
  const sourcePort = probe.address().port;
  await new Promise<void>((resolve) => {
    probe.close(resolve);
  });
  const sender = await open(t, { sourcePort });
  await sender.sendBatch([{ portIndex: 0, udpPort: listener.port, round: 0, dueMs: 0, bytes: new Uint8Array(50) }]);
  await settle([listener], 1);
  t.same([...listener.sources], [sourcePort]);
});

t.test('what excludes each other is refused, and what was used is said', async (t) => {
  const listeners = [await listen(t, '127.0.0.1'), await listen(t, '127.0.0.1')];
  const common = {
    settings: quadSettings({ udpPorts: listeners.map(({ port }) => port), readNRows: 16 }),
    frames: 2,
    rate: 1000,
    signal: new AbortController().signal,
  };
  const v4 = { ...common, udpHost: '127.0.0.1' };
  await t.rejects(simulate({ ...v4, coalesce: true, checksum: false }), { name: 'OperatorError', exitCode: 2 });
  await t.rejects(simulate({ ...v4, coalesce: true, send: 'dgram' }), { name: 'OperatorError', exitCode: 2 });
  await t.rejects(simulate({ ...common, udpHost: '::1', checksum: false }), { name: 'OperatorError', exitCode: 2 });
  await t.rejects(open(t, { host: 'no-such-host.invalid' }), OperatorError);
  for (const options of [
    { send: 'dgram' },
    { send: 'sendmmsg' },
    { send: 'auto' },
    { coalesce: true },
    { checksum: false },
  ] as const) {
    const before = listeners.map(({ received }) => received.length);
    const result = await simulate({ ...v4, ...options });
    t.match(result, {
      sentWith: 'send' in options && options.send === 'dgram' ? 'dgram' : 'sendmmsg',
      fallback: null,
      sendErrors: 0,
    });
    await settle(
      listeners,
      before.reduce((sum, count) => sum + count, 16),
    );
    t.same(
      listeners.map(({ received }, at) => received.length - before[at]),
      [8, 8],
    );
  }
});
