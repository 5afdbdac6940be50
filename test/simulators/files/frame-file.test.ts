import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { FrameFile } from '../../../simulators/files/frame-file.js';
import { openForReading } from '../../../simulators/files/hdf5.js';
import type { Dataset, Group } from '../../../simulators/files/hdf5.js';
import { pixelKinds } from '../../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../../simulators/files/pixel-kinds.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-frame-file-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const kind = pixelKinds.get('uint8') as PixelKind;

/** Every third lacks three ranges. */
const fieldsOf = (frame: number): Record<string, unknown> =>
  frame % 3 !== 0
    ? { frame, frame_number: frame + 1, complete: true, missing_packets: 0 }
    : {
        frame,
        frame_number: frame + 1,
        complete: false,
        missing_packets: 3,
        missing: {
          50001: [
            [1, 1],
            [3, 3],
          ],
          50002: [[7, 7]],
        },
      };

type Growing = Record<'write_slice' | 'resize', (this: Dataset, ...values: unknown[]) => unknown>;

let files = 0;
/**
 * Frames until one cannot be written: of the calls that grow a file number `failing` fails, as on a full disk.
 * @returns how many calls there were, and what was thrown
 */
async function written(t: Test, count: number, failing: number) {
  const path = join(folder, `${++files}.h5`);
  const file = await FrameFile.create(path, 'eiger');
  const growing = Object.getPrototypeOf(file.group.get('sequence_number')) as Growing;
  const real = { write_slice: growing.write_slice, resize: growing.resize };
  let calls = 0;
  const counted = (call: keyof Growing): Growing[keyof Growing] =>
    function (this: Dataset, ...values: unknown[]) {
      if (++calls === failing) throw new Error("errno = 28, error message = 'No space left on device'");
      return real[call].apply(this, values);
    };
  Object.assign(growing, { write_slice: counted('write_slice'), resize: counted('resize') });
  let thrown: Error | null = null;
  try {
    for (let frame = 0; frame < count; frame++) file.write(new Uint8Array(16), [1, 16], kind, fieldsOf(frame));
  } catch (error) {
    thrown = error as Error;
  } finally {
    Object.assign(growing, real);
    file.close();
  }
  const opened = await openForReading(path);
  const group = opened.get('/entry/instrument/eiger') as Group;
  const lengthOf = (name: string): number => (group.get(name) as Dataset).shape?.[0] ?? -1;
  const images = lengthOf('data');
  for (const name of ['sequence_number', 'frame_number', 'timestamp', 'complete', 'missing_packets'])
    t.equal(lengthOf(name), images, `call ${failing}: ${name}`);
  const incomplete = Math.ceil(images / 3);
  t.equal(lengthOf('incomplete_frames'), incomplete, `call ${failing}`);
  t.equal(lengthOf('missing_ranges'), 3 * incomplete, `call ${failing}`);
  opened.close();
  return { calls, thrown, images };
}

t.test('a disk that becomes full leaves one row for each image, whatever cannot be written', async (t) => {
  const whole = await written(t, 1030, 0);
  t.equal(whole.thrown, null);
  t.equal(whole.images, 1030);
  // With the 1024th frame the columns are written, and the table of ranges, which has 1024 lines then, too.
  const [before, after] = [await written(t, 1022, 0), await written(t, 1024, 0)];
  for (let failing = before.calls - 4; failing <= after.calls; failing++) {
    const { thrown, images } = await written(t, 1030, failing);
    t.match(thrown, { message: new RegExp(`No space left.*The file is whole and has the ${images} frames that were`) });
  }
});

t.test('what an earlier recording left as broken is not written over', async (t) => {
  const path = join(folder, 'again.h5');
  writeFileSync(`${path}.broken`, 'earlier');
  await t.rejects(FrameFile.create(path, 'eiger'), { exitCode: 3, message: /again\.h5\.broken: exists already/ });
  t.notOk(existsSync(path));
});
