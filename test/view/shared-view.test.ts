import { Writable } from 'node:stream';
import t from 'tap';
import type { Test } from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { makeLogger } from '../../src/runtime/log.js';
import { armWish } from '../../src/control/arm-request.js';
import { Refused } from '../../src/control/refused.js';
import { ReceiverWatch } from '../../src/receiver/watch.js';
import type { Outside } from '../../src/view/service-view.js';
import type { ReceiverWatched } from '../../src/view/receiver-watched.js';
import { SharedView } from '../../src/view/shared-view.js';
import type { SocketFigures } from '../../src/view/port-view.js';
import { CommandBox } from '../../src/memory/command-box.js';
import { portCounter, portCountersAt, streamCounter, streamCounterTable } from '../../src/memory/counters.js';
import { LastFrame } from '../../src/memory/last-frame.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import { PortWords } from '../../src/memory/port-words.js';
import { SocketWords } from '../../src/memory/socket-words.js';
import { StreamWords, seriesStep } from '../../src/memory/stream-words.js';
import type { StreamCommand } from '../../src/contract/series.js';
import { ledgerOf, noLoss, summaryOf } from './hand-made-view.js';
import { asOwn } from '../frame-numbers.js';
import { noFrame } from '../../src/detector/frame-share.js';

const wish = { filename: '/data/a.h5', frames: 5, first_frame_number: 1 };
const request = armWish(wish);
const idle = {
  step: seriesStep.idle,
  seriesId: 0,
  headerSent: false,
  auto: false,
  endPending: false,
  peers: 1,
  disconnects: 0,
  slotsUsedMax: 0,
  first: noFrame,
  next: noFrame,
  highest: noFrame,
  last: noFrame,
  messageNumber: 1000,
};

/** A view, and its memory as the other threads would write it. */
function setUp(t: Test, more = '', receiver?: ReceiverWatched, outside?: Outside) {
  const config = parseConfig(
    `det: {detector: eiger, quad: true, udp_ports: [50001, 50002], ring_frames: 8, series: armed${more}}`,
    'test.yaml',
    'det',
  );
  const plan = makePlan(config, 2);
  const map = mapMemory(plan.memory);
  const { buffer } = allocateMemory(map);
  const clock = new VirtualClock(5000);
  const log: Record<string, unknown>[] = [];
  const logger = makeLogger(
    'info',
    'det',
    new Writable({
      write(line, _encoding, done) {
        log.push(JSON.parse(String(line)) as Record<string, unknown>);
        done();
      },
    }),
  );
  let wakes = 0;
  const figures = new Map<number, SocketFigures>();
  const view = new SharedView({
    config,
    plan,
    map,
    buffer,
    clock,
    logger,
    wakeStreamer: () => void wakes++,
    readSocket: (_address, udpPort, inode) => (inode === udpPort * 10 ? (figures.get(udpPort) ?? null) : null),
    ...(receiver === undefined ? {} : { receiver }),
    ...(outside === undefined ? {} : { outside }),
  });
  t.teardown(() => view.close());
  const words = config.detector.udpPorts.map((_, index) => new PortWords(buffer, map.portWords[index]));
  for (const port of words) port.initialise();
  const box = new CommandBox(buffer, map.commandBox);
  return {
    view,
    clock,
    log,
    words,
    stream: new StreamWords(buffer, map.streamWords),
    socket: new SocketWords(buffer, map.socketWords, 0),
    streamCounters: new Float64Array(buffer, map.streamCounters, streamCounterTable.length),
    counters: config.detector.udpPorts.map((_, index) => portCountersAt(buffer, map.portCounters[index]).now),
    bases: config.detector.udpPorts.map((_, index) => portCountersAt(buffer, map.portCounters[index]).seriesBase),
    lastFrame: new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes, map.lastTextBytes),
    take: () => box.take() as StreamCommand | null,
    figures,
    wakes: () => wakes,
  };
}

const sockets = [50001, 50002].map((udpPort) => ({
  address: '127.0.0.1',
  udpPort,
  receiveBufferRequestedBytes: 1000,
  receiveBufferGrantedBytes: 1000,
  inode: udpPort * 10,
}));

