#!/usr/bin/env node
// Where `vdcu` begins, before anything that takes time is loaded: Node opens a debugger, for
// every program that reaches its port, when a process gets SIGUSR1, and it listens for that from its own start. Here
// that is switched off; then come the commands.
// Tested by test/commands/command-line.test.ts.

import { close, url } from 'node:inspector';
import { debuggerWanted } from './base/environment.js';

// SIGUSR1 does nothing from here on (docs/operating.md#signals).
process.on('SIGUSR1', () => undefined);
// Nor does SIGXFSZ: the write beyond the limit of a file's size (ulimit -f) fails, like one on a full disk.
process.on('SIGXFSZ', () => undefined);
if (!debuggerWanted()) {
  // One that came before.
  if (url() !== undefined) close();
  setImmediate(() => {
    if (url() !== undefined) close();
  });
}

await import('./commands/program.js');
