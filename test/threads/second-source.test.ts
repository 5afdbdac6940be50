// Somebody else sends to the ports of a running service, over real sockets and by each way to receive.

import t from 'tap';
import { PacketMaker } from '../pipeline/packets.js';
import { Sender } from '../udp/sender.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { quadYaml, start } from './running.js';
import { until } from './waiting.js';

const missing = ffiUnavailable();

/** Packets of a frame that is due next, from another address. */
function forge(running: Awaited<ReturnType<typeof start>>, frame: number): number {
  const [udpPort] = running.config.detector.udpPorts as [number];
  running.othersSend();
  const maker = new PacketMaker(running.config.detector);
  const stranger = new Sender('127.0.0.1', udpPort, '127.0.0.9');
  for (let packet = 0; packet < maker.packets; packet++) stranger.send(maker.packet(0, frame, packet));
  stranger.close();
  return maker.packets;
}

for (const receive of ['recvmmsg', 'dgram']) {
  const skip = missing === null ? {} : { skip: missing };
  t.test(`a second source is told, and refused where that is asked for (${receive})`, skip, async (t) => {
    for (const enforced of [true, false]) {
      const sources = `enforce_source: ${enforced}\nudp_source: [127.0.0.0/24, 10.1.2.20]`;
      const running = await start(t, `${quadYaml}\nreceive: ${receive}\n${sources}`);
      const consumer = await running.consume({ series: 1 });
      await running.arm({ frames: 0 });
      await running.simulate({ frames: 20 });
      const { view } = running.service;
      await until(
        () => view.portCounters().every(({ counters }) => counters.accepted > 0),
        'packets of the detector are taken',
      );
      const forged = forge(running, 21);
      await until(() => view.portCounters()[0]?.counters.secondSource === forged, 'its packets are counted');
      const [port] = running.status().series?.ports ?? [];
      t.match(port, { sender: /^127\.0\.0\.1:\d+$/, second_sender: /^127\.0\.0\.9:\d+$/, foreign_sender: null });
      await until(
        () => running.status().problems.some((problem) => problem.includes('packets come from 127.0.0.9:')),
        'the state says so',
      );
      t.match(view.portCounters()[0]?.counters, { foreignSecondSource: enforced ? forged : 0 });
      const summary = await running.end();
      t.match(summary, { frames: enforced ? 20 : 21 });
      t.equal(summary?.warnings.filter((text) => text.includes('127.0.0.9')).length, 1);
      t.strictSame((await consumer.report).checker.problems, []);
    }
  });
}
