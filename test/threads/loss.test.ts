// Each cause of loss, made in a known amount before real sockets and threads: the ledger gives exactly that amount to
// that cause, over HTTP, in series_end and in the metrics. The fabric's own: loss-fabric.test.ts.

import { existsSync } from 'node:fs';
import t from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { strangerWithDrops } from '../udp/stranger.js';
import { causesOf, LossyService, lossyYaml } from './lossy-service.js';
import type { ByPort } from './lossy-service.js';
import { start } from './running.js';
import { undisturbed } from './undisturbed.js';

/** Packets of a port image. */
const packets = 64;
const skip = existsSync('/proc/net/udp')
  ? {}
  : { skip: 'no /proc/net/udp here: nobody can say what the kernel dropped' };
const without = ffiUnavailable();
/** On a busy machine the kernel drops packets where no test meant it to: then only sums are known. */
const none = (drops: ByPort): boolean => [...drops.values()].every((count) => count === 0);
/** Room for some eight port images: more than a receiver leaves lying, less than is sent while it is stopped. */
const smallBuffer = 1 << 21;

for (const [receive, way] of [
  ['recvmmsg', 'SO_RXQ_OVFL, SO_MEMINFO'],
  ['dgram', '/proc/net/udp'],
] as const) {
  const impossible = receive === 'recvmmsg' && without !== null ? { skip: without } : skip;
  t.test(
    `what the kernel dropped before a stopped receiver (${receive}, ${way}) is the socket's loss, packet for packet`,
    impossible,
    async (t) => {
      const service = await LossyService.start(
        t,
        `${lossyYaml}\nreceive: ${receive}\nreceive_buffer_bytes: ${smallBuffer}`,
      );
      await service.consume();
      await service.arm({ frames: 50, first_frame_number: 1 });
      await service.sendAndTake(1, 8);
      const dropped = await service.stopped(() => service.simulate(9, 40, { rate: 400 }));
      await service.taken();
      await service.sendAndTake(41, 50);
      const summary = await service.ended(1);
      const all = service.kernelDrops();
      for (const ledger of summary.ledger) {
        const port = ledger.udp_port;
        const lost = all.get(port) as number;
        t.ok(
          (dropped.get(port) as number) > 0 && (dropped.get(port) as number) < 32 * packets,
          `${dropped.get(port)} of ${32 * packets} did not fit into the buffer`,
        );
        t.equal(
          service.sentOn(port) - (await service.counts(port)).received,
          lost,
          'sent − received is what the kernel dropped',
        );
        t.strictSame(
          causesOf(ledger),
          {
            expected: 50 * packets,
            accepted: 50 * packets - lost,
            missing: lost,
            late: 0,
            ring: 0,
            socket: lost,
            cut_off: 0,
            unexplained: 0,
          },
          `port ${port}`,
        );
        t.match(ledger, { socket_limited: false, kernel_drops: lost });
      }
      await service.end();
    },
  );
}

t.test("frames that a full ring refused are the ring's loss, whole", skip, async (t) => {
  const service = await LossyService.start(t);
  await service.arm({ frames: 100, first_frame_number: 1, force: true });
  const fitting = await service.dropsDuring(() => service.sendAndTake(1, 64));
  const beyond = await service.dropsDuring(() => service.sendAndTake(65, 100));
  await service.consume();
  const summary = await service.ended(1);
  t.equal(summary.frames, 100);
  if (none(fitting)) t.match(summary, { complete: 64, marked: 36, incomplete: [[64, 99]] });
  for (const ledger of summary.ledger) {
    const [before, after] = [fitting.get(ledger.udp_port) as number, beyond.get(ledger.udp_port) as number];
    t.strictSame(
      causesOf(ledger),
      {
        expected: 100 * packets,
        accepted: 64 * packets - before,
        missing: 36 * packets + before,
        late: 0,
        ring: 36 * packets - after,
        socket: before + after,
        cut_off: 0,
        unexplained: 0,
      },
      'the ring holds 64 frames, nobody takes them, the others are refused',
    );
  }
  await service.end();
});

