import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { copyDatagram, SimulatedDetector } from '../../simulators/detector/detector.js';
import { replay, runReplay } from '../../simulators/replay.js';
import { capture, ethernet, ipv4, udp } from './files/capture-file.js';
import { quadSettings } from './detector/settings-examples.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-replay-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});
const file = join(folder, 'quad.pcap.gz');
const detector = new SimulatedDetector({
  settings: quadSettings({ readNRows: 16 }),
  frames: 4,
  firstFrame: 1,
  rate: 100,
});
const datagrams = Array.from(detector.datagrams(), copyDatagram);
writeFileSync(
  file,
  capture(
    datagrams.map(({ udpPort, bytes }) => ({ seconds: 1, bytes: ethernet(ipv4(udp(udpPort, bytes))) })),
    { gzip: true },
  ),
);

async function listen(): Promise<{ port: number; received: Buffer[]; close: () => void }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  const received: Buffer[] = [];
  socket.on('message', (bytes) => {
    received.push(bytes);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    port: socket.address().port,
    received,
    close: () => {
      socket.close();
    },
  };
}

t.test('a capture arrives byte by byte on the mapped ports', async (t) => {
  const [left, right] = [await listen(), await listen()];
  t.teardown(() => {
    left.close();
    right.close();
  });
  const settings = quadSettings({ readNRows: 16, udpPorts: [left.port, right.port] });
  let stdout = '';
  const out = {
    stdout: {
      write: (text: string) => {
        stdout += text;
      },
    },
    stderr: { write: () => undefined },
  };
  const options = {
    settings,
    pcap: file,
    udpHost: '127.0.0.1',
    mapPort: `50001:${left.port},50002:${right.port}`,
    timing: 'asap',
    signal: new AbortController().signal,
  };
  t.equal(await runReplay({ ...options, json: true, out }), 0);
  t.match(JSON.parse(stdout), {
    timing: 'asap',
    frames: 4,
    send_errors: 0,
    worst_late_ms: null,
    not_sent: { other: 0, fragments: 0, cut: 0, ports: {} },
    ports: {
      [left.port]: {
        packets_sent: 16,
        packets_intact: 16,
        lost: 0,
        frames: 4,
        first_frame_number: 1,
        last_frame_number: 4,
      },
      [right.port]: { packets_sent: 16 },
    },
  });
  for (let turn = 0; turn < 100 && left.received.length + right.received.length < 32; turn++)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  for (const [{ received }, udpPort] of [
    [left, 50001],
    [right, 50002],
  ] as const) {
    t.ok(
      Buffer.concat(received).equals(
        Buffer.concat(datagrams.filter((datagram) => datagram.udpPort === udpPort).map(({ bytes }) => bytes)),
      ),
    );
  }
  stdout = '';
  t.equal(await runReplay({ ...options, out }), 0);
  t.match(stdout, /sent 32 datagrams of 4 frames[^]*wrong number/);
});

t.test('a capture for other ports is refused with the ports that it has', async (t) => {
  const settings = quadSettings({ readNRows: 16, udpPorts: [50011, 50012] });
  const options = { settings, pcap: file, udpHost: '127.0.0.1', timing: 'asap', signal: new AbortController().signal };
  await t.rejects(
    replay(options),
    /has datagrams for port 50001, 50002, none for udp_ports 50011, 50012. Map them: --map-port 50001:50011/,
  );
  await t.rejects(replay({ ...options, timing: 'soon' }), /--timing soon/);
  await t.rejects(replay({ ...options, mapPort: '50001:1' }), /--map-port/);
  await t.rejects(replay({ ...options, pcap: join(folder, 'none') }), /none: cannot be read/);
  const empty = join(folder, 'empty.pcap');
  writeFileSync(empty, capture([]));
  await t.rejects(replay({ ...options, pcap: empty }), /has no whole UDP datagram/);
});

t.test(
  'a capture that is cut off is sent to its last whole record; what was sent is told, and that it was cut',
  async (t) => {
    const listener = await listen();
    t.teardown(() => {
      listener.close();
    });
    const settings = quadSettings({ readNRows: 16, udpPorts: [listener.port, listener.port - 1] });
    const whole = capture(datagrams.map(({ bytes }) => ({ seconds: 1, bytes: ethernet(ipv4(udp(50001, bytes))) })));
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, whole.subarray(0, whole.length - 700));
    const run = async (more: {
      pcap: string;
      json: boolean;
    }): Promise<{ code: number; stdout: string; stderr: string }> => {
      let [stdout, stderr] = ['', ''];
      const out = {
        stdout: {
          write: (text: string) => {
            stdout += text;
          },
        },
        stderr: {
          write: (text: string) => {
            stderr += text;
          },
        },
      };
      const code = await runReplay({
        settings,
        udpHost: '127.0.0.1',
        mapPort: `50001:${listener.port}`,
        timing: 'asap',
        signal: new AbortController().signal,
        ...more,
        out,
      });
      return { code, stdout, stderr };
    };
    const told = await run({ pcap: cut, json: false });
    t.match(told, {
      code: 1,
      stdout: /sent 31 datagrams/,
      stderr: /cut\.pcap: ends within a record, at byte \d+.*What came before was sent/,
    });
    t.match(JSON.parse((await run({ pcap: cut, json: true })).stdout), {
      damage: /ends within a record/,
      ports: { [listener.port]: { packets_sent: 31 } },
    });
    const nothing = join(folder, 'nothing.pcap');
    writeFileSync(nothing, whole.subarray(0, 300));
    await t.rejects(run({ pcap: nothing, json: false }), {
      exitCode: 2,
      message: /has no whole UDP datagram[^]*nothing\.pcap: ends within a record, at byte 300/,
    });
    for (let turn = 0; turn < 100 && listener.received.length < 62; turn++)
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    t.equal(listener.received.length, 62);
  },
);

t.test('an abort ends a replay that would last', async (t) => {
  const listener = await listen();
  t.teardown(() => {
    listener.close();
  });
  const slow = join(folder, 'slow.pcap');
  writeFileSync(
    slow,
    capture(datagrams.map(({ bytes }, index) => ({ seconds: index * 100, bytes: ethernet(ipv4(udp(50001, bytes))) }))),
  );
  const stop = new AbortController();
  setTimeout(() => {
    stop.abort();
  }, 50);
  const settings = quadSettings({ readNRows: 16, udpPorts: [listener.port, listener.port - 1] });
  const result = await replay({
    settings,
    pcap: slow,
    udpHost: '127.0.0.1',
    mapPort: `50001:${listener.port}`,
    signal: stop.signal,
  });
  t.ok(result.pace.datagrams < datagrams.length);
});
