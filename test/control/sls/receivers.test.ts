import t from 'tap';
import type { Test } from 'tap';
import { Refused } from '../../../src/control/refused.js';
import type { FunctionName } from '../../../src/control/sls/functions.js';
import { callBytes, i32, i64, sentenceOf, setupBytes } from './client.js';
import { PlayedService, portOf } from './played-service.js';

const run = { idle: 0, running: 5 } as const;

async function ready(modules: readonly number[] = [0, 1]): Promise<PlayedService> {
  const service = new PlayedService();
  for (const index of modules)
    await service.call(index, callBytes('F_SETUP_RECEIVER', setupBytes({ index, frames: 10n })));
  return service;
}

const start = (service: PlayedService, module: number) => service.call(module, callBytes('F_START_RECEIVER'));
const stop = (service: PlayedService, module: number, byUser = 0) =>
  service.call(module, callBytes('F_STOP_RECEIVER', i32(byUser)));
const both = (of: (module: number) => Promise<Buffer>): Promise<Buffer[]> => Promise.all([of(0), of(1)]);
const status = async (service: PlayedService) =>
  (await service.call(0, callBytes('F_GET_RECEIVER_STATUS'))).readInt32LE(4);

async function figures(service: PlayedService, name: FunctionName, module = 0): Promise<number[]> {
  const reply = await service.call(module, callBytes(name));
  return Array.from({ length: reply.readInt32LE(4) }, (_, index) => Number(reply.readBigInt64LE(8 + 8 * index)));
}

const allDone = (t: Test, replies: readonly Buffer[]): void => {
  for (const reply of replies) t.equal(reply.readInt32LE(), 0, sentenceOf(reply) ?? 'done');
};

t.test('starts of all modules are one request, answered when the series is open', async (t) => {
  const service = await ready();
  const first = start(service, 1);
  await new Promise(setImmediate);
  t.equal(service.armed.length, 0, 'the other module is waited for');
  t.equal(await status(service), run.running, 'settings may not change any more');
  allDone(t, await Promise.all([first, start(service, 0)]));
  t.match(service.armed, [{ frames: 10, filename: '' }]);
  t.equal(await status(service), run.running);
});

t.test('a module that is started alone, and the other after it', async (t) => {
  const service = await ready();
  const first = start(service, 0);
  await new Promise(setImmediate);
  service.pass();
  allDone(t, [await first]);
  allDone(t, [await start(service, 1)]);
  t.equal(service.armed.length, 1);
  allDone(t, [await start(service, 0)]);
  t.equal(service.armed.length, 1, 'a start of what runs is nothing');
});

t.test('a refusal is told to every module, and all is idle again', async (t) => {
  const service = await ready();
  service.refusal = new Refused('no_consumer', ['no consumer is connected']);
  for (const reply of await both((module) => start(service, module)))
    t.equal(sentenceOf(reply), 'no consumer is connected');
  t.equal(await status(service), run.idle);
  service.refusal = null;
  allDone(t, await both((module) => start(service, module)));
});

t.test('a module that was never set up is named', async (t) => {
  const service = await ready([1]);
  t.match(sentenceOf(await start(service, 1)), /module 0 has not been set up: set rx_hostname/);
  t.match(sentenceOf(await start(service, 0)), /^Receiver not set up. Please use rx_hostname first.\n$/);
});

t.test('what the client has set and the configuration has otherwise is refused at the start', async (t) => {
  const service = await ready();
  await service.call(1, callBytes('F_RECEIVER_SET_DATASTREAM', i32(0, 0)));
  for (const reply of await both((module) => start(service, module)))
    t.match(
      sentenceOf(reply),
      /^ports_off: port 50003 on in the configuration of the service, but off at the detector/,
    );
  await service.call(1, callBytes('F_RECEIVER_SET_DATASTREAM', i32(0, 1)));
  allDone(t, await both((module) => start(service, module)));
});

t.test('stops of all modules end the series once; a stop of what is idle is nothing', async (t) => {
  const service = await ready();
  allDone(t, await both((module) => stop(service, module)));
  t.equal(service.stops, 0);
  await both((module) => start(service, module));
  const first = stop(service, 0);
  await new Promise(setImmediate);
  t.equal(service.stops, 0);
  allDone(t, await Promise.all([first, stop(service, 1)]));
  t.equal(service.stops, 1);
  t.equal(await status(service), run.idle);
});

t.test('a series that has ended by itself is not ended again', async (t) => {
  const service = await ready();
  await both((module) => start(service, module));
  service.endSeries();
  t.equal(await status(service), run.running, 'until the client stops its receivers');
  allDone(t, await both((module) => stop(service, module)));
  t.equal(service.stops, 0);
});