t.test('before the threads are ready the service is not, and a series is refused', async (t) => {
  const { view } = setUp(t);
  t.match(view.readiness(), { ready: false, reasons: ['threads are starting'] });
  await t.rejects(view.orders.arm(request), {
    name: 'Refused',
    why: 'starting',
    problems: [/^the service is starting/],
  });
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  t.strictSame(view.readiness(), { ready: true, reasons: [] });
});

t.test('a clamped send buffer is said with its remedy, and stands beside what is on its way', (t) => {
  const { view, log, socket } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+zmtp', { requestedBytes: 1000, grantedBytes: 999 });
  t.match(log[0], {
    event: 'send_buffer',
    msg: /^asked for 1000 bytes of send buffer for each consumer, the kernel granted 999\. Raise net\.core\.wmem_max/,
  });
  t.match(view.gauges(), { sendBuffer: { requestedBytes: 1000, grantedBytes: 999 } });
  socket.setUnderway({ messages: 3, bytes: 2 ** 40 });
  t.strictSame(view.status().underway, { messages: 3, bytes: 2 ** 40 });
  socket.setUnderway(null);
  t.equal(view.status().underway, null);
  t.end();
});

t.test('a clamped socket buffer is said with what was asked, what was granted and the remedy', (t) => {
  const { view, log } = setUp(t);
  view.noteReady(
    [{ ...sockets[0], receiveBufferGrantedBytes: 999 }, sockets[1]],
    'tcp://127.0.0.1:9999',
    'dgram+libzmq',
  );
  t.match(log, [
    {
      level: 'warn',
      udp_port: 50001,
      msg: /^port 50001: asked for 1000 bytes of socket buffer, the kernel granted 999\. Raise net\.core\.rmem_max/,
    },
  ]);
  t.match(view.udpPorts(), [
    { udp_port: 50001, receive_buffer_granted_bytes: 999, interface: 'lo', kernel_drops: 0 },
    { receive_buffer_granted_bytes: 1000 },
  ]);
  t.end();
});

t.test('commands reach the streamer one after the other, and each gets its own answer', async (t) => {
  const { view, take, wakes } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  const arming = view.orders.arm(request);
  const second = view.orders.arm(armWish({ ...wish, filename: '/data/b.h5' }));
  const stopping = view.orders.stop();
  const commands: StreamCommand[] = [];
  while (commands.length < 3) {
    const command = take();
    if (command !== null) commands.push(command);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  t.match(commands, [
    { kind: 'arm', request: { filename: '/data/a.h5', frames: 5, firstFrameNumber: 1 } },
    { kind: 'arm', request: { filename: '/data/b.h5' } },
    { kind: 'stop' },
  ]);
  t.equal(wakes(), 3, 'the streamer is woken for each');
  const [first, other, stop] = commands.map(({ id }) => id) as [number, number, number];
  view.noteEvent({ kind: 'refused', id: other, why: 'busy', problems: ['series 1 is open'] });
  view.noteEvent({ kind: 'armed', id: first, series_id: 1, msg_number: 77, header_pending: false });
  view.noteEvent({ kind: 'stopped', id: stop, summary: summaryOf() });
  await t.rejects(second, new Refused('busy', ['series 1 is open']));
  t.strictSame(await arming, {
    series_id: 1,
    msg_number: 77,
    header_pending: false,
    state: 'open',
    shape: [514, 514],
    type: 'uint16',
    warnings: [],
  });
  t.strictSame(await stopping, summaryOf());
});

t.test('whoever arms a series with the file of an earlier one is told so at once', async (t) => {
  const { view, take } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  const arm = async (seriesId: number, filename: string): Promise<readonly string[]> => {
    const arming = view.orders.arm(armWish({ ...wish, filename }));
    let command = take();
    while (command === null) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      command = take();
    }
    view.noteEvent({ kind: 'armed', id: command.id, series_id: seriesId, msg_number: 77, header_pending: false });
    return (await arming).warnings;
  };
  t.strictSame(await arm(1, '/data/a.h5'), []);
  view.noteEvent({
    kind: 'ended',
    summary: summaryOf({ series_id: 1, filename: '/data/a.h5' }),
    reached: [],
    loss: noLoss,
  });
  t.match(await arm(2, '/data/a.h5'), [/^this series has the file of an earlier series, \/data\/a\.h5: .* own; docs/]);
  t.strictSame(await arm(3, '/data/b.h5'), []);
});

