import { spawnSync } from 'node:child_process';
import t from 'tap';
import { pickle } from '../../src/http/pickle.js';
import { pythonWith } from '../programs.js';

const hex = (value: unknown): string => pickle(value).toString('hex');

/** Bytes as pickletools describes the opcodes, protocol 3. */
const golden: readonly [name: string, value: unknown, bytes: string][] = [
  ['None', null, '80034e2e'],
  ['True', true, '8003882e'],
  ['False', false, '8003892e'],
  ['255', 255, '80034bff2e'],
  ['256', 256, '80034d00012e'],
  ['65536', 65536, '80034a000001002e'],
  ['-1', -1, '80034affffffff2e'],
  ['-2^31', -(2 ** 31), '80034a000000802e'],
  ['2^31', 2 ** 31, '80038a0500000080002e'],
  ['2^53-1', Number.MAX_SAFE_INTEGER, '80038a07ffffffffffff1f2e'],
  ['-2^31-1', -(2 ** 31) - 1, '80038a05ffffff7fff2e'],
  ['2^63', 2n ** 63n, '80038a090000000000000080002e'],
  ['0.5', 0.5, '8003473fe00000000000002e'],
  ['"é"', 'é', '80035802000000c3a92e'],
  ['b"ab"', Uint8Array.of(0x61, 0x62), '8003430261622e'],
  ['[]', [], '80035d2e'],
  ['{}', {}, '80037d2e'],
  ['[{}, b""]', [{}, new Uint8Array(0)], '80035d287d4300652e'],
  ['{"a": [1, 2]}', { a: [1, 2] }, '80037d2858010000006' + '15d284b014b0265752e'],
];

t.test('every type is written with its opcode', (t) => {
  for (const [name, value, bytes] of golden) t.equal(hex(value), bytes, name);
  t.end();
});

t.test('bytes from 256 on carry a 32-bit length', (t) => {
  t.equal(hex(new Uint8Array(255)).slice(0, 8), '800343ff');
  t.equal(hex(new Uint8Array(256)).slice(0, 14), '80034200010000');
  t.end();
});

t.test('what is no plain value is an assertion', (t) => {
  t.throws(() => pickle([undefined]), { name: 'AssertionFailed' });
  t.throws(() => pickle(() => 0), { name: 'AssertionFailed' });
  t.end();
});

const python = pythonWith();

t.test('Python reads the same', { skip: python !== null ? false : 'no python3' }, (t) => {
  const value = {
    htype: 'image',
    frame: 2 ** 40,
    shape: [2, 3],
    complete: false,
    missing: { 50001: [[0, 3]] },
    nothing: null,
    ratio: -0.25,
    text: 'å😀\n',
    numbers: [
      0,
      255,
      256,
      65535,
      65536,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      2 ** 39,
      2 ** 53 - 1,
      -1,
      -128,
      -129,
      -(2 ** 31),
      -(2 ** 31) - 1,
      -(2 ** 39),
      -(2 ** 53) + 1,
      1e21,
      1e-7,
    ],
  };
  const pixels = Uint8Array.from({ length: 70_000 }, (_, index) => index);
  const script =
    'import sys, json, pickle; o = pickle.load(sys.stdin.buffer); assert type(o[1]) is bytes and type(o[0]["frame"]) ' +
    'is int; print(json.dumps([o[0], len(o[1]), sum(o[1])]))';
  const { status, stdout, stderr } = spawnSync(python as string, ['-c', script], {
    input: pickle([value, pixels]),
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  t.strictSame(JSON.parse(stdout), [
    JSON.parse(JSON.stringify(value)),
    pixels.length,
    pixels.reduce((sum, byte) => sum + byte, 0),
  ]);
  t.end();
});
