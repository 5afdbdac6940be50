// The writer of a flight ring on a thread of its own, for the test that copies the ring meanwhile: every word of an
// entry is the entry's number. Goes on until it is terminated.

import { workerData } from 'node:worker_threads';
import { FlightRing } from '../../src/memory/flight-ring.js';

const { buffer, packets, batch } = workerData as { buffer: SharedArrayBuffer; packets: number; batch: number };
const ring = new FlightRing(buffer, 0, packets, batch);
for (let recorded = 0; ; recorded += batch) {
  for (let number = recorded; number < recorded + batch; number++) {
    const at = (number % ring.entries) * 16;
    for (let word = 0; word < 16; word++) ring.words[at + word] = number;
  }
  ring.publish(recorded + batch);
}
