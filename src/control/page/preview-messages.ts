// What the main thread and the thread of previews say to each other.

import type { FrameGaps, PreviewRequest } from './preview.js';

/** Where in shared memory the frame lies that was sent last. */
export interface LastFrameMemory {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** Bytes of the largest frame. */
  readonly frameBytes: number;
}

export interface PreviewTask {
  readonly memory: LastFrameMemory;
  readonly gaps: FrameGaps;
}

export interface PreviewJob {
  readonly id: number;
  readonly request: PreviewRequest;
}

/** Null bytes: there is no frame, or nothing of it in the part. */
export type PreviewAnswer =
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> | null }
  | { readonly id: number; readonly error: string };
