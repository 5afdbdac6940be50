import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { annotateFile } from '../../simulators/annotate.js';
import type { AnnotateReport } from '../../simulators/annotate.js';
import type { SendCalls } from '../../simulators/detector/ffi.js';
import { sendCalls } from '../../simulators/detector/ffi.js';
import { FrameFile } from '../../simulators/files/frame-file.js';
import { loadHdf5, openForReading } from '../../simulators/files/hdf5.js';
import type { Dataset, Group } from '../../simulators/files/hdf5.js';
import { writeMetadata } from '../../simulators/files/hdf5-metadata.js';
import { pixelKinds } from '../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../simulators/files/pixel-kinds.js';
import { seriesMetadata } from '../../src/config/series-metadata.js';
import { plainRequest } from '../../src/contract/series.js';
import { makeLayout } from '../../src/detector/layout.js';
import { recordOf } from '../../src/view/series-record.js';
import { programNamed, pythonWith, without } from '../programs.js';
import { config, summaryOf } from '../view/hand-made-view.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-annotate-'));
t.teardown(() => rmSync(folder, { recursive: true }));
let files = 0;

const detector = '/entry/instrument/eiger';
const metadata = JSON.parse(seriesMetadata(config, makeLayout(config.detector), plainRequest).text) as Record<
  string,
  unknown
>;

/** A file with these frames as a receiver leaves it: it says nothing of what they lack. */
async function received(frames: readonly number[], where = folder, name = 'eiger'): Promise<string> {
  const path = join(where, `${++files}.h5`);
  const file = await FrameFile.create(path, name);
  writeMetadata(file.group, metadata, (text) => t.comment(text));
  for (const frame of frames)
    file.write(new Uint8Array(514 * 2).fill(frame), [1, 514], pixelKinds.get('uint16') as PixelKind, { frame });
  file.close();
  return path;
}

const series = (values: Parameters<typeof summaryOf>[0] = {}, missing: number[][] = []): Record<string, unknown> => ({
  ...recordOf(summaryOf({ filename: '', ...values }), {
    ranges: Uint32Array.from(missing.flat()),
    unlisted_from: null,
  }),
});
const lossy = series({ frames: 3, complete: 2, marked: 1, incomplete: [[1, 1]], first_frame_number: 11 }, [
  [1, 50001, 4, 6],
]);

const annotated = (
  file: string,
  value: unknown = lossy,
  more: { name?: string; dryRun?: boolean; signal?: AbortSignal } = {},
): Promise<AnnotateReport> =>
  annotateFile({ file, series: [{ value, from: 'the test' }], signal: new AbortController().signal, ...more });

async function valuesIn(file: string): Promise<Record<string, unknown>> {
  const opened = await openForReading(file);
  const group = opened.get(detector) as Group;
  const plain = (name: string): unknown => Array.from((group.get(name) as Dataset).value as Uint32Array, Number);
  const names = ['sequence_number', 'frame_number', 'complete', 'missing_packets', 'incomplete_frames'];
  const values = {
    ...Object.fromEntries(names.map((name) => [name, plain(name)])),
    missing_ranges: (group.get('missing_ranges') as Dataset).to_array(),
    mask: (group.get('pixel_mask') as Dataset).shape,
    plot: ((opened.get('/entry/data') as Group).get('data') as Dataset).shape,
    interpretation: (group.get('data') as Dataset).attrs['interpretation']?.value,
    pixels: plain('data'),
  };
  opened.close();
  return values;
}

const wanted = {
  sequence_number: [0, 1, 2],
  frame_number: [11, 12, 13],
  complete: [1, 0, 1],
  missing_packets: [0, 3, 0],
  incomplete_frames: [1],
  missing_ranges: [[1, 1, 50001, 4, 6]],
  mask: [514, 514],
  plot: [3, 1, 514],
  interpretation: 'image',
  pixels: [0, 1, 2].flatMap((frame) => Array.from({ length: 514 }, () => frame * 257)),
};

