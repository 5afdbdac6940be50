// What the view wants to know of the receiver that consumes the stream (receiver_url). Types only.

import type { Finding } from '../contract/findings.js';

/** What the receiver has made of a series, when no more can be known of it. */
export interface ReceiverResult {
  readonly series_id: number;
  /** Images that it has received; null = not known. */
  readonly received: number | null;
  /** Why it could not save them; null = it said nothing. */
  readonly error: string | null;
}

export interface ReceiverFigures {
  readonly answers: boolean;
  /** Images sent and not yet received; null = not known. */
  readonly behind: number | null;
  /** Images that it never received, of all series that it was done with. */
  readonly missed: number;
}

/** Nothing here waits for the receiver. */
export interface ReceiverWatched {
  /** Its header was handed over. @param again its file, when a series before had the same; null = none had */
  opened(id: number, again: string | null): void;
  /** @param sent images of the series */
  ended(id: number, sent: number): void;
  /** Results that are new, each once, oldest first. */
  takeSettled(): readonly ReceiverResult[];
  findings(): Finding[];
  /** What it still does for a series that has ended; null = nothing that is known of. */
  sentence(): string | null;
  /** @param imagesSent of the series that is open */
  figures(imagesSent: number): ReceiverFigures;
}
