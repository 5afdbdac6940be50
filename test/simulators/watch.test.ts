import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { Push } from 'zeromq';
import { pixelValue } from '../../simulators/detector/pattern.js';
import { wireFormat } from '../../simulators/detector/packet.js';
import { codeOf, verdictOf } from '../../simulators/consumer/verdict.js';
import { runWatch, watchStream } from '../../simulators/watch.js';
import type { RunWatchOptions, WatchReport } from '../../simulators/watch.js';
import { gridSettings } from './detector/settings-examples.js';

const settings = gridSettings(1, 1, { gapPixels: false, dynamicRange: 8 });
const shape = [256, 1024];

/** A frame of one half-module without gaps. */
function frame(frameNumber: number): Uint8Array {
  const pixels = new Uint8Array(256 * 1024);
  for (let port = 0; port < 2; port++) {
    for (let r = 0; r < 256; r++)
      for (let c = 0; c < 512; c++) pixels[r * 1024 + port * 512 + c] = pixelValue(frameNumber, port, r, c, 8);
  }
  return pixels;
}

const header = (msg: number): unknown[] => [{ htype: 'header', msg_number: msg, filename: '' }];
const image = (msg: number, index: number, pixels = frame(1 + index)): unknown[] => [
  {
    htype: 'image',
    msg_number: msg,
    frame: index,
    shape,
    type: 'uint8',
    compression: 'none',
    frame_number: 1 + index,
    complete: true,
    missing_packets: 0,
    timestamp: 0,
    sub_frames: 0,
  },
  pixels,
];
const end = (msg: number, frames: number): unknown[] => [
  {
    htype: 'series_end',
    msg_number: msg,
    frames,
    complete: frames,
    marked: 0,
    discarded: 0,
    incomplete: [],
    ledger: {},
  },
];
const wire = (parts: unknown[]): (string | Uint8Array)[] =>
  parts.map((part) => (part instanceof Uint8Array ? part : JSON.stringify(part)));

async function serve(endpoint = 'tcp://127.0.0.1:*'): Promise<{ push: Push; endpoint: string }> {
  const push = new Push({ linger: 1000 });
  await push.bind(endpoint);
  return { push, endpoint: push.lastEndpoint as string };
}

async function watch(messages: unknown[][], more: Partial<RunWatchOptions> = {}): Promise<WatchReport> {
  const { push, endpoint } = await serve();
  const watching = watchStream({ endpoint, verify: settings, series: 1, signal: AbortSignal.timeout(5000), ...more });
  for (const message of messages) await push.send(wire(message));
  const report = await watching;
  push.close();
  return report;
}

t.test('a right stream is all right, pixel by pixel', async (t) => {
  const report = await watch([header(10), image(11, 0), image(12, 1), end(13, 2)]);
  t.ok(report.ok);
  t.match(report.checker.counts, {
    messages: 4,
    images: 2,
    framesVerified: 2,
    pixelsChecked: 2 * 256 * 1024,
    wrongPixels: 0,
  });
});

t.test('a stale frame is something wrong, with the place', async (t) => {
  const report = await watch([header(10), image(11, 0), image(12, 1, frame(1)), end(13, 2)]);
  t.notOk(report.ok);
  t.ok(report.checker.counts.wrongPixels > 200_000);
  t.match(report.checker.firstWrongPixel, { frameNumber: 2, y: 0 });
});

t.test('a missing number leaves messages stuck', async (t) => {
  const report = await watch([header(10), image(11, 0), image(13, 1), end(14, 2)], {
    signal: AbortSignal.timeout(500),
  });
  t.notOk(report.ok);
  t.equal(report.stuck, 2);
});

t.test('of several sockets one may be far ahead, and bring what belongs behind the header of another', async (t) => {
  const sockets = [await serve(), await serve()];
  t.teardown(() => {
    for (const { push } of sockets) push.close();
  });
  const count = 40;
  const small = (msg: number, index: number): unknown[] => {
    const [fields] = image(msg, index, new Uint8Array(0)) as [object];
    return [{ ...fields, shape: [1, 4] }, new Uint8Array(4)];
  };
  const all = Array.from({ length: count }, (_, index) => small(11 + index, index));
  const watching = watchStream({
    endpoint: sockets.map(({ endpoint }) => endpoint).join(','),
    series: 1,
    memoryBytes: 10 * 1100,
    signal: AbortSignal.timeout(20_000),
  });
  for (const message of all.filter((_, index) => index % 2 === 1).slice(0, 5))
    await sockets[1].push.send(wire(message));
  await new Promise((resolve) => {
    setTimeout(resolve, 200);
  });
  for (const message of [header(10), ...all.filter((_, index) => index % 2 === 0), end(11 + count, count)])
    await sockets[0].push.send(wire(message));
  await new Promise((resolve) => {
    setTimeout(resolve, 200);
  });
  for (const message of all.filter((_, index) => index % 2 === 1).slice(5)) await sockets[1].push.send(wire(message));
  const report = await watching;
  t.match(report, { ok: true, stuck: 0, dropped: 0, beforeFirstHeader: 0, checker: { counts: { images: count } } });
});

