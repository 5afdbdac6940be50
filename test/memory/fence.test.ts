import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { fence } from '../../src/memory/fence.js';
import { playSide } from './fence-thread.js';

const turns = 5000;

/** Turns in which neither side saw the other's store: possible only where a load passed the store before it. */
async function bothMissed(fenced: boolean): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(4 * 128));
  const [mine, theirs] = [new Int32Array(turns), new Int32Array(new SharedArrayBuffer(turns * 4))];
  const worker = new Worker(new URL('./fence-thread.js', import.meta.url), {
    workerData: { words, turns, fenced, seen: theirs },
  });
  await once(worker, 'online');
  playSide(words, 0, turns, fenced, mine);
  await once(worker, 'exit');
  return mine.reduce((sum, seen, turn) => sum + (seen <= turn && theirs[turn] <= turn ? 1 : 0), 0);
}

t.test('with the fence no plain load passes the plain store before it', async (t) => {
  // This machine may do it without: x64 and arm64 both let loads pass stores.
  t.comment(`without the fence: ${await bothMissed(false)} of ${turns} turns`);
  t.equal(await bothMissed(true), 0);
});

t.test('the fence returns nothing and can be called at once', async (t) => {
  t.equal(fence(), undefined);
});
