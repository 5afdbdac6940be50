// The documents at /help, so that they are at hand where the service is. The build makes the pages. They are found by
// name in a list, so that a request never names a file.

import type { FastifyInstance } from 'fastify';
import { helpIn, readHelpPages } from '../base/help-pages.js';
import type { HelpPage } from '../base/help-pages.js';

/** What people look for first. */
const first = ['operating.md', 'page.md', 'from-slsreceiver.md', 'stream.md', 'deployment.md'];

/**
 * Add /help/ and the documents below it, /help/operating.md and so on.
 * @param read the pages; from the package, once somebody asks for one: they take 2 MB, and 5 while they are read
 */
export function addHelpRoutes(app: FastifyInstance, read: () => readonly HelpPage[] = readHelpPages): void {
  let pages: ReadonlyMap<string, HelpPage> = new Map();
  const html = 'text/html; charset=utf-8';

  app.get('/help/*', { schema: { hide: true } }, (request, reply) => {
    const name = (request.params as { '*': string })['*'];
    if (name === 'help.css') return reply.type('text/css; charset=utf-8').send(style);
    // What could not be read, for want of a descriptor perhaps, is there the next time.
    if (pages.size === 0) pages = new Map(read().map((page) => [page.name, page]));
    if (pages.size > 0 && name === '') return reply.type(html).send(wholePage('', 'Help', indexOf(pages)));
    const page = pages.get(name);
    if (page !== undefined) return reply.type(html).send(wholePage(name, page.title, page.html));
    const problem =
      pages.size === 0 ? 'the documents were not built: npm run build' : `help/${name}: there is no such document`;
    return reply.code(404).send({ problems: [problem] });
  });
}

/** Sentences that name a document tell where the service itself has it. */
export function withHelp(data: unknown): unknown {
  const problems = (data as { readonly problems?: unknown } | null)?.problems;
  if (!Array.isArray(problems)) return data;
  const help = helpIn(problems.map(String));
  return help.length === 0 ? data : { ...(data as object), help };
}

/** @param name decides how far up the list, the page and the style are */
function wholePage(name: string, title: string, body: string): string {
  const up = '../'.repeat(name.split('/').length - 1);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Virtual DCU</title>
<link rel="icon" href="${up}../page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${up}help.css">
</head>
<body>
<nav><a href="${up}./">Help</a><a href="${up}../">The service</a><a href="${up}../docs/">HTTP interface</a></nav>
<main>
${body}</main>
</body>
</html>
`;
}

function indexOf(byName: ReadonlyMap<string, HelpPage>): string {
  const others = [...byName.keys()].filter((name) => !first.includes(name));
  const groups: readonly (readonly [title: string, names: readonly string[]])[] = [
    ['Look first at', first.filter((name) => byName.has(name))],
    ['More', others.filter((name) => !name.startsWith('decisions/'))],
    ['Why it is as it is', others.filter((name) => name.startsWith('decisions/'))],
  ];
  const link = (name: string): string =>
    `<li><a href="${escaped(name)}">${escaped(byName.get(name)?.title ?? name)}</a></li>`;
  const lists = groups.map(([title, names]) => `<h2>${title}</h2>\n<ul>\n${names.map(link).join('\n')}\n</ul>\n`);
  return `<h1>Help</h1>\n${lists.join('')}`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const style = `:root { color-scheme: light; --ink: #1c2530; --line: #d3d9e0; --accent: #1f5fa8; }
body { margin: 0; color: var(--ink); background: #eef1f4;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
nav { display: flex; gap: 18px; padding: 10px 24px; }
main { max-width: 62rem; margin: 0 auto 40px; padding: 8px 24px 32px; background: #fff;
  border: 1px solid var(--line); border-radius: 4px; overflow-wrap: break-word; }
a { color: var(--accent); }
a.here { color: inherit; text-decoration: none; }
a.here:hover::after { content: " #"; color: var(--accent); }
:target { background: #fff3bf; scroll-margin-top: 12px; }
h1, h2, h3 { line-height: 1.25; margin: 1.4em 0 0.5em; }
h1 { font-size: 26px; margin-top: 0.6em; } h2 { font-size: 20px; } h3 { font-size: 17px; }
code { background: #eef1f4; padding: 1px 4px; border-radius: 3px; font-size: 0.9em; }
pre { background: #eef1f4; padding: 10px 12px; overflow-x: auto; border-radius: 4px; line-height: 1.35; }
pre code { padding: 0; background: none; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: 5px 9px; text-align: left; vertical-align: top; }
th { background: #f5f7f9; }
`;