t.test('a series that has ended by itself, which is not known yet: what cut it short is told', async (t) => {
  for (const another of [false, true]) {
    const service = await ready();
    service.aborted = 'consumer_lost';
    service.ports = [portOf(50001, 3)];
    await both((module) => start(service, module));
    t.equal(service.group.figures(50001).caught, 3);
    service.endUnheard();
    t.equal(service.group.figures(50001).caught, 3, 'figures stand');
    if (another) service.openElsewhere();
    for (const reply of await both((module) => stop(service, module)))
      t.match(sentenceOf(reply), /^series 1 was cut short: its consumer went away/);
    t.equal(service.open, another ? 2 : null, 'and no other is ended');
  }
});

t.test('a client that has died: the next one stops, and starts anew', async (t) => {
  const service = await ready();
  await both((module) => start(service, module));
  t.match(
    sentenceOf(await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes()))),
    /is not idle\. .*end it \(rx_stop\)$/,
  );
  const stopped = stop(service, 1);
  await new Promise(setImmediate);
  service.pass();
  allDone(t, [await stopped]);
  allDone(t, await both((module) => start(service, module)));
  t.equal(service.armed.length, 2);
});

t.test('an acquisition that was cut short fails; one that the user stopped does not', async (t) => {
  const service = await ready();
  service.aborted = 'consumer_lost';
  await both((module) => start(service, module));
  for (const reply of await both((module) => stop(service, module)))
    t.match(sentenceOf(reply), /^series 1 was cut short: its consumer went away/);
  t.equal(await status(service), run.idle, 'the next one may come');
  service.aborted = 'detector_stopped';
  await both((module) => start(service, module));
  allDone(t, await both((module) => stop(service, module, 1)));
  await both((module) => start(service, module));
  for (const reply of await both((module) => stop(service, module))) t.match(sentenceOf(reply), /detector stopped/);
});

t.test('figures are those of the ports of the module, and stay until the next start', async (t) => {
  const service = await ready();
  t.strictSame(await figures(service, 'F_GET_RECEIVER_FRAMES_CAUGHT'), [0, 0]);
  await both((module) => start(service, module));
  service.ports = [portOf(50_001, 6), { ...portOf(50_002, 5), missing: 3 }, portOf(50_003, 4), portOf(50_004, 0)];
  t.strictSame(await figures(service, 'F_GET_RECEIVER_FRAMES_CAUGHT'), [6, 5]);
  t.strictSame(await figures(service, 'F_GET_RECEIVER_FRAMES_CAUGHT', 1), [4, 0]);
  t.strictSame(await figures(service, 'F_GET_RECEIVER_FRAME_INDEX', 1), [4, 0]);
  t.strictSame(await figures(service, 'F_GET_NUM_MISSING_PACKETS'), [0, 3], 'of frames that are over');
  const progress = async (module: number) =>
    (await service.call(module, callBytes('F_GET_RECEIVER_PROGRESS'))).readDoubleLE(4);
  t.equal(await progress(0), 55);
  t.equal(await progress(1), 20);
  await both((module) => stop(service, module));
  t.strictSame(await figures(service, 'F_GET_RECEIVER_FRAMES_CAUGHT'), [6, 5]);
  t.strictSame(
    await figures(service, 'F_GET_NUM_MISSING_PACKETS', 1),
    [6 * 64, 10 * 64],
    'the client wanted ten frames, and the ordinary end has come',
  );
  service.ports = [];
  await both((module) => start(service, module));
  t.strictSame(await figures(service, 'F_GET_RECEIVER_FRAMES_CAUGHT'), [0, 0]);
});

t.test('of a detector that the user has stopped only what it sent can be missing', async (t) => {
  const service = await ready();
  await both((module) => start(service, module));
  service.ports = [portOf(50_001, 6), { ...portOf(50_002, 5), missing: 3 }];
  await both((module) => stop(service, module, 1));
  t.strictSame(await figures(service, 'F_GET_NUM_MISSING_PACKETS'), [0, 3]);
});

t.test('ports that are off count for nothing: progress is that of the others', async (t) => {
  const service = new PlayedService(
    '\n  detector: eiger\n  modules: [2, 1]\n  udp_ports: [50001, 50002, 50003, 50004]\n  receiver_ports: [1954, 1955]\n  ports_off: [50003, 50004]',
  );
  await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes({ frames: 10n })));
  await service.call(1, callBytes('F_SETUP_RECEIVER', setupBytes({ index: 1, frames: 10n, activate: 0 })));
  allDone(t, await both((module) => start(service, module)));
  t.equal((await service.call(1, callBytes('F_GET_RECEIVER_PROGRESS'))).readDoubleLE(4), 100);
  await both((module) => stop(service, module));
  t.strictSame(await figures(service, 'F_GET_NUM_MISSING_PACKETS', 1), [0, 0]);
});

t.test('a thousand acquisitions, with other settings each time', async (t) => {
  const service = await ready();
  for (let round = 1; round <= 1000; round++) {
    await both((module) => service.call(module, callBytes('F_RECEIVER_SET_NUM_FRAMES', i64(BigInt(round)))));
    await both((module) => start(service, module));
    await both((module) => stop(service, module));
  }
  t.equal(service.armed.length, 1000);
  t.equal(service.armed.at(-1)?.['frames'], 1000);
  t.equal(service.stops, 1000);
});
