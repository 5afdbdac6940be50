// Which frame a request names, and what is answered when that frame is not there.
// Tested by test/http/routes-frames.test.ts.

import type { FrameIndex, FrameNumber } from '../detector/frame-share.js';
import type { FrameWish, LastSent, NoFrame, ServiceView } from '../view/service-view.js';

export const noFrameStatus = {
  nothing_sent: 404,
  not_sent: 404,
  not_ours: 404,
  gone: 410,
  form_gone: 410,
} as const satisfies Record<NoFrame, number>;

export const noFrameSentences: Readonly<Record<NoFrame, string>> = {
  nothing_sent: 'no frame has been sent since the service was started',
  not_sent: 'not sent yet in this series',
  not_ours: 'another instance takes this frame: ask it',
  gone:
    'its place in the ring was given to a newer frame, or was never its own, or the ring was replaced with the data ' +
    'plane. Ask sooner, or give the ring more frames (ring_frames)',
  form_gone:
    'the form in which it was sent has given its place to that of a newer frame. Ask sooner, or for the pixels as ' +
    'the detector has them (as=npy), which stay longer',
};

/** Why no frame is the latest. */
export const noLatest = (view: ServiceView): NoFrame => (view.streamCounters().images > 0 ? 'gone' : 'nothing_sent');

/** Parameters that name a frame, as OpenAPI shows them. */
export const frameParameters = {
  frame: { type: 'string', description: '17, index-16 or latest' },
  msg_number: {
    type: 'string',
    description: 'Number of its message: a frame of another series with that index or number is none (410)',
  },
} as const;

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

/** Number of the message that the frame must have left with; null = any, undefined = the text is no number. */
export function readMessageNumber(text: unknown): number | null | undefined {
  if (text === undefined) return null;
  const value = typeof text === 'string' && /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

export const noMessageNumber = (text: unknown): string => `msg_number: ${JSON.stringify(text)}; it must be a number`;

/**
 * The frame, or why there is none. An index, and often a number, comes again in the next series: where the number of
 * the message is given, a frame of another series is none.
 * @param asSent in the form in which it left
 */
export function frameOfWish(
  view: ServiceView,
  wish: FrameWish,
  message: number | null,
  asSent = false,
): LastSent | NoFrame {
  const frame = view.sentFrame(wish, asSent);
  if (message === null || wish === 'latest') return frame;
  if (typeof frame !== 'string') return frame.header['msg_number'] === message ? frame : 'gone';
  if (frame !== 'not_sent') return frame;
  const latest = view.sentFrame('latest');
  if (typeof latest === 'string') return frame;
  const { msg_number, frame: index, frame_number } = latest.header;
  const ahead = wish.value - Number(wish.by === 'index' ? index : frame_number);
  return message - Number(msg_number) === ahead ? frame : 'gone';
}

/** What is wrong with a text that `readWish` does not know. */
export const noWish = (text: string): string =>
  `${JSON.stringify(text)}: is no frame; it must be a number like 17, index-16 or latest`;
