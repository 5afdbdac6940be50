// Plain numbers of a test as what they count by (src/detector/frame-share.ts).

import { firstOwnNumber } from '../src/detector/frame-share.js';
import type { FrameIndex, FrameNumber, OwnNumber } from '../src/detector/frame-share.js';

export const asOwn = (number: number): OwnNumber => number as OwnNumber;
export const asNumber = (number: number): FrameNumber => number as FrameNumber;
export const asIndex = (index: number): FrameIndex => index as FrameIndex;

/** The own number of a frame, where a single instance takes all. */
export const ownOf = (frameNumber: number): OwnNumber => firstOwnNumber(asNumber(frameNumber));
