// The data port under peers that are no consumers, or bad ones: what they send is bounded in memory, connections are
// bounded in number, and the series beside them stays right to the pixel.

import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { quadYaml, start } from '../threads/running.js';
import type { Running } from '../threads/running.js';
import { until } from '../threads/waiting.js';
import { ways } from '../threads/ways.js';
import { command, consumerHead, frame, greeting, megabyte, strangerAt } from './strangers.js';

/** Frames may be late where the machine is busy with strangers: they are waited for. */
const patientYaml = `${quadYaml}\nframe_rate_hz: 20\nframe_timeout_ms: 3000`;

/** More than any way keeps at its door. */
const idle = 150;

t.setTimeout(240_000);

/** Connect to the data port and say this; what the other end does with it does not matter. */
function peer(t: Test, running: Running, ...words: Uint8Array[]): Socket {
  const socket = strangerAt(running.service.dataEndpoint, words);
  t.teardown(() => socket.destroy());
  return socket;
}

/** Write until the other end has closed, or all is gone. */
async function pour(socket: Socket, bytes: Buffer, times: number): Promise<void> {
  for (let index = 0; index < times && !socket.destroyed; index++) {
    if (!socket.write(bytes))
      await Promise.race([
        new Promise((resolve) => socket.once('drain', resolve)),
        new Promise((resolve) => socket.once('close', resolve)),
        sleep(2000),
      ]);
  }
}

const residentMb = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20);

/** A whole series with its consumer: every pixel right, every message there. */
async function wholeSeries(t: Test, running: Running, first: number): Promise<void> {
  const series = running.service.view.history().length;
  const consumer = await running.consume({ series: 1 });
  await until(() => running.status().consumers === 1, 'the consumer is alone');
  t.equal((await running.arm({ frames: 5, first_frame_number: first })).status, 201);
  await running.simulate({ frames: 5, firstFrame: first });
  t.match(await running.ended(series + 1), { frames: 5, complete: 5 });
  t.match(await consumer.report, {
    ok: true,
    checker: { counts: { headers: 1, images: 5, seriesEnds: 1, wrongPixels: 0 } },
  });
  await until(() => running.status().consumers === 0, 'the consumer has gone');
}

for (const { send, skip, endsTalkers } of ways) {
  t.test(`${send}: what a peer sends is not kept, and the next series is right`, { skip }, async (t) => {
    const running = await start(t, `${patientYaml}\nsend: ${send}`);
    await wholeSeries(t, running, 1);
    const before = residentMb();
    const huge = peer(t, running, consumerHead, frame(2, 1.5e9));
    await pour(huge, megabyte, 100);
    huge.destroy();
    const million = peer(t, running, consumerHead);
    const message = Buffer.concat([frame(2, megabyte.length), megabyte]);
    await pour(million, message, 100);
    million.destroy();
    const small = peer(t, running, consumerHead);
    // Who fills zeromq.js' queue of input stays a consumer (docs/decisions/0020-who-is-let-in.md).
    await pour(
      small,
      Buffer.concat(Array.from({ length: 500 }, () => Buffer.concat([frame(2, 1000), megabyte.subarray(0, 1000)]))),
      endsTalkers ? 100 : 10,
    );
    small.destroy();
    peer(t, running, greeting, frame(6, 2 ** 31), megabyte).on('drain', () => undefined);
    for (const [name, data] of [
      ['ERROR', Buffer.from([3, 65, 66, 67])],
      ['SUBSCRIBE', Buffer.from('all')],
      ['PING', Buffer.from([0, 1])],
    ] as const) {
      const talker = peer(t, running, greeting, ...Array.from({ length: 1000 }, () => command(name, data)));
      await sleep(50);
      talker.destroy();
    }
    t.ok(residentMb() - before < 120, `${before} MB before, ${residentMb()} MB after some 250 MB were offered`);
    await until(() => running.status().consumers === 0, 'none of them is a consumer any more');
    await wholeSeries(t, running, 6);
  });

  t.test(
    `${send}: half handshakes, HTTP, garbage and idle connections beside a series change nothing, and each of them ` +
      'is counted',
    { skip },
    async (t) => {
      const running = await start(t, `${patientYaml}\nsend: ${send}`);
      const consumer = await running.consume({ series: 1 });
      t.equal((await running.arm({ frames: 20, first_frame_number: 1 })).status, 201);
      const sending = running.simulate({ frames: 20, rate: 20 });
      const halves = [
        [],
        [greeting.subarray(0, 11)],
        [greeting],
        [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
        [Buffer.from([1, 0])],
        [megabyte],
      ];
      for (const words of halves) peer(t, running, ...words);
      for (let index = 0; index < idle; index++) peer(t, running);
      await sending;
      t.match(await running.ended(1), { frames: 20, complete: 20 });
      t.match(await consumer.report, {
        ok: true,
        checker: { counts: { headers: 1, images: 20, seriesEnds: 1, wrongPixels: 0 } },
      });
      await until(() => readdirSync('/proc/self/fd').length < 150, 'no descriptor is left with strangers');
      const refused = (): number =>
        Object.entries(running.service.view.streamCounters())
          .filter(([id]) => id.startsWith('refused'))
          .reduce((sum, [, count]) => sum + count, 0);
      await until(() => refused() === idle + halves.length, 'each of them is counted, once');
      await wholeSeries(t, running, 21);
    },
  );
}
