// The words that two compilers share are made from one table: constants and reference are what it says.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as chunk from '../../src/memory/chunk-words.js';
import * as flight from '../../src/memory/flight-words.js';
import {
  constantsOf,
  constantsText,
  kernelWords,
  kernelWordsReference,
  placed,
} from '../../src/memory/kernel-words.js';
import * as placement from '../../src/memory/placement-words.js';
import * as record from '../../src/memory/record-words.js';
import { repository } from '../commands/repository.js';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');

t.test('constants and reference are those of the table; else: node scripts/write-kernel-words.mjs', async (t) => {
  for (const words of kernelWords) t.equal(read(`src/memory/${words.file}.ts`), constantsText(words), words.file);
  t.equal(read('docs/reference/kernel-words.md'), kernelWordsReference());
});

t.test('what the service was built with has the values of the table', async (t) => {
  const all: Readonly<Record<string, number>> = { ...placement, ...record, ...flight, ...chunk };
  const table = Object.fromEntries(
    kernelWords.flatMap(({ parts }) =>
      parts.flatMap((part) => constantsOf(part).map(([name, value]) => [name, value])),
    ),
  );
  t.strictSame(all, table);
  t.match(table, { contextLowest: 112, contextOrigin: 160, recordBitsWord: 24, flightClass: 60 });
});

t.test('fields follow each other aligned; one that lies in another is refused', async (t) => {
  const field = (name: string, width: 'u32' | 'f64', at?: number) => ({
    name,
    width,
    says: '',
    ...(at === undefined ? {} : { at }),
  });
  t.strictSame(
    placed([field('a', 'u32'), field('b', 'f64'), field('c', 'u32', 20)]).map(({ at }) => at),
    [0, 8, 20],
  );
  t.throws(() => placed([field('a', 'f64'), field('b', 'u32', 4)]), { message: /b: byte 4 is taken/ });
  t.throws(() => placed([field('a', 'f64', 4)]), { message: /not aligned/ });
});

/** Every `load` and `store` of a kernel's source whose place is one of these constants: its type and the constant. */
function accesses(source: string, constants: ReadonlySet<string>): { type: string; constant: string }[] {
  return [...source.matchAll(/\b(?:load|store)<(\w+)>\(/g)].flatMap(({ 0: { length }, 1: type, index }) => {
    let depth = 1;
    let end = index + length;
    // What is not given is 0.
    let place = source.length;
    for (; depth > 0 && end < source.length; end++) {
      const letter = source[end];
      if (letter === '(') depth++;
      if (letter === ')') depth--;
      if (letter === ',' && depth === 1) place = end;
    }
    const words = source.slice(place, end).match(/\w+/g) ?? [];
    return words.filter((word) => constants.has(word)).map((constant) => ({ type: type ?? '', constant }));
  });
}

t.test('the kernel reads and writes each field with its width', async (t) => {
  const widths = new Map<string, string>();
  for (const { parts } of kernelWords)
    for (const part of parts)
      if ('fields' in part)
        part.fields.forEach(({ width }, index) => widths.set(constantsOf(part)[index]?.[0] ?? '', width));
  const types = { u32: ['u32', 'usize'], i32: ['i32', 'u32', 'usize'], address: ['usize'], f64: ['f64'] };
  const kernel = ['place', 'unpack'].map((file) => read(`src/assembly/kernel/${file}.ts`)).join('\n');
  const found = accesses(kernel, new Set(widths.keys()));
  for (const { type, constant } of found) {
    // Both halves of the frame number at once.
    if (constant === 'recordFrameLowWord') t.equal(type, 'u64');
    else t.ok(types[widths.get(constant) as keyof typeof types].includes(type), `${constant} as ${type}`);
  }
  const seen = new Set(found.map(({ constant }) => constant));
  const context = [...widths.keys()].filter((constant) => constant.startsWith('context'));
  t.strictSame(
    context.filter((constant) => !seen.has(constant)),
    [],
    'it uses each word of the context',
  );
});
