// The thread that makes previews: copies the last frame out of shared memory and makes it small, so that neither the
// data path nor the main thread waits for a viewer. Answers each job with the bytes of a preview.
// Tested by test/http/page/preview-maker.test.ts.

import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { messageOf } from '../../base/errors.js';
import { LastFrame } from '../../memory/last-frame.js';
import { nameThread } from '../../runtime/thread.js';
import { PixelStates } from '../../detector/pixel-states.js';
import type { FramePlaces } from '../../detector/pixel-states.js';
import { toldFrame } from '../frame.js';
import { encodePreview, makePreview } from './preview.js';
import type { PreviewAnswer, PreviewJob, PreviewTask } from './preview-messages.js';
import type { PreviewRequest } from './preview.js';
import type { LastSent } from '../../view/service-view.js';
import { png } from '../png.js';

const { memory, detector } = workerData as PreviewTask;
const { masked } = memory;
const states = new PixelStates(detector);
const last = new LastFrame(memory.buffer, memory.offset, memory.frameBytes, memory.textBytes);

nameThread('vdcu-preview');
// On Linux this is the thread's own priority: receivers that want the processor have it. Elsewhere it would be the
// process's.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);

parentPort?.on('message', (job: PreviewJob) => {
  const { id } = job;
  let answer: PreviewAnswer;
  try {
    answer = { id, bytes: 'picture' in job ? picture(job.picture) : packed(job.request, preview(job)) };
  } catch (error) {
    answer = { id, error: messageOf(error) };
  }
  parentPort?.postMessage(answer, 'bytes' in answer && answer.bytes !== null ? [answer.bytes.buffer] : []);
});

function picture(frame: Omit<LastSent, 'json'>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(png(toldFrame(frame, states, masked)));
}

/** In the form that the viewer takes. Level 1: nearly as much comes off as at any other, in a third of the time. */
function packed({ gzip }: PreviewRequest, bytes: Uint8Array<ArrayBuffer> | null): Uint8Array<ArrayBuffer> | null {
  return bytes === null || gzip !== true ? bytes : new Uint8Array(gzipSync(bytes, { level: 1 }));
}

function preview({ request, of }: Extract<PreviewJob, { request: PreviewRequest }>): Uint8Array<ArrayBuffer> | null {
  if (of !== undefined) {
    const made = makePreview(toldFrame(of, states, masked), request);
    return made === null ? null : encodePreview(made, 0, of.header);
  }
  // Counted before the copy: a newer frame under an older count is fetched once more, an older one under a newer count
  // never.
  const { count } = last;
  const copy = last.load();
  if (copy === null) return null;
  const { pixels } = copy;
  const header = JSON.parse(new TextDecoder().decode(copy.json)) as Record<string, unknown>;
  const places = JSON.parse(new TextDecoder().decode(copy.places)) as FramePlaces;
  const made = makePreview(toldFrame({ header, places, pixels }, states, masked), request);
  return made === null ? null : encodePreview(made, count, header);
}
