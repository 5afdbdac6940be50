import { execFileSync } from 'node:child_process';
import {
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { change, recover } from '../../../simulators/files/all-or-nothing.js';
import type { DiskCalls } from '../../../simulators/files/all-or-nothing.js';
import { programNamed } from '../../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-all-or-nothing-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const before = Buffer.from(Uint8Array.from({ length: 9000 }, (_, index) => index * 7));
const pieces = [
  { at: 10, bytes: new Uint8Array(100).fill(1) },
  { at: 5000, bytes: new Uint8Array(4000).fill(2) },
  { at: 9000, bytes: new Uint8Array(5000).fill(3) },
  { at: 14_000, bytes: new Uint8Array(10).fill(4) },
];
const after = Buffer.concat([before, Buffer.alloc(5010)]);
for (const { at, bytes } of pieces) after.set(bytes, at);

let files = 0;
function newFile(): string {
  const path = join(folder, `${++files}`);
  writeFileSync(path, before);
  return path;
}

/** Calls of which that number `failing` does not come to its end, having written a part. */
function failing(at: number): DiskCalls & { count: number } {
  const calls = {
    count: 0,
    write: (descriptor: number, bytes: Uint8Array, position: number): number => {
      if (++calls.count !== at) return writeSync(descriptor, bytes, 0, bytes.length, position);
      writeSync(descriptor, bytes, 0, Math.floor(bytes.length / 2), position);
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    },
    sync: (descriptor: number): void => {
      if (++calls.count === at) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      fsyncSync(descriptor);
    },
  };
  return calls;
}

t.test('all pieces are in the file, and nothing is left beside it', async (t) => {
  const path = newFile();
  change(path, pieces);
  t.equal(Buffer.compare(readFileSync(path), after), 0);
  t.notOk(existsSync(`${path}.undo`));
  t.equal(recover(path), false);
});

t.test('a write or a sync that fails, whichever it is, leaves the file as it was', async (t) => {
  const counted = failing(0);
  change(newFile(), pieces, counted);
  t.ok(counted.count > 8, `${counted.count} calls`);
  // The last one only makes the removal of the undo file last, see below.
  for (let at = 1; at < counted.count; at++) {
    const path = newFile();
    t.throws(() => change(path, pieces, failing(at)), { code: /ENOSPC|EIO/ }, `call ${at}`);
    t.equal(Buffer.compare(readFileSync(path), before), 0, `call ${at}: as it was`);
    t.notOk(existsSync(`${path}.undo`));
  }
});

/** As `failing`, and all that follows fails, too. */
function failingFrom(at: number): DiskCalls {
  let count = 0;
  const broken = (): never => {
    throw Object.assign(new Error('ESTALE: stale file handle'), { code: 'ESTALE' });
  };
  return {
    write: (descriptor, bytes, position) =>
      ++count < at ? writeSync(descriptor, bytes, 0, bytes.length, position) : broken(),
    sync: (descriptor) => (++count < at ? fsyncSync(descriptor) : broken()),
  };
}

t.test('when the file cannot be made what it was that is said, and FILE.undo is kept for the next call', async (t) => {
  const half = { name: 'OperatorError', exitCode: 3, message: /may be half changed.*ESTALE.*\.undo has what was/ };
  const counted = failing(0);
  change(newFile(), pieces, counted);
  let kept = 0;
  for (let at = 1; at < counted.count; at++) {
    const path = newFile();
    const undo = `${path}.undo`;
    const thrown = t.throws(() => change(path, pieces, failingFrom(at))) as unknown as Error;
    if (!existsSync(undo)) {
      t.equal(Buffer.compare(readFileSync(path), before), 0, `call ${at}: as it was`);
      continue;
    }
    kept++;
    t.match(thrown, half);
    t.throws(() => recover(path, failingFrom(1)), half, 'the disk is still broken');
    t.ok(existsSync(undo));
    t.equal(recover(path), true);
    t.equal(Buffer.compare(readFileSync(path), before), 0);
  }
  t.equal(kept, 3, 'two pieces that are written over, and their sync');
});

t.test('a change that is done is no failure when FILE.undo cannot be removed for certain', async (t) => {
  const counted = failing(0);
  t.equal(change(newFile(), pieces, counted), null);
  const path = newFile();
  t.match(change(path, pieces, failing(counted.count)), /is changed, but .*\.undo may still be there.*EIO.*Remove it/);
  t.equal(Buffer.compare(readFileSync(path), after), 0);
});

t.test('a file system that does not sync folders is no hindrance', async (t) => {
  const path = newFile();
  let folders = 0;
  const calls: DiskCalls = {
    ...failing(0),
    sync: (descriptor) => {
      if (!fstatSync(descriptor).isDirectory()) return;
      folders++;
      throw Object.assign(new Error('EINVAL: invalid argument, fsync'), { code: 'EINVAL' });
    },
  };
  t.equal(change(path, pieces, calls), null);
  t.equal(folders, 2);
  t.equal(Buffer.compare(readFileSync(path), after), 0);
});

t.test('a change is not begun beside another one: neither the file nor what that put by is touched', async (t) => {
  const path = newFile();
  const undo = `${path}.undo`;
  const calls = failing(0);
  for (const content of ['', 'of the other']) {
    writeFileSync(undo, content);
    t.throws(() => change(path, pieces, calls), { code: 'EEXIST' });
    t.equal(readFileSync(undo, 'utf8'), content);
    t.equal(Buffer.compare(readFileSync(path), before), 0);
  }
  t.equal(calls.count, 0, 'nothing was written');
  rmSync(undo);
});

/** FILE.undo, and dies when the first piece has been written over half. */
function undoBytes(t: Test, path: string): Buffer {
  let kept = Buffer.alloc(0);
  const calls: DiskCalls = {
    ...failing(0),
    write: (descriptor, bytes, at) => {
      if (at !== 10 || kept.length > 0) return writeSync(descriptor, bytes, 0, bytes.length, at);
      writeSync(descriptor, bytes, 0, 50, at);
      kept = readFileSync(`${path}.undo`);
      throw new Error('dies');
    },
  };
  t.throws(() => change(path, pieces, calls), /dies/);
  return kept;
}

const unknown = { name: 'OperatorError', exitCode: 3, message: /\.undo is none of this version.*move it away/ };

t.test('a FILE.undo that a change did not write is refused and kept; the beginning of one is removed', async (t) => {
  const path = newFile();
  const undo = `${path}.undo`;
  const whole = undoBytes(t, path);
  const damaged = Buffer.from(whole);
  damaged[whole.length - 1] ^= 1;
  const older = Buffer.from(whole);
  older.write('1', 'virtual-dcu undo '.length);
  for (const content of [damaged, older, Buffer.from('my own notes'), Buffer.from('virtual-dcu undo of mine')]) {
    writeFileSync(undo, content);
    t.throws(() => recover(path), unknown);
    t.equal(Buffer.compare(readFileSync(undo), content), 0, 'still there');
  }
  for (const bytes of [0, 5, 19, 40, 58, 60, 70, 200, whole.length - 1]) {
    writeFileSync(undo, whole.subarray(0, bytes));
    t.equal(recover(path), true, `${bytes} bytes of it`);
    t.notOk(existsSync(undo));
  }
  writeFileSync(undo, Buffer.alloc(4096));
  t.equal(recover(path), true, 'zeros');
  t.equal(Buffer.compare(readFileSync(path), before), 0, 'the file was left alone');
});

t.test('a pipe or a folder of the name FILE.undo is refused, and not waited for', async (t) => {
  const path = newFile();
  const undo = `${path}.undo`;
  mkdirSync(undo);
  t.throws(() => recover(path), unknown);
  rmSync(undo, { recursive: true });
  const mkfifo = programNamed('mkfifo');
  if (mkfifo === null) return;
  execFileSync(mkfifo, [undo]);
  t.throws(() => recover(path), unknown);
  t.ok(existsSync(undo));
  rmSync(undo);
});

t.test('what is left of a change of another file is not put into the one that has its name now', async (t) => {
  const path = newFile();
  const undo = `${path}.undo`;
  const kept = undoBytes(t, path);
  const other = Buffer.from(before);
  other[5001] = 99;
  for (const content of [other, before.subarray(0, 8000)]) {
    writeFileSync(path, content);
    writeFileSync(undo, kept);
    t.throws(() => recover(path), { name: 'OperatorError', exitCode: 3, message: /of another file.*Move it away/ });
    t.equal(Buffer.compare(readFileSync(path), content), 0, 'as it was');
    t.equal(Buffer.compare(readFileSync(undo), kept), 0, 'nothing is thrown away');
  }
  writeFileSync(path, before);
  t.equal(recover(path), true, 'the file itself, put back from a copy');
  t.equal(Buffer.compare(readFileSync(path), before), 0);
});

t.test('a process that dies at any moment leaves a file that is as it was, is made so, or is changed', async (t) => {
  const counted = failing(0);
  change(newFile(), pieces, counted);
  const seen = { recovered: 0, left: 0, changed: 0 };
  for (let at = 1; at <= counted.count; at++) {
    const path = newFile();
    const undo = `${path}.undo`;
    // What lies there in the moment of the failure, before anything is mended.
    let then: { file: Buffer; undo: Buffer | null } | null = null;
    const calls = failing(at);
    const snap = (): void => {
      then = { file: readFileSync(path), undo: existsSync(undo) ? readFileSync(undo) : null };
    };
    const snapping: DiskCalls = {
      write: (...call) => {
        try {
          return calls.write(...call);
        } catch (error) {
          snap();
          throw error;
        }
      },
      sync: (descriptor) => {
        try {
          calls.sync(descriptor);
        } catch (error) {
          snap();
          throw error;
        }
      },
    };
    if (at < counted.count) t.throws(() => change(path, pieces, snapping));
    else t.type(change(path, pieces, snapping), 'string');
    const left = then as { file: Buffer; undo: Buffer | null } | null;
    if (left === null) return t.fail('nothing was seen');
    writeFileSync(path, left.file);
    if (left.undo !== null) writeFileSync(undo, left.undo);
    if (recover(path)) seen.recovered++;
    const now = readFileSync(path);
    if (Buffer.compare(now, after) === 0) seen.changed++;
    else {
      // What lies behind the end may stay, nobody sees it.
      t.equal(Buffer.compare(now.subarray(0, before.length), before), 0, `call ${at}`);
      seen.left++;
    }
    t.notOk(existsSync(undo));
  }
  t.ok(seen.recovered > 2 && seen.changed >= 1 && seen.left > 5, JSON.stringify(seen));
  t.strictSame(
    readdirSync(folder).filter((name) => name.endsWith('.undo')),
    [],
  );
});
