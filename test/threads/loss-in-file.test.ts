// What a recorded file says of loss, read as people read it: by the lines of Python in the documentation, held against
// what the simulator lost on purpose. Every kind of loss, frames marked and discarded.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';
import type { SeriesSummary } from '../../src/contract/series.js';
import { recordStream } from '../../simulators/record.js';
import type { RecordReport } from '../../simulators/record.js';
import { toRanges } from '../../simulators/detector/truth.js';
import type { FrameTruth } from '../../simulators/detector/truth.js';
import { repository, vdcu } from '../commands/repository.js';
import { pythonWith } from '../programs.js';
import { LossyService, lossyYaml } from './lossy-service.js';
import { start } from './running.js';
import { tell } from './scraped-truth.js';
import { undisturbed } from './undisturbed.js';
import { generousMs, until, within } from './waiting.js';

const python = pythonWith('h5py') ?? '';
const skip = python === '' && 'no Python with h5py here (scripts/install-python-clients.sh)';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-loss-in-file-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Packets of a port image, and the row of a frame that is not in the file. */
const packets = 64;
const noRow = 2 ** 32 - 1;

/** The lines as they stand in docs/simulator.md. */
const documented = /three lines of Python:\n\n```python\n(.*?)```/s.exec(
  readFileSync(join(repository, 'docs/simulator.md'), 'utf8'),
)?.[1] as string;

/** What spoilt a series, of which everything that is missing must be the simulator's doing. */
const disturbed = ({ ledger }: SeriesSummary): string | null =>
  ledger.some(({ kernel_drops: drops }) => drops !== 0) ? 'the kernel dropped packets' : null;

