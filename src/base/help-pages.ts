// The documents that come with the program, as the build put them into the package (scripts/build-help.mjs). Comes in:
// one file. Goes out: pages by name, and the page and heading that a reference in a sentence means.

import { readFileSync } from 'node:fs';

/** A document. */
export interface HelpPage {
  /** `operating.md`, `decisions/0001-….md`. */
  readonly name: string;
  readonly title: string;
  /** What stands in the body; its links are relative to the page. */
  readonly html: string;
  readonly markdown: string;
}

/** In the order of the list; empty when they were not built. */
export function readHelpPages(file: URL = new URL('../help/pages.json', import.meta.url)): readonly HelpPage[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return JSON.parse(text) as HelpPage[];
}

/** References to documents as messages have them: `docs/operating.md#receive-buffer`. */
const reference = /\bdocs\/([\w/-]+\.md(?:#[\w-]+)?)/g;

/** Where the references in sentences lead, below the service's address: `help/operating.md#receive-buffer`. */
export function helpIn(sentences: readonly string[]): string[] {
  return [
    ...new Set(sentences.flatMap((sentence) => [...sentence.matchAll(reference)].map(([, path]) => `help/${path}`))),
  ];
}
