// What does it cost to compress a frame? Poisson images with hot pixels and gaps, noise and a constant: CPU per byte of
// the image (1 ns/byte = 1 CPU-s/GB) and how much smaller it becomes, in turns with libbitshuffle where its sources are
// at hand, compiled for AVX2 and for SSE2. These are those of Debian (`apt-get source bitshuffle`) or of PyPI's sdist.
//
//   node dist/bench/encode.js [--runs 7] [--bitshuffle FOLDER] [--json]
//
// FOLDER has bitshuffle's sources.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../src/base/random.js';
import { loadEncodeKernel } from '../src/encode/encode-kernel.js';
import { imageOf } from '../test/encode/images.js';
import type { Content } from '../test/encode/images.js';
import { commandLine, isMain, print } from './command-line.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';

export interface EncodeOptions {
  readonly runs: number;
  /** Folder of bitshuffle's sources; '' = without C. */
  readonly bitshuffle: string;
}

export const encodeDefaults: EncodeOptions = { runs: 7, bitshuffle: '' };

/** Of one image. CPU in ns per byte of it, run by run; how many times smaller it became. */
export interface EncodeRow {
  readonly bits: number;
  readonly content: Content;
  readonly kernel: readonly number[];
  readonly avx2: readonly number[];
  readonly sse2: readonly number[];
  readonly smaller: number;
  /** By libbitshuffle; null = it was not there. */
  readonly smallerInC: number | null;
}

export interface EncodeResult {
  readonly rows: readonly EncodeRow[];
}

const shape = [514, 514] as const;
const imagesPerRun = 60;
const contents: readonly Content[] = ['mean 0.1', 'mean 1', 'mean 5', 'mean 20', 'noise', 'all 0'];
/** The bar is for what detectors count, of these pixels. */
const judgedBits = [16, 32];
const isCounted = (content: string): boolean => content.startsWith('mean');

const scratch = 64;
const from = 65536;

interface Cost {
  readonly cost: number;
  /** Bytes of the chunk. */
  readonly chunk: number;
}

/** About 18 × runs seconds with C. @throws Error when bitshuffle's sources cannot be compiled */
export function measureEncode({ runs, bitshuffle }: EncodeOptions): EncodeResult {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-bench-'));
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  const kernel = loadEncodeKernel(memory);
  const encode = (bytes: number, size: number): Cost => {
    let chunk = 0;
    const begin = process.cpuUsage();
    for (let image = 0; image < imagesPerRun; image++)
      chunk = kernel.encode(from, bytes / size, size, from + bytes + 64, scratch);
    const { user, system } = process.cpuUsage(begin);
    return { cost: ((user + system) * 1000) / (imagesPerRun * bytes), chunk };
  };
  try {
    const inC = bitshuffle === '' ? [] : ['-mavx2', '-msse2'].map((flag) => compileC(bitshuffle, folder, flag));
    const rows = [1, 2, 4].flatMap((size) =>
      contents.map((content): EncodeRow => {
        const image = imageOf(new Random(7), content, shape, size);
        const file = join(folder, 'image');
        writeFileSync(file, image);
        new Uint8Array(memory.buffer).set(image, from);
        encode(image.length, size);
        const own: Cost[] = [];
        const others = inC.map((): Cost[] => []);
        for (let run = 0; run < runs; run++) {
          own.push(encode(image.length, size));
          for (const [index, program] of inC.entries()) others[index].push(runC(program, file, size));
        }
        const costs = (runs: readonly Cost[] = []): number[] => runs.map(({ cost }) => cost);
        const chunkInC = others.at(0)?.at(0)?.chunk;
        return {
          bits: 8 * size,
          content,
          kernel: costs(own),
          avx2: costs(others.at(0)),
          sse2: costs(others.at(1)),
          smaller: image.length / own[0].chunk,
          smallerInC: chunkInC === undefined ? null : image.length / chunkInC,
        };
      }),
    );
    return { rows };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compileC(sources: string, folder: string, flag: string): string {
  const program = join(folder, `bitshuffle${flag}`);
  const main = fileURLToPath(new URL('../../bench/c/bitshuffle.c', import.meta.url));
  const files = ['src/bitshuffle.c', 'src/bitshuffle_core.c', 'src/iochain.c', 'lz4/lz4.c'];
  const { status } = spawnSync(
    'cc',
    ['-O3', flag, `-I${join(sources, 'src')}`, `-I${join(sources, 'lz4')}`, '-o', program, main].concat(
      files.map((file) => join(sources, file)),
    ),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (status !== 0) throw new Error(`bitshuffle could not be compiled: are its sources in ${sources}, and cc here?`);
  return program;
}

function runC(program: string, file: string, size: number): Cost {
  // The first run warms up.
  const { stdout, status } = spawnSync(program, [file, String(size), '2', String(imagesPerRun)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed with ${status}`);
  const [chunk, , cost] = stdout.trim().split('\n').map(Number);
  // Our chunks have HDF5's 12 bytes in front.
  return { cost, chunk: chunk + 12 };
}

/** Tables for people. */
export function encodeTables({ rows }: EncodeResult): string {
  const compared = rows.some(({ avx2 }) => avx2.length > 0);
  const cell = (values: readonly number[]): string => withSpread(values.length === 0 ? null : spreadOf(values), 2);
  const ratio = ({ kernel, avx2 }: EncodeRow): string =>
    avx2.length === 0 ? '–' : withSpread(ratioOf(kernel, avx2), 2);
  const body = table(
    ['pixels', 'image', 'smaller by', 'in C', 'kernel', 'C, AVX2', 'C, SSE2', '× C, AVX2'],
    rows.map((row) => [
      `${row.bits} bit`,
      row.content,
      row.smaller.toFixed(2),
      row.smallerInC?.toFixed(2) ?? '–',
      cell(row.kernel),
      cell(row.avx2),
      cell(row.sse2),
      ratio(row),
    ]),
  );
  if (!compared) return body;
  const verdicts = judgedBits.map((bits) => {
    const counted = rows.filter((row) => row.bits === bits && isCounted(row.content));
    const ratios = counted.map(({ kernel, avx2 }) => ratioOf(kernel, avx2).median);
    const most = Math.max(...ratios);
    return (
      `- ${bits} bit, counted images: ${Math.min(...ratios).toFixed(2)} to ${most.toFixed(2)} × C with AVX2: ` +
      `${most <= 1.3 ? 'reached' : 'missed'} (≤ 1.3).`
    );
  });
  return `${body}\n\n${verdicts.join('\n')}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(encodeDefaults);
  print(measureEncode(options), encodeTables, json);
}
