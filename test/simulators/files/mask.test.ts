import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { messageOf, OperatorError } from '../../../src/base/errors.js';
import { readMask } from '../../../src/config/mask-file.js';
import { createForWriting } from '../../../simulators/files/hdf5.js';
import { loadMask } from '../../../simulators/files/mask.js';
import { pythonWith, without } from '../../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-mask-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const path = (ending: string): string => join(folder, `${++files}${ending}`);

/** A file of NumPy as its format says: magic, version, length of the header, the header, items. */
function npy(items: Uint8Array, descr: string, shape: string, { fortran = false, major = 1 } = {}): string {
  const text = `{'descr': ${descr}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape}), }\n`;
  const head = Buffer.alloc(major === 1 ? 10 : 12);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0]);
  if (major === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  const file = path('.npy');
  writeFileSync(file, Buffer.concat([head, Buffer.from(text, 'latin1'), items]));
  return file;
}

const shape = [2, 3] as const;
const right = [0, 1, 0, 0, 0, 1];

/** The service and the checking consumer read the same, each by code of its own. */
async function same(t: Test, file: string, what: string): Promise<void> {
  t.strictSame([...(await readMask(file, shape))], right, what);
  t.strictSame([...(await loadMask(file)).mask], right, `${what}, the consumer`);
}

async function refusal(file: string, wanted: readonly [number, number] = shape): Promise<string> {
  try {
    await readMask(file, wanted);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return messageOf(error);
  }
  return 'taken';
}

t.test('a mask of NumPy: any integers or booleans, either order, every version', async (t) => {
  await same(t, npy(Uint8Array.from(right), "'|b1'", '2, 3'), 'booleans');
  await same(t, npy(new Uint8Array(Uint16Array.from(right, (one) => one * 256).buffer), "'<u2'", '2, 3'), '16 bit');
  await same(t, npy(new Uint8Array(BigInt64Array.from(right, BigInt).buffer), "'>i8'", '2, 3'), '64 bit, other end');
  await same(t, npy(Uint8Array.from([0, 0, 1, 0, 0, 1]), "'|u1'", '2, 3', { fortran: true }), 'by columns');
  await same(t, npy(Uint8Array.from(right), "'|u1'", '2, 3', { major: 2 }), 'version 2');
});

t.test('a mask of HDF5: its dataset of two dimensions, or the one that is named', async (t) => {
  const file = path('.h5');
  const made = await createForWriting(file);
  const group = made.create_group('entry');
  group.create_dataset({ name: 'pixel_mask', data: Uint32Array.from(right, (one) => one << 8), shape: [2, 3] });
  group.create_dataset({ name: 'count', data: new Uint8Array(3), shape: [3] });
  made.close();
  await same(t, file, 'the only one');
  const several = path('.h5');
  const other = await createForWriting(several);
  other.create_dataset({ name: 'a', data: new Uint8Array(6), shape: [2, 3] });
  other.create_dataset({ name: 'b', data: Uint8Array.from(right), shape: [2, 3] });
  other.create_dataset({ name: 'f', data: new Float32Array(6), shape: [2, 3] });
  other.create_soft_link('/circle', 'circle');
  other.close();
  await same(t, `${several}:/b`, 'by its name');
  t.match(await refusal(several), /has several datasets of two dimensions\. Give one of .*:\/a, .*:\/b/);
  t.match(await refusal(`${several}:/c`), /has no dataset \/c\. Give one of/);
  t.match(await refusal(`${several}:/f`), /its pixels are no integers/);
  t.match(await refusal(`${several}:/b`, [3, 2]), /its shape is \[2, 3\], .* \[3, 2\] .*Turn it back/);
});

t.test('what is no mask of this frame is refused, with what it is and what to do', async (t) => {
  const items = Uint8Array.from(right);
  t.match(
    await refusal(npy(items, "'|u1'", '6,')),
    /shape is \[6\], and a frame has \[2, 3\].*whole frame, gap pixels/,
  );
  t.match(await refusal(npy(items, "'|u1'", '3, 2')), /Turn it back/);
  t.match(await refusal(npy(items.subarray(0, 5), "'|u1'", '2, 3')), /is cut off: 5 of 6 bytes/);
  t.match(await refusal(npy(new Uint8Array(48), "'<f8'", '2, 3')), /type is '<f8'; a mask has booleans or integers/);
  t.match(await refusal(npy(items, "[('a', '|u1')]", '2, 3')), /a mask has booleans or integers/);
  t.match(await refusal(npy(items, "'<u99999999'", '2, 3')), /type is '<u99999999'; a mask has booleans or integers/);
  const damaged = path('.npy');
  writeFileSync(damaged, readFileSync(npy(items, "'|u1'", '2, 3')).subarray(0, 20));
  t.match(await refusal(damaged), /its header cannot be read/);
  t.match(await refusal(join(folder, 'none.npy')), /cannot be read \(ENOENT/);
  t.match(await refusal(folder), /is no file/);
  const pipe = path('.npy');
  if (!without('mkfifo')) execFileSync('mkfifo', [pipe]);
  for (const none of [folder, pipe, '/dev/zero'].filter((name) => existsSync(name))) {
    t.match(await refusal(none), /is no file/, none);
    await t.rejects(loadMask(none), { message: /is no file/, exitCode: 2 }, none);
  }
  t.match(await refusal(`${npy(items, "'|u1'", '2, 3')}:/a`), /has no datasets\. Give the path alone/);
  const text = path('.txt');
  writeFileSync(text, '0 1 0\n');
  t.match(await refusal(text), /is neither a file of NumPy \(\.npy\) nor of HDF5\. Save it with numpy\.save/);
  const cut = path('.h5');
  writeFileSync(cut, '\x89HDF\r\n\x1a\nand nothing', 'latin1');
  t.match(await refusal(cut), /cannot be read as HDF5 .*Give a complete file/);
  if (existsSync('/proc/self/mem')) t.match(await refusal('/proc/self/mem'), /cannot be read \(EIO.*Give a file/);
});

const python = pythonWith('numpy', 'h5py');

t.test(
  'masks that NumPy and h5py have saved',
  { skip: python === null && 'no Python with numpy and h5py' },
  async (t) => {
    const script = `
import sys, numpy as np, h5py
mask = np.array([[0, 1, 0], [0, 0, 1]])
for name in ('bool', 'u1', 'i4', '>u2', 'u8'):
    np.save(sys.argv[1] + '/' + name.strip('>') + '.npy', mask.astype(name))
np.save(sys.argv[1] + '/fortran.npy', np.asfortranarray(mask.astype('i2')))
with h5py.File(sys.argv[1] + '/bool.h5', 'w') as f:
    f['entry/mask'] = mask.astype(bool)
with h5py.File(sys.argv[1] + '/gzip.h5', 'w') as f:
    f.create_dataset('mask', data=mask.astype('u4'), compression='gzip', chunks=(1, 3))
with h5py.File(sys.argv[1] + '/virtual.h5', 'w') as f:
    layout = h5py.VirtualLayout((2, 3), 'u4')
    layout[:] = h5py.VirtualSource('gone.h5', 'mask', (2, 3))
    f.create_virtual_dataset('mask', layout)
`;
    execFileSync(python as string, ['-c', script, folder]);
    for (const name of ['bool.npy', 'u1.npy', 'i4.npy', 'u2.npy', 'u8.npy', 'fortran.npy', 'bool.h5', 'gzip.h5'])
      await same(t, join(folder, name), name);
    t.match(await refusal(join(folder, 'virtual.h5')), /is a virtual dataset.*\.npy/, 'it would mask nothing');
  },
);
