// By which numbers the service counts a detector's frames: *own numbers*, without gaps, from 1 on, so that 0 can stand
// for "none" and a detector may count from 0. Of a single instance they are one above the detector's. When several
// share a detector it sends frame after frame to its destinations in turn (SLS: udp_numdst, udp_dstlist), whole frames,
// counted from the first of the acquisition: an instance sees every N-th frame, and ring, slots, overtaking and owing
// count nothing but its own. Pure.

/** The frames with index offset, offset + stride, offset + 2 × stride, … of a series. */
export interface FrameShare {
  readonly stride: number;
  /** 0 to stride − 1. */
  readonly offset: number;
}

/** Of a single instance. */
export const everyFrame: FrameShare = { stride: 1, offset: 0 };

/**
 * The own number of the first own frame of a series that begins with this frame; also that of a series of which this
 * instance has no frame, so that such a one has a last own number, which is not 0.
 */
export const firstOwnNumber = (firstFrameNumber: number): number => firstFrameNumber + 2;

/** The detector's number of the first frame of a series, whichever instance it belongs to. */
export const firstNumberOf = (firstOwn: number): number => firstOwn - 2;

/** How many of the first `frames` frames of a series are own ones. */
export const ownFrames = ({ stride, offset }: FrameShare, frames: number): number =>
  frames <= offset ? 0 : Math.floor((frames - 1 - offset) / stride) + 1;

/** Index in the series of an own frame. `firstOwn` from `firstOwnNumber`. */
export const frameIndexOf = ({ stride, offset }: FrameShare, ownNumber: number, firstOwn: number): number =>
  (ownNumber - firstOwn) * stride + offset;

/** The detector's number of an own frame. `firstOwn` tells only where frames are shared. */
export const frameNumberOf = (share: FrameShare, ownNumber: number, firstOwn: number): number =>
  share.stride === 1 ? ownNumber - 2 : firstNumberOf(firstOwn) + frameIndexOf(share, ownNumber, firstOwn);

/** Destinations that a detector's list holds (PSI: `udp_dstlist`), and so instances that may share it. */
export const destinationsMost = 32;