t.test('images sent are those of this series, also when they were sent before main heard of it', (t) => {
  const { view, stream, streamCounters, counters, bases } = setUp(t);
  stream.publish({
    ...idle,
    step: seriesStep.open,
    seriesId: 1,
    headerSent: true,
    first: asOwn(3),
    next: asOwn(6),
    highest: asOwn(7),
  });
  streamCounters[streamCounter.images] = 3;
  streamCounters[streamCounter.complete] = 2;
  streamCounters[streamCounter.markedTimeout] = 1;
  view.noteEvent({ kind: 'opened', series_id: 1, filename: '/data/a.h5', auto: false, frames: 9 });
  t.match(view.status(), {
    state: 'open',
    series: {
      series_id: 1,
      images_sent: 3,
      complete: 2,
      marked: 1,
      discarded: 0,
      first_frame_number: 1,
      highest_frame_number: 5,
    },
  });
  t.equal(view.receivedFrames(), 3);
  view.noteEvent({
    kind: 'ended',
    summary: summaryOf({ series_id: 1, frames: 4, complete: 3, marked: 1 }),
    reached: [],
    loss: noLoss,
  });
  streamCounters[streamCounter.images] = 6;
  streamCounters[streamCounter.complete] = 5;
  stream.publish({
    ...idle,
    step: seriesStep.open,
    seriesId: 2,
    headerSent: true,
    first: asOwn(1),
    next: asOwn(3),
    highest: asOwn(3),
  });
  counters[0][portCounter.received] = 500;
  bases[0][portCounter.received] = 400;
  view.noteEvent({ kind: 'opened', series_id: 2, filename: '', auto: false, frames: 0 });
  t.match(view.status(), {
    series: {
      series_id: 2,
      images_sent: 2,
      complete: 2,
      marked: 0,
      ports: [{ udp_port: 50001, counters: { received: 100 } }, {}],
    },
    last_series: { series_id: 1, frames: 4 },
  });
  t.match(view.portCounters(), [{ udpPort: 50001, counters: { received: 500 } }, { udpPort: 50002 }]);
  t.end();
});

t.test('an auto series that is being prepared is not open yet', (t) => {
  const { view, stream } = setUp(t);
  for (const [step, state] of [
    [seriesStep.preparing, 'idle'],
    [seriesStep.opening, 'idle'],
    [seriesStep.open, 'open'],
    [seriesStep.stopping, 'closing'],
  ] as const) {
    stream.publish({ ...idle, step, seriesId: 1, auto: true });
    t.equal(view.status().state, state);
  }
  stream.publish({ ...idle, step: seriesStep.header, seriesId: 1 });
  t.equal(view.status().state, 'open', 'one that was armed is');
  t.end();
});

t.test('a warning stands in the state as long as its series', (t) => {
  const { view, stream, log } = setUp(t);
  stream.publish({ ...idle, step: seriesStep.open, seriesId: 1, headerSent: true });
  view.noteEvent({ kind: 'opened', series_id: 1, filename: '', auto: false, frames: 0 });
  view.noteEvent({ kind: 'warning', code: 'wrong_size/50001', message: 'port 50001: ten_giga: false?' });
  t.match(view.status().problems, ['port 50001: ten_giga: false?']);
  t.match(log.at(-1), { level: 'warn', msg: 'port 50001: ten_giga: false?' });
  stream.publish({ ...idle, seriesId: 1 });
  view.noteEvent({
    kind: 'ended',
    summary: summaryOf({ warnings: ['port 50001: ten_giga: false?'] }),
    reached: [],
    loss: noLoss,
  });
  t.strictSame(view.status().problems, []);
  t.end();
});

