// Tests src/service/planes.ts and src/service/data-plane.ts: a service that is told by PSI's client what the detector
// is, and told otherwise later. Real threads and sockets, calls as the client sends them.

import { createSocket } from 'node:dgram';
import t from 'tap';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { chars, i32, i64, setupBytes } from '../control/sls/client.js';
import type { SetupFields } from '../control/sls/client.js';
import { eachMessage } from './each-message.js';
import { freeUdpPorts } from './free-ports.js';
import type { Running } from './running.js';
import { acquire, quad, told } from './told-by-client.js';
import { until } from './waiting.js';

t.test(
  'one line is enough: what the client sets is received, and what it sets next, with numbers going on',
  async (t) => {
    const one = await told(t, 'receiver_ports: [0, 0]');
    const { running, done } = one;
    const { service } = running;
    t.match((await running.http('GET', '/readyz')).body, {
      ready: false,
      reasons: [/^waiting for the client to set up modules 0, 1 /],
    });
    t.match(running.status(), { state: 'idle', message: /modules 0, 1/, problems: [] });
    t.match((await running.http('GET', '/api/v1/config')).body, { detector: 'from_client', udp_ports: [] });
    t.match((await running.arm({})).body, { why: 'starting', problems: [/modules 0, 1/] });
    t.equal((await running.fetch('GET', '/')).status, 200);
    const checked = async (): Promise<unknown> => {
      const { checks } = (await running.http('GET', '/api/v1/doctor')).body as { checks: { check: string }[] };
      return checks.find(({ check }) => check === 'psi_client');
    };
    t.match((await running.http('GET', '/api/v1/doctor')).body, { name: null });
    t.match(await checked(), { status: 'warning', seen: 'modules 0, 1 not set up' });
    const metrics = async (): Promise<string> => (await running.fetch('GET', '/metrics')).text();
    const waiting = await metrics();
    t.match(waiting, /^vdcu_ready\{.*\} 0$/m);
    t.notMatch(waiting, /^vdcu_udp_socket_receive_buffer_bytes\{/m, 'by which VdcuNotReady tells this from a fault');

    const ports = (await freeUdpPorts(8)) as [number, number, number, number, number, number, number, number];
    const frames = { frames: 10n };
    await done(0, 'F_SETUP_RECEIVER', setupBytes({ ...frames, index: 0, ports: [ports[0], ports[1]] }));
    t.match(running.status().message, /module 1 /, 'the other one is waited for');
    t.match(await one.refused(0, 'F_START_RECEIVER'), /module 1 has not been set up/);
    await done(1, 'F_SETUP_RECEIVER', setupBytes({ ...frames, index: 1, ports: [ports[2], ports[3]] }));
    await until(one.ready, 'the data plane');
    t.match(service.view.config, { detector: { detector: 'eiger', modules: [2, 1], udpPorts: ports.slice(0, 4) } });

    const messages: StreamMessage[] = [];
    const { dataEndpoint } = service;
    eachMessage(t, dataEndpoint, (message) => messages.push(message));
    await until(() => running.status().consumers === 1, 'the consumer');
    await done(0, 'F_SET_RECEIVER_FILE_PATH', chars('/data/x'));
    await done(0, 'F_SET_RECEIVER_FILE_WRITE', i32(1));
    await acquire(one, [0, 1], 10);
    t.match(service.view.history(), [{ series_id: 1, frames: 10, filename: '/data/x/run_0.h5' }]);
    const counted = service.view.portCounters().find(({ udpPort }) => udpPort === ports[0])?.counters.received;
    t.equal(counted, 640);
    t.match(await checked(), { status: 'ok', seen: '4 ports, up to 640 packets each' });
    t.match(await metrics(), /^vdcu_udp_socket_receive_buffer_bytes\{.*kind="requested".*\} \d+$/m);

    // Another bit depth, deeper than there is room for, and other ports of one module; the start comes at once.
    for (const module of [0, 1]) await done(module, 'F_SET_RECEIVER_DYNAMIC_RANGE', i32(32));
    await done(1, 'F_SET_RECEIVER_UDP_PORT', Uint8Array.of(ports[4] & 255, ports[4] >> 8));
    for (const module of [0, 1]) await done(module, 'F_RECEIVER_SET_NUM_FRAMES', i64(7n));
    await acquire(one, [0, 1], 7);
    t.equal(service.dataEndpoint, dataEndpoint, 'consumers find it where it was');
    t.match(service.view.config.detector, { dynamicRange: 32, udpPorts: [ports[0], ports[1], ports[4], ports[3]] });
    const [last, before] = service.view.history();
    t.match(
      [last, before],
      [
        { series_id: 2, frames: 7 },
        { series_id: 1, frames: 10 },
      ],
    );
    const replaced = running.log.find(({ event }) => event === 'data_plane');
    t.comment(`another data plane after ${String(replaced?.['took_ms'])} ms`);
    t.equal(
      service.view.portCounters().find(({ udpPort }) => udpPort === ports[0])?.counters.received,
      640 + 7 * 128,
      'counters count on',
    );
    t.equal(service.view.streamCounters().images, 17);
    await until(() => messages.filter(({ htype }) => htype === 'series_end').length === 2, 'both ends');
    t.strictSame(
      messages.map(({ htype }) => htype),
      [
        'header',
        ...new Array<string>(10).fill('image'),
        'series_end',
        'header',
        ...new Array<string>(7).fill('image'),
        'series_end',
      ],
    );
    const [{ msgNumber: first }] = messages as [StreamMessage];
    t.strictSame(
      messages.map(({ msgNumber }) => msgNumber - first),
      messages.map((_, index) => index),
      'message numbers are gapless over both',
    );

    // A detector of another kind, and every pixel of it.
    const [left, right] = [ports[6], ports[7]];
    t.match(await one.refused(0, 'F_SETUP_RECEIVER', quad([left, right])), /1 modules, but .* 2 receiver_ports/);
  },
);

t.test('every pixel is right of what the client says, and of what it says next; the page hears of it', async (t) => {
  const one = await told(t, 'receiver_ports: [0]');
  const { running, done } = one;
  const { service } = running;
  const ports = (await freeUdpPorts(4)) as [number, number, number, number];
  const page = await fetch(`${service.apiUrl}/page/events`);
  const reader = (page.body as ReadableStream<Uint8Array>).getReader();
  const heard: string[] = [];
  void (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read())
      heard.push(Buffer.from(next.value).toString());
  })().catch(() => undefined);
  const tries: readonly (readonly [SetupFields, readonly [number, number]])[] = [
    [{ quad: 1 }, [514, 514]],
    [{ quad: 0, depth: 8 }, [256, 1030]],
    [{ quad: 1, depth: 32, ports: [ports[2], ports[3]] }, [514, 514]],
    [{ type: 3, interfaces: 1, activate: 0, tenGiga: 0, ports: [ports[1], 0] }, [514, 1030]],
  ];
  for (const [index, [fields, shape]] of tries.entries()) {
    const frames = 6 + index;
    await done(0, 'F_SETUP_RECEIVER', quad([ports[0], ports[1]], { ...fields, frames: BigInt(frames) }));
    await until(
      async () => (await one.ready()) && String(plannedShape(service)) === String(shape),
      `the data plane ${index}`,
    );
    const { detector } = service.view.config;
    const consumer = await running.consume({ series: 1, verify: detector });
    await acquire(one, [0], frames);
    const { ok, checker } = await consumer.report;
    t.ok(ok, `${index}: the consumer saw nothing wrong: ${checker.problems.map(({ text }) => text).join('; ')}`);
    t.match(checker.counts, { images: frames, wrongPixels: 0, framesVerified: frames });
    t.match(heard.join(''), new RegExp(`"shape":\\[${shape.join(',')}\\]`));
    t.equal((await running.fetch('GET', '/api/v1/preview?size=64')).status, 200);
  }
  await reader.cancel();
});

