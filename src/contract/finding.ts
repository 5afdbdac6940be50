// Something that is wrong, as diagnosis, state, log and notifications tell it. Types only.

/** One thing that is wrong. `code` stays the same while figures in the sentence change. */
export interface Finding {
  readonly code: string;
  readonly message: string;
}