t.test('what the service knows stands in the file afterwards, and its pixels are as they were', async (t) => {
  const file = await received([0, 1, 2]);
  const report = await annotated(file);
  t.match(report, {
    dataset: `${detector}/data`,
    changed: true,
    counts: { rows: 3, incompleteRows: 1, absent: 0, unknown: 0 },
    warnings: [],
  });
  t.ok(report.bytes > 0);
  t.match(await valuesIn(file), wanted);
  const once = readFileSync(file);
  t.match(await annotated(file), { changed: false, bytes: 0 }, 'a second time it is so already');
  t.equal(Buffer.compare(readFileSync(file), once), 0);
  const other = series({ frames: 3, complete: 3 });
  await t.rejects(annotated(file, other), { exitCode: 1, message: /has frame_number, complete.*something else/ });
  t.equal(Buffer.compare(readFileSync(file), once), 0);
});

t.test('a dry run tells the same and leaves the file alone', async (t) => {
  const file = await received([0, 1, 2]);
  const before = readFileSync(file);
  const dry = await annotated(file, lossy, { dryRun: true });
  t.equal(Buffer.compare(readFileSync(file), before), 0);
  const wet = await annotated(file);
  t.strictSame(dry.counts, wet.counts);
  t.equal(dry.bytes, wet.bytes);
  t.equal(readFileSync(file).length, before.length + wet.bytes);
});

t.test('what cannot be annotated is refused in a line that names the remedy, and is as it was', async (t) => {
  const refused = async (path: string, exitCode: number, message: RegExp, more = {}, value: unknown = lossy) => {
    const before = existsSync(path) ? readFileSync(path) : null;
    await t.rejects(annotated(path, value, more), { name: 'OperatorError', exitCode, message }, String(message));
    if (before !== null) t.equal(Buffer.compare(readFileSync(path), before), 0, 'as it was');
  };
  await refused(join(folder, 'none.h5'), 2, /none\.h5: cannot be read.*Give an HDF5 file/);
  await t.rejects(annotated(folder), { exitCode: 2, message: /is no file/ });
  const text = join(folder, 'text.h5');
  writeFileSync(text, 'not HDF5');
  await refused(text, 2, /text\.h5: cannot be changed as HDF5/);
  const { File } = await loadHdf5();
  const empty = join(folder, 'empty.h5');
  new File(empty, 'w').close();
  await refused(empty, 2, /has no \/entry\/instrument\/NAME with sequence_number \(none there\)/);
  const file = await received([0, 1, 2]);
  await refused(file, 2, /has no \/entry\/instrument\/jungfrau with.*there: eiger/, { name: 'jungfrau' });
  await refused(file, 2, /the test: is no series of the history \(no JSON object\)/, {}, 'series');
  await refused(file, 1, /row 2 of the file is frame 2.*fewer frames/, {}, series({ frames: 2, complete: 2 }));
  const gone = new AbortController();
  gone.abort('SIGINT');
  await refused(file, 130, /interrupted before anything was changed/, { signal: gone.signal });
  const opened = new File(file, 'a');
  (opened.get(`${detector}/sequence_number`) as Dataset).resize([2]);
  opened.close();
  await refused(file, 1, /has 3 images and 2 sequence numbers/);
});

t.test('a file that was written elsewhere is annotated, and that is said', async (t) => {
  const file = await received([0, 1, 2]);
  const { warnings } = await annotated(file, { ...lossy, filename: '/data/other.h5' });
  t.match(warnings, [/series 1 was written to \/data\/other\.h5: look whether/]);
});

t.test('an annotation that died half-way is undone first', async (t) => {
  const file = await received([0, 1, 2]);
  const before = readFileSync(file);
  // Not whole: nothing was written over yet.
  writeFileSync(`${file}.undo`, 'virtual-dcu un');
  await t.rejects(annotated(file, lossy, { dryRun: true }), { exitCode: 3, message: /did not come to its end/ });
  t.equal(Buffer.compare(readFileSync(file), before), 0);
  t.match(await annotated(file), { warnings: [/an annotation before did not come to its end/] });
  t.notOk(existsSync(`${file}.undo`));
  t.match(await valuesIn(file), wanted);
});

