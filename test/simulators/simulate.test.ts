import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import t from 'tap';
import { OperatorError } from '../../src/base/errors.js';
import { runSimulate, simulate } from '../../simulators/simulate.js';
import type { RunSimulateOptions } from '../../simulators/simulate.js';
import { openUdpSender } from '../../simulators/detector/udp-sender.js';
import { quadSettings } from './detector/settings-examples.js';

interface Listener {
  socket: Socket;
  port: number;
  received: Buffer[];
  sources: Set<number>;
}

async function listen(host: string): Promise<Listener> {
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
  return { socket, port: socket.address().port, received, sources };
}

/** Wait until nothing more comes. */
async function settle(listeners: readonly Listener[], expected: number): Promise<void> {
  for (let turn = 0; turn < 100 && listeners.reduce((sum, one) => sum + one.received.length, 0) < expected; turn++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

function capture(): { out: RunSimulateOptions['out']; stdout: () => string; stderr: () => string } {
  const text = { stdout: '', stderr: '' };
  return {
    out: {
      stdout: {
        write: (more) => {
          text.stdout += more;
        },
      },
      stderr: {
        write: (more) => {
          text.stderr += more;
        },
      },
    },
    stdout: () => text.stdout,
    stderr: () => text.stderr,
  };
}

for (const host of ['127.0.0.1', '::1', '0.0.0.0']) {
  t.test(`what arrives at ${host} is what the truth says`, async (t) => {
    const listeners = [await listen(host), await listen(host)];
    t.teardown(() => {
      for (const { socket } of listeners) socket.close();
    });
    const settings = quadSettings({ udpPorts: listeners.map(({ port }) => port), readNRows: 32 });
    const result = await simulate({
      settings,
      udpHost: host,
      frames: 10,
      rate: 500,
      loss: '0.05',
      duplicate: '0.05',
      signal: new AbortController().signal,
    });
    await settle(
      listeners,
      result.truth.ports.reduce((sum, port) => sum + port.sent, 0),
    );
    t.same(
      listeners.map(({ received }) => received.length),
      result.truth.ports.map((port) => port.sent),
    );
    t.ok(result.truth.ports.every((port) => port.planned === 80));
    t.equal(result.sendErrors, 0);
    t.equal(new Set(listeners.flatMap(({ sources }) => [...sources])).size, 1, 'one source for all ports');
  });
}

t.test('the command prints the truth as JSON, and the progress elsewhere', async (t) => {
  const [left, right] = [await listen('127.0.0.1'), await listen('127.0.0.1')];
  t.teardown(() => {
    left.socket.close();
    right.socket.close();
  });
  const { out, stdout } = capture();
  const settings = quadSettings({ udpPorts: [left.port, right.port], readNRows: 16 });
  const options = {
    settings,
    udpHost: '127.0.0.1',
    frames: 3,
    rate: 1000,
    firstFrame: 5,
    loss: `${left.port}:6:1`,
    signal: new AbortController().signal,
    out,
  };
  t.equal(await runSimulate({ ...options, json: true }), 0);
  t.match(JSON.parse(stdout()), {
    frames: 3,
    first_frame_number: 5,
    rate_asked: 1000,
    send_errors: 0,
    ports: { [left.port]: { packets_planned: 12, packets_sent: 11, lost: 1 }, [right.port]: { packets_sent: 12 } },
    faulty_frames: [{ frame_number: 6, never_intact: { [left.port]: [[1, 1]] } }],
  });
  const table = capture();
  t.equal(await runSimulate({ ...options, out: table.out }), 0);
  t.match(table.stdout(), /numbers 5 to 7[^]*planned[^]*frames with packets that never left whole: 1/);
});

t.test('an abort ends an endless run after a whole frame', async (t) => {
  const listener = await listen('127.0.0.1');
  t.teardown(() => {
    listener.socket.close();
  });
  const stop = new AbortController();
  setTimeout(() => {
    stop.abort();
  }, 50);
  const settings = quadSettings({
    udpPorts: [listener.port, listener.port + 1],
    portsOff: [listener.port + 1],
    readNRows: 16,
  });
  const result = await simulate({ settings, udpHost: '127.0.0.1', frames: 0, rate: 100, signal: stop.signal });
  const [port] = result.truth.ports;
  t.ok(port !== undefined && port.frames > 0 && port.planned === port.frames * 4 && port.intact === port.planned);
});

t.test('wrong options and a taken source port are refused', async (t) => {
  const signal = new AbortController().signal;
  await t.rejects(simulate({ settings: quadSettings(), udpHost: '127.0.0.1', loss: 'much', signal }), OperatorError);
  await t.rejects(openUdpSender('no-such-host.invalid'), OperatorError);
  const taken = await listen('127.0.0.1');
  const blocker = createSocket('udp4');
  await new Promise<void>((resolve) => {
    blocker.bind(0, resolve);
  });
  await t.rejects(openUdpSender('127.0.0.1', blocker.address().port), { name: 'OperatorError', exitCode: 3 });
  blocker.close();
  taken.socket.close();
});
