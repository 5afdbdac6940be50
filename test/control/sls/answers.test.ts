import t from 'tap';
import type { FunctionName } from '../../../src/control/sls/functions.js';
import { callBytes, chars, i32, i64, sentenceOf, setupBytes } from './client.js';
import { PlayedService } from './played-service.js';

async function ready(): Promise<PlayedService> {
  const service = new PlayedService();
  for (const index of [0, 1]) await service.call(index, callBytes('F_SETUP_RECEIVER', setupBytes({ index })));
  return service;
}

t.test('what is set is told back, of every setting that is only kept', async (t) => {
  const service = await ready();
  const pairs: [set: FunctionName, get: FunctionName, value: Buffer][] = [
    ['F_SET_RECEIVER_FILE_PATH', 'F_GET_RECEIVER_FILE_PATH', chars('/data/x')],
    ['F_SET_RECEIVER_FILE_NAME', 'F_GET_RECEIVER_FILE_NAME', chars('scan')],
    ['F_SET_RECEIVER_FILE_INDEX', 'F_GET_RECEIVER_FILE_INDEX', i64(12n)],
    ['F_SET_RECEIVER_FILE_WRITE', 'F_GET_RECEIVER_FILE_WRITE', i32(1)],
    ['F_SET_RECEIVER_MASTER_FILE_WRITE', 'F_GET_RECEIVER_MASTER_FILE_WRITE', i32(0)],
    ['F_SET_RECEIVER_OVERWRITE', 'F_GET_RECEIVER_OVERWRITE', i32(0)],
    ['F_SET_RECEIVER_FILE_FORMAT', 'F_GET_RECEIVER_FILE_FORMAT', i32(1)],
    ['F_SET_RECEIVER_FRAMES_PER_FILE', 'F_GET_RECEIVER_FRAMES_PER_FILE', i32(99)],
    ['F_SET_RECEIVER_DISCARD_POLICY', 'F_GET_RECEIVER_DISCARD_POLICY', i32(2)],
    ['F_SET_RECEIVER_PADDING', 'F_GET_RECEIVER_PADDING', i32(0)],
    ['F_SET_RECEIVER_SILENT_MODE', 'F_GET_RECEIVER_SILENT_MODE', i32(1)],
    ['F_SET_RECEIVER_ARPING', 'F_GET_RECEIVER_ARPING', i32(1)],
    ['F_SET_RECEIVER_STREAMING', 'F_GET_RECEIVER_STREAMING', i32(1)],
    ['F_SET_RECEIVER_STREAMING_FREQUENCY', 'F_GET_RECEIVER_STREAMING_FREQUENCY', i32(20)],
    ['F_SET_RECEIVER_STREAMING_PORT', 'F_GET_RECEIVER_STREAMING_PORT', Buffer.from([0x39, 0x30])],
    ['F_SET_RECEIVER_STREAMING_START_FNUM', 'F_GET_RECEIVER_STREAMING_START_FNUM', i32(3)],
    ['F_SET_RECEIVER_STREAMING_HWM', 'F_GET_RECEIVER_STREAMING_HWM', i32(50)],
    ['F_SET_FLIP_ROWS_RECEIVER', 'F_GET_FLIP_ROWS_RECEIVER', i32(1)],
  ];
  for (const [set, get, value] of pairs) {
    t.equal((await service.call(0, callBytes(set, value))).readInt32LE(), 0, set);
    t.strictSame(await service.call(0, callBytes(get)), Buffer.concat([i32(0), value]), get);
    t.notSame(await service.call(1, callBytes(get)), Buffer.concat([i32(0), value]), 'the other module has its own');
  }
});

