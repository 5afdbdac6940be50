// Compiles the kernels (AssemblyScript) to WebAssembly, next to the code that loads them: placement and encoder; and
// the filter by which HDF5 takes chunks as they are (WebAssembly's text).
// Usage: node scripts/build-kernel.mjs [output folder of tsc, default: dist]

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import asc from 'assemblyscript/asc';
import binaryen from 'assemblyscript/binaryen';

const kernels = ['src/assembly/kernel/place', 'src/encode/kernel/encode'];

const baseDir = resolve(import.meta.dirname, '..');
const output = resolve(process.argv[2] ?? resolve(baseDir, 'dist'));

for (const kernel of kernels) {
  const { error, stderr } = await asc.main([
    `${kernel}.ts`,
    '--baseDir',
    baseDir,
    '--outFile',
    resolve(output, `${kernel}.wasm`),
    // No garbage collector, no heap, no start code: functions on the memory that is imported, up to the limit of 4 GiB.
    '--runtime',
    'stub',
    '--importMemory',
    '--noExportMemory',
    '--sharedMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
    '--enable',
    'threads',
    '--enable',
    'simd',
    '-O3',
    '--noAssert',
  ]);
  if (error) {
    process.stderr.write(`${stderr.toString()}${error.message}\n`);
    process.exitCode = 1;
  }
}

const filter = binaryen.parseText(readFileSync(resolve(baseDir, 'simulators/files/direct.wat'), 'utf8'));
filter.setFeatures(binaryen.Features.BulkMemory | binaryen.Features.BulkMemoryOpt);
if (!filter.validate()) process.exitCode = 1;
const code = filter.emitBinary();
// A library that emscripten links while it runs (tool-conventions, DynamicLinking.md): a section of its own comes
// first, which asks for 96 bytes of memory, 16-byte aligned, and one place in the table of functions.
const section = [...Buffer.from('\x08dylink.0'), 1, 4, 96, 4, 1, 0];
const library = resolve(output, 'simulators/files/direct/libH5Zdirect.so');
mkdirSync(dirname(library), { recursive: true });
writeFileSync(
  library,
  Buffer.concat([code.subarray(0, 8), Buffer.from([0, section.length, ...section]), code.subarray(8)]),
);
