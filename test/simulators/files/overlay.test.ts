import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../../src/base/random.js';
import { loadHdf5, changeOver, openForReading } from '../../../simulators/files/hdf5.js';
import type { Dataset, Group } from '../../../simulators/files/hdf5.js';
import { change } from '../../../simulators/files/all-or-nothing.js';
import { Overlay } from '../../../simulators/files/overlay.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-overlay-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Up to so many bytes, no two neighbours alike. */
function bytesFrom(random: Random, most: number): Uint8Array {
  const first = random.integer(256);
  return Uint8Array.from({ length: random.integer(most) }, (_, index) => first + index * 37);
}

/** What `changes` makes of the bytes of a file. */
function changed(before: Uint8Array, overlay: Overlay): Uint8Array {
  const after = new Uint8Array(overlay.size);
  after.set(before);
  for (const { at, bytes } of overlay.changes()) after.set(bytes, at);
  return after;
}

t.test('what was written is read, and the changes make the same of the file, whatever was written', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const path = join(folder, `${seed}`);
    const before = bytesFrom(random, 20_000);
    writeFileSync(path, before);
    const overlay = new Overlay(path);
    let model = before.slice();
    for (let step = 0; step < 30; step++) {
      const at = random.integer(model.length + 6000);
      const bytes = bytesFrom(random, 9000);
      if (random.chance(0.5)) {
        const longer = new Uint8Array(Math.max(model.length, at + bytes.length));
        longer.set(model);
        longer.set(bytes, at);
        model = longer;
        overlay.write(bytes, at);
      } else {
        const into = new Uint8Array(bytes.length).fill(7);
        const read = overlay.read(into, at);
        const wanted = model.subarray(at, at + bytes.length);
        if (Buffer.compare(into.subarray(0, read), wanted) !== 0) return t.fail(`seed ${seed}, step ${step}`);
      }
    }
    if (Buffer.compare(changed(before, overlay), model) !== 0) return t.fail(`seed ${seed}: the changes`);
    t.equal(Buffer.compare(readFileSync(path), before), 0, `seed ${seed}: the file was not touched`);
    overlay.close();
  }
});

t.test('what is written as it was is no change', async (t) => {
  const path = join(folder, 'same');
  writeFileSync(path, new Uint8Array(10_000).fill(3));
  const overlay = new Overlay(path);
  overlay.write(new Uint8Array(5000).fill(3), 100);
  overlay.truncate(10);
  t.strictSame([...overlay.changes()], []);
  t.equal(overlay.size, 10_000, 'the file itself never gets shorter');
  overlay.close();
});

for (const libver of ['v108', 'latest'])
  t.test(`an HDF5 file (${libver}) gains datasets; until then it is untouched, afterwards whole`, async (t) => {
    const path = join(folder, `${libver}.h5`);
    const { File } = await loadHdf5();
    const made = new File(path, 'w', { libver } as unknown as boolean);
    const group = made.create_group('g');
    group.create_dataset({ name: 'old', data: new Float64Array([1, 2]), shape: [2], dtype: '<d' });
    made.close();
    const before = readFileSync(path);
    const overlay = new Overlay(path);
    await changeOver(overlay, (file) => {
      const data = Uint32Array.from({ length: 5000 }, (_, index) => index);
      (file.get('g') as Group).create_dataset({ name: 'new', data, shape: [5000], chunks: [512], dtype: '<I' });
      (file.get('g/old') as Dataset).create_attribute('units', 'm');
    });
    t.equal(Buffer.compare(readFileSync(path), before), 0, 'untouched');
    change(path, [...overlay.changes()]);
    overlay.close();
    const seen = await openForReading(path);
    t.strictSame((seen.get('g/old') as Dataset).to_array(), [1, 2]);
    t.equal((seen.get('g/old') as Dataset).attrs['units']?.value, 'm');
    t.equal(((seen.get('g/new') as Dataset).value as Uint32Array)[4999], 4999);
    seen.close();
  });

t.test('what is no HDF5 file is said, and other files are opened as ever afterwards', async (t) => {
  const path = join(folder, 'none.h5');
  writeFileSync(path, 'no HDF5');
  const overlay = new Overlay(path);
  await t.rejects(
    changeOver(overlay, () => undefined),
    { name: 'OperatorError', exitCode: 2, message: /none\.h5: cannot be changed as HDF5/ },
  );
  overlay.close();
  const { File } = await loadHdf5();
  const other = new File(path.replace('none', 'other'), 'w');
  other.create_group('a');
  other.close();
  t.ok(readFileSync(path.replace('none', 'other')).length > 0);
});
