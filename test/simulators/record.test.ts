import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';
import { Push } from 'zeromq';
import { loadEncodeKernel } from '../../src/encode/encode-kernel.js';
import { loadHdf5, openForReading } from '../../simulators/files/hdf5.js';
import type { Dataset as Hdf5Dataset, Group } from '../../simulators/files/hdf5.js';
import { recordStream, runRecord } from '../../simulators/record.js';
import type { RecordReport, RunRecordOptions } from '../../simulators/record.js';
import { programNamed, pythonWith, without } from '../programs.js';
import { vdcuProcess } from '../threads/process.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-record-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});
let files = 0;
const newFile = (): string => join(folder, `${++files}.h5`);

const python = pythonWith('h5py');
const { Dataset } = await loadHdf5();
const instrument = '/entry/instrument/eiger';

const shape = [4, 6];
const pixels = (frame: number): Uint16Array => Uint16Array.from({ length: 24 }, (_, index) => frame * 100 + index);
/** A chunk of bitshuffle and LZ4. */
function chunkOf(image: Uint16Array): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const kernel = loadEncodeKernel(memory);
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(new Uint8Array(image.buffer), 40_000);
  return bytes.slice(50_000, 50_000 + kernel.encode(40_000, image.length, 2, 50_000, 64));
}
const header = (msg: number, metadata?: unknown): unknown[] => [
  { htype: 'header', msg_number: msg, filename: '' },
  ...(metadata === undefined ? [] : [metadata]),
];
const image = (
  msg: number,
  frame: number,
  more: Record<string, unknown> = {},
  blob: Uint8Array = new Uint8Array(pixels(frame).buffer),
): unknown[] => [{ htype: 'image', msg_number: msg, frame, shape, type: 'uint16', compression: 'none', ...more }, blob];
const end = (msg: number): unknown[] => [{ htype: 'series_end', msg_number: msg }];
const wire = (parts: unknown[]): (string | Uint8Array)[] =>
  parts.map((part) => (part instanceof Uint8Array ? part : JSON.stringify(part)));

async function record(
  file: string,
  messages: unknown[][],
  more: Partial<RunRecordOptions> = {},
): Promise<RecordReport> {
  const push = new Push({ linger: 0 });
  await push.bind('tcp://127.0.0.1:*');
  const recording = recordStream({
    endpoint: push.lastEndpoint as string,
    file,
    name: 'eiger',
    series: 1,
    signal: AbortSignal.timeout(60_000),
    ...more,
  });
  // A recorder that gives up does not read on.
  push.sendTimeout = 2000;
  const sending = (async () => {
    for (const message of messages) await push.send(wire(message)).catch(() => undefined);
  })();
  try {
    return await recording;
  } finally {
    await sending;
    push.close();
  }
}

