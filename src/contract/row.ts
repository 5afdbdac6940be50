// The shape that the rows of all closed lists share, and how their codes are taken off. Pure.
// Tested by test/contract/closed-lists.test.ts.

/** One row of a closed list: what it says of a thing, what to do about it, and where the documentation says more. */
export interface Row {
  /** Sentence, or the part of one that the list's own comment names. No full stop. */
  readonly says: string;
  /** What to do, in sentences without the last full stop; '' = nothing need be done. */
  readonly remedy: string;
  /** File and heading. */
  readonly docs: `docs/${string}.md#${string}`;
}

/** The codes of a list, in its order. */
export function codesOf<Code extends string>(list: Readonly<Record<Code, unknown>>): readonly Code[] {
  return Object.keys(list) as Code[];
}

/** Remedy and reference of a row, as a sentence ends with them: `. Raise it; ` and the reference. */
export function remedyOf({ remedy, docs }: Row): string {
  return remedy === '' ? ` (${docs})` : `. ${remedy}; ${docs}`;
}
