// What does it cost to compress a frame? Poisson images with hot pixels and gaps, noise and a constant: CPU per byte of
// the image (1 ns/byte = 1 CPU-s/GB) and how much smaller it becomes, in turns with libbitshuffle where its sources are
// at hand, compiled for AVX2 and for SSE2. These are those of Debian (`apt-get source bitshuffle`) or of PyPI's sdist.
//
//   node dist/bench/encode.js [runs] [folder of bitshuffle's sources]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/base/random.js';
import { loadEncodeKernel } from '../src/encode/encode-kernel.js';
import { imageOf } from '../test/encode/images.js';
import type { Content } from '../test/encode/images.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';

const runs = Number(process.argv[2] ?? 7);
const sources = process.argv[3] ?? null;
const shape = [514, 514] as const;
const imagesPerRun = 60;
const contents: readonly Content[] = ['mean 0.1', 'mean 1', 'mean 5', 'mean 20', 'noise', 'all 0'];

const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
const kernel = loadEncodeKernel(memory);
const scratch = 64;
const from = 65536;

/** One run of the kernel: ns of CPU per byte. */
function kernelRun(bytes: number, size: number): { cost: number; chunk: number } {
  const to = from + bytes + 64;
  let chunk = 0;
  const begin = process.cpuUsage();
  for (let image = 0; image < imagesPerRun; image++) chunk = kernel.encode(from, bytes / size, size, to, scratch);
  const { user, system } = process.cpuUsage(begin);
  return { cost: ((user + system) * 1000) / (imagesPerRun * bytes), chunk };
}

const folder = mkdtempSync(join(tmpdir(), 'vdcu-bench-'));

function compileC(flags: string): string | null {
  if (sources === null) return null;
  const program = join(folder, `bitshuffle${flags}`);
  const main = fileURLToPath(new URL('../../bench/c/bitshuffle.c', import.meta.url));
  const files = ['src/bitshuffle.c', 'src/bitshuffle_core.c', 'src/iochain.c', 'lz4/lz4.c'];
  const { status } = spawnSync(
    'cc',
    ['-O3', flags, `-I${join(sources, 'src')}`, `-I${join(sources, 'lz4')}`, '-o', program, main].concat(
      files.map((file) => join(sources, file)),
    ),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return status === 0 ? program : null;
}

function cRun(program: string, file: string, size: number): { cost: number; chunk: number } {
  // The first run warms up.
  const { stdout, status } = spawnSync(program, [file, String(size), '2', String(imagesPerRun)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed with ${status}`);
  const [chunk, , cost] = stdout.trim().split('\n').map(Number);
  return { cost, chunk };
}

const programs = [
  ['C, AVX2', compileC('-mavx2')],
  ['C, SSE2', compileC('-msse2')],
] as const;
const rows: string[][] = [];
for (const size of [1, 2, 4])
  for (const content of contents) {
    const image = imageOf(new Random(7), content, shape, size);
    const file = join(folder, 'image');
    writeFileSync(file, image);
    new Uint8Array(memory.buffer).set(image, from);
    kernelRun(image.length, size);
    const own: number[] = [];
    const others = programs.map((): number[] => []);
    let chunk = 0;
    const chunks: number[] = [];
    for (let run = 0; run < runs; run++) {
      const ours = kernelRun(image.length, size);
      own.push(ours.cost);
      chunk = ours.chunk;
      programs.forEach(([, program], index) => {
        if (program === null) return;
        const theirs = cRun(program, file, size);
        others[index].push(theirs.cost);
        chunks[index] = theirs.chunk + 12;
      });
    }
    rows.push([
      `${8 * size} bit`,
      content,
      (image.length / chunk).toFixed(2),
      chunks[0] === undefined ? '–' : (image.length / chunks[0]).toFixed(2),
      withSpread(spreadOf(own), 2),
      ...others.map((costs) => withSpread(costs.length === 0 ? null : spreadOf(costs), 2)),
      others[0].length === 0 ? '–' : withSpread(ratioOf(own, others[0]), 2),
    ]);
  }
rmSync(folder, { recursive: true });
console.log(`CPU-s/GB of an image of ${shape.join(' × ')} pixels, median and range of ${runs} runs\n`);
console.log(table(['', 'image', 'smaller by', 'C', 'kernel', ...programs.map(([name]) => name), '× C, AVX2'], rows));