t.test('the history holds the last hundred series, newest first', (t) => {
  const { view } = setUp(t);
  for (let id = 1; id <= 105; id++)
    view.noteEvent({ kind: 'ended', summary: summaryOf({ series_id: id }), reached: [], loss: noLoss });
  t.equal(view.history().length, 100);
  t.match(view.history()[0], { series_id: 105 });
  t.equal(view.receivedFrames(), summaryOf().frames);
  t.end();
});

t.test('a failure is not ready, not alive, and refuses series', async (t) => {
  const { view, log } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  t.ok(view.liveness().alive);
  view.noteFailure('streamer: the thread ended with code 1');
  t.strictSame(view.liveness(), { alive: false, reasons: ['streamer: the thread ended with code 1'] });
  t.equal(view.readiness().ready, false);
  t.match(view.status().problems, ['streamer: the thread ended with code 1']);
  await t.rejects(view.orders.arm(request), new Refused('failed', ['streamer: the thread ended with code 1']));
  t.match(log.at(-1), { level: 'error', event: 'failed' });
});

t.test('a thread that does not turn for ten seconds is not alive; one that turns is', async (t) => {
  const { view, clock, words, stream } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  clock.advance(10_001);
  words[0]?.beat();
  stream.pulse.beat(clock.now());
  // The view looks at heartbeats twice a second.
  while (view.liveness().reasons.length !== 1) await new Promise((resolve) => setTimeout(resolve, 20));
  t.match(view.liveness(), { alive: false, reasons: ['receiver of port 50002 has not turned for 10 s'] });
});

t.test('the outside hears that a series has ended, and what became of it afterwards', async (t) => {
  const told: unknown[] = [];
  const { view } = setUp(t, '', undefined, {
    ended: (summary) => void told.push(['ended', summary]),
    amended: (summary) => void told.push(['amended', summary]),
    problem: () => undefined,
    trouble: null,
    counts: { delivered: 0, failedTries: 0, dropped: 0, waiting: 0 },
  });
  const summary = summaryOf({ end_pending: true });
  const lost = summaryOf({ aborted: 'consumer_lost', end_pending: true });
  view.noteEvent({ kind: 'ended', summary, reached: [], loss: noLoss });
  view.noteEvent({ kind: 'amended', summary: lost });
  t.strictSame(told, [
    ['ended', summary],
    ['amended', lost],
  ]);
});

t.test('the last frame is what was sent last', (t) => {
  const { view, lastFrame } = setUp(t);
  t.equal(view.lastFrame(), null);
  const pixels = new Uint8Array(514 * 514 * 2).map((_, index) => index);
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  lastFrame.store({ json: bytes('{"frame":3}'), places: bytes('{"readNRows":7}'), pixels });
  t.match(view.lastFrame(), { header: { frame: 3 }, places: { readNRows: 7 } });
  t.strictSame(view.lastFrame()?.pixels, pixels);
  t.end();
});

t.test('a port that is off is told as off and counts nowhere else', (t) => {
  const { view } = setUp(t, ', ports_off: [50002]');
  t.match(view.udpPorts(), [
    { udp_port: 50001, off: false },
    { udp_port: 50002, off: true },
  ]);
  t.match(
    view.portCounters().map(({ udpPort }) => udpPort),
    [50001],
  );
  t.end();
});

t.test('kernel drops are what the kernel says now, or the receiver said last, or null', (t) => {
  const { view, counters, figures, clock } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  t.equal(view.backend, 'dgram+libzmq');
  counters[0][portCounter.socketDropped] = 3;
  counters[1][portCounter.socketDropped] = Number.NaN;
  t.match(view.udpPorts(), [{ kernel_drops: 3, socket_queue_bytes: null }, { kernel_drops: null }]);
  clock.advance(1000);
  figures.set(50001, { queueBytes: 77, drops: 5 });
  t.match(view.udpPorts(), [{ kernel_drops: 5, socket_queue_bytes: 77 }, { kernel_drops: null }]);
  t.end();
});

