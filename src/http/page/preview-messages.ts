// What the main thread and the thread of previews say to each other.

import type { LastFrameMemory } from '../../memory/last-frame.js';
import type { DetectorSettings } from '../../detector/settings.js';
import type { LastSent } from '../../view/service-view.js';
import type { PreviewRequest } from './preview.js';

export interface PreviewTask {
  readonly memory: LastFrameMemory;
  readonly detector: DetectorSettings;
}

/** A preview of the last frame or of one that is handed over, or a picture of one that is handed over. */
export type PreviewJob =
  | { readonly id: number; readonly request: PreviewRequest; readonly of?: Omit<LastSent, 'json'> }
  | { readonly id: number; readonly picture: Omit<LastSent, 'json'> };

/** Null bytes: there is no frame, or nothing of it in the part. */
export type PreviewAnswer =
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> | null }
  | { readonly id: number; readonly error: string };
