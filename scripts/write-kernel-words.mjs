// Writes what is made from the table of words that the service shares with its compiled code: the constants beside
// the table, and the reference. Usage, after a build: node scripts/write-kernel-words.mjs

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { constantsText, kernelWords, kernelWordsReference } from '../dist/src/memory/kernel-words.js';

const baseDir = resolve(import.meta.dirname, '..');
for (const words of kernelWords) writeFileSync(resolve(baseDir, `src/memory/${words.file}.ts`), constantsText(words));
writeFileSync(resolve(baseDir, 'docs/reference/kernel-words.md'), kernelWordsReference());
