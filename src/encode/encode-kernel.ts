// The encoder compiled to WebAssembly: loads the kernel that scripts/build-kernel.mjs made. Its code: kernel/encode.ts,
// kernel/arrange.ts.

import { readFileSync } from 'node:fs';
import { assert } from '../base/assert.js';
import { messageOf, OperatorError, exitCode } from '../base/errors.js';

/** The compiled code on one shared memory; parameters as in kernel/encode.ts and kernel/arrange.ts. */
export interface EncodeKernel {
  encode(from: number, elements: number, size: number, to: number, scratch: number): number;
  boundOf(bytes: number): number;
  scratchBytes(): number;
  arrange(from: number, rows: number, columns: number, down: number, across: number, size: number, to: number): void;
  cover(to: number, pixels: number, bits: number, size: number, value: number): void;
}

/**
 * Instantiate the kernel; once per thread and memory.
 * @throws OperatorError (internal) when the build left it out
 */
export function loadEncodeKernel(memory: WebAssembly.Memory): EncodeKernel {
  const { encode, boundOf, scratchBytes, arrange, cover } = new WebAssembly.Instance(
    new WebAssembly.Module(readKernel()),
    {
      env: { memory },
    },
  ).exports;
  assert(
    [encode, boundOf, scratchBytes, arrange, cover].every((part) => part !== undefined),
    'the encoder kernel does not export what it should',
  );
  return { encode, boundOf, scratchBytes, arrange, cover };
}

function readKernel(): Uint8Array {
  const file = new URL('kernel/encode.wasm', import.meta.url);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OperatorError(
      `the compiled encoder is not there: ${file.pathname} cannot be read (${messageOf(cause)}). Build it: npm run ` +
        'build',
      exitCode.internal,
    );
  }
}
