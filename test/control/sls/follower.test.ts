import t from 'tap';
import { OperatorError } from '../../../src/base/errors.js';
import { Refused } from '../../../src/control/refused.js';
import type { FunctionName } from '../../../src/control/sls/functions.js';
import { callBytes, i32, sentenceOf, setupBytes } from './client.js';
import type { SetupFields } from './client.js';
import { PlayedService, halfModulesYaml } from './played-service.js';

const yaml = '\n  receiver_ports: [1954, 1955]';
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
};

async function setUp(service: PlayedService, fields: readonly SetupFields[] = [{}, {}]): Promise<void> {
  for (const [index, more] of fields.entries())
    await service.call(index, callBytes('F_SETUP_RECEIVER', setupBytes({ index, frames: 10n, ...more })));
}

const all = (service: PlayedService, name: FunctionName, ...argument: Buffer[]): Promise<Buffer[]> =>
  Promise.all([0, 1].map((module) => service.call(module, callBytes(name, ...argument))));

t.test('the data plane is built when all modules have been set up and nothing more comes', async (t) => {
  const service = new PlayedService(yaml);
  t.match(service.group.follower?.waiting(), /set up modules 0, 1 /);
  await setUp(service, [{}]);
  service.pass();
  await settled();
  t.equal(service.built.length, 0);
  t.match(service.group.follower?.waiting(), /set up module 1 /);
  await setUp(service);
  await settled();
  t.equal(service.built.length, 0, 'more may come');
  service.pass();
  await settled();
  t.match(service.built, [{ detector: { detector: 'eiger', modules: [2, 1] } }]);
  t.equal(service.group.config, service.built[0]);
});

t.test('what belongs to each series builds nothing; what the plan is made of does, once', async (t) => {
  const service = new PlayedService(yaml);
  await setUp(service);
  service.pass();
  await settled();
  for (const [name, value] of [
    ['F_SET_RECEIVER_DYNAMIC_RANGE', 8],
    ['F_SET_RECEIVER_READ_N_ROWS', 128],
    ['F_SET_RECEIVER_DYNAMIC_RANGE', 16],
  ] as const) {
    await all(service, name, i32(value));
    service.pass();
    await settled();
  }
  t.equal(service.built.length, 1);
  await all(service, 'F_SET_RECEIVER_DYNAMIC_RANGE', i32(32));
  await all(service, 'F_ENABLE_RECEIVER_TEN_GIGA', i32(0));
  service.pass();
  await settled();
  t.match(service.built[1], { dynamicRangeMax: 32, detector: { tenGiga: false } });
  t.equal(service.built.length, 2);
  await all(service, 'F_SET_RECEIVER_DYNAMIC_RANGE', i32(16));
  service.pass();
  await settled();
  t.equal(service.built.length, 2, 'there is room for less');
});

t.test('a start waits for the data plane that is asked for', async (t) => {
  const service = new PlayedService(yaml);
  await setUp(service);
  for (const reply of await all(service, 'F_START_RECEIVER')) t.equal(sentenceOf(reply), null);
  t.equal(service.built.length, 1);
  t.match(service.armed, [{ frames: 10 }]);
  service.pass();
  await settled();
  t.equal(service.built.length, 1);
});

t.test('what cannot be built is told at the start, tried again there, and is a problem meanwhile', async (t) => {
  const service = new PlayedService(yaml);
  service.buildFails = new OperatorError('port 50001 is taken');
  await setUp(service);
  service.pass();
  await settled();
  t.match(service.group.problems(), [/cannot be received: port 50001 is taken/]);
  t.match(service.group.follower?.waiting(), /can be received/);
  const [refused] = await all(service, 'F_START_RECEIVER');
  t.match(sentenceOf(refused), /port 50001 is taken/);
  service.buildFails = null;
  const [tried] = await all(service, 'F_START_RECEIVER');
  t.equal(sentenceOf(tried), null, 'the port is free now');
  t.strictSame(service.group.problems(), []);
});

t.test('what is refused before anything was ended leaves the data plane that runs', async (t) => {
  const service = new PlayedService(yaml);
  await setUp(service);
  service.pass();
  await settled();
  service.buildFails = new Refused('invalid', ['mask: its shape is another one']);
  await all(service, 'F_ENABLE_RECEIVER_TEN_GIGA', i32(0));
  service.pass();
  await settled();
  t.match(service.group.problems(), [/cannot be received: mask: its shape is another one/]);
  t.match(sentenceOf((await all(service, 'F_START_RECEIVER'))[0]), /mask/);
  t.equal(service.group.follower?.config, service.built[0], 'it runs on');
  service.buildFails = null;
  await all(service, 'F_ENABLE_RECEIVER_TEN_GIGA', i32(1));
  service.pass();
  await settled();
  t.strictSame(service.group.problems(), []);
  t.equal(service.built.length, 1, 'and is what was asked for again');
});

