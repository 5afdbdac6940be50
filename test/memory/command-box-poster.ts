// The other side of the command box: posts two commands in turn until told.

import { workerData } from 'node:worker_threads';
import { CommandBox, commandText } from '../../src/memory/command-box.js';

const { buffer, values } = workerData as { buffer: SharedArrayBuffer; values: readonly [string, string] };
const stop = new Int32Array(buffer, 0, 1);
const box = new CommandBox(buffer, 128);
const texts = values.map((text) => commandText({ text }));
for (let next = 0; Atomics.load(stop, 0) === 0;) {
  if (box.post(texts[next])) next = 1 - next;
}
