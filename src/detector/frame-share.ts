// By which numbers the service counts a detector's frames: *own numbers*, without gaps, from 2 on, so that 0 can stand
// for "none" and a detector may count from 0. Of a single instance they are two above the detector's. When several
// share a detector it sends frame after frame to its destinations in turn (SLS: udp_numdst, udp_dstlist), whole frames,
// counted from the first of the acquisition: an instance sees every N-th frame, and ring, slots, overtaking and owing
// count nothing but its own. Pure.

/**
 * Plain numbers at run time; the compiler keeps those apart that count by different rules. What is computed of them is
 * a plain number again, until it is said here, or where a word is read, by which rule it counts.
 */
declare const counts: unique symbol;
type Counted<By extends string> = number & { readonly [counts]: By };

/** The detector's number of a frame, from 0 on. */
export type FrameNumber = Counted<'frame number'>;
/** Own number of a frame; 0 = none, not known. */
export type OwnNumber = Counted<'own number'>;
/** 0-based in the series. */
export type FrameIndex = Counted<'frame index'>;

export const noFrame = 0 as OwnNumber;

/** The own number `frames` behind another one; before it where that is negative. */
export const ownBehind = (ownNumber: OwnNumber, frames: number): OwnNumber => (ownNumber + frames) as OwnNumber;

/** The later, or the earlier, of two frames. */
export const laterOf = (one: OwnNumber, other: OwnNumber): OwnNumber => (one > other ? one : other);
export const earlierOf = (one: OwnNumber, other: OwnNumber): OwnNumber => (one < other ? one : other);

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
export const firstOwnNumber = (firstFrameNumber: FrameNumber): OwnNumber => (firstFrameNumber + 2) as OwnNumber;

/** The detector's number of the first frame of a series, whichever instance it belongs to. */
export const firstNumberOf = (firstOwn: OwnNumber): FrameNumber => (firstOwn - 2) as FrameNumber;

/** The detector's number of the first own frame of a series. */
export const firstOwnFrame = ({ offset }: FrameShare, firstOwn: OwnNumber): FrameNumber =>
  (firstNumberOf(firstOwn) + offset) as FrameNumber;

/** How many of the first `frames` frames of a series are own ones. */
export const ownFrames = ({ stride, offset }: FrameShare, frames: number): number =>
  frames <= offset ? 0 : Math.floor((frames - 1 - offset) / stride) + 1;

/** Index in the series of an own frame. `firstOwn` from `firstOwnNumber`. */
export const frameIndexOf = ({ stride, offset }: FrameShare, ownNumber: OwnNumber, firstOwn: OwnNumber): FrameIndex =>
  ((ownNumber - firstOwn) * stride + offset) as FrameIndex;

/** The detector's number of an own frame. `firstOwn` tells only where frames are shared. */
export const frameNumberOf = (share: FrameShare, ownNumber: OwnNumber, firstOwn: OwnNumber): FrameNumber =>
  (share.stride === 1
    ? ownNumber - 2
    : firstNumberOf(firstOwn) + frameIndexOf(share, ownNumber, firstOwn)) as FrameNumber;

/** The own number of an own frame, by what the stream says of it. */
export const ownNumberOf = (share: FrameShare, frameNumber: FrameNumber, frameIndex: FrameIndex): OwnNumber =>
  (share.stride === 1
    ? frameNumber + 2
    : firstOwnNumber((frameNumber - frameIndex) as FrameNumber) +
      (frameIndex - share.offset) / share.stride) as OwnNumber;

/** Destinations that a detector's list holds (PSI: `udp_dstlist`), and so instances that may share it. */
export const destinationsMost = 32;