t.test('while a series of another door goes on the data plane stays, and the start is refused', async (t) => {
  const service = new PlayedService(yaml);
  await setUp(service);
  service.buildFails = new Refused('busy', ['a series is open']);
  const [refused] = await all(service, 'F_START_RECEIVER');
  t.equal(sentenceOf(refused), 'a series is open');
  t.equal(service.armed.length, 0);
});

t.test('a value that the configuration states is compared, at the set-up as far as it cannot change', async (t) => {
  const service = new PlayedService(`${yaml}\n  modules: [1, 2]\n  ten_giga: false\n  ports_off: [50002]`);
  const reply = await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes({})));
  t.match(sentenceOf(reply), /modules: \[1, 2\] in the configuration of the service, but \[2, 1\] at the detector/);
  await setUp(service, [
    { x: 2, y: 1 },
    { x: 2, y: 1 },
  ]);
  t.strictSame(service.group.problems(), [
    'ten_giga: false in the configuration of the service, but true at the detector (tengiga)',
    'ports_off: [50002] in the configuration of the service, but [] at the detector (activate, datastream)',
  ]);
  t.match(sentenceOf((await all(service, 'F_START_RECEIVER'))[0]), /ten_giga: false .*; ports_off/);
  t.equal(service.built.length, 0);
});

t.test('addresses are compared where both say one; flips where the client has said them', async (t) => {
  const problems = async (keys: string): Promise<string[]> => {
    const service = new PlayedService(`${yaml}\n  ${keys}`);
    await setUp(service);
    await service.call(1, callBytes('F_SET_FLIP_ROWS_RECEIVER', i32(1)));
    return service.group.problems();
  };
  t.match(await problems('udp_host: 127.0.0.2'), [/^udp_host: 127.0.0.2 .* but \[127.0.0.1/]);
  t.strictSame(await problems('udp_host: 0.0.0.0'), []);
  t.strictSame(await problems('flip_rows: true'), []);
  t.match(await problems('flip_rows: {"50003": false}'), [/^flip_rows: \{50003:false\}/]);
});

t.test('the region of the client is the cut of the next data plane; a cut that the file has holds', async (t) => {
  const region = [0, 1023, 0, 299];
  const say = async (service: PlayedService, ends: readonly number[]): Promise<string | null> => {
    const whole = [-1, -1, -1, -1];
    for (const module of [0, 1])
      await service.call(module, callBytes('F_RECEIVER_SET_RECEIVER_ROI', i32(2, ...ends, ...whole)));
    return sentenceOf(await service.call(0, callBytes('F_RECEIVER_SET_RECEIVER_ROI_METADATA', i32(1, ...ends))));
  };
  const service = new PlayedService(yaml);
  await setUp(service);
  service.pass();
  await settled();
  t.equal(await say(service, region), null);
  service.pass();
  await settled();
  t.match(service.built, [{ roi: null }, { roi: [0, 0, 302, 1030] }]);
  await setUp(service);
  service.pass();
  await settled();
  t.match(service.built[2], { roi: null }, 'a set-up forgets it');

  const stated = new PlayedService(`${yaml}\n  roi: [0, 0, 302, 1030]`);
  await setUp(stated);
  t.equal(await say(stated, region), null, 'the same is no contradiction');
  t.match(
    await say(stated, [0, 1023, 0, 99]),
    /roi: \[0, 0, 302, 1030\] in the configuration of the service, but \[0, 0, 100, 1030\] at the .*rx_clearroi/,
  );
  t.match(await say(stated, [-1, -1, -1, -1]), null);
  service.pass();
  for (const reply of await all(stated, 'F_START_RECEIVER')) t.equal(sentenceOf(reply), null);
  t.match(stated.built.at(-1), { roi: [0, 0, 302, 1030] });
});

t.test('where the file says what the detector is, the region has to be the cut that it has', async (t) => {
  const say = async (keys: string): Promise<string | null> => {
    const service = new PlayedService(`${halfModulesYaml}${keys}`);
    await setUp(service);
    return sentenceOf(await service.call(0, callBytes('F_RECEIVER_SET_RECEIVER_ROI_METADATA', i32(1, 0, 99, 0, 49))));
  };
  t.match(await say(''), /roi: none in .*, but \[0, 0, 50, 100\] at .*Set roi: \[0, 0, 50, 100\] here, or say rx_clea/);
  t.equal(await say('\n  roi: [0, 0, 50, 100]'), null);
});