t.test('an automatic series that waits for its first packet stands in the way of no other data plane', async (t) => {
  const one = await told(t, 'receiver_ports: [0]\n  series: auto');
  const { running, done } = one;
  const { service } = running;
  const [first, second, other] = (await freeUdpPorts(3)) as [number, number, number];
  await done(0, 'F_SETUP_RECEIVER', quad([first, second]));
  await until(one.ready, 'the data plane');
  eachMessage(t, service.dataEndpoint, () => undefined);
  await until(() => running.status().state === 'open', 'the automatic series');
  await done(0, 'F_SET_RECEIVER_UDP_PORT', Uint8Array.of(other & 255, other >> 8));
  await until(() => service.view.config.detector.udpPorts[0] === other, 'another data plane');
  await until(() => running.status().state === 'open', 'the automatic series of that one');
  t.strictSame(service.view.history(), [], 'no series was made of it');
});

const plannedShape = ({ view }: Running['service']): readonly number[] => {
  const { quad: isQuad, detector } = view.config.detector;
  if (detector === 'from_client') return [];
  return detector === 'jungfrau' ? [514, 1030] : isQuad ? [514, 514] : [256, 1030];
};

t.test('what cannot be received is said, to the client as well, and the service goes on', async (t) => {
  const one = await told(t, 'receiver_ports: [0]');
  const { running, done } = one;
  const [first, second, free] = (await freeUdpPorts(3)) as [number, number, number];
  const other = createSocket('udp4');
  t.teardown(() => other.close());
  await new Promise<void>((resolve) => other.bind(second, '127.0.0.1', resolve));
  await done(0, 'F_SETUP_RECEIVER', quad([first, second]));
  await until(() => running.status().problems.length > 0, 'the problem');
  t.match(running.status().problems, [/cannot be received: .*taken/]);
  const toldProblems = async (): Promise<string | undefined> =>
    /^vdcu_client_settings_problems\{.*\} (\d+)$/m.exec(await (await running.fetch('GET', '/metrics')).text())?.[1];
  t.equal(await toldProblems(), '1', 'VdcuClientSettings goes by it');
  t.match(await one.refused(0, 'F_START_RECEIVER'), /cannot be received: .*taken/);
  t.match((await running.http('GET', '/healthz')).body, { alive: true });

  // One port twice, an address of nobody, too few rows: none of it ends the service.
  await done(0, 'F_SET_RECEIVER_UDP_PORT2', Uint8Array.of(first & 255, first >> 8));
  t.match(await one.refused(0, 'F_START_RECEIVER'), /udp_ports.*twice/);
  await done(0, 'F_RECEIVER_ACTIVATE', i32(0));
  t.match(await one.refused(0, 'F_START_RECEIVER'), /ports_off.*every port|twice/);
  t.match((await running.http('GET', '/api/v1/receivers')).body['problems'], [/./]);

  await done(0, 'F_RECEIVER_ACTIVATE', i32(1));
  await done(0, 'F_SET_RECEIVER_UDP_PORT2', Uint8Array.of(free & 255, free >> 8));
  await until(one.ready, 'the data plane');
  const consumer = await running.consume({ series: 1, verify: running.service.view.config.detector });
  await acquire(one, [0], 10);
  t.ok((await consumer.report).ok);
  t.equal(await toldProblems(), '0');

  // What is known beforehand ends no data plane.
  const { plane } = running.service.view;
  await done(0, 'F_SET_RECEIVER_UDP_PORT2', Uint8Array.of(second & 255, second >> 8));
  t.match(await one.refused(0, 'F_START_RECEIVER'), /cannot be received: .*taken/);
  t.equal(running.service.view.plane, plane);
  t.notOk(await one.ready());
  t.equal(await toldProblems(), '1', 'the plane that runs is not the one that was asked for');
  await done(0, 'F_SET_RECEIVER_UDP_PORT2', Uint8Array.of(free & 255, free >> 8));
  await until(one.ready, 'the settings of before');
  t.equal(running.service.view.plane, plane);
});

