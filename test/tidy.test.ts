// What makes the sources easy to read and can be counted: widths, lengths, opening comments, and for every source a
// test that knows it. The rules in words: CONTRIBUTING.md, "habits".

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { repository } from './commands/repository.js';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');

/** Files below a folder whose names end so, relative to the repository. */
function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => ending.test(name) && !/node_modules|fixtures/.test(name))
    .sort();
}

const code = /\.(?:ts|js|mjs|cjs)$/;
const sources = [...filesBelow('src', /\.ts$/), ...filesBelow('simulators', /\.ts$/)];
const tests = filesBelow('test', /\.ts$/);
const everything = [
  ...sources,
  ...tests,
  ...['bench', 'deploy', 'scripts'].flatMap((folder) => filesBelow(folder, code)),
  ...readdirSync(repository).filter((name) => code.test(name)),
];

/** The comment that a file begins with, in one line; '' = none. */
function opening(file: string): string {
  const [, lines = ''] = /^(?:#![^\n]*\n)?((?:\/\/[^\n]*\n)+)/.exec(read(file)) ?? [];
  return lines.replace(/^\/\/ ?/gm, '').replace(/\n/g, ' ');
}

const columns = 120;

/** Lines (from 0) that lie in one text or regular expression: what a test compares with stays in one piece. */
function linesOfOneText(file: string): Set<number> {
  const parsed = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  const lines = read(file).split('\n');
  const found = new Set<number>();
  const look = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node) || ts.isTemplateExpression(node)) {
      const from = parsed.getLineAndCharacterOfPosition(node.getStart(parsed));
      const to = parsed.getLineAndCharacterOfPosition(node.getEnd());
      for (let line = from.line; line <= to.line; line++) {
        const beginsHere = line > from.line || /^\s*$/.test(lines[line].slice(0, from.character));
        const endsHere = line < to.line || /^[,;)]*$/.test(lines[line].slice(to.character));
        if (beginsHere && endsHere) found.add(line);
      }
      return;
    }
    ts.forEachChild(node, look);
  };
  look(parsed);
  return found;
}

t.test('no line is wider than a window, but for texts that a test compares with', async (t) => {
  const wide: string[] = [];
  for (const file of everything) {
    const lines = read(file)
      .split('\n')
      .flatMap((line, index) => (line.length > columns ? [index] : []));
    if (lines.length === 0) continue;
    const inOneText = file.startsWith('test/') ? linesOfOneText(file) : new Set<number>();
    wide.push(...lines.filter((line) => !inOneText.has(line)).map((line) => `${file}:${line + 1}`));
  }
  t.strictSame(wide, []);
});

t.test('no line of Python is wider', async (t) => {
  const files = filesBelow('clients/python', /\.py$/);
  const wide = files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (line.length > columns ? [`${file}:${index + 1}`] : [])),
  );
  t.ok(files.length > 10);
  t.strictSame(wide, []);
});

t.test('comments of scripts are no wider either', async (t) => {
  const scripts = [...filesBelow('.ci', /./), ...filesBelow('scripts', /\.sh$/)];
  const wide = scripts.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (/^\s*#/.test(line) && line.length > columns ? [`${file}:${index + 1}`] : [])),
  );
  t.ok(scripts.length > 5);
  t.strictSame(wide, []);
});

const linesMost = 350;
t.test('no source is longer than a person keeps in mind', async (t) => {
  t.strictSame(
    sources.filter((file) => read(file).trimEnd().split('\n').length > linesMost),
    [],
  );
});

