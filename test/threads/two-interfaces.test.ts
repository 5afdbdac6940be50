// A detector whose two ports arrive at two addresses: service, simulated detector and checking consumer with real
// sockets on 127.0.0.1 and 127.0.0.2, both ways of receiving.

import t from 'tap';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { accounts, start } from './running.js';

for (const receive of ['auto', 'dgram']) {
  t.test(`two addresses, receive: ${receive}: each port listens on its own, and every pixel is right`, async (t) => {
    const running = await start(
      t,
      `detector: jungfrau\ninterfaces: 2\nudp_host: [127.0.0.1, 127.0.0.2]\nreceive: ${receive}\nframe_rate_hz: ` +
        '100\nseries: armed',
    );
    const { view } = running.service;
    const [first, second] = running.config.detector.udpPorts as [number, number];
    t.match(view.udpPorts(), [
      { udp_port: first, address: '127.0.0.1' },
      { udp_port: second, address: '127.0.0.2' },
    ]);
    t.ok(
      readUdpSocket('127.0.0.1', first) !== null && readUdpSocket('127.0.0.2', second) !== null,
      'the sockets are bound there',
    );
    t.ok(readUdpSocket('127.0.0.2', first) === null && readUdpSocket('127.0.0.1', second) === null, 'and only there');
    t.match((await running.http('GET', '/api/v1/config')).body, { udp_host: ['127.0.0.1', '127.0.0.2'] });
    const consumer = await running.consume({ series: 1 });
    const before = view.portCounters();
    await running.arm({ frames: 30, first_frame_number: 1 });
    const { truth } = await running.simulate({
      frames: 30,
      rate: 40,
      loss: `${second}:7:3-5`,
      reorder: '0.01',
      duplicate: '0.01',
    });
    const summary = await running.ended(1);
    const report = await consumer.report;
    const whole = accounts(t, { truth, summary, before, after: view.portCounters(), report });
    t.equal(report.checker.counts.framesVerified, 30);
    t.equal(report.checker.counts.wrongPixels, 0);
    if (whole) t.match(summary, { complete: 29, marked: 1 });
    for (const { udpPort, counters } of view.portCounters())
      t.equal(counters.socketDropped >= 0, true, `port ${udpPort}: the kernel's drops are known`);
  });
}