t.test('what has come of the next series when the last one that was asked for ends lacks nothing', async (t) => {
  const sockets = [await serve(), await serve()];
  t.teardown(() => {
    for (const { push } of sockets) push.close();
  });
  const endpoint = sockets.map((socket) => socket.endpoint).join(',');
  const watching = watchStream({ endpoint, series: 1, signal: AbortSignal.timeout(20_000) });
  for (const message of [image(12, 1), image(15, 0)]) await sockets[1].push.send(wire(message));
  await new Promise((resolve) => {
    setTimeout(resolve, 200);
  });
  for (const message of [header(10), image(11, 0), end(13, 2)]) await sockets[0].push.send(wire(message));
  t.match(await watching, { ok: true, verdict: 'right', stuck: 0, checker: { counts: { images: 2 } } });
});

t.test('a number that comes again, and a message that is none, are reported', async (t) => {
  const again = await watch([header(10), image(11, 0), image(11, 0), end(12, 1)]);
  t.match([...again.checker.problemCounts.keys()], ['msg_number']);
  const none = await watch([header(10), ['no object'], end(11, 0)]);
  t.match([...none.checker.problemCounts.keys()], ['message']);
});

t.test('watching from the middle waits for the next header', async (t) => {
  const report = await watch([image(9, 4), end(10, 5), header(11), image(12, 0), end(13, 1)]);
  t.ok(report.ok);
  t.equal(report.beforeFirstHeader, 2);
});

t.test(
  'a producer that starts again in between is followed, and one that leaves a series open is reported',
  async (t) => {
    for (const open of [false, true]) {
      const first = await serve();
      const watching = watchStream({
        endpoint: first.endpoint,
        series: open ? 1 : 2,
        signal: AbortSignal.timeout(8000),
      });
      for (const message of open ? [header(10), image(11, 0)] : [header(10), image(11, 0), end(12, 1)])
        await first.push.send(wire(message));
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      first.push.close();
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      const second = await serve(first.endpoint);
      for (const message of [header(900), image(901, 0), end(902, 1)]) await second.push.send(wire(message));
      const report = await watching;
      second.push.close();
      t.equal(report.connections, 2);
      t.same([...report.checker.problemCounts.keys()], open ? ['connection'] : []);
    }
  },
);

t.test('the command says what was right and wrong, and its exit code too', async (t) => {
  const run = async (messages: unknown[][], json: boolean): Promise<{ code: number; stdout: string }> => {
    let stdout = '';
    const { push, endpoint } = await serve();
    const running = runWatch({
      endpoint,
      verify: settings,
      series: 1,
      json,
      signal: AbortSignal.timeout(5000),
      out: {
        stdout: {
          write: (text) => {
            stdout += text;
          },
        },
        stderr: { write: () => undefined },
      },
    });
    for (const message of messages) await push.send(wire(message));
    const code = await running;
    push.close();
    return { code, stdout };
  };
  const right = await run([header(1), image(2, 0), end(3, 1)], true);
  t.equal(right.code, 0);
  t.match(JSON.parse(right.stdout), {
    ok: true,
    images: 1,
    wrong_pixels: 0,
    pixels_checked: 262144,
    stuck: 0,
    problems: [],
  });
  const wrong = await run([header(1), image(2, 0, frame(7)), end(3, 1)], false);
  t.equal(wrong.code, 1);
  t.match(wrong.stdout, /wrong pixels[^]*something was wrong/);
});

/** A frame of which the packets of the first port are missing. */
const half = (msg: number, index: number): unknown[] => {
  const pixels = frame(1 + index);
  for (let r = 0; r < 256; r++) pixels.fill(255, r * 1024, r * 1024 + 512);
  const { packetsPerImage } = wireFormat(settings);
  return [
    {
      ...(image(msg, index)[0] as object),
      complete: false,
      missing_packets: packetsPerImage,
      missing: { [settings.udpPorts[0]]: [[0, packetsPerImage - 1]] },
      reason: 'packet_loss',
    },
    pixels,
  ];
};

t.test('the verdict: wrong outweighs nothing, nothing outweighs incomplete; only that can be allowed', async (t) => {
  const none = { ok: true, nothing: null, incomplete: 0 };
  t.equal(verdictOf(none), 'right');
  t.equal(verdictOf({ ...none, incomplete: 1 }), 'incomplete');
  t.equal(verdictOf({ ...none, incomplete: 1, nothing: 'never connected' }), 'nothing');
  t.equal(verdictOf({ ok: false, incomplete: 1, nothing: 'never connected' }), 'wrong');
  t.same(
    (['right', 'wrong', 'nothing', 'incomplete'] as const).map((verdict) => [
      codeOf(verdict, false),
      codeOf(verdict, true),
    ]),
    [
      [0, 0],
      [1, 1],
      [3, 3],
      [6, 0],
    ],
  );
});

