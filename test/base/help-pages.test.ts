import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { helpIn, readHelpPages } from '../../src/base/help-pages.js';
import { repository } from '../commands/repository.js';
import { run, temporary } from '../deploy/programs-here.js';

t.test('references in sentences lead to the pages of the service, each once', async (t) => {
  t.strictSame(
    helpIn([
      'Raise it (docs/operating.md#receive-buffer).',
      'docs/stream.md; again docs/operating.md#receive-buffer',
      '',
    ]),
    ['help/operating.md#receive-buffer', 'help/stream.md'],
  );
});

t.test('documents that were not built are none', async (t) => {
  t.strictSame(readHelpPages(new URL('file:///there/is/no/such/file.json')), []);
});

t.test('the build makes a page of every document, whose links lead to pages and headings that are there', async (t) => {
  const folder = temporary(t);
  t.match(await run(process.execPath, [join(repository, 'scripts/build-help.mjs'), folder]), { code: 0 });
  const pages = readHelpPages(pathToFileURL(join(folder, 'src/help/pages.json')));
  const byName = new Map(pages.map((page) => [page.name, page]));
  t.ok(pages.length > 50);
  t.match(byName.get('operating.md'), { title: 'Operating', markdown: /^# Operating/ });
  let links = 0;
  for (const { name, html } of pages) {
    t.notMatch(html, /<(?:script|style|iframe|img)| on[a-z]+=|<!--/i, name);
    for (const [, href = ''] of html.matchAll(/ href="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(href)) continue;
      const { pathname, hash } = new URL(href.replaceAll('&amp;', '&'), `file:///help/${name}`);
      const target = byName.get(pathname.replace('/help/', ''));
      links++;
      const found =
        target !== undefined && (hash === '' || target.html.includes(` id="${decodeURIComponent(hash.slice(1))}"`));
      if (!found) t.fail(`${name}: ${href} leads nowhere`);
    }
  }
  t.ok(links > 300, 'links were looked at');
});