t.test('every source begins by saying what it is, and not who calls it', async (t) => {
  const done = 'called|used|imported|owned|asked|started|run|read|gathered|judged|fed|implemented|driven|loaded|made';
  const callers = new RegExp(
    [
      `\\b(?:${done})(?: (?:anew|once|only|again)\\b[^.;:]*?)? by (?!itself)`,
      '\\b(?:called|used|needed|wanted) (?:where|once|when|while|only|from)\\b',
      '\\.ts`? (?:runs?|calls?|uses?|reads?|imports?|loads?|drives?|parses|prints?|implements?)\\b',
      '\\bprogram imports it\\b',
    ].join('|'),
    'i',
  );
  for (const named of [
    'Called by the streamer.',
    'Fed anew with every second by page.ts.',
    'Made once by the streamer for all series.',
    'Used where sockets are bound.',
    'Its parts: port-assembler.ts runs them.',
    'An interface; shared-view.ts implements it.',
  ])
    t.match(named, callers);
  t.strictSame(
    sources.filter((file) => opening(file) === ''),
    [],
    'without an opening',
  );
  t.strictSame(
    sources.filter((file) => callers.test(opening(file))),
    [],
    'with its callers',
  );
});

t.test('files that an opening names are where it says: beside it, one folder up, or from a root', async (t) => {
  const places = (file: string, name: string): string[] =>
    [dirname(file), dirname(dirname(file)), 'src', 'simulators', ''].map((folder) => normalize(join(folder, name)));
  const named = sources.flatMap((file) =>
    [...opening(file).matchAll(/[\w./-]+\.(?:m?ts|mjs|wat)\b|docs\/[\w./-]+\.md\b/g)].map(([name]) => ({ file, name })),
  );
  t.ok(named.length > 300);
  t.strictSame(
    named.filter(({ file, name }) => !places(file, name).some((place) => existsSync(join(repository, place)))),
    [],
  );
});

/** What a file loads: by import, as a thread, or by starting it. */
function loads(file: string): string[] {
  return [...read(file).matchAll(/'([\w./-]+\.(?:js|wasm))'/g)].flatMap(([, name]) => {
    const source = name.replace(/\.\w+$/, '.ts');
    const beside = normalize(join(dirname(file), source));
    return [beside, ...(name.startsWith('.') ? [] : sources.filter((other) => other.endsWith(`/${source}`)))];
  });
}

const known = new Set([...sources, ...tests]);
/** A kernel's parts import each other without an ending. */
const kernelParts = (file: string): string[] => {
  const folder = /^src\/\w+\/kernel\//.exec(file)?.[0];
  return folder === undefined ? [] : sources.filter((other) => other.startsWith(folder));
};
const loaded = new Map(
  [...known].map((file): [string, string[]] => [
    file,
    [...kernelParts(file), ...loads(file).filter((other) => known.has(other))],
  ]),
);

/** All that runs when this test does, at most. */
function reached(test: string): Set<string> {
  const found = new Set([test]);
  for (const file of found) for (const other of loaded.get(file) ?? []) found.add(other);
  return found;
}

/** Nothing is left of it when it is compiled: there is nothing to test. */
function onlyTypes(file: string): boolean {
  if (file.endsWith('.d.ts')) return true;
  const compiled = join(repository, 'dist', file.replace(/\.ts$/, '.js'));
  return existsSync(compiled) && /^(?:\s|\/\/.*|export \{\};)*$/.test(readFileSync(compiled, 'utf8'));
}

t.test('every source has a test of its name, or names one that runs it', async (t) => {
  const problems = sources.flatMap((file) => {
    const own = `test/${file.replace(/^src\//, '').replace(/\.ts$/, '.test.ts')}`;
    const [, named] = /\bTested by (test\/[\w./-]+\.test\.ts)\./.exec(opening(file)) ?? [];
    if (known.has(own)) return named === undefined ? [] : [`${file}: has ${own}, and names another`];
    if (onlyTypes(file)) return named === undefined ? [] : [`${file}: has types only, and names a test`];
    if (named === undefined) return [`${file}: neither ${own} nor a line "// Tested by test/….test.ts."`];
    if (!known.has(named)) return [`${file}: ${named} does not exist`];
    return reached(named).has(file) ? [] : [`${file}: ${named} does not run it`];
  });
  t.strictSame(problems, []);
  t.equal(reached('test/tidy.test.ts').has('src/main.ts'), true, 'what is started counts');
  t.equal(reached('test/base/json-text.test.ts').has('src/main.ts'), false);
});