const python = pythonWith('h5py');
t.test(
  'a file that the receiver still has open is left alone',
  { skip: python === null ? 'no Python with h5py here' : typeof sendCalls() === 'string' && 'no locks here' },
  async (t) => {
    const file = await received([0, 1, 2]);
    const script = 'import h5py,sys; f=h5py.File(sys.argv[1],"a"); print("open",flush=True); sys.stdin.read()';
    const receiver = spawn(python ?? '', ['-c', script, file], { env: { PATH: process.env['PATH'] } });
    await new Promise((resolve) => receiver.stdout.once('data', resolve));
    await t.rejects(annotated(file), { exitCode: 3, message: /another program has it open\. Wait until the receiver/ });
    const ended = new Promise((resolve) => receiver.once('close', resolve));
    receiver.stdin.end();
    await ended;
    t.match(await annotated(file), { changed: true });
  },
);

t.test(
  'a file server that locks exclusively only what is open for writing shows who else has the file open',
  { skip: typeof sendCalls() === 'string' && 'no locks here' },
  async (t) => {
    const file = await received([0, 1, 2]);
    const before = readFileSync(file);
    const calls = sendCalls() as SendCalls;
    const real = { ...calls };
    t.teardown(() => Object.assign(calls, real));
    let failed: string | null = null;
    calls.flock = (descriptor, operation) => {
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? '';
      const writable = (Number.parseInt(flags, 8) & 3) === 2;
      failed = (operation & 2) !== 0 && !writable ? 'EBADF' : null;
      return failed === null ? real.flock(descriptor, operation) : -1;
    };
    calls.failure = () => failed ?? real.failure();
    const receiver = openSync(file, 'r+');
    t.equal(real.flock(receiver, 2), 0);
    await t.rejects(annotated(file), { exitCode: 3, message: /another program has it open/ });
    t.equal(Buffer.compare(readFileSync(file), before), 0);
    closeSync(receiver);
    t.match(await annotated(file), { changed: true });
  },
);

t.test(
  'a file that may not be read, or not written, is said with what to see to, and is as it was',
  { skip: process.getuid?.() !== 0 && 'only root can become somebody who may not' },
  async (t) => {
    const open = mkdtempSync(join(tmpdir(), 'vdcu-annotate-open-'));
    t.teardown(() => rmSync(open, { recursive: true }));
    chmodSync(open, 0o755);
    for (const mode of [0o600, 0o644]) {
      const file = await received([0, 1, 2], open);
      chmodSync(file, mode);
      const before = readFileSync(file);
      process.seteuid?.(65534);
      try {
        await t.rejects(annotated(file), { exitCode: 3, message: /EACCES.*as it was\..*see to the rights/ });
      } finally {
        process.seteuid?.(0);
      }
      t.equal(Buffer.compare(readFileSync(file), before), 0);
    }
  },
);

const noSmallDisk = process.getuid?.() === 0 ? without('mount', 'umount') : 'mounting a small disk needs root';
t.test('a disk that is full leaves the file as it was, and nothing beside it', { skip: noSmallDisk }, async (t) => {
  const disk = mkdtempSync(join(folder, 'disk-'));
  try {
    execFileSync(programNamed('mount') as string, ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    return t.pass(`not tried: ${(error as Error).message}`, { skip: 'no small disk can be mounted here' });
  }
  t.teardown(() => {
    execFileSync(programNamed('umount') as string, [disk]);
  });
  const file = join(disk, 'full.h5');
  copyFileSync(await received([0, 1, 2]), file);
  const before = readFileSync(file);
  await t.rejects(annotated(file), { exitCode: 3, message: /no space left on device.*as it was\. Make room/i });
  t.equal(Buffer.compare(readFileSync(file), before), 0);
  t.strictSame(readdirSync(disk), ['full.h5']);
});