t.test("kernel drops go on where the kernel's 32 bits end", (t) => {
  const { view, counters, bases, figures, clock } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  const drops = portCounter.socketDropped;
  bases[0][drops] = 2 ** 32 - 10;
  for (const [noted, kernel, total] of [
    [2 ** 32 - 10, 2 ** 32 - 1, 2 ** 32 - 1],
    [2 ** 32 - 1, 5, 2 ** 32 + 5],
    [2 ** 32 + 7, 5, 2 ** 32 + 7],
    [3 * 2 ** 32 + 1, 2, 3 * 2 ** 32 + 2],
  ] as const) {
    counters[0][drops] = noted;
    figures.set(50001, { queueBytes: 0, drops: kernel });
    clock.advance(1000);
    t.match(
      view.portCounters(),
      [{ counters: { socketDropped: total } }, {}],
      `the receiver noted ${noted}, the kernel says ${kernel}`,
    );
  }
  t.end();
});

t.test('shutdown is over when the streamer says that it has nothing left', async (t) => {
  const { view, take } = setUp(t);
  const ending = view.shutdown();
  t.match(take(), { kind: 'shutdown' });
  view.noteEvent({ kind: 'drained' });
  await ending;
});

t.test('a port is behind the one furthest ahead; one of which nothing came, by all of the series', (t) => {
  const { view, words, stream } = setUp(t);
  t.match(
    view.portFigures(),
    [
      { udpPort: 50001, lagFrames: null },
      { udpPort: 50002, lagFrames: null },
    ],
    'nothing came at all',
  );
  stream.publish({ ...idle, step: seriesStep.open, seriesId: 1, first: asOwn(5) });
  words[0].setNewestSeen(asOwn(12));
  t.match(view.portFigures(), [{ lagFrames: 0 }, { lagFrames: 8 }]);
  words[1].setNewestSeen(asOwn(10));
  t.match(view.portFigures(), [{ lagFrames: 0 }, { lagFrames: 2 }]);
  t.end();
});

t.test('missing packets are those of the series that is open, then of the last', (t) => {
  const { view, counters, bases, stream, figures, clock } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  t.match(view.portFigures(), [{ series: null }, { series: null }]);
  stream.publish({ ...idle, step: seriesStep.open, seriesId: 1, headerSent: true });
  view.noteEvent({ kind: 'opened', series_id: 1, filename: '', auto: false, frames: 0 });
  for (const [id, before, now] of [
    ['expected', 64, 192],
    ['accepted', 60, 180],
    ['missing', 4, 12],
    ['lateFirst', 1, 2],
    ['malformedSize', 1, 3],
    ['malformedVersion', 0, 1],
    ['foreignUnarmed', 7, 7],
  ] as const) {
    bases[0][portCounter[id]] = before;
    counters[0][portCounter[id]] = now;
  }
  figures.set(50001, { queueBytes: 5, drops: 3 });
  clock.advance(1000);
  t.match(view.portFigures()[0], {
    queueBytes: 5,
    series: {
      expected: 128,
      accepted: 120,
      missing: 8,
      late: 1,
      ring: 0,
      socket: 3,
      unexplained: 4,
      malformed: 3,
      foreign: 0,
    },
  });
  stream.publish({ ...idle, seriesId: 1 });
  view.noteEvent({
    kind: 'ended',
    summary: summaryOf({ ledger: [ledgerOf(50001, { missing: 9, ring: 9 }), ledgerOf(50002)] }),
    reached: [],
    loss: noLoss,
  });
  t.match(view.portFigures(), [{ series: { missing: 9, ring: 9 } }, { series: { missing: 0 } }]);
  t.end();
});

t.test('the last packet has a time of day; threads have the age of their heartbeat and their longest stall', (t) => {
  const { view, words, clock, stream } = setUp(t);
  t.match(view.portFigures()[0], { lastPacketAt: null, queueBytesMax: null });
  words[0].setFigure('lastPacketAt', clock.now());
  words[0].setFigure('queueBytesMax', 4096);
  words[0].setFigure('stallMsMax', 17);
  stream.pulse.beat(clock.now());
  const at = clock.wall();
  clock.advance(700);
  stream.pulse.beat(clock.now());
  t.equal(view.portFigures()[0]?.lastPacketAt, at);
  t.equal(view.portFigures()[0]?.queueBytesMax, 4096);
  t.strictSame(view.agents(), [
    { agent: 'receiver_50001', heartbeatAgeMs: 700, stallMsMax: 17 },
    { agent: 'receiver_50002', heartbeatAgeMs: 700, stallMsMax: null },
    { agent: 'streamer', heartbeatAgeMs: 0, stallMsMax: 700 },
  ]);
  t.end();
});

