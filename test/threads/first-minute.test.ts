// The first minute of a new user: one line of configuration, `vdcu run`, PSI's client, and a consumer that checks every
// pixel. As a process, started with what the user types; calls as the client sends them.

import t from 'tap';
import { simulate } from '../../simulators/simulate.js';
import { watchStream } from '../../simulators/watch.js';
import { parseConfig } from '../../src/config/load.js';
import type { FunctionName } from '../../src/control/sls/functions.js';
import { callBytes, callOver, i32, sentenceOf, setupBytes } from '../control/sls/client.js';
import { freeTcpPort, freeUdpPorts } from './free-ports.js';
import { runProcess } from './process.js';
import { until } from './waiting.js';

const minuteMs = 60_000;
const frames = 5;

t.test('one line, and within the first minute the consumer has frames with every pixel right', async (t) => {
  const receiverPorts = [await freeTcpPort(), await freeTcpPort()] as const;
  const dataPort = await freeTcpPort();
  const udpPorts = await freeUdpPorts(4);
  const line = `receiver_ports: [${receiverPorts.join(', ')}]`;
  // What the tests of others may have taken on this machine is no part of it.
  const elsewhere = `\n  data_port: ${dataPort}\n  api_port: 0\n`;
  const begun = Date.now();
  const { apiUrl } = await runProcess(t, `det:\n  ${line}${elsewhere}`);
  const call = async (module: 0 | 1, name: FunctionName, ...argument: Uint8Array[]): Promise<void> => {
    const reply = await callOver(receiverPorts[module], callBytes(name, ...argument));
    t.equal(sentenceOf(reply), null, `${name} of module ${module}`);
  };
  for (const index of [0, 1] as const) {
    const [first = 0, second = 0] = udpPorts.slice(2 * index);
    await call(index, 'F_SETUP_RECEIVER', setupBytes({ index, ports: [first, second], frames: BigInt(frames) }));
  }
  // What the client has said, as somebody would write it who had to.
  const written = `detector: eiger\n  modules: [2, 1]\n  udp_ports: [${udpPorts.join(', ')}]`;
  const { detector } = parseConfig(`det:\n  ${written}\n`, 'written.yaml', 'det');
  const report = watchStream({
    endpoint: `tcp://127.0.0.1:${dataPort}`,
    verify: detector,
    series: 1,
    signal: AbortSignal.timeout(2 * minuteMs),
  });
  await until(async () => {
    const answer = await fetch(`${apiUrl}/api/v1/series`);
    return ((await answer.json()) as { consumers: number }).consumers === 1;
  }, 'the consumer');
  await Promise.all(([0, 1] as const).map((module) => call(module, 'F_START_RECEIVER')));
  const signal = new AbortController().signal;
  await simulate({ settings: detector, udpHost: '127.0.0.1', frames, rate: 20, signal });
  await Promise.all(([0, 1] as const).map((module) => call(module, 'F_STOP_RECEIVER', i32(0))));
  const { ok, checker } = await report;
  const took = Date.now() - begun;
  t.comment(`${took} ms from the start of the process to the end of the first series`);
  t.ok(ok, checker.problems.map(({ text }) => text).join('; '));
  t.match(checker.counts, { images: frames, complete: frames, framesVerified: frames, wrongPixels: 0 });
  t.ok(took < minuteMs, `${took} ms`);
});