t.test('a value that the configuration states as well is compared: which key, here, and there', async (t) => {
  const ports = (await freeUdpPorts(2)) as [number, number];
  const one = await told(t, `receiver_ports: [0]\n  quad: true\n  udp_ports: [${ports.join(', ')}]\n  ten_giga: true`);
  const { running, done } = one;
  await done(0, 'F_SETUP_RECEIVER', quad(ports, { quad: 0, tenGiga: 0 }));
  t.strictSame(running.status().problems, [
    'quad: true in the configuration of the service, but false at the detector (quad)',
    'ten_giga: true in the configuration of the service, but false at the detector (tengiga)',
  ]);
  t.match(await one.refused(0, 'F_START_RECEIVER'), /quad: true in the configuration .*; ten_giga/);
  t.notOk(await one.ready());
  await done(0, 'F_SET_RECEIVER_QUAD', i32(1));
  await done(0, 'F_ENABLE_RECEIVER_TEN_GIGA', i32(1));
  await until(one.ready, 'the data plane');
});

t.test('while a series of another door is open its data plane stays', async (t) => {
  const one = await told(t, 'receiver_ports: [0]');
  const { running, done } = one;
  const ports = (await freeUdpPorts(3)) as [number, number, number];
  await done(0, 'F_SETUP_RECEIVER', quad([ports[0], ports[1]]));
  await until(one.ready, 'the data plane');
  const { detector, udpHosts } = running.service.view.config;
  const consumer = await running.consume({ series: 1, verify: detector });
  t.equal((await running.arm({ frames: 60 })).status, 201);
  const sent = running.simulate({ settings: detector, udpHost: udpHosts, frames: 60, rate: 12 });
  await done(0, 'F_SET_RECEIVER_UDP_PORT', Uint8Array.of(ports[2] & 255, ports[2] >> 8));
  await until(() => running.service.view.recent.samples.length > 0, 'a second of it');
  const { length } = running.service.view.recent.samples;
  t.match(await one.refused(0, 'F_START_RECEIVER'), /a series is open/);
  t.ok(running.service.view.recent.samples.length >= length, 'what was seen of it stays on the page');
  await sent;
  t.ok((await consumer.report).ok, 'the series was not disturbed');
  await running.ended(1);
  await done(0, 'F_GET_RECEIVER_STATUS');
  await until(() => running.status().consumers === 0, 'the consumer that is gone');
  const next = await running.consume({ series: 1, verify: detector });
  await done(0, 'F_START_RECEIVER');
  t.strictSame(running.service.view.config.detector.udpPorts, [ports[2], ports[1]]);
  await next.vanish();
});
