// How much memory this process has. Reading it needs a descriptor, and a process may have none left.
// Tested by test/metrics/process-figures.test.ts.

/** Bytes of this process in memory; null = the system does not say. */
export function residentBytes(read: () => number = () => process.memoryUsage.rss()): number | null {
  try {
    return read();
  } catch {
    return null;
  }
}
