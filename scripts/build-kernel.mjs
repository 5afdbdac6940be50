// Compiles the kernels (AssemblyScript) to WebAssembly, next to the code that loads them: placement and encoder.
// Usage: node scripts/build-kernel.mjs [output folder of tsc, default: dist]

import { resolve } from 'node:path';
import asc from 'assemblyscript/asc';

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