t.test('what the network lost, sent twice, brought late, cut or mixed up is each told as that', (t) =>
  undisturbed(t, async (t) => {
    const service = await LossyService.start(t);
    const [first, second] = service.udpPorts as [number, number];
    await service.consume();
    await service.arm({ frames: 40, first_frame_number: 1 });
    const drops = await service.dropsDuring(() =>
      service.sendAndTake(1, 40, {
        loss: `${first}:7:3-9,*:20:*`,
        duplicate: '*:12:0-4',
        delay: `${first}:30:5`,
        delayFrames: 8,
        truncate: '*:15:60',
        foreign: '*:16:1-3',
      }),
    );
    const summary = await service.ended(1);
    if (!none(drops)) return 'the kernel dropped packets, of any kind';
    const [of, other] = summary.ledger;
    t.strictSame([of?.udp_port, other?.udp_port], [first, second]);
    t.match(of, {
      missing: 7 + packets + 1 + 1,
      late: 1,
      ring: 0,
      socket: 0,
      cut_off: 0,
      unexplained: 7 + packets + 1,
      duplicate: 5,
      late_duplicate: 0,
      malformed: 1 + 3,
      foreign: 0,
    });
    t.match(other, {
      missing: packets + 1,
      late: 0,
      ring: 0,
      socket: 0,
      cut_off: 0,
      unexplained: packets + 1,
      duplicate: 5,
      late_duplicate: 0,
      malformed: 1 + 3,
      foreign: 0,
    });
    t.match(summary, { frames: 40, marked: 4, complete: 36 }, 'frames 7, 15, 20 and 30');
    // Nobody asked for these: foreign, and no loss of any series.
    await service.simulate(41, 43);
    await service.taken();
    for (const port of service.udpPorts)
      t.match(await service.counts(port), { foreignUnarmed: 3 * packets, malformedSize: 1 });
    await service.arm({ frames: 5, first_frame_number: 50 });
    await service.simulate(50, 54);
    const next = await service.ended(2);
    for (const ledger of next.ledger)
      t.match(ledger, { expected: 5 * packets, missing: 0, foreign: 0, malformed: 0, duplicate: 0 });
    await service.end();
    return null;
  }),
);

t.test(
  'packets of another source than the detector are foreign, and what they pretend to be is missing for an unknown ' +
    'reason',
  async (t) => {
    const service = await LossyService.start(t, `${lossyYaml}\nudp_source: 127.0.0.2`);
    await service.consume();
    await service.arm({ frames: 10, first_frame_number: 1 });
    // From 127.0.0.1. Frames are known only from the detector itself, so the series has none until it is stopped.
    await service.simulate(1, 10);
    await service.taken();
    for (const port of service.udpPorts)
      t.match(await service.counts(port), { foreignSource: 10 * packets, accepted: 0, missing: 0 });
    await service.stop();
    const summary = await service.ended(1);
    for (const ledger of summary.ledger) t.match(ledger, { expected: 0, missing: 0, foreign: 10 * packets });
    await service.end();
  },
);

t.test(
  'kernel, network and ring in one series: each has its own, and together they are expected − accepted',
  skip,
  async (t) => {
    const service = await LossyService.start(t, `${lossyYaml}\nreceive_buffer_bytes: ${smallBuffer}`);
    const [first] = service.udpPorts as [number];
    await service.arm({ frames: 100, first_frame_number: 1, force: true });
    const before = await service.dropsDuring(() =>
      service.sendAndTake(1, 24, { loss: `${first}:7:3-9,*:10:*`, delay: '*:12:5,*:13:6', delayFrames: 8, rate: 20 }),
    );
    const stopped = await service.stopped(() => service.simulate(25, 55, { rate: 400 }));
    await service.taken();
    await service.sendAndTake(56, 64);
    const beyond = await service.dropsDuring(() => service.sendAndTake(65, 100));
    await service.consume();
    const summary = await service.ended(1);
    const dropped = service.kernelDrops();
    for (const ledger of summary.ledger) {
      const port = ledger.udp_port;
      const socket = dropped.get(port) as number;
      const ring = 36 * packets - (beyond.get(port) as number);
      const [late, unexplained] = none(before)
        ? ([2, packets + (port === first ? 7 : 0)] as const)
        : ([ledger.late, ledger.unexplained ?? 0] as const);
      t.ok((stopped.get(port) as number) > 0 && ring > 0, 'there is something of each');
      const missing = late + ring + socket + unexplained;
      t.strictSame(
        causesOf(ledger),
        {
          expected: 100 * packets,
          accepted: 100 * packets - missing,
          missing,
          late,
          ring,
          socket,
          cut_off: 0,
          unexplained,
        },
        `port ${port}`,
      );
    }
    await service.end();
  },
);

