// The documents as the running service and `vdcu help` show them: each file of docs/, and the guides of deployment and
// security, as HTML and as it is, in one file of the package, src/help/pages.json. Part of the build, so that nothing
// of this runs in the service. Usage: node scripts/build-help.mjs [output folder of tsc, default: dist]

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { Marked } from 'marked';

const root = resolve(import.meta.dirname, '..');
const output = resolve(process.argv[2] ?? resolve(root, 'dist'), 'src/help');

/** File of the repository → its name below help/. References in messages, docs/x.md#y, are help/x.md#y. */
const names = new Map([
  ...readdirSync(resolve(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.split('\\').join('/'))
    .sort()
    .map((file) => [`docs/${file}`, file]),
  ['deploy/README.md', 'deployment.md'],
  ['SECURITY.md', 'security.md'],
  ['CHANGELOG.md', 'changelog.md'],
]);

const escaped = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/** Anchor of a heading, as GitHub makes it. */
const anchorOf = (title) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

/** Where a link of this document leads: to another page, out into the world, or (null) to what is not served. */
function target(document, href) {
  if (/^[a-z]+:/.test(href) || href.startsWith('#')) return href;
  const [path, anchor] = href.split('#');
  const name = names.get(posix.join(posix.dirname(document), path));
  if (name === undefined) return null;
  const from = posix.dirname(names.get(document));
  return posix.relative(from, name) + (anchor === undefined ? '' : `#${anchor}`);
}

function htmlOf(document, markdown) {
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text }) {
        const id = escaped(anchorOf(text));
        return (
          `<h${depth} id="${id}"><a class="here" ` +
          `href="#${id}">${this.parser.parseInline(tokens)}</a></h${depth}>\n`
        );
      },
      link({ href, tokens }) {
        const inside = this.parser.parseInline(tokens);
        const to = target(document, href);
        return to === null ? inside : `<a href="${escaped(to)}">${inside}</a>`;
      },
      image: ({ text }) => escaped(text),
      // Marks in the text, for programs that write into it.
      html: ({ text }) => (text.trim().startsWith('<!--') ? '' : escaped(text)),
    },
  });
  return marked.parse(markdown);
}

const pages = [...names].map(([document, name]) => {
  const markdown = readFileSync(resolve(root, document), 'utf8');
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? name;
  return { name, title, html: htmlOf(document, markdown), markdown };
});
mkdirSync(output, { recursive: true });
writeFileSync(resolve(output, 'pages.json'), JSON.stringify(pages));
