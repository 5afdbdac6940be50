// `vdcu help`: the help of a command, or a document of the package, or one chapter of it, as text in the terminal. A
// reference of a message can be given as it stands there: docs/operating.md#ring-full.

import type { Command } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import { readHelpPages } from '../base/help-pages.js';
import type { HelpPage } from '../base/help-pages.js';

/** Add the command to the program, after all others. */
export function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .argument('[topic]', 'a command, a document, or a document#chapter as messages have it')
    .summary('print the help of a command, or a document')
    .description('Print the help of a command, or a document of the package: all of it, or one chapter.')
    .action((topic: string | undefined) => {
      const command = program.commands.find((one) => one.name() === topic);
      if (topic === undefined) program.outputHelp();
      else if (command !== undefined) command.outputHelp();
      else process.stdout.write(`${chapter(topic, readHelpPages()).trimEnd()}\n`);
    });
}

/**
 * The text of a topic: `operating`, `operating#ring-full`, `docs/operating.md#ring-full`, or a chapter of operating.md
 * by its name alone.
 * @throws OperatorError (usage) with what there is
 */
export function chapter(topic: string, pages: readonly HelpPage[]): string {
  const [path = '', anchor] = topic.replace(/^(?:docs|help)\//, '').split('#');
  const page = pages.find(({ name }) => name === path || name === `${path}.md`);
  if (page !== undefined && anchor === undefined) return page.markdown;
  const found =
    page === undefined
      ? chapterOf(pages.find(({ name }) => name === 'operating.md')?.markdown ?? '', path)
      : chapterOf(page.markdown, anchor ?? '');
  if (found !== null) return found;
  const documents = pages.filter(({ name }) => !name.includes('/')).map(({ name }) => name.replace(/\.md$/, ''));
  const known = page === undefined ? `documents: ${documents.join(', ')}` : `its chapters: ${anchorsOf(page.markdown)}`;
  throw new OperatorError(
    pages.length === 0
      ? `help ${topic}: the documents were not built (npm run build)`
      : `help ${topic}: there is no such command, document or chapter; ${known}`,
    exitCode.usage,
  );
}

interface Heading {
  readonly line: number;
  readonly depth: number;
  readonly anchor: string;
}

/** Headings, with anchors as GitHub makes them; what stands in blocks of code is none. */
function headingsOf(markdown: string): Heading[] {
  let code = false;
  return markdown.split('\n').flatMap((text, line) => {
    if (text.startsWith('```')) code = !code;
    const match = code ? null : /^(#{1,6}) (.+)$/.exec(text);
    if (match === null) return [];
    const anchor = match[2]
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    return [{ line, depth: match[1].length, anchor }];
  });
}

const anchorsOf = (markdown: string): string =>
  headingsOf(markdown)
    .map(({ anchor }) => anchor)
    .join(', ');

/** From its heading to the next of the same depth or less; null = there is none. */
function chapterOf(markdown: string, anchor: string): string | null {
  const headings = headingsOf(markdown);
  const at = headings.findIndex((heading) => heading.anchor === anchor);
  if (at < 0) return null;
  const { line, depth } = headings[at];
  const next = headings.slice(at + 1).find((heading) => heading.depth <= depth);
  return markdown.split('\n').slice(line, next?.line).join('\n');
}
