// What the process itself takes: memory, descriptors, CPU time, as they are at the moment of the call.

import { readdirSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { residentBytes } from '../base/resident-bytes.js';

/** Null = the system does not say. */
export interface ProcessFigures {
  /** Memory of all threads, pages of the frame ring and of program files included. */
  readonly residentBytes: number | null;
  /** Heap of the main thread alone. The others have heaps of their own, which only show in what is resident. */
  readonly heapBytes: number | null;
  readonly externalBytes: number | null;
  readonly descriptors: number | null;
  readonly cpuSeconds: number | null;
}

export type ProcessFigure = keyof ProcessFigures;

/** Read all of them; on the main thread. */
export function processFigures(): ProcessFigures {
  const { used_heap_size: heapBytes, external_memory: externalBytes } = getHeapStatistics();
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: residentBytes(),
    heapBytes,
    externalBytes,
    descriptors: openDescriptors(),
    cpuSeconds: (user + system) / 1e6,
  };
}

function openDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return null;
  }
}
