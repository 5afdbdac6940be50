// What the main thread and the thread of previews say to each other.

import type { LastFrameMemory } from '../../memory/last-frame.js';
import type { DetectorSettings } from '../../detector/settings.js';
import type { PreviewRequest } from './preview.js';

export interface PreviewTask {
  readonly memory: LastFrameMemory;
  readonly detector: DetectorSettings;
}

export interface PreviewJob {
  readonly id: number;
  readonly request: PreviewRequest;
}

/** Null bytes: there is no frame, or nothing of it in the part. */
export type PreviewAnswer =
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> | null }
  | { readonly id: number; readonly error: string };
