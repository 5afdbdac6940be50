// The stream against the libraries that the real consumer is made of: pyzmq receives, h5py writes by direct chunk,
// numpy compares every pixel with a formula of its own. And what viewers ask for, read by Python's own pickle.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import { quadYaml, start } from '../threads/running.js';
import type { Running } from '../threads/running.js';
import { until } from '../threads/waiting.js';
import { noPython, runPython } from './python/find-python.js';

interface PythonSeries {
  readonly images: number;
  readonly written: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
  readonly missing_packets: number;
  readonly missing_pixels: number;
  readonly wrong_pixels: number;
  readonly pixels: number;
  readonly sequence_number?: readonly number[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const framePixels = 514 * 514;

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-python-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function consume(
  running: Running,
  series: number,
): Promise<{ result: Promise<{ gapless: boolean; stuck: number; series: readonly PythonSeries[] }> }> {
  const ports = running.config.detector.udpPorts.map(String);
  const result = runPython(
    'consumer.py',
    running.service.dataEndpoint,
    String(series),
    ...ports,
  ) as unknown as Promise<{ gapless: boolean; stuck: number; series: readonly PythonSeries[] }>;
  result.catch(() => undefined);
  await until(() => running.status().consumers === 1, "Python's connection");
  return { result };
}

/** What the service said it sent is what Python got. */
function agree(t: Test, seen: PythonSeries, { frames, complete, marked, discarded, ledger }: SeriesSummary): void {
  t.match(seen, {
    images: frames,
    complete,
    marked,
    discarded,
    written: frames - discarded,
    missing_packets: ledger.reduce((sum, { missing }) => sum + missing, 0),
    pixels: (frames - discarded) * framePixels,
    wrong_pixels: 0,
    first_wrong: null,
    series_end: { frames, complete, marked, discarded, aborted: null },
  });
}

t.test(
  "three series under loss: every pixel in the files is the formula's or marked, numbers have no gap",
  { skip: noPython },
  async (t) => {
    const running = await start(t);
    // Where C functions can be called it is the default, and what MAX IV's consumers meet.
    if (ffiUnavailable() === null) t.match(running.service.view.backend, /\bzmtp\b/);
    const folder = folderOf(t);
    const { result } = await consume(running, 3);
    const [first, second] = running.config.detector.udpPorts;
    const frames = 40;
    const lost = [
      { loss: '0.01', reorder: '0.01', duplicate: '0.01' },
      // Two frames lost whole, one on one port, half of another.
      { loss: `*:110-111:*,${first}:115:*,${second}:120:0-31` },
      {},
    ];
    const summaries: SeriesSummary[] = [];
    for (const [index, faults] of lost.entries()) {
      const firstFrame = 1 + 100 * index;
      const request = {
        filename: index === 2 ? '' : join(folder, `${index}.h5`),
        frames,
        first_frame_number: firstFrame,
        frame_period_ms: 20,
        metadata: { exptime: 0.5, description: 'Eigér', nimages: frames },
      };
      t.match(await running.arm(request), { status: 201 });
      await running.simulate({ frames, firstFrame, rate: 50, ...faults });
      summaries.push(await running.ended(index + 1));
    }
    const { gapless, stuck, series } = await result;
    t.equal(gapless, true, 'each message number once, in order');
    t.equal(stuck, 0);
    t.equal(series.length, 3);
    series.slice(0, 2).forEach((seen, index) => agree(t, seen, summaries[index]));
    t.match(series[2], { images: frames, written: 0 }, 'no file name: nothing is written');
    t.ok(
      (series[0]?.missing_packets ?? 0) > 10 && (series[1]?.missing_packets ?? 0) >= 2 * 128 + 64 + 32,
      'packets were missing',
    );
    for (const seen of series.slice(0, 2)) {
      t.strictSame(
        seen.sequence_number,
        Array.from({ length: frames }, (_, index) => index),
      );
      t.match(seen.metadata, { exptime: 0.5, description: 'Eigér', nimages: frames });
    }
  },
);

t.test('discarded frames are not in the file, and their numbers are not either', { skip: noPython }, async (t) => {
  const running = await start(t, `${quadYaml}\nincomplete_frames: discard`);
  const { result } = await consume(running, 1);
  const frames = 30;
  await running.arm({ filename: join(folderOf(t), 'd.h5'), frames, first_frame_number: 1, frame_period_ms: 20 });
  const {
    udpPorts: [port],
  } = running.config.detector;
  await running.simulate({ frames, rate: 50, loss: `${port}:4:7,*:10-12:*` });
  const summary = await running.ended(1);
  const {
    series: [seen],
  } = await result;
  if (seen === undefined) return void t.fail('no series');
  agree(t, seen, summary);
  t.ok(seen.discarded >= 4 && seen.written === frames - seen.discarded);
  const left = new Set(seen.sequence_number);
  for (const index of [3, 9, 10, 11]) t.notOk(left.has(index), `frame ${index} is not in the file`);
});

t.test(
  'Python reads the last frame, the state and the count as those of streaming-receiver',
  { skip: noPython },
  async (t) => {
    const running = await start(t);
    const ports = running.config.detector.udpPorts.map(String);
    const look = (): Promise<Record<string, unknown>> => runPython('viewer.py', running.service.apiUrl, ...ports);
    t.match(await look(), { content_type: 'image/pickle', header: {}, bytes: 0, state: 'idle', received: 0 });
    const consumer = await running.consume({ series: 1 });
    await running.arm({ frames: 20, first_frame_number: 1, frame_period_ms: 20 });
    t.match(
      await look(),
      { state: 'running', received: 0 },
      'running from the answer to arm on: device servers wait for that before they start the detector',
    );
    await running.simulate({ frames: 20, rate: 50, loss: `${ports[0]}:20:5-9` });
    await running.ended(1);
    await consumer.report;
    t.match(await look(), {
      state: 'idle',
      received: 20,
      bytes: 2 * framePixels,
      wrong_pixels: 0,
      npy: ['uint16', [514, 514], 0],
      header: {
        htype: 'image',
        frame: 19,
        frame_number: 20,
        type: 'uint16',
        shape: [514, 514],
        complete: false,
        missing: { [ports[0]]: [[5, 9]] },
      },
    });
  },
);