t.test(
  'frames that are not complete are no "all right": said, with an exit code of their own, unless they are allowed',
  async (t) => {
    const run = async (
      messages: unknown[][],
      more: Partial<RunWatchOptions>,
    ): Promise<{ code: number; stdout: string }> => {
      let stdout = '';
      const { push, endpoint } = await serve();
      const running = runWatch({
        endpoint,
        extraFields: false,
        series: 1,
        signal: AbortSignal.timeout(5000),
        ...more,
        out: {
          stdout: {
            write: (text) => {
              stdout += text;
            },
          },
          stderr: { write: () => undefined },
        },
      });
      for (const message of messages) await push.send(wire(message));
      const code = await running;
      push.close();
      return { code, stdout };
    };
    const messages = [header(1), half(2, 0), image(3, 1), end(4, 2)];
    t.match(await run(messages, {}), { code: 6, stdout: /the stream is right, and 1 of 2 frames are not complete\n$/ });
    t.match(await run(messages, { verify: settings }), { code: 6 }, 'with every pixel looked at');
    t.match(await run(messages, { allowIncomplete: true }), { code: 0, stdout: /1 of 2 frames are not complete/ });
    t.match(JSON.parse((await run(messages, { json: true })).stdout), {
      ok: true,
      verdict: 'incomplete',
      nothing: null,
      marked: 1,
    });
    const discarded = [header(1), [{ ...(half(2, 0)[0] as object), discard: true }, half(2, 0)[1]], end(3, 1)];
    t.match(await run(discarded, {}), { code: 6, stdout: /1 of 1 frames are not complete/ });
    t.match(await run([header(1), [{ htype: 'series_end', msg_number: 2, aborted: 'consumer_lost' }]], {}), {
      code: 6,
      stdout: /1 series aborted/,
    });
    t.match(
      await run([header(1), half(2, 0), image(3, 1, frame(9)), end(4, 2)], { verify: settings }),
      { code: 1 },
      'wrong pixels weigh more',
    );
    t.match(await run([header(1), image(2, 0), end(3, 1)], {}), { code: 0, stdout: /all right/ });
  },
);

t.test('who never connected, or saw no series, says so and does not end with 0', async (t) => {
  const run = async (
    endpoint: string,
    more: Partial<RunWatchOptions> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> => {
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
        isTTY: true,
      },
    };
    return {
      code: await runWatch({ endpoint, timeoutMs: 700, signal: AbortSignal.timeout(20_000), ...more, out }),
      stdout,
      stderr,
    };
  };
  const nobody = 'tcp://127.0.0.1:1';
  t.match(await run(nobody), {
    code: 3,
    stdout: /127\.0\.0\.1:1: never connected\. Is the service running.*\nnothing was seen\n/,
    stderr: /127\.0\.0\.1:1: not connected yet/,
  });
  t.match(await run(nobody, { timeoutMs: 60_000, signal: AbortSignal.timeout(100) }), { code: 3 }, 'at Ctrl-C as well');
  t.match(JSON.parse((await run(nobody, { json: true })).stdout), {
    ok: true,
    verdict: 'nothing',
    nothing: /never connected/,
    connections: 0,
  });
  const { push, endpoint } = await serve();
  t.teardown(() => {
    push.close();
  });
  t.match(await run(endpoint), {
    code: 3,
    stdout: /connected to .*, and nothing came/,
    stderr: /connected, nothing has come yet/,
  });
  t.match(await run(`${endpoint},${nobody}`), { code: 3, stdout: /127\.0\.0\.1:1: never connected/ }, 'one of two');
  const middle = run(endpoint);
  for (const message of [image(9, 4), end(10, 5)]) await push.send(wire(message));
  // The first may go to the watcher before, whose end the socket has not seen yet.
  t.match(await middle, { code: 3, stdout: /[12] messages came, and no series from its header on/ });
  const stranger = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => {
    stranger.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => {
    stranger.close();
  });
  t.match(await run(`tcp://127.0.0.1:${(stranger.address() as AddressInfo).port}`), {
    code: 3,
    stdout: /something listens there, and either speaks no zmq or lets no further consumer in\. vdcu status tells/,
  });
});

t.test(
  'a series that stops in its middle is wrong when the time is over; one that ended is judged by what came',
  async (t) => {
    for (const ended of [false, true]) {
      const { push, endpoint } = await serve();
      const watching = watchStream({
        endpoint,
        extraFields: false,
        timeoutMs: 600,
        signal: AbortSignal.timeout(20_000),
      });
      for (const message of ended ? [header(1), image(2, 0), end(3, 1)] : [header(1), image(2, 0)])
        await push.send(wire(message));
      const report = await watching;
      push.close();
      t.equal(report.verdict, ended ? 'right' : 'wrong');
      if (!ended) t.match(report.checker.problems, [{ rule: 'series', text: /nothing came any more/ }]);
    }
  },
);

t.test('an endpoint that is none is refused, and an abort ends the wait', async (t) => {
  await t.rejects(watchStream({ endpoint: 'nonsense', signal: AbortSignal.timeout(2000) }), {
    name: 'OperatorError',
    exitCode: 2,
  });
  const report = await watchStream({ endpoint: 'tcp://127.0.0.1:1', signal: AbortSignal.timeout(100) });
  t.equal(report.checker.counts.messages, 0);
});
