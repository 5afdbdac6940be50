// Consumers of every temper at a running service, with every way out: absent, late, slow, not reading, vanished, two of
// them.

import t from 'tap';
import { Pull } from 'zeromq';
import { OrderedReceive } from '../../simulators/consumer/ordered-receive.js';
import type { Numbered } from '../../simulators/consumer/ordered-receive.js';
import { accounts, quadYaml, start } from './running.js';
import { generousMs, until } from './waiting.js';
import { ways } from './ways.js';

t.setTimeout(500_000);

for (const way of ways) {
  const { send, skip } = way;
  const yaml = `${quadYaml}\nsend: ${send}`;

  t.test(`${send}: without a consumer arming is refused, and nothing is begun`, { skip }, async (t) => {
    const running = await start(t, yaml);
    t.match(await running.arm({ frames: 5 }), {
      status: 503,
      body: { problems: [/no consumer is connected to the data port: start the receiver, or arm with force/] },
    });
    t.match(running.status(), { state: 'idle', series: null, message: /^idle: no consumer is connected to tcp:/ });
    t.match((await running.http('GET', '/readyz')).status, 200, 'a missing consumer does not make the service unready');
    t.equal(await running.end(), null);
  });

  t.test(`${send}: forced, the header waits: a consumer that comes late gets the whole series`, { skip }, async (t) => {
    const running = await start(t, yaml);
    const { view } = running.service;
    const before = view.portCounters();
    t.match(await running.arm({ frames: 30, first_frame_number: 1, force: true }), {
      status: 201,
      body: { header_pending: true, msg_number: null },
    });
    const { truth } = await running.simulate({ frames: 30 });
    t.match(running.status(), {
      series: { header_pending: true, images_sent: 0 },
      problems: [/no consumer has taken its header/],
    });
    const consumer = await running.consume({ series: 1 });
    const summary = await running.ended(1);
    t.match(summary, { frames: 30, header_sent: true });
    accounts(t, { truth, summary, before, after: view.portCounters(), report: await consumer.report });
  });

  t.test(`${send}: a consumer may come, get all that waits for it and go, over and over`, { skip }, async (t) => {
    const running = await start(t, yaml);
    for (let series = 1; series <= 10; series++) {
      await running.arm({ frames: 1, first_frame_number: series, force: true });
      await running.simulate({ frames: 1, firstFrame: series });
      const consumer = await running.consume({ series: 1 });
      t.match(await consumer.report, {
        ok: true,
        checker: { counts: { headers: 1, images: 1, seriesEnds: 1, framesVerified: 1, wrongPixels: 0 } },
      });
      await until(() => running.status().consumers === 0, 'the consumer is gone');
    }
  });

  t.test(`${send}: a header that was never handed over has no series_end`, { skip }, async (t) => {
    const running = await start(t, yaml);
    await running.arm({ force: true });
    await running.simulate({ frames: 6 });
    t.match(await running.end(), {
      frames: 0,
      aborted: 'no_consumer',
      unsent: 6,
      header_sent: false,
      end_pending: false,
    });
    const consumer = await running.consume({ series: 1 });
    t.match(await running.arm({ frames: 6, first_frame_number: 1 }), { status: 201, body: { series_id: 2 } });
    await running.simulate({ frames: 6 });
    const report = await consumer.report;
    t.strictSame(report.checker.problems, []);
    t.match(report.checker.counts, { headers: 1, images: 6, seriesEnds: 1 }, 'of the first series it got nothing');
  });

  t.test(`${send}: a slow consumer gets every frame; the ring holds them meanwhile`, { skip }, async (t) => {
    const running = await start(t, `${yaml}\nring_frames: 128`);
    const { view } = running.service;
    const consumer = await running.consume({ series: 1, delayMs: 30, receiveHighWaterMark: 1 });
    const before = view.portCounters();
    await running.arm({ frames: 100, first_frame_number: 1 });
    const { truth } = await running.simulate({ frames: 100, rate: 80 });
    const summary = await running.ended(1);
    t.match(summary, { frames: 100, unsent: 0 });
    accounts(t, { truth, summary, before, after: view.portCounters(), report: await consumer.report });
  });

  t.test(
    `${send}: a consumer that does not read costs whole frames; when it reads again it gets a frame for each`,
    { skip },
    async (t) => {
      const running = await start(
        t,
        `${yaml}\nring_frames: 16\nframe_rate_hz: 50\nframe_timeout_ms: 150\nmax_owed_frames: ` +
          '1000000\nclosing_timeout_ms: 30000',
      );
      const { view } = running.service;
      const before = view.portCounters();
      const socket = new Pull({ receiveHighWaterMark: 1, linger: 0 });
      t.teardown(() => socket.close());
      socket.connect(running.service.dataEndpoint);
      await until(() => running.status().consumers === 1, "the consumer's connection");
      await running.arm({ first_frame_number: 1 });
      const end = new AbortController();
      const sending = running.simulate({ frames: 0, rate: 60, signal: end.signal });
      const refused = (): number => view.portCounters().reduce((sum, { counters }) => sum + counters.ringFull, 0);
      // zmq queues, then TCP, on both sides; only then does the ring fill.
      await until(() => refused() > 3 * 64, 'packets refused for a full ring', 25_000);
      end.abort();
      const { truth } = await sending;
      const frames = truth.ports[0]?.frames ?? 0;
      const images: { frame: number; complete: boolean; reason?: string }[] = [];
      const reading = (async () => {
        for await (const [json] of socket) {
          const message = JSON.parse(String(json)) as {
            htype: string;
            frame: number;
            complete: boolean;
            reason?: string;
          };
          if (message.htype === 'image') images.push(message);
          if (message.htype === 'series_end') return message as unknown as Record<string, unknown>;
        }
        return null;
      })();
      const summary = await running.end();
      const seriesEnd = await reading;
      t.match(summary, { frames, unsent: 0, end_pending: false }, 'a frame for each that the detector sent');
      t.notOk(summary?.aborted);
      t.strictSame(
        images.map(({ frame }) => frame),
        Array.from({ length: frames }, (_, index) => index),
        'each index once, in order',
      );
      t.ok(
        images.some(({ reason }) => reason === 'ring_full'),
        'those refused are marked with their reason',
      );
      t.match(seriesEnd, { frames, marked: summary?.marked });
      t.ok(
        summary?.ledger.some(({ ring }) => ring > 0),
        'the ledger names the ring',
      );
      if (summary !== null) accounts(t, { truth, summary, before, after: view.portCounters() });
    },
  );

  t.test(`${send}: a consumer that stands still for too long ends the series as aborted`, { skip }, async (t) => {
    const running = await start(
      t,
      `${yaml}\nring_frames: 16\nframe_rate_hz: 50\nframe_timeout_ms: 150\nmax_owed_frames: ` +
        '5\nclosing_timeout_ms: 500',
    );
    const socket = new Pull({ receiveHighWaterMark: 1, linger: 0 });
    t.teardown(() => socket.close());
    socket.connect(running.service.dataEndpoint);
    await until(() => running.status().consumers === 1, "the consumer's connection");
    await running.arm();
    const end = new AbortController();
    const sending = running.simulate({ frames: 0, rate: 60, signal: end.signal });
    const summary = await running.ended(1);
    end.abort();
    await sending;
    t.equal(summary.aborted, 'consumer_stalled');
    t.ok(summary.unsent > 0);
    t.equal(summary.end_pending, true, 'its series_end waits for the consumer');
    const htypes: string[] = [];
    for await (const [json] of socket) {
      const { htype, aborted } = JSON.parse(String(json)) as { htype: string; aborted?: string };
      htypes.push(htype);
      if (htype !== 'series_end') continue;
      t.equal(aborted, 'consumer_stalled');
      break;
    }
    t.equal(htypes[0], 'header');
  });

  t.test(
    `${send}: a consumer that vanishes ends the series; the next one gets its end and then a series of its own`,
    { skip },
    async (t) => {
      const running = await start(t, yaml);
      const first = await running.consume();
      await running.arm({ filename: '/data/lost.h5' });
      const end = new AbortController();
      const sending = running.simulate({ frames: 0, rate: 50, signal: end.signal });
      await until(() => (running.status().series?.images_sent ?? 0) >= 5, 'five images');
      const seen = await first.vanish();
      t.strictSame(seen.checker.problems, [], 'what it got was right');
      const summary = await running.ended(1);
      end.abort();
      await sending;
      t.match(summary, { aborted: 'consumer_lost', header_sent: true, end_pending: true });
      t.match(running.status(), {
        state: 'idle',
        end_pending: true,
        problems: [/the end of the last series waits for a consumer/],
      });
      t.match(await running.arm({ frames: 4 }), { status: 503 }, 'nobody is there');

      const htypes: string[] = [];
      const numbers: number[] = [];
      const socket = new Pull({ linger: 0 });
      t.teardown(() => socket.close());
      socket.connect(running.service.dataEndpoint);
      await until(() => running.status().consumers === 1, "the new consumer's connection");
      await until(() => !running.status().end_pending, 'the owed series_end on its way');
      t.match(await running.arm({ frames: 4, first_frame_number: 1 }), { status: 201, body: { series_id: 2 } });
      await running.simulate({ frames: 4 });
      for await (const [json] of socket) {
        const message = JSON.parse(String(json)) as { htype: string; msg_number: number };
        htypes.push(message.htype);
        numbers.push(message.msg_number);
        if (htypes.length > 1 && message.htype === 'series_end') break;
      }
      t.strictSame(htypes, ['series_end', 'header', 'image', 'image', 'image', 'image', 'series_end']);
      t.strictSame(
        numbers,
        numbers.map((_, index) => numbers[0] + index),
        'numbers have no gap',
      );
    },
  );

  t.test(
    `${send}: one consumer too many, where the way out lets in everybody: the state names it, arming is refused ` +
      'unless forced, the summary warns',
    { skip: way.refuses ? 'it lets in as many as are expected' : skip },
    async (t) => {
      const running = await start(t, yaml);
      const first = await running.consume();
      t.strictSame(running.status().problems, []);
      const second = await running.consume();
      t.match(running.status().problems, [
        /^2 consumers are connected, 1 expected: .* Stop the stranger, or set consumer_connections/,
      ]);
      t.match(await running.arm({ frames: 1 }), {
        status: 503,
        body: { problems: [/^2 consumers are connected, 1 expected: .*arm with force/] },
      });
      t.equal((await running.arm({ frames: 0, force: true })).status, 201);
      t.match((await running.end())?.warnings, [/^2 consumers are connected/]);
      await second.vanish();
      await until(() => running.status().consumers === 1, 'the stranger is gone');
      t.strictSame(running.status().problems, []);
      await first.vanish();
    },
  );

  t.test(
    `${send}: one consumer too many is not let in, gets nothing, is named, and takes the place when it is free`,
    { skip: way.refuses ? skip : 'it cannot' },
    async (t) => {
      const running = await start(t, yaml);
      const first = await running.consume({ series: 1 });
      const second = new Pull({ linger: 0, receiveTimeout: 20_000 });
      t.teardown(() => second.close());
      second.connect(running.service.dataEndpoint);
      await until(() => running.status().problems.length > 0, 'the stranger is refused');
      t.match(running.status(), {
        consumers: 1,
        problems: [/^data port: 127\.0\.0\.1 connected although consumer_connections consumers are there already/],
      });
      t.ok(running.service.view.streamCounters().refusedTooMany >= 1);
      t.equal((await running.arm({ frames: 5, first_frame_number: 1 })).status, 201);
      await running.simulate({ frames: 5 });
      t.match(
        await first.report,
        { ok: true, checker: { counts: { headers: 1, images: 5, seriesEnds: 1 } } },
        'the consumer has every message',
      );
      await until(() => running.service.view.history().length === 1, 'the end of the series');
      // The first one's connection ends, and who waits is let in: both are one consumer.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await until(() => running.status().consumers === 1, 'the place is taken');
      t.equal((await running.arm({ frames: 0 })).status, 201);
      t.equal((JSON.parse(String((await second.receive())[0])) as { htype: string }).htype, 'header');
      await running.end();
    },
  );

  t.test(
    `${send}: a stranger that is refused while a series is open is in its warnings, at the consumer and in the ` +
      'summary, and in those of the next series in the same minute; the images are all there',
    { skip: way.refuses ? skip : 'it lets in everybody' },
    async (t) => {
      const running = await start(t, yaml);
      const consumer = new Pull({ linger: 0 });
      t.teardown(() => consumer.close());
      consumer.connect(running.service.dataEndpoint);
      await until(() => running.status().consumers === 1, "the consumer's connection");
      const stranger = new Pull({ linger: 0 });
      t.teardown(() => stranger.close());
      stranger.connect(running.service.dataEndpoint);
      const refused = (): number => running.service.view.streamCounters().refusedTooMany;
      for (let series = 1; series <= 2; series++) {
        t.equal((await running.arm({ first_frame_number: 10 * series })).status, 201);
        const before = refused();
        await running.simulate({ frames: 5, firstFrame: 10 * series });
        await until(() => refused() > before, 'the stranger is refused in this series');
        const summary = await running.end();
        const warning = /^while this series was open: 127\.0\.0\.1 connected although consumer_connections consumers/;
        t.match(summary, { frames: 5, complete: 5, aborted: undefined, warnings: [warning] });
        const htypes: string[] = [];
        let end: { readonly htype: string; readonly warnings?: readonly string[] } = { htype: '' };
        while (end.htype !== 'series_end') {
          end = JSON.parse(String((await consumer.receive())[0])) as typeof end;
          htypes.push(end.htype);
        }
        t.strictSame(htypes, ['header', ...Array.from({ length: 5 }, () => 'image'), 'series_end']);
        t.match(end.warnings, [warning]);
      }
      // On a machine that stands still for long its handshake may end before it is heard; that is told as that.
      t.equal(
        running.log.filter(({ event, reason }) => event === 'peer_refused' && reason === 'too_many').length,
        1,
        'the log tells it once a minute',
      );
      t.equal(
        running.log.filter(({ event, code }) => event === 'warning' && code === 'refused_peer').length,
        2,
        'and of each series that it concerns',
      );
    },
  );

  t.test(
    `${send}: a stop is answered when the consumer has all of it, series_end too, or says what it lacks`,
    { skip },
    async (t) => {
      const running = await start(t, `${yaml}\nclosing_timeout_ms: 4000`);
      // So few and so large that every way out takes them all, and the consumer's machine has but a small part unread.
      const frames = 6;
      const socket = new Pull({ linger: 0, receiveHighWaterMark: 1, receiveBufferSize: 65_536 });
      t.teardown(() => socket.close());
      socket.connect(running.service.dataEndpoint);
      await until(() => running.status().consumers === 1, "the consumer's connection");
      await running.arm({ first_frame_number: 1 });
      await running.simulate({ frames, rate: 80 });
      await until(() => running.status().series?.images_sent === frames, 'all images handed over');
      let read = 0;
      const stopped = running.end();
      const reading = (async () => {
        for await (const [json] of socket) {
          read++;
          await new Promise((resolve) => setTimeout(resolve, 100));
          if ((JSON.parse(String(json)) as { htype: string }).htype === 'series_end') return;
        }
      })();
      const summary = await stopped;
      t.notOk(summary?.undelivered, 'delivered');
      if (way.counts) t.ok(read > 3, `answered only after the consumer had taken most: ${read}`);
      await reading;
      if (!way.counts) return;
      await running.arm({ first_frame_number: frames + 1 });
      await running.simulate({ frames, firstFrame: frames + 1, rate: 80 });
      await until(() => running.status().series?.images_sent === frames, 'all images handed over');
      const lacking = await running.end();
      t.ok((lacking?.undelivered?.messages ?? 0) > 0, `${JSON.stringify(lacking?.undelivered)} is named`);
      t.ok(running.log.some(({ event }) => event === 'undelivered'));
    },
  );

  t.test(
    `${send}: two connections of one consumer, as configured, get the stream between them`,
    { skip },
    async (t) => {
      const running = await start(t, `${yaml}\nconsumer_connections: 2`);
      const sockets = [new Pull({ linger: 0 }), new Pull({ linger: 0 })];
      t.teardown(() => sockets.forEach((socket) => socket.close()));
      for (const socket of sockets) socket.connect(running.service.dataEndpoint);
      await until(() => running.status().consumers === 2, 'both connections');
      t.strictSame(running.status().problems, []);
      const numbers: number[] = [];
      for (const socket of sockets) {
        void (async () => {
          for await (const [json] of socket)
            numbers.push((JSON.parse(String(json)) as { msg_number: number }).msg_number);
        })().catch(() => undefined);
      }
      await running.arm({ frames: 20, first_frame_number: 1 });
      await running.simulate({ frames: 20 });
      await running.ended(1);
      await until(() => numbers.length === 22, 'all messages');
      numbers.sort((a, b) => a - b);
      t.strictSame(
        numbers,
        numbers.map((_, index) => numbers[0] + index),
        'together they have every number once',
      );
    },
  );

  t.test(
    `${send}: of two connections of one consumer one is slow: the next series waits for it, and every message of ` +
      'both series is delivered, as the real receiver puts them in order',
    { skip: way.counts ? skip : 'it does not know what is on its way' },
    async (t) => {
      // Frames so small that what the slow one leaves lies in send buffers of any size, whole.
      const running = await start(t, `${yaml}\nread_n_rows: 32\nconsumer_connections: 2`);
      const open = (): Pull => new Pull({ linger: 0, receiveHighWaterMark: 1, receiveBufferSize: 65_536 });
      const [quick, slow] = [open(), open()];
      t.teardown(() => [quick, slow].forEach((socket) => socket.close()));
      for (const socket of [quick, slow]) socket.connect(running.service.dataEndpoint);
      await until(() => running.status().consumers === 2, 'both connections');
      const order = new OrderedReceive<Numbered>();
      const delivered: Numbered[] = [];
      let stalled = true;
      const take = async (socket: Pull): Promise<void> => {
        const { htype, msg_number: msgNumber } = JSON.parse(String((await socket.receive())[0])) as {
          htype: string;
          msg_number: number;
        };
        // What the slow one's machine has is read before the header of the next series, unless it does not read at
        // all: nobody but the consumer can see to that.
        if (htype === 'header' && !stalled) await new Promise((resolve) => setTimeout(resolve, 300));
        delivered.push(...order.push({ htype, msgNumber }));
      };
      const read = async (socket: Pull): Promise<void> => {
        for (;;) await take(socket);
      };
      read(quick).catch(() => undefined);
      const frames = 20;
      await running.arm({ frames, first_frame_number: 1 });
      await running.simulate({ frames });
      t.match(await running.ended(1), { frames, end_pending: false });
      let armed = false;
      const arming = running.arm({ frames, first_frame_number: frames + 1 }).then((answer) => {
        armed = true;
        return answer;
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      t.notOk(armed, 'the header waits while the slow one has not read what was before it');
      stalled = false;
      read(slow).catch(() => undefined);
      t.match(await arming, { status: 201 });
      await running.simulate({ frames, firstFrame: frames + 1 });
      t.match(await running.ended(2), { frames });
      await until(
        () => delivered.length >= 2 * (frames + 2),
        'every message of both series in order',
        generousMs,
      ).catch(() => undefined);
      t.strictSame(
        delivered.map(({ msgNumber }) => msgNumber),
        Array.from({ length: 2 * (frames + 2) }, (_, index) => delivered[0].msgNumber + index),
      );
    },
  );
}