t.test('values that cannot be are refused, and change nothing', async (t) => {
  const service = await ready();
  const refused: [name: FunctionName, argument: Buffer, says: RegExp][] = [
    ['F_RECEIVER_SET_NUM_FRAMES', i64(0n), /needs 1 or more/],
    ['F_SET_RECEIVER_TIMING_MODE', i32(5), /^Invalid timing mode 5: needs 0 to 4$/],
    [
      'F_SET_RECEIVER_DYNAMIC_RANGE',
      i32(10),
      /^Dynamic range \(10\) is not implemented for this detector \(eiger\)\. Set dr to 4 or 8 or 12 or 16 or 32$/,
    ],
    ['F_SET_RECEIVER_FILE_PATH', chars(''), /^Cannot set empty file path$/],
    ['F_SET_RECEIVER_FILE_PATH', chars('data'), /^Receiver path needs to be absolute path$/],
    ['F_SET_RECEIVER_FILE_NAME', chars(''), /^Cannot set empty file name$/],
    ['F_SET_RECEIVER_FILE_INDEX', i64(-1n), /needs 0 or more/],
    ['F_SET_RECEIVER_STREAMING_PORT', Buffer.from([0, 0]), /needs 1 or more/],
    ['F_RECEIVER_SET_DATASTREAM', i32(2, 1), /Invalid port type 2/],
    ['F_RECEIVER_UDP_SOCK_BUF_SIZE', i32(4096), /receive_buffer_bytes/],
    ['F_GET_ADDITIONAL_JSON_PARAMETER', chars('absent', 20), /^No key absent found in additional json header$/],
    [
      'F_SET_RECEIVER_NUM_INTERFACES',
      i32(2),
      /^Function: F_SET_RECEIVER_NUM_INTERFACES is not implemented for this detector \(eiger\), only for jungfrau, mo/,
    ],
    [
      'F_RECEIVER_SET_ADC_MASK',
      i32(1),
      /is not implemented for this detector \(eiger\), only for chip test boards\. Leave the command out$/,
    ],
    ['F_RESTREAM_STOP_FROM_RECEIVER', i32(), /data Streaming is disabled\. Say rx_zmqstream 1 first$/],
  ];
  const before = JSON.stringify(service.group.receivers[0]?.settings, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  for (const [name, argument, says] of refused)
    t.match(sentenceOf(await service.call(0, callBytes(name, argument))), says, name);
  t.equal(
    JSON.stringify(service.group.receivers[0]?.settings, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
    before,
  );
});

t.test('a value below 0 only asks', async (t) => {
  const service = await ready();
  const ask = async (name: FunctionName): Promise<number> =>
    (await service.call(0, callBytes(name, i32(-1)))).readInt32LE(4);
  t.equal(await ask('F_SET_RECEIVER_DYNAMIC_RANGE'), 16);
  await service.call(0, callBytes('F_SET_RECEIVER_DYNAMIC_RANGE', i32(32)));
  t.equal(await ask('F_SET_RECEIVER_DYNAMIC_RANGE'), 32);
  t.equal(await ask('F_RECEIVER_ACTIVATE'), 1);
  t.equal(await ask('F_ENABLE_RECEIVER_TEN_GIGA'), 1);
  t.equal(await ask('F_RECEIVER_UDP_SOCK_BUF_SIZE'), service.config.receiveBufferBytes);
});

t.test('the additional JSON header: all at once, one by one, and gone', async (t) => {
  const service = await ready();
  const header = async (): Promise<string> =>
    (await service.call(0, callBytes('F_GET_ADDITIONAL_JSON_HEADER'))).toString('utf8', 8);
  const words = Buffer.from('a 1 b 2');
  await service.call(0, callBytes('F_SET_ADDITIONAL_JSON_HEADER', i32(words.length), words));
  t.equal(await header(), 'a 1 b 2 ');
  const parameter = (word: string, value: string) =>
    service.call(0, callBytes('F_SET_ADDITIONAL_JSON_PARAMETER', chars(word, 20), chars(value, 20)));
  await parameter('b', '3');
  await parameter('a', '');
  t.equal(await header(), 'b 3 ');
  t.match(sentenceOf(await parameter('', 'x')), /the key is empty/);
  const pairs = (count: number) => Buffer.from(Array.from({ length: count }, (_, index) => `k${index} v`).join(' '));
  const set = (text: Buffer) => service.call(0, callBytes('F_SET_ADDITIONAL_JSON_HEADER', i32(text.length), text));
  t.match(sentenceOf(await set(pairs(101))), /101 words, the most are 100/);
  t.equal(await header(), 'b 3 ', 'nothing of it is kept');
  await set(pairs(100));
  t.match(await header(), /^k0 v .*k99 v $/);
  await service.call(0, callBytes('F_SET_ADDITIONAL_JSON_HEADER', i32(0)));
  t.equal(await header(), '');
});

t.test('the MAC address of the interface is answered, unless there is nothing to write', async (t) => {
  const service = new PlayedService();
  const macs = async (fields: Parameters<typeof setupBytes>[0]): Promise<string> =>
    (await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes(fields)))).toString('hex', 4);
  service.mac = '00:aa:bb:cc:dd:ee';
  t.equal(await macs({ address: '10.0.0.1' }), `eeddccbbaa000000${'00'.repeat(8)}`);
  t.equal(await macs({ address: '10.0.0.1', mac: 0x00aabbccddeen }), '00'.repeat(16), 'the detector has it');
  t.equal(await macs({}), '00'.repeat(16), 'loopback has none');
  t.equal(
    (await service.call(0, callBytes('F_SET_RECEIVER_UDP_IP', Buffer.from([10, 0, 0, 1])))).toString('hex', 4),
    'eeddccbbaa000000',
    'a new address is answered always',
  );
  service.mac = null;
  const sentence = sentenceOf(
    await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes({ address: '10.0.0.9' }))),
  );
  t.match(sentence, /Failed to get udp ethernet interface from IP 10.0.0.9/);
});

