// Run by a test in a process of its own, with --expose-gc: how much do image messages leave in the old part of V8's
// heap, where it stays until the next full collection? Prints bytes per message.

import { getHeapSpaceStatistics } from 'node:v8';
import { ImageMessages } from '../../../../src/stream/output/maxiv/messages.js';
import type { ImageFacts } from '../../../../src/stream/output/output.js';
import { asIndex, asNumber } from '../../../frame-numbers.js';

const images = new ImageMessages({
  shape: [514, 514],
  type: 'uint16',
  headerKeys: ['timestamp', 'sub_frames'],
  exposureTime: null,
});
const { gc } = globalThis;
if (gc === undefined) throw new Error('needs --expose-gc');
const minor = (): void => void gc({ type: 'minor' } as never);
let bytes = 0;

/** Bytes in use in the old part. @throws Error where V8 has none of that name */
function oldSpace(): number {
  const found = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space');
  if (found === undefined) throw new Error('V8 has no old_space');
  return found.space_used_size;
}

/** Collections of the young part come between messages, as they do in a service. */
function make(from: number, count: number): void {
  for (let index = from; index < from + count; index++) {
    const facts: ImageFacts = {
      frameIndex: asIndex(index),
      frameNumber: asNumber(5e9 + index),
      missingPackets: 0,
      missing: [],
      reason: null,
      discard: false,
      headerValues: [1e15 + index * 1000, 3e9 + index],
    };
    bytes += images.make(1.7e15 + index, facts).length;
    if (index % 500 === 0) minor();
  }
}

const warmUp = 20_000;
const measured = 100_000;
make(0, warmUp);
void gc();
const before = oldSpace();
make(warmUp, measured);
minor();
minor();
process.stdout.write(JSON.stringify({ bytes, perMessage: (oldSpace() - before) / measured }));
