// Which frame a request names, and what is answered when that frame is not there.
// Tested by test/http/routes-frames.test.ts.

import type { FrameIndex, FrameNumber } from '../detector/frame-share.js';
import type { FrameWish, NoFrame } from '../view/service-view.js';

export const noFrameStatus = { nothing_sent: 404, not_sent: 404, not_ours: 404, gone: 410 } as const satisfies Record<
  NoFrame,
  number
>;

export const noFrameSentences: Readonly<Record<NoFrame, string>> = {
  nothing_sent: 'no frame has been sent since the service was started',
  not_sent: 'not sent yet in this series',
  not_ours: 'another instance takes this frame: ask it',
  gone:
    'its place in the ring was given to a newer frame, or was never its own. Ask sooner, or give the ring more ' +
    'frames (ring_frames)',
};

/** A frame by number (`17`), by index (`index-16`) or the last (`latest`). Null = it is none of these. */
export function readWish(text: string): FrameWish | null {
  if (text === 'latest') return 'latest';
  const match = /^(index-)?([0-9]{1,16})$/.exec(text);
  const value = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(value)) return null;
  return match[1] === undefined
    ? { by: 'number', value: value as FrameNumber }
    : { by: 'index', value: value as FrameIndex };
}

/** What is wrong with a text that `readWish` does not know. */
export const noWish = (text: string): string =>
  `${JSON.stringify(text)}: is no frame; it must be a number like 17, index-16 or latest`;