t.test('set-ups that do not fit are refused with a sentence', async (t) => {
  const service = new PlayedService();
  const refused = async (module: number, bytes: Buffer): Promise<string | null> =>
    sentenceOf(await service.call(module, callBytes('F_SETUP_RECEIVER', bytes)));
  t.match(await refused(0, setupBytes({ type: 3 })), /detector: eiger .* jungfrau/);
  t.match(await refused(0, setupBytes({ type: 2 })), /detector type 2 is not known here/);
  t.match(await refused(0, setupBytes({ y: 1 })), /modules: \[2, 1\] .* \[1, 1\]/);
  t.match(await refused(1, setupBytes({ index: 0 })), /module 0 was sent to port 1955, which is for module 1/);
  t.match(await refused(0, setupBytes({}, 9)), /receiver_release/);
  t.match(await refused(0, Buffer.alloc(1280)), /length of another release/);
  t.equal(await refused(0, setupBytes()), null);
});

t.test('a set-up makes all settings those of a new receiver', async (t) => {
  const service = await ready();
  await service.call(0, callBytes('F_SET_RECEIVER_FILE_INDEX', i64(12n)));
  await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes()));
  t.equal((await service.call(0, callBytes('F_GET_RECEIVER_FILE_INDEX'))).readBigInt64LE(4), 0n);
});

for (const release of [8, 9]) {
  t.test(`clients of release ${release} have one region, and no readout speed`, async (t) => {
    const service = new PlayedService(
      '\n  detector: eiger\n  quad: true\n  udp_ports: [50001, 50002]\n  receiver_ports: [1954]\n' +
        `  receiver_release: ${release}`,
    );
    t.match(
      (await service.call(0, callBytes('F_GET_RECEIVER_VERSION'))).toString('utf8', 4, 24).split('\0')[0],
      new RegExp(`^${release}\\.\\d+\\.\\d+ 0x\\d+$`),
    );
    t.equal((await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes({ y: 1, quad: 1 }, 9)))).readInt32LE(), 0);
    t.strictSame(await service.call(0, callBytes('F_RECEIVER_SET_RECEIVER_ROI', i32(-1, -1, -1, -1))), i32(0));
    t.strictSame(
      await service.call(0, callBytes('F_RECEIVER_GET_RECEIVER_ROI')),
      i32(0, -1, -1, -1, -1),
      'with a return code',
    );
    await t.rejects(service.call(0, callBytes('F_SET_RECEIVER_READOUT_SPEED', i32(0))), /no whole call/);
  });
}

