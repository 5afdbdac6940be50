// Compiles the placement kernel (src/assembly/kernel/place.ts, AssemblyScript) to WebAssembly, next to the code that
// loads it. Usage: node scripts/build-kernel.mjs [output folder of tsc, default: dist]

import { resolve } from 'node:path';
import asc from 'assemblyscript/asc';

const baseDir = resolve(import.meta.dirname, '..');
const output = resolve(process.argv[2] ?? resolve(baseDir, 'dist'), 'src/assembly/kernel/place.wasm');

const { error, stderr } = await asc.main([
  'src/assembly/kernel/place.ts',
  '--baseDir',
  baseDir,
  '--outFile',
  output,
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