t.test('who asked last, and who asks later, is told that the service is stopping', async (t) => {
  const { view } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  const asked = view.orders.stop();
  view.noteEvent({ kind: 'drained' });
  await t.rejects(asked, new Refused('stopping', ['the service is stopping']));
  await t.rejects(view.orders.arm(request), new Refused('stopping', ['the service is stopping']));
});

t.test('the state tells what is going wrong now, and what the ports of an open series lost', (t) => {
  const { view, stream, counters } = setUp(t);
  view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
  stream.publish({
    ...idle,
    step: seriesStep.open,
    seriesId: 1,
    headerSent: true,
    first: asOwn(1),
    next: asOwn(1),
    highest: asOwn(8),
  });
  view.noteEvent({ kind: 'opened', series_id: 1, filename: '', auto: false, frames: 0 });
  for (const [name, count] of [
    ['expected', 100],
    ['missing', 10],
    ['lateFirst', 4],
    ['socketDropped', 2],
  ] as const)
    counters[0][portCounter[name]] = count;
  const { problems, series } = view.status();
  t.match(problems.join('\n'), /the frame ring is nearly full \(8 of 8\)/);
  t.match(series?.ports[0]?.packets, {
    expected: 100,
    accepted: 90,
    missing: 10,
    late: 4,
    ring: 0,
    socket: 2,
    unexplained: 4,
  });
  t.end();
});

t.test(
  'why the last series was cut short stands in the state, and its series_end waits no longer than it does',
  (t) => {
    const { view, stream } = setUp(t);
    view.noteReady(sockets, 'tcp://127.0.0.1:9999', 'dgram+libzmq');
    stream.publish({ ...idle, endPending: true, seriesId: 1 });
    view.noteEvent({
      kind: 'ended',
      summary: summaryOf({ series_id: 1, aborted: 'instance_stopped', end_pending: true }),
      reached: [],
      loss: noLoss,
    });
    t.match(view.status(), { last_series: { end_pending: true }, end_pending: true });
    t.match(view.status().problems.join('\n'), /series 1 was cut short: .*docs\/operating\.md#instance-missing/);
    stream.publish({ ...idle, endPending: false, seriesId: 1 });
    t.match(view.status(), { last_series: { end_pending: false }, end_pending: false });
    t.equal(view.history()[0]?.end_pending, false);
    t.end();
  },
);

t.test('what went wrong with a series is told before the next one takes its place, however soon', async (t) => {
  let look: () => void = () => undefined;
  const receiver = new ReceiverWatch({
    url: 'http://receiver',
    clock: new VirtualClock(),
    ask: () => Promise.resolve({ state: 'error', error: 'no such folder', received: 1 }),
    after: (_milliseconds, run) => {
      look = run;
      return () => undefined;
    },
  });
  const { view, log } = setUp(t, '', receiver);
  const opened = (id: number) =>
    view.noteEvent({ kind: 'opened', series_id: id, filename: `/data/${id}.h5`, auto: true, frames: 0 });
  opened(1);
  look();
  await new Promise((resolve) => setImmediate(resolve));
  const summary = summaryOf({ series_id: 1, aborted: 'consumer_lost' });
  view.noteEvent({ kind: 'ended', summary, reached: [], loss: noLoss });
  opened(2);
  t.match(
    log.filter(({ event }) => event === 'problem'),
    [
      { code: 'cut_short', msg: /^series 1 / },
      { code: 'receiver_error', msg: /in series 1, .*no such folder/ },
    ],
  );
  t.match(view.history(), [{ series_id: 1, received_by_consumer: null, receiver_error: 'no such folder' }]);
  t.notMatch(view.status().problems.join(), 'no such folder', 'it is not of the second');
});
