// Which frames of a series one instance takes when several share a detector: it sends frame after frame to its
// destinations in turn (SLS: udp_numdst, udp_dstlist), whole frames, counted from the first of the acquisition. So an
// instance sees every N-th frame, and within it these have *own numbers* without gaps: ring, slots, overtaking and
// owing count nothing but its own frames. Pure; used by the receivers, which turn frame numbers into own numbers, and
// by the streamer and the control plane, which turn them back.

/** The frames with index offset, offset + stride, offset + 2 × stride, … of a series. */
export interface FrameShare {
  readonly stride: number;
  /** 0 to stride − 1. */
  readonly offset: number;
}

/** Of a single instance: own numbers are the detector's. */
export const everyFrame: FrameShare = { stride: 1, offset: 0 };

/**
 * The own number of the first own frame. One above `firstFrameNumber`, where frames are shared, so that also a series
 * of which this instance has no frame has a last own number, which is not 0.
 */
export const firstOwnNumber = ({ stride }: FrameShare, firstFrameNumber: number): number =>
  stride === 1 ? firstFrameNumber : firstFrameNumber + 1;

/** How many of the first `frames` frames of a series are own ones. */
export const ownFrames = ({ stride, offset }: FrameShare, frames: number): number =>
  frames <= offset ? 0 : Math.floor((frames - 1 - offset) / stride) + 1;

/** Index in the series of an own frame. `firstOwn` from `firstOwnNumber`. */
export const frameIndexOf = ({ stride, offset }: FrameShare, ownNumber: number, firstOwn: number): number =>
  (ownNumber - firstOwn) * stride + offset;

/** The detector's number of an own frame. */
export function frameNumberOf(share: FrameShare, ownNumber: number, firstOwn: number): number {
  return share.stride === 1 ? ownNumber : firstOwn - 1 + frameIndexOf(share, ownNumber, firstOwn);
}

/** Destinations that a detector's list holds (PSI: `udp_dstlist`), and so instances that may share it. */
export const destinationsMost = 32;