/** The library has bigints where h5py has numbers. */
const asNumbers = (value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : Array.isArray(value) ? value.map(asNumbers) : value;

/** What lies in a file: by h5py where it is, else by the library that wrote it. */
async function contents(file: string): Promise<Record<string, unknown>> {
  if (python !== null) {
    const script = `import h5py,json,sys,numpy as np
f=h5py.File(sys.argv[1],'r'); g=f['entry/instrument/eiger']
def v(d):
  x=d[()]
  return x.decode() if isinstance(x,bytes) else [i.decode() if isinstance(i,bytes) else i for i in x.tolist()] if isinstance(x,np.ndarray) else x.item() if isinstance(x,np.generic) else x
r={k:(v(d) if isinstance(d,h5py.Dataset) else {a:v(b) for a,b in d.items()}) for k,d in g.items()}
print(json.dumps({'values':r,'classes':[f[p].attrs['NX_class'] if isinstance(f[p].attrs['NX_class'],str) else f[p].attrs['NX_class'].decode() for p in ('entry','entry/instrument','entry/instrument/eiger')],
'type':str(g['data'].dtype) if 'data' in g else None,'chunks':g['data'].chunks if 'data' in g else None,'numbers':str(g['sequence_number'].dtype)}))`;
    const { stdout } = await promisify(execFile)(python, ['-c', script, file], { maxBuffer: 1 << 26 });
    return JSON.parse(stdout) as Record<string, unknown>;
  }
  const opened = await openForReading(file);
  try {
    const at = (path: string): unknown => opened.get(path);
    const valueOf = (entity: unknown): unknown =>
      entity instanceof Dataset
        ? asNumbers(entity.to_array())
        : Object.fromEntries((entity as Group).keys().map((key) => [key, valueOf((entity as Group).get(key))]));
    const data = at(`${instrument}/data`);
    return {
      values: valueOf(at(instrument)),
      classes: ['/entry', '/entry/instrument', instrument].map((path) => (at(path) as Group).attrs['NX_class']?.value),
      type: data instanceof Dataset ? numpyName(data) : null,
      chunks: data instanceof Dataset ? data.metadata.chunks : null,
      numbers: numpyName(at(`${instrument}/sequence_number`) as Hdf5Dataset),
    };
  } finally {
    opened.close();
  }
}
const numpyName = ({ metadata: { signed, size } }: Hdf5Dataset): string => `${signed ? 'int' : 'uint'}${8 * size}`;
t.comment(
  python === null
    ? 'no Python with h5py here: files are read back by the library that wrote them'
    : `files are read by h5py of ${python}`,
);

const rows = (frame: number): number[][] =>
  Array.from({ length: 4 }, (_, row) => [...pixels(frame).subarray(6 * row, 6 * row + 6)]);
const values = async (file: string): Promise<Record<string, unknown>> =>
  (await contents(file))['values'] as Record<string, unknown>;

t.test('what each message says of its frame stands beside it, a row for each frame that was written', async (t) => {
  const file = newFile();
  const whole = { frame_number: 2 ** 40, complete: true, missing_packets: 0, timestamp: 2 ** 45 + 1 };
  await record(file, [
    header(10, { timestamp: 'metadata', exptime: 1 }),
    image(11, 0, whole),
    image(12, 1, { frame_number: 2 ** 40 + 1, complete: false, missing_packets: 7 }),
    image(13, 2, { ...whole, complete: false, missing_packets: 64, discard: true }),
    image(14, 3, { ...whole, frame_number: 2 ** 40 + 3 }),
    end(15),
  ]);
  const absent = 2 ** 64;
  t.match(await values(file), {
    sequence_number: [0, 1, 3],
    frame_number: [2 ** 40, 2 ** 40 + 1, 2 ** 40 + 3],
    timestamp: [2 ** 45 + 1, absent, 2 ** 45 + 1],
    complete: [1, 0, 1],
    missing_packets: [0, 7, 0],
    exptime: 1,
  });
  const plain = newFile();
  await record(plain, [header(10), image(11, 0), end(12)]);
  t.strictSame(
    Object.keys(await values(plain)).filter((name) => name in whole),
    [],
    'a producer that says nothing has no such rows',
  );
});

t.test('a series becomes a file as streaming-receiver writes it', async (t) => {
  const file = newFile();
  const metadata = {
    exptime: 0.5,
    nimages: 3,
    description: 'Eigér',
    thresholds: [1.5, 2],
    flags: [true, false],
    names: ['a', 'bc'],
    grid: [
      [1, 2],
      [3, 4],
    ],
    motor: { x: 1 },
  };
  const report = await record(file, [header(10, metadata), image(11, 0), image(12, 1), image(13, 2), end(14)]);
  t.match(report, {
    ok: true,
    open: false,
    stuck: 0,
    warnings: [],
    counts: { series: 1, seriesEnds: 1, frames: 3, discarded: 0, bytes: 144 },
  });
  const seen = await contents(file);
  t.match(seen['values'], { data: [rows(0), rows(1), rows(2)], sequence_number: [0, 1, 2] });
  t.same(seen['chunks'], [1, 4, 6]);
  t.match(seen, { classes: ['NXentry', 'NXinstrument', 'NXdetector'], type: 'uint16', numbers: 'uint32' });
  t.match(seen['values'], {
    exptime: 0.5,
    nimages: 3,
    description: 'Eigér',
    thresholds: [1.5, 2],
    flags: [1, 0],
    names: ['a', 'bc'],
    grid: [
      [1, 2],
      [3, 4],
    ],
    motor: { x: 1 },
  });
});

t.test('discarded frames are not written, and their numbers are not either', async (t) => {
  const file = newFile();
  const report = await record(file, [
    header(10),
    image(11, 0),
    image(12, 1, { discard: true }),
    image(13, 2, { complete: false }),
    end(14),
  ]);
  t.match(report, { ok: true, counts: { frames: 2, discarded: 1 } });
  t.match(await values(file), { data: [rows(0), rows(2)], sequence_number: [0, 2] });
});

t.test('series follow each other in one file; messages are put in order first', async (t) => {
  const file = newFile();
  const report = await record(
    file,
    [
      image(8, 5),
      end(9),
      header(10, { exptime: 1 }),
      image(12, 1),
      image(11, 0),
      end(13),
      header(14, { exptime: 2 }),
      image(15, 0),
      end(16),
    ],
    { series: 2 },
  );
  t.match(report, { ok: true, beforeFirstHeader: 2, counts: { series: 2, seriesEnds: 2, frames: 3 } });
  t.match(await values(file), { data: [rows(0), rows(1), rows(0)], sequence_number: [0, 1, 0], exptime: 1 });
});

t.test('more frames than sequence numbers are written at once', async (t) => {
  const file = newFile();
  const count = 1100;
  const one = new Uint8Array([1]);
  const many = Array.from({ length: count }, (_, frame) =>
    image(11 + frame, frame, { shape: [1, 1], type: 'uint8' }, one),
  );
  t.match(await record(file, [header(10), ...many, end(11 + count)]), { ok: true, counts: { frames: count } });
  t.same(
    (await values(file))['sequence_number'],
    Array.from({ length: count }, (_, frame) => frame),
  );
});

t.test('a file is whole after a series while recording goes on, and after an abort within one', async (t) => {
  const file = newFile();
  const push = new Push({ linger: 0 });
  await push.bind('tcp://127.0.0.1:*');
  t.teardown(() => {
    push.close();
  });
  const stop = new AbortController();
  let ended: () => void;
  const atEnd = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const recording = recordStream({
    endpoint: push.lastEndpoint as string,
    file,
    name: 'eiger',
    signal: stop.signal,
    onProgress: ({ counts, open }) => {
      if (counts.seriesEnds === 1 && !open) ended();
    },
  });
  for (const message of [header(10), image(11, 0), end(12)]) await push.send(wire(message));
  // Progress is told twice a second, with the next message.
  const ticking = setInterval(() => {
    push.send(wire([{ htype: 'stats', msg_number: 1 }])).catch(() => undefined);
  }, 100);
  await atEnd;
  clearInterval(ticking);
  t.match(await values(file), { data: [rows(0)], sequence_number: [0] });
  for (const message of [header(13), image(14, 0), image(15, 1)]) await push.send(wire(message));
  const { size } = statSync(file);
  for (let turn = 0; turn < 100 && statSync(file).size === size; turn++)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  stop.abort();
  t.match(await recording, { open: true, counts: { frames: 3 } });
  t.match(await values(file), { data: [rows(0), rows(0), rows(1)], sequence_number: [0, 0, 1] });
});

t.test('metadata that HDF5 cannot hold is left out and said', async (t) => {
  const file = newFile();
  const report = await record(file, [
    header(10, {
      data: 1,
      sequence_number: 2,
      nothing: null,
      mixed: [1, 'a'],
      uneven: [[1], [2, 3]],
      'a/b': 1,
      objects: [{}],
      good: 5,
    }),
    end(11),
  ]);
  t.match(report, { ok: true, counts: { frames: 0 } });
  t.equal(report.warnings.length, 7);
  for (const key of ['data', 'sequence_number', 'nothing', 'mixed', 'uneven', 'a/b', 'objects'])
    t.ok(
      report.warnings.some((text) => text.includes(`metadata ${key} is not written`)),
      key,
    );
  const seen = await values(file);
  t.same(seen['sequence_number'], []);
  t.notOk('data' in seen);
});

t.test('images that are none are left out and counted; the others are written', async (t) => {
  const file = newFile();
  const report = await record(file, [
    header(10),
    image(11, 0),
    image(12, 1, {}, new Uint8Array(47)),
    image(13, 2, { type: 'mono12p' }),
    image(14, 3, { shape: [4, '6'] }),
    image(15, -1),
    [...image(16, 4), new Uint8Array(48)],
    image(17, 5),
    end(18),
  ]);
  t.match(report, { ok: false, counts: { frames: 2, refused: 5 } });
  t.equal(report.warnings.length, 5);
  t.match(await values(file), { data: [rows(0), rows(5)], sequence_number: [0, 5] });
});

t.test('compressed images are kept as they were sent, and read back in every pixel', async (t) => {
  const file = newFile();
  const bslz4 = { compression: 'bslz4' };
  const chunks = [0, 1, 2].map((frame) => chunkOf(pixels(frame)));
  const report = await record(file, [
    header(10),
    image(11, 0, bslz4, chunks[0]),
    image(12, 1, bslz4, chunks[1]),
    image(13, 2, bslz4, chunks[2].subarray(0, 11)),
    image(14, 3, { ...bslz4, shape: [4, 5] }, chunks[2]),
    image(15, 4, bslz4, chunks[2]),
    end(16),
  ]);
  t.match(report, { ok: false, counts: { frames: 3, refused: 2 } });
  t.match(report.warnings, [
    /13 is not written: .* of 0 bytes unpacked; needs one of 48/,
    /of 48 bytes unpacked; .* 40/,
  ]);
  const opened = await openForReading(file);
  const data = opened.get(`${instrument}/data`) as Hdf5Dataset;
  t.match(data.filters, [{ id: 32008 }]);
  t.same(asNumbers(data.to_array()), [rows(0), rows(1), rows(2)]);
  opened.close();
  const written = readFileSync(file);
  t.ok(
    chunks.every((chunk) => written.includes(Buffer.from(chunk))),
    'each chunk lies in the file as it came',
  );
});

t.test('compressed images of a few bytes are written unpacked', async (t) => {
  const file = newFile();
  const small = { compression: 'bslz4', shape: [1, 4] };
  const values = (frame: number): Uint16Array => Uint16Array.from([frame, 2, 3, 65535]);
  const chunks = [0, 1].map((frame) => chunkOf(values(frame)));
  const report = await record(file, [
    header(10),
    image(11, 0, small, chunks[0]),
    image(12, 1, small, chunks[1]),
    image(13, 2, small, chunks[1].subarray(0, -1)),
    end(14),
  ]);
  t.match(report, { ok: false, counts: { frames: 2, refused: 1 }, warnings: [/13 is not written: .* 7 bytes/] });
  const opened = await openForReading(file);
  const data = opened.get(`${instrument}/data`) as Hdf5Dataset;
  t.strictSame(data.filters, []);
  t.same(asNumbers(data.to_array()), [[[...values(0)]], [[...values(1)]]]);
  opened.close();
});

t.test('images of two kinds, or of an unknown compression, end the recording with the file whole', async (t) => {
  const mixed = newFile();
  const chunk = chunkOf(pixels(1));
  await t.rejects(record(mixed, [header(10), image(11, 0), image(12, 1, { compression: 'bslz4' }, chunk), end(13)]), {
    message: /its image is uint16 \[4, 6\], compressed, the recording holds uint16 \[4, 6\]/,
    exitCode: 1,
  });
  t.match(await values(mixed), { data: [rows(0)], sequence_number: [0] });
  const unknown = newFile();
  await t.rejects(record(unknown, [header(10), image(11, 0, { compression: 'cbf' }), end(12)]), {
    message: /compression "cbf", and this recorder writes images without compression, or with bslz4/,
    exitCode: 1,
  });
  t.same((await values(unknown))['sequence_number'], []);
  const changing = newFile();
  await t.rejects(record(changing, [header(10), image(11, 0), image(12, 1, { shape: [6, 4] }), end(13)]), {
    message: /its image is uint16 \[6, 4\], the recording holds uint16 \[4, 6\]/,
    exitCode: 1,
  });
  t.match(await values(changing), { data: [rows(0)], sequence_number: [0] });
});

/** Sockets of one stream, each with its messages. */
async function recordOf(
  t: Test,
  messages: unknown[][][],
  { between = 0, ...more }: Partial<RunRecordOptions> & { between?: number } = {},
): Promise<RecordReport> {
  const sockets = messages.map(() => new Push({ linger: 0, sendTimeout: 5000 }));
  t.teardown(() => {
    for (const socket of sockets) socket.close();
  });
  for (const socket of sockets) await socket.bind('tcp://127.0.0.1:*');
  const recording = recordStream({
    endpoint: sockets.map(({ lastEndpoint }) => lastEndpoint).join(','),
    file: newFile(),
    name: 'eiger',
    series: 1,
    signal: AbortSignal.timeout(20_000),
    ...more,
  });
  const sending = (async () => {
    for (const [index, socket] of sockets.entries()) {
      for (const message of messages[index]) await socket.send(wire(message)).catch(() => undefined);
      await sleep(between);
    }
  })();
  // What rejects is looked at by whoever called.
  await Promise.allSettled([recording, sending]);
  return recording;
}

t.test('where one endpoint of several fails the recording ends at once, and says why', async (t) => {
  const push = new Push({ linger: 0 });
  t.teardown(() => {
    push.close();
  });
  await push.bind('tcp://127.0.0.1:*');
  for (const order of [
    [push.lastEndpoint, 'nonsense'],
    ['nonsense', push.lastEndpoint],
  ]) {
    const signal = AbortSignal.timeout(20_000);
    const file = newFile();
    await t.rejects(recordStream({ endpoint: order.join(','), file, signal }), {
      message: /endpoint nonsense/,
      exitCode: 2,
    });
    t.notOk(signal.aborted, 'it waits for nothing');
    t.notOk(existsSync(file));
  }
  const signal = AbortSignal.timeout(20_000);
  const first = [header(10), image(11, 0)];
  const other = { message: /compression "cbf"/, exitCode: 1 };
  await t.rejects(recordOf(t, [first, [image(12, 1, { compression: 'cbf' }), image(13, 2)]], { signal }), other);
  const kind = { message: /the recording holds uint16 \[4, 6\]/, exitCode: 1 };
  await t.rejects(recordOf(t, [first, [image(12, 1, { shape: [6, 4] }), image(13, 2)]], { signal }), kind);
  t.notOk(signal.aborted, 'it waits for nothing');
});

t.test('one socket may be far ahead of the other: all is written', async (t) => {
  const count = 1200;
  const all = Array.from({ length: count }, (_, frame) => image(11 + frame, frame));
  const [first, second] = [0, 1].map((socket) => all.filter((_, frame) => frame % 2 === socket));
  // 600 on the first and then the others: with room for them, and with room for 64.
  for (const memoryBytes of [undefined, 64 * 1100]) {
    const more = { between: 200, ...(memoryBytes === undefined ? {} : { memoryBytes }) };
    const report = await recordOf(t, [[header(10), ...first], second, [end(11 + count)]], more);
    t.match(report, { ok: true, stuck: 0, dropped: 0, counts: { frames: count, seriesEnds: 1 }, warnings: [] });
  }
});

t.test('what comes by one socket before the header by another is not called left out', async (t) => {
  const report = await recordOf(t, [[image(12, 1)], [header(10), image(11, 0), end(13)]], { between: 200 });
  t.match(report, { ok: true, beforeFirstHeader: 0, counts: { frames: 2 } });
});

t.test('what has come of the next series when the last one that was asked for ends lacks nothing', async (t) => {
  const first = [image(12, 1), image(15, 0), image(16, 1)];
  // The second time there is room for one message: the other waits.
  for (const memoryBytes of [undefined, 1100]) {
    const more = { between: 200, ...(memoryBytes === undefined ? {} : { memoryBytes }) };
    const report = await recordOf(t, [[header(10)], first, [image(11, 0), end(13)]], more);
    t.match(report, { ok: true, verdict: 'right', stuck: 0, dropped: 0, counts: { frames: 2, seriesEnds: 1 } });
  }
});

t.test('a number that does not come leaves messages stuck, as at the real consumer', async (t) => {
  const report = await record(newFile(), [header(10), image(11, 0), image(13, 1), end(14)], {
    signal: AbortSignal.timeout(500),
  });
  t.match(report, { ok: false, open: true, stuck: 2, counts: { frames: 1 } });
});

t.test('a file that exists, a wrong name and a wrong endpoint are refused', async (t) => {
  const signal = AbortSignal.timeout(2000);
  const endpoint = 'tcp://127.0.0.1:9';
  const file = newFile();
  await t.rejects(recordStream({ endpoint, file, name: 'a/b', signal }), { message: /--name a\/b/, exitCode: 2 });
  t.notOk(existsSync(file));
  await t.rejects(recordStream({ endpoint: 'nonsense', file, signal }), { message: /endpoint nonsense/, exitCode: 2 });
  t.notOk(existsSync(file), 'no empty file is left behind');
  writeFileSync(file, 'something');
  await t.rejects(recordStream({ endpoint, file, signal }), { message: /exists already/, exitCode: 3 });
  t.equal(statSync(file).size, 9, 'it is as it was');
});

t.test('the command says what it wrote', async (t) => {
  for (const json of [true, false]) {
    // A socket for each: one that still has the consumer before would send it what is for this one.
    const push = new Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    t.teardown(() => {
      push.close();
    });
    let stdout = '';
    const out = {
      stdout: {
        write: (text: string) => {
          stdout += text;
        },
      },
      stderr: { write: () => undefined },
    };
    const file = newFile();
    const running = runRecord({
      endpoint: push.lastEndpoint as string,
      file,
      series: 1,
      signal: AbortSignal.timeout(60_000),
      json,
      out,
    });
    for (const message of [header(10), image(11, 0), end(12)]) await push.send(wire(message));
    t.equal(await running, 0);
    if (json)
      t.match(JSON.parse(stdout), {
        ok: true,
        file,
        dataset: '/entry/instrument/detector/data',
        series: 1,
        frames: 1,
        discarded: 0,
        bytes: 48,
        warnings: [],
      });
    else t.match(stdout, /\/entry\/instrument\/detector\/data\n[^]*frames written\s+1\n/);
  }
});

t.test('where nothing came no file is left, and that is said and no success', async (t) => {
  const push = new Push({ linger: 0 });
  await push.bind('tcp://127.0.0.1:*');
  t.teardown(() => {
    push.close();
  });
  for (const [endpoint, says] of [
    ['tcp://127.0.0.1:1', /never connected/],
    [push.lastEndpoint as string, /and nothing came/],
  ] as const) {
    for (const json of [true, false]) {
      let stdout = '';
      const file = newFile();
      const out = {
        stdout: {
          write: (text: string) => {
            stdout += text;
          },
        },
        stderr: { write: () => undefined },
      };
      t.equal(await runRecord({ endpoint, file, timeoutMs: 500, signal: AbortSignal.timeout(20_000), json, out }), 3);
      if (json) t.match(JSON.parse(stdout), { verdict: 'nothing', nothing: says, file: null, series: 0 });
      else t.match(stdout, new RegExp(`${says.source}[^]*no file was written`));
      t.notOk(existsSync(file));
    }
  }
});

t.test('frames that are not complete are written, counted, and have an exit code of their own', async (t) => {
  const incomplete = await record(newFile(), [header(10), image(11, 0), image(12, 1, { complete: false }), end(13)]);
  t.match(incomplete, { ok: true, incomplete: 1, verdict: 'incomplete', counts: { frames: 2, marked: 1 } });
  t.match(await record(newFile(), [header(10), image(11, 0, { discard: true }), end(12)]), { verdict: 'incomplete' });
  t.match(await record(newFile(), [header(10), image(11, 0), end(12)]), { verdict: 'right' });
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  t.test(`${signal} in a series closes the file with its frames`, async (t) => {
    const push = new Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    t.teardown(() => {
      push.close();
    });
    const file = newFile();
    const child = vdcuProcess(t, ['record', push.lastEndpoint as string, file, '--name', 'eiger', '--json']);
    // The second message goes out when somebody takes the first.
    for (const message of [header(10), ...Array.from({ length: 30 }, (_, frame) => image(11 + frame, frame))])
      await push.send(wire(message));
    const size = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    for (let turn = 0; turn < 400 && size() < 4096; turn++)
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    child.child.kill(signal);
    t.equal(await child.code(), 0, child.stderr);
    t.match(JSON.parse(child.stdout), { frames: 30, series_open: true });
    t.match(await values(file), {
      data: { length: 30 },
      sequence_number: Array.from({ length: 30 }, (_, frame) => frame),
    });
  });
}

const noSmallDisk = process.getuid?.() === 0 ? without('mount', 'umount') : 'mounting a small disk needs root';
for (const [kilobytes, frames] of [
  [600, true],
  [20, false],
] as const) {
  t.test(
    `a disk of ${kilobytes} kB that becomes full: ` +
      `${frames ? 'the file is whole as far as it goes' : 'nothing that looks whole is left'}, and that is said`,
    { skip: noSmallDisk },
    async (t) => {
      const disk = mkdtempSync(join(folder, 'disk-'));
      try {
        execFileSync(programNamed('mount') as string, ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', disk], {
          stdio: 'pipe',
        });
      } catch (error) {
        return t.pass(`not tried: ${(error as Error).message}`, { skip: 'no small disk can be mounted here' });
      }
      t.teardown(() => {
        execFileSync(programNamed('umount') as string, [disk]);
      });
      const file = join(disk, 'full.h5');
      const large = [32, 64];
      const pixelsOf = (index: number): Uint8Array => new Uint8Array(4096).fill(1 + index);
      const many = Array.from({ length: 200 }, (_, index) =>
        image(11 + index, index, { shape: large }, pixelsOf(index)),
      );
      const error = await record(file, [header(10), ...many, end(211)]).then(
        () => null,
        (reason: Error) => reason,
      );
      t.match(error, { name: 'OperatorError', exitCode: 3, message: /full\.h5.*No space left on device/ });
      t.notMatch(error?.message, /\n|HDF5-DIAG/);
      t.same(
        readdirSync(disk).filter((name) => !name.endsWith('.broken')),
        frames ? ['full.h5'] : [],
      );
      if (!frames) return;
      const written = Number(/has the (\d+) frames/.exec(error?.message ?? '')?.[1]);
      t.ok(written > 30 && written < 200, `${written} frames`);
      const seen = (await values(file)) as { data: number[][][]; sequence_number: number[] };
      t.same(
        seen.sequence_number,
        Array.from({ length: written }, (_, index) => index),
      );
      t.equal(seen.data.length, written);
      t.ok(
        seen.data.every((image, index) => image.every((row) => row.every((value) => value === (1 + index) * 257))),
        'every pixel',
      );
    },
  );
}

t.test('a file that reaches the limit of file sizes is whole as far as it goes, and that is said', async (t) => {
  const push = new Push({ linger: 0 });
  await push.bind('tcp://127.0.0.1:*');
  t.teardown(() => {
    push.close();
  });
  const file = newFile();
  // Blocks of 512 bytes: 512 KiB.
  const child = vdcuProcess(
    t,
    ['record', push.lastEndpoint as string, file, '--name', 'eiger', '--json'],
    [],
    ['sh', '-c', 'ulimit -f 1024; unset NODE_OPTIONS; exec "$@"', 'sh'],
  );
  const pixels = new Uint8Array(4096).fill(7);
  const many = Array.from({ length: 200 }, (_, index) => image(11 + index, index, { shape: [32, 64] }, pixels));
  const sending = (async () => {
    for (const message of [header(10), ...many, end(211)]) await push.send(wire(message));
  })().catch(() => undefined);
  t.equal(await child.code(), 3, child.stderr);
  push.close();
  await sending;
  t.match(child.stderr, /File too large: ulimit -f.*The file is whole and has the \d+ frames/);
  const written = Number(/has the (\d+) frames/.exec(child.stderr)?.[1]);
  t.ok(written > 50 && written < 128, `${written} frames`);
  const seen = (await values(file)) as { data: number[][][]; sequence_number: number[] };
  t.equal(seen.sequence_number.length, written);
  t.equal(seen.data.length, written);
  t.ok(
    seen.data.every((rows) => rows.every((row) => row.every((value) => value === 7 * 257))),
    'every pixel',
  );
});
