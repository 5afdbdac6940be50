import fc from 'fast-check';
import t from 'tap';
import { answerCall, failure, readCall } from '../../../src/control/sls/calls.js';
import { functionOf, functions } from '../../../src/control/sls/functions.js';
import type { FunctionName } from '../../../src/control/sls/functions.js';
import { Random } from '../../../src/base/random.js';
import { callBytes, chars, i32, i64, sentenceOf, setupBytes } from './client.js';
import { PlayedService } from './played-service.js';

const names = Object.keys(functions) as FunctionName[];

t.test('a call is whole when its argument is, in whatever pieces it came', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.boolean(), (name, cut, before10) => {
      const release = before10 ? 'before 10' : 'since 10';
      const bytes = Buffer.concat([i32(functions[name].id), i32(1), Buffer.alloc(2000)]);
      const whole = readCall(bytes, release, false);
      if (whole.kind !== 'whole') return whole.kind === 'impossible' && before10;
      const length = 4 + whole.argument.length;
      const part = readCall(bytes.subarray(0, cut % length), release, false);
      return part.kind === 'partial';
    }),
  );
});

t.test('arguments that are too long are refused before they have come', async (t) => {
  for (const name of [
    'F_SET_RECEIVER_RATE_CORRECT',
    'F_SET_ADDITIONAL_JSON_HEADER',
    'F_RECEIVER_SET_RECEIVER_ROI',
  ] as const)
    t.match(readCall(callBytes(name, i32(2 ** 31 - 1)), 'since 10', false), {
      kind: 'impossible',
      sentence: /too long/,
    });
});

t.test('numbers 0 to 2000, and those below: every one is answered', async (t) => {
  const service = new PlayedService();
  await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes()));
  await service.call(1, callBytes('F_SETUP_RECEIVER', setupBytes({ index: 1 })));
  let unknown = 0;
  for (let id = -10; id <= 2000; id++) {
    const read = readCall(Buffer.concat([i32(id), Buffer.alloc(3000)]), 'since 10', false);
    if (read.kind === 'impossible') {
      t.match(read.sentence, `Unrecognized Function enum${id}`);
      unknown += 1;
    } else if (read.kind === 'whole' && functionOf(id) !== 'F_START_RECEIVER') {
      const [receiver] = service.group.receivers;
      if (receiver === undefined) throw new Error('no receiver');
      const reply = await answerCall({ receiver, address: '127.0.0.1' }, read.name, read.argument);
      // (Without a return code: one region, its count and its ends.)
      const region = read.name === 'F_RECEIVER_GET_ROI_METADATA' && reply.length === 4 + 16;
      t.ok(reply.length >= 4 && (region || reply.readInt32LE() !== 1 || sentenceOf(reply) !== null), `${id}`);
    }
  }
  t.equal(unknown, 2011 - names.length);
});

/** Calls of random bytes; CALLS=1000000 for a long look. */
const calls = Number(process.env['CALLS'] ?? 50_000);

t.test('calls of random bytes: nothing fails but by refusal', { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`SEED=${seed}`);
  const random = new Random(seed);
  const service = new PlayedService();
  const [receiver] = service.group.receivers;
  if (receiver === undefined) throw new Error('no receiver');
  const pool = Buffer.from(Uint8Array.from({ length: 1 << 16 }, () => random.integer(256)));
  const small = Buffer.from(Int32Array.from({ length: 1 << 14 }, () => random.integer(7) - 2).buffer);
  let refused = 0;
  let done = 0;
  for (let call = 0; call < calls; call++) {
    if (call % 10_000 === 0) await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes()));
    const name = names[random.integer(names.length)];
    // A start waits for the other module, a set-up of random bytes is refused: both have tests of their own.
    if (name === 'F_START_RECEIVER') continue;
    const from = random.integer(2) === 0 ? pool : small;
    const at = 4 * random.integer((from.length - 2000) / 4);
    const head = i32(functions[name].id);
    const read = readCall(Buffer.concat([head, from.subarray(at, at + 2000)]), 'since 10', true);
    if (read.kind !== 'whole') continue;
    const reply = await answerCall({ receiver, address: '127.0.0.1' }, read.name, read.argument);
    if (sentenceOf(reply) === null) done += 1;
    else refused += 1;
    receiver.lockedBy = null;
  }
  t.ok(done > calls / 10 && refused > calls / 10, `${done} done, ${refused} refused`);
});

t.test('a refusal is 1 and a thousand bytes', async (t) => {
  const bytes = failure('no');
  t.equal(bytes.length, 1004);
  t.equal(sentenceOf(bytes), 'no');
  t.equal(failure('x'.repeat(2000)).length, 1004);
});

t.test('before the set-up only few functions are answered', async (t) => {
  const service = new PlayedService();
  const answered = ['F_LOCK_RECEIVER', 'F_GET_LAST_RECEIVER_CLIENT_IP', 'F_GET_RECEIVER_VERSION'];
  for (const name of names.filter((one) => one !== 'F_SETUP_RECEIVER')) {
    const reply = await service.call(0, callBytes(name, i32(-1), Buffer.alloc(2000)));
    const sentence = sentenceOf(reply);
    if (answered.includes(name)) t.equal(sentence, null, name);
    else t.equal(sentence, 'Receiver not set up. Please use rx_hostname first.\n', name);
  }
});

t.test('a locked receiver answers its owner only', async (t) => {
  const service = new PlayedService();
  await service.call(0, callBytes('F_SETUP_RECEIVER', setupBytes()));
  t.equal((await service.call(0, callBytes('F_LOCK_RECEIVER', i32(1)), '10.0.0.1')).readInt32LE(4), 1);
  const status = callBytes('F_GET_RECEIVER_STATUS');
  const locked = 'Receiver locked by 10.0.0.1. Say rx_lock 0 there; when that is gone, restart the service\n';
  t.equal(sentenceOf(await service.call(0, status, '10.0.0.2')), locked);
  t.equal(sentenceOf(await service.call(0, status, '10.0.0.1')), null);
  t.equal(sentenceOf(await service.call(0, callBytes('F_LOCK_RECEIVER', i32(0)), '10.0.0.2')), locked);
  await service.call(0, callBytes('F_LOCK_RECEIVER', i32(0)), '10.0.0.1');
  t.equal(sentenceOf(await service.call(0, status, '10.0.0.2')), null);
  t.equal((await service.call(0, callBytes('F_GET_LAST_RECEIVER_CLIENT_IP'))).subarray(4).join('.'), '10.0.0.2');
});

t.test('while frames are taken settings are refused, and questions answered', async (t) => {
  const service = new PlayedService();
  for (const index of [0, 1]) await service.call(index, callBytes('F_SETUP_RECEIVER', setupBytes({ index })));
  await Promise.all([0, 1].map((module) => service.call(module, callBytes('F_START_RECEIVER'))));
  const says = async (bytes: Buffer) => sentenceOf(await service.call(0, bytes));
  t.equal(
    await says(callBytes('F_SET_RECEIVER_DYNAMIC_RANGE', i32(32))),
    'Can not execute F_SET_RECEIVER_DYNAMIC_RANGE when receiver is not idle. Wait for the end of the acquisition, or ' +
      'end it (rx_stop)',
  );
  t.equal(await says(callBytes('F_SET_RECEIVER_DYNAMIC_RANGE', i32(-1))), null);
  t.equal(await says(callBytes('F_RECEIVER_SET_PERIOD', i64(1n))), null, 'these may change at any time');
  t.equal(await says(callBytes('F_SET_RECEIVER_FILE_PATH', chars('/data'))), null);
});