t.test('of several series in one process each ledger has its own loss only', skip, async (t) => {
  const service = await LossyService.start(t, `${lossyYaml}\nreceive_buffer_bytes: ${smallBuffer}`);
  await service.consume();
  /** A series of these frames, its ledger against what the kernel dropped meanwhile. */
  const series = async (
    id: number,
    first: number,
    last: number,
    unexplained: number,
    work: () => Promise<unknown>,
  ): Promise<ByPort> => {
    const drops = await service.dropsDuring(async () => {
      await service.arm({ frames: last - first + 1, first_frame_number: first });
      await work();
      await service.taken();
    });
    const { ledger } = await service.ended(id);
    for (const { udp_port: port, ...counts } of ledger) {
      const socket = drops.get(port) as number;
      t.match(
        counts,
        {
          expected: (last - first + 1) * packets,
          missing: socket + unexplained,
          late: 0,
          ring: 0,
          socket,
          cut_off: 0,
          unexplained,
          kernel_drops: socket,
          socket_limited: false,
        },
        `series ${id}, port ${port}`,
      );
    }
    return drops;
  };
  await series(1, 1, 10, 5, () => service.simulate(1, 10, { loss: '*:3:1-5' }));
  // Dropped while no series is open, and not yet noticed when the next one is armed: nobody's.
  const between = await service.stopped(() => service.simulate(11, 50, { rate: 400 }));
  await series(2, 51, 60, 0, () => service.simulate(51, 60));
  const third = await series(3, 61, 120, 0, async () => {
    await service.sendAndTake(61, 65);
    await service.stopped(() => service.simulate(66, 110, { rate: 400 }));
    await service.taken();
    await service.simulate(111, 120);
  });
  await series(4, 121, 130, 0, () => service.simulate(121, 130));
  const all = service.kernelDrops();
  for (const port of service.udpPorts) {
    t.ok(
      (between.get(port) as number) > 0 && (third.get(port) as number) > 0,
      'the kernel dropped packets of no series, and of the third',
    );
    t.equal((await service.counts(port)).socketDropped, all.get(port), 'all together they are what the process counts');
  }
  await service.end();
});

t.test(
  "what the kernel dropped before a stranger's socket on the same address and port is not the service's",
  without === null ? skip : { skip: without },
  async (t) => {
    for (const receive of ['recvmmsg', 'dgram']) {
      const running = await start(t, `${lossyYaml}\nreceive: ${receive}`);
      const [udpPort] = running.config.detector.udpPorts as [number];
      const inode = readUdpSocket('127.0.0.1', udpPort)?.inode as number;
      t.ok(strangerWithDrops(t, '127.0.0.1', udpPort, inode) > 0, 'the stranger loses datagrams');
      // Figures of a socket are asked for five times a second.
      await new Promise((resolve) => setTimeout(resolve, 250));
      t.match(
        (await running.http('GET', '/api/v1/udp')).body,
        {
          ports: [
            { udp_port: udpPort, kernel_drops: 0, socket_queue_bytes: 0 },
            { kernel_drops: 0, socket_queue_bytes: 0 },
          ],
        },
        receive,
      );
      t.match(
        await (await running.fetch('GET', '/metrics')).text(),
        new RegExp(`^vdcu_udp_socket_dropped_packets_total\\{[^}]*port="${udpPort}"[^}]*\\} 0$`, 'm'),
      );
      await running.arm({ force: true });
      const summary = await running.end();
      for (const ledger of summary?.ledger ?? [])
        t.match(
          ledger,
          { socket: 0, kernel_drops: 0 },
          `${receive}, port ${ledger.udp_port}: the receiver knows its own socket, too`,
        );
      t.equal(summary?.ledger.length, 2);
    }
  },
);