t.test('a region that is set is told back; one that no frame can leave as is refused, and not forgotten', async (t) => {
  const service = new PlayedService('\n  receiver_ports: [1954]');
  await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes({ y: 1 })));
  const whole = [-1, -1, -1, -1];
  const say = async (name: FunctionName, ...values: number[]): Promise<string | null> =>
    sentenceOf(await service.call(0, callBytes(name, i32(...values))));
  const told = (name: FunctionName): Promise<Buffer> => service.call(0, callBytes(name));
  t.match(await say('F_RECEIVER_SET_RECEIVER_ROI', 1, ...whole), /Invalid number of ROIs received: 1. Expected: 2/);
  t.match(await say('F_RECEIVER_SET_RECEIVER_ROI_METADATA', 0), /Invalid number of ROIs received: 0. Min: 1/);

  const cut = [0, 511, 0, 100, ...whole];
  t.equal(await say('F_RECEIVER_SET_RECEIVER_ROI', 2, ...cut), null);
  t.match(service.group.problems(), [/not known. Say rx_roi once more/], 'the region follows');
  t.equal(await say('F_RECEIVER_SET_RECEIVER_ROI_METADATA', 1, 0, 511, 0, 100), null);
  t.strictSame(service.group.problems(), []);
  t.strictSame(await told('F_RECEIVER_GET_RECEIVER_ROI'), i32(2, ...cut), 'without a return code');
  t.strictSame(await told('F_RECEIVER_GET_ROI_METADATA'), i32(1, 0, 511, 0, 100), 'without a return code');

  t.match(
    await say('F_RECEIVER_SET_RECEIVER_ROI_METADATA', 2, 0, 9, 0, 9, 20, 29, 0, 9),
    /^Could not set Receiver ROI \[rx_roi: 2 regions, .* Give one region around them all; rx_clearroi takes .*\]$/,
  );
  t.match(await say('F_START_RECEIVER'), /not known. Say rx_roi once more; rx_clearroi takes the whole frame/);
  t.equal(await say('F_RECEIVER_SET_RECEIVER_ROI', 2, ...whole, ...whole), null);
  t.strictSame(service.group.problems(), [], 'rx_clearroi');
  t.equal(await say('F_START_RECEIVER'), null);
  t.match(service.built, [{ roi: null }]);
});

t.test('other interfaces end the region of a client since release 10, who takes it so, and of no other', async (t) => {
  for (const release of [10, 9] as const) {
    const service = new PlayedService(`\n  receiver_ports: [1954]\n  receiver_release: ${release}`);
    const fields = { type: 3, y: 1, interfaces: 1, activate: 0 };
    await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes(fields, release)));
    const count = release === 10 ? [1] : [];
    const ends = [0, 99, 0, 9];
    await service.call(0, callBytes('F_RECEIVER_SET_RECEIVER_ROI', i32(...count, ...ends)));
    await service.call(0, callBytes('F_RECEIVER_SET_RECEIVER_ROI_METADATA', i32(...count, ...ends)));
    await service.call(0, callBytes('F_SET_RECEIVER_NUM_INTERFACES', i32(2)));
    await service.call(0, callBytes('F_SET_RECEIVER_UDP_IP2', Buffer.of(127, 0, 0, 1)));
    t.strictSame(
      await service.call(0, callBytes('F_RECEIVER_GET_RECEIVER_ROI')),
      release === 10 ? i32(2, -1, -1, -1, -1, -1, -1, -1, -1) : i32(0, ...ends),
    );
    service.pass();
    await new Promise(setImmediate);
    t.match(service.built.at(-1), { roi: release === 10 ? null : [0, 0, 10, 100], detector: { interfaces: 2 } });
  }
});
