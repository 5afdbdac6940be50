// What does it cost to check a packet and to place it? Eiger quad, 16 bit, with gaps: 8 pieces of 512 bytes, half of
// them not aligned like their source. A whole turn of the port assembler from landing buffers to closed port images,
// without a socket: by the reference (copyWithin), compiled, and the same work in C (memcpy), which is compiled here
// when there is a compiler. Then packed pixels, compiled, against 16 bit in packets of the same size, by bytes of the
// frame. Between them: what the flight recorder adds.
//
//   node dist/bench/placement.js [--runs 7] [--slots 64]

import { spawnSync } from 'node:child_process';
import { ownOf } from '../test/frame-numbers.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeLayout } from '../src/detector/layout.js';
import { makePieceTable } from '../src/detector/piece-table.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { LoopingSource } from '../test/assembly/looping-source.js';
import { SinglePort } from '../test/assembly/single-port.js';
import { quadSettings } from '../test/simulators/detector/settings-examples.js';
import { commandLine } from './command-line.js';

const {
  options: { runs, slots },
} = commandLine({ runs: 7, slots: 64 });
const batchesPerRun = 1000;
const framesPerBatch = 4;
const settings = quadSettings();
const port = 1;
const packets = makeLayout(settings).expectedPackets;
const batchPackets = packets * framesPerBatch;

/** A port assembler at work: each call is a run, and returns the CPU time of a packet in ns. */
function open(settings: DetectorSettings, compiled: boolean, flightPackets = 0): () => number {
  const { expectedPackets } = makeLayout(settings);
  const single = new SinglePort({
    settings,
    port,
    slots,
    landingPackets: expectedPackets * framesPerBatch,
    compiled,
    flightPackets,
    makeSource: (landing) => new LoopingSource(landing, settings, port, framesPerBatch, 0, 1),
  });
  single.open(0, 1, null, settings.dynamicRange);
  single.source.flowing = true;
  // As many packets whatever their number in a frame.
  const turns = Math.ceil((batchesPerRun * packets) / expectedPackets);
  let now = 1;
  const batches = (count: number): void => {
    for (let turn = 0; turn < count; turn++) {
      single.turn(now++);
      single.series.setNext(ownOf(single.source.next));
    }
  };
  batches(turns);
  return () => {
    const begin = process.cpuUsage();
    batches(turns);
    const { user, system } = process.cpuUsage(begin);
    const { received, accepted, missing } = single.counters();
    if (accepted !== received || missing !== 0)
      throw new Error(`${received} received, ${accepted} accepted, ${missing} missing`);
    return ((user + system) * 1000) / (turns * expectedPackets * framesPerBatch);
  };
}

/** The program in C, and what it reads; null without a compiler. */
function compileC(folder: string): (() => number) | null {
  const program = join(folder, 'placement');
  const source = fileURLToPath(new URL('../../bench/placement.c', import.meta.url));
  if (spawnSync('cc', ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    return null;
  const layout = makeLayout(settings);
  const { starts, pieces } = makePieceTable(layout, 0, null);
  const slotStride = Math.ceil(layout.frameBytes / 128) * 128;
  const landingStride = Math.ceil(layout.packetBytes / 64) * 64;
  // The first run warms up.
  const words = Int32Array.of(
    packets,
    slots,
    slotStride,
    landingStride,
    batchPackets,
    layout.packetBytes,
    2,
    batchesPerRun,
    ...starts,
    ...pieces,
  );
  const input = Buffer.from(words.buffer);
  return () => {
    const { stdout, status } = spawnSync(program, { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the C program failed with ${status}`);
    return Number(stdout.trim().split('\n').at(-1));
  };
}

function show(name: string, values: readonly number[], base: number | null): number {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const ratio = base === null ? '' : `   ${(median / base).toFixed(2)} × C`;
  console.log(
    `${name.padEnd(26)} ${median.toFixed(0).padStart(6)} ns   ${sorted[0].toFixed(0)} – ` +
      `${(sorted.at(-1) as number).toFixed(0)}${ratio}`,
  );
  return median;
}

const folder = mkdtempSync(join(tmpdir(), 'vdcu-bench-'));
const c = compileC(folder);
const reference = open(settings, false);
const compiled = open(settings, true);
const spent = { c: [] as number[], compiled: [] as number[], reference: [] as number[] };
for (let run = 0; run < runs; run++) {
  if (c !== null) spent.c.push(c());
  spent.compiled.push(compiled());
  spent.reference.push(reference());
}
rmSync(folder, { recursive: true });
console.log(
  `CPU per packet of ${makeLayout(settings).packetBytes} bytes, median and range of ${runs} runs of ` +
    `${batchesPerRun * batchPackets} packets`,
);
const base = c === null ? null : show('C, memcpy', spent.c, null);
show('compiled (WebAssembly)', spent.compiled, base);
show('reference (copyWithin)', spent.reference, base);

console.log('\nWith the flight recorder of 65536 packets, in turns with the same without');
for (const [name, compiledCode] of [
  ['compiled', true],
  ['reference', false],
] as const) {
  const off = open(settings, compiledCode);
  const on = open(settings, compiledCode, 65536);
  const spentOff: number[] = [];
  const spentOn: number[] = [];
  for (let run = 0; run < runs; run++) {
    spentOff.push(off());
    spentOn.push(on());
  }
  const added = spentOn.map((value, run) => value - spentOff[run]);
  console.log(
    `${name.padEnd(10)} off ${medianOf(spentOff).toFixed(0)} ns, on ${medianOf(spentOn).toFixed(0)} ns, added ` +
      `${medianOf(added).toFixed(0)} ns (${Math.min(...added).toFixed(0)} – ${Math.max(...added).toFixed(0)})`,
  );
}

for (const tenGiga of [true, false]) {
  const depths = [16, 12, 4].map((dynamicRange) => {
    const depth = quadSettings({ dynamicRange, tenGiga });
    const { expectedPackets, pixelBytes, profile } = makeLayout(depth);
    const placedBytes = (profile.portImage.rows * profile.portImage.columns * pixelBytes) / expectedPackets;
    return { dynamicRange, placedBytes, run: open(depth, true), spent: [] as number[] };
  });
  for (let run = 0; run < runs; run++) for (const depth of depths) depth.spent.push(depth.run());
  const { packetBytes } = makeLayout(quadSettings({ tenGiga }));
  console.log(`\nCPU per packet of ${packetBytes} bytes, compiled, and per byte of the frame against 16 bit`);
  let plain: number | null = null;
  for (const { dynamicRange, placedBytes, spent } of depths) {
    const median = medianOf(spent);
    plain ??= median / placedBytes;
    console.log(
      `${`${dynamicRange} bit`.padEnd(8)} ${median.toFixed(0).padStart(6)} ns   ${Math.min(...spent).toFixed(0)} – ` +
        `${Math.max(...spent).toFixed(0)}   ${placedBytes.toFixed(0)} bytes of the frame   ` +
        `${(median / placedBytes / plain).toFixed(2)} × 16 bit`,
    );
  }
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
