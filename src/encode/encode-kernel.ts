// The encoder compiled to WebAssembly: loads the kernel that scripts/build-kernel.mjs made. What it does:
// kernel/encode.ts.

import { readFileSync } from 'node:fs';
import { assert } from '../base/assert.js';
import { messageOf, OperatorError, exitCode } from '../base/errors.js';

/** The compiled code on one shared memory; parameters as in kernel/encode.ts. */
export interface EncodeKernel {
  encode(from: number, elements: number, size: number, to: number, scratch: number): number;
  boundOf(bytes: number): number;
  scratchBytes(): number;
}

/**
 * Instantiate the kernel; once per thread.
 * @throws OperatorError (internal) when the build left it out
 */
export function loadEncodeKernel(memory: WebAssembly.Memory): EncodeKernel {
  const { encode, boundOf, scratchBytes } = new WebAssembly.Instance(new WebAssembly.Module(readKernel()), {
    env: { memory },
  }).exports;
  assert(
    encode !== undefined && boundOf !== undefined && scratchBytes !== undefined,
    'the encoder kernel does not export what it should',
  );
  return { encode, boundOf, scratchBytes };
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
