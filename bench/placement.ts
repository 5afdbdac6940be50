// What does it cost to check a packet and to place it? Eiger quad, 16 bit, with gaps: 8 pieces of 512 bytes, half of them not aligned
// like their source. A whole turn of the port assembler from landing buffers to closed port images, without a socket: by the
// reference (copyWithin), compiled, and the same work in C (memcpy), which is compiled here when there is a compiler.
//
//   node dist/bench/placement.js [runs]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeLayout } from '../src/detector/layout.js';
import { makePieceTable } from '../src/detector/piece-table.js';
import { LoopingSource } from '../test/assembly/looping-source.js';
import { SinglePort } from '../test/assembly/single-port.js';
import { quadSettings } from '../test/simulators/settings-examples.js';

const runs = Number(process.argv[2] ?? 7);
const batchesPerRun = 1000;
const framesPerBatch = 4;
const slots = Number(process.argv[3] ?? 64);
const settings = quadSettings();
const port = 1;
const packets = makeLayout(settings).expectedPackets;
const batchPackets = packets * framesPerBatch;

function open(compiled: boolean): () => number {
  const single = new SinglePort({
    settings, port, slots, landingPackets: batchPackets, compiled,
    makeSource: (landing) => new LoopingSource(landing, settings, port, framesPerBatch, 0, 1),
  });
  single.open(0, 1, 0, settings.dynamicRange);
  single.source.flowing = true;
  let now = 1;
  const batches = (count: number): void => {
    for (let turn = 0; turn < count; turn++) {
      single.assembler.turn(now++);
      single.series.setNext(single.source.next);
    }
  };
  batches(batchesPerRun);
  return () => {
    const begin = process.cpuUsage();
    batches(batchesPerRun);
    const { user, system } = process.cpuUsage(begin);
    const { received, accepted, missing } = single.counters();
    if (accepted !== received || missing !== 0) throw new Error(`${received} received, ${accepted} accepted, ${missing} missing`);
    return ((user + system) * 1000) / (batchesPerRun * batchPackets);
  };
}

/** The program in C, and what it reads; null without a compiler. */
function compileC(folder: string): (() => number) | null {
  const program = join(folder, 'placement');
  const source = fileURLToPath(new URL('../../bench/placement.c', import.meta.url));
  if (spawnSync('cc', ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) return null;
  const layout = makeLayout(settings);
  const { starts, pieces } = makePieceTable(layout, 0, null);
  const slotStride = Math.ceil(layout.frameBytes / 128) * 128;
  const landingStride = Math.ceil(layout.packetBytes / 64) * 64;
  // The first run warms up.
  const words = Int32Array.of(packets, slots, slotStride, landingStride, batchPackets, layout.packetBytes, 2, batchesPerRun, ...starts, ...pieces);
  const input = Buffer.from(words.buffer);
  return () => {
    const { stdout, status } = spawnSync(program, { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the C program failed with ${status}`);
    return Number(stdout.trim().split('\n').at(-1));
  };
}

function show(name: string, values: readonly number[], base: number | null): number {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  const ratio = base === null ? '' : `   ${(median / base).toFixed(2)} × C`;
  console.log(`${name.padEnd(26)} ${median.toFixed(0).padStart(6)} ns   ${(sorted[0] as number).toFixed(0)} – ${(sorted.at(-1) as number).toFixed(0)}${ratio}`);
  return median;
}

const folder = mkdtempSync(join(tmpdir(), 'vdcu-bench-'));
const c = compileC(folder);
const reference = open(false);
const compiled = open(true);
const spent = { c: [] as number[], compiled: [] as number[], reference: [] as number[] };
for (let run = 0; run < runs; run++) {
  if (c !== null) spent.c.push(c());
  spent.compiled.push(compiled());
  spent.reference.push(reference());
}
rmSync(folder, { recursive: true });
console.log(`CPU per packet of ${makeLayout(settings).packetBytes} bytes, median and range of ${runs} runs of ${batchesPerRun * batchPackets} packets`);
const base = c === null ? null : show('C, memcpy', spent.c, null);
show('compiled (WebAssembly)', spent.compiled, base);
show('reference (copyWithin)', spent.reference, base);