/** What lines of Python print of a file. */
async function printed(file: string, script: string): Promise<unknown> {
  const lines = `import h5py\n${script.replace('"scan.h5"', JSON.stringify(file))}`;
  const { stdout } = await promisify(execFile)(python, ['-c', lines], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

interface Told {
  readonly sequence_number: number[];
  readonly frame_number: number[];
  readonly complete: number[];
  readonly missing_packets: number[];
  /** Frame, row, UDP port, first and last packet. */
  readonly missing_ranges: [number, number, number, number, number][];
}

/** Everything that the file tells of its frames. */
const told = async (file: string): Promise<Told> =>
  (await printed(
    file,
    `import json
with h5py.File("scan.h5") as file:
    detector = file["/entry/instrument/eiger"]
    names = ("sequence_number", "frame_number", "complete", "missing_packets", "missing_ranges")
    print(json.dumps({name: detector[name][()].tolist() for name in names}))`,
  )) as Told;

/** The same file as streaming-receiver would have written it: images, sequence numbers, metadata. */
async function asReceived(file: string): Promise<string> {
  const path = file.replace(/\.h5$/, '-received.h5');
  const lines = `
import h5py, sys
ours = {"frame_number", "timestamp", "complete", "missing_packets", "incomplete_frames", "missing_ranges", "pixel_mask"}
with h5py.File(sys.argv[1]) as recorded, h5py.File(sys.argv[2], "w") as file:
    group = file.create_group("entry/instrument/eiger")
    for name, item in recorded["entry/instrument/eiger"].items():
        if name in ("data", "sequence_number"):
            group.create_dataset(name, data=item[()], maxshape=(None, *item.shape[1:]), chunks=item.chunks)
        elif name not in ours:
            recorded.copy(item, group, name, without_attrs=True)`;
  await promisify(execFile)(python, ['-c', lines, file, path]);
  return path;
}

/** What was annotated says the same as what was recorded. */
async function annotatedAlike(t: Test, file: string, apiUrl: string): Promise<void> {
  const received = await asReceived(file);
  const { code, stdout, stderr } = await vdcu('annotate', received, '--series', '1', '--url', apiUrl, '--json');
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { changed: true, unknown: 0, warnings: [] });
  t.strictSame(await told(received), await told(file), 'the same as in the recording');
  t.strictSame(await printed(received, documented), await printed(file, documented));
  const mask = `
with h5py.File("scan.h5") as file:
    print(int((file["/entry/instrument/eiger/pixel_mask"][()] == 1).sum()))`;
  t.equal(await printed(received, mask), 514 * 514 - 512 * 512, 'the gaps of a quad');
}

function record(endpoint: string, name: string): { file: string; report: Promise<RecordReport> } {
  const file = join(folder, name);
  const signal = AbortSignal.timeout(2 * generousMs);
  const report = recordStream({ endpoint, file, name: 'eiger', series: 1, signal });
  return { file, report: within(report, 'the end of the recording', 2 * generousMs) };
}

/** A range for each run of packets that no receiver can have, or have in time. */
function truthRanges(frames: Iterable<FrameTruth>, rowOf: (frame: number) => number): number[][] {
  const lines: number[][] = [];
  for (const { frameNumber, neverIntact, delayed } of frames)
    for (const port of new Set([...neverIntact.keys(), ...delayed.keys()])) {
      const lost = [...(neverIntact.get(port) ?? []), ...(delayed.get(port) ?? [])].sort((one, other) => one - other);
      const frame = frameNumber - 1;
      for (const range of toRanges(lost)) lines.push([frame, rowOf(frame), port, ...range]);
    }
  return lines;
}

const sorted = (lines: number[][]): number[][] =>
  lines.sort((one, other) => one[0] - other[0] || one[2] - other[2] || one[3] - other[3]);

t.test('the documented lines are three', async (t) => t.equal(documented.trim().split('\n').length, 3));

for (const incomplete of ['mark', 'discard'] as const) {
  const yaml = `${lossyYaml}\nincomplete_frames: ${incomplete}`;
  const rowOf = (frame: number): number => (incomplete === 'mark' ? frame : noRow);

  t.test(
    `lost, cut, late and absent, a tail that never came (${incomplete}): as the simulator lost it`,
    { skip },
    (t) =>
      undisturbed(t, async (t, count) => {
        const running = await start(t, yaml);
        const [first] = running.config.detector.udpPorts as [number];
        const { file, report } = record(running.service.dataEndpoint, `network-${incomplete}-${count}.h5`);
        await until(() => running.status().consumers === 1, 'the connection of the recorder');
        await running.arm({ frames: 42, first_frame_number: 1, metadata: { exptime: 0.01 } });
        const { truth } = await running.simulate({
          frames: 40,
          loss: `${first}:7:3-9,${first}:7:20,*:20:*,${first}:25:*`,
          duplicate: '*:12:0-4',
          delay: `${first}:30:5`,
          delayFrames: 8,
          truncate: '*:15:60',
          foreign: '*:16:1-3',
        });
        // The last two frames: none of their packets was ever sent.
        await running.http('DELETE', '/api/v1/series?fill=true');
        await report;
        const spoilt = disturbed(await running.ended(1));
        if (spoilt !== null) return spoilt;
        const lost = [...truth.frames.values()].filter(
          ({ neverIntact, delayed }) => neverIntact.size + delayed.size > 0,
        );
        const frames = [...lost.map(({ frameNumber }) => frameNumber - 1), 40, 41].sort((one, other) => one - other);
        t.strictSame(await printed(file, documented), frames);
        const seen = await told(file);
        const tail = [40, 41].flatMap((frame) =>
          running.config.detector.udpPorts.map((port) => [frame, rowOf(frame), port, 0, packets - 1]),
        );
        const ranges = sorted([...truthRanges(lost, rowOf), ...tail]);
        t.strictSame(sorted(seen.missing_ranges), ranges);
        const written = Array.from({ length: 42 }, (_, frame) => frame).filter(
          (frame) => incomplete === 'mark' || !frames.includes(frame),
        );
        t.strictSame(seen.sequence_number, written);
        t.strictSame(
          seen.frame_number,
          written.map((frame) => frame + 1),
        );
        t.strictSame(
          seen.complete,
          written.map((frame) => Number(!frames.includes(frame))),
        );
        t.strictSame(
          seen.missing_packets,
          written.map((frame) =>
            ranges.reduce((sum, line) => sum + (line[0] === frame ? line[4] - line[3] + 1 : 0), 0),
          ),
        );
        await annotatedAlike(t, file, running.service.apiUrl);
        return null;
      }),
  );

  t.test(`frames that a full ring refused, of a series that was ended (${incomplete})`, { skip }, (t) =>
    undisturbed(t, async (t, count) => {
      const running = await start(t, yaml);
      await running.arm({ frames: 100, first_frame_number: 1, force: true });
      await running.simulate({ frames: 80, rate: 40 });
      const { file, report } = record(running.service.dataEndpoint, `ring-${incomplete}-${count}.h5`);
      await until(() => running.status().series?.images_sent === 80, 'the frames that were seen');
      await running.end();
      await report;
      const spoilt = disturbed(await running.ended(1));
      if (spoilt !== null) return spoilt;
      const refused = Array.from({ length: 16 }, (_, frame) => 64 + frame);
      t.strictSame(await printed(file, documented), refused);
      t.strictSame(
        sorted((await told(file)).missing_ranges),
        sorted(
          refused.flatMap((frame) =>
            running.config.detector.udpPorts.map((port) => [frame, rowOf(frame), port, 0, packets - 1]),
          ),
        ),
      );
      await annotatedAlike(t, file, running.service.apiUrl);
      return null;
    }),
  );

  t.test(
    `what the kernel dropped (${incomplete}): packet for packet`,
    { skip: skip || (!existsSync('/proc/net/udp') && 'no /proc/net/udp here') },
    async (t) => {
      const service = await LossyService.start(t, `${yaml}\nreceive_buffer_bytes: ${1 << 21}`);
      const { file, report } = record(service.endpoint, `socket-${incomplete}.h5`);
      await until(async () => (await tell(service.ask)).status.consumers === 1, 'the connection of the recorder');
      await service.arm({ frames: 50, first_frame_number: 1 });
      await service.sendAndTake(1, 8);
      await service.stopped(() => service.simulate(9, 40, { rate: 400 }));
      await service.taken();
      await service.sendAndTake(41, 50);
      await report;
      const seen = await told(file);
      const frames = (await printed(file, documented)) as number[];
      for (const [port, drops] of service.kernelDrops()) {
        const lines = seen.missing_ranges.filter((line) => line[2] === port);
        t.ok(drops > 0, 'there were some');
        t.equal(
          lines.reduce((sum, line) => sum + line[4] - line[3] + 1, 0),
          drops,
          `port ${port}`,
        );
        t.ok(lines.every(([frame, row]) => frames.includes(frame) && row === rowOf(frame)));
      }
      await annotatedAlike(t, file, service.apiUrl);
      t.strictSame([...new Set(seen.missing_ranges.map(([frame]) => frame))], frames, 'those that lack some');
      await service.end();
    },
  );
}
