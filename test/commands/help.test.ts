import t from 'tap';
import { chapter } from '../../src/commands/help.js';
import { vdcu } from './repository.js';

const markdown =
  '# Operating\n\nFirst.\n\n## Ring full\n\nText.\n\n```sh\n# no heading\n```\n\n### More\n\nEnd.\n\n## Next\n';
const pages = [
  { name: 'operating.md', title: 'Operating', html: '', markdown },
  { name: 'reference/metrics.md', title: 'Metrics', html: '', markdown: '# Metrics\n' },
];

t.test('a document, or a chapter to the next of its depth, by whatever a message calls it', async (t) => {
  const ringFull = markdown.slice(markdown.indexOf('## Ring'), markdown.indexOf('\n## Next'));
  for (const topic of [
    'docs/operating.md#ring-full',
    'help/operating.md#ring-full',
    'operating#ring-full',
    'ring-full',
  ])
    t.equal(chapter(topic, pages), ringFull, topic);
  t.equal(chapter('operating', pages), markdown);
  t.equal(chapter('reference/metrics', pages), '# Metrics\n');
});

t.test('what is not there is said, with what is', async (t) => {
  t.throws(() => chapter('nothing', pages), { exitCode: 2, message: /no such .*; documents: operating$/ });
  t.throws(() => chapter('operating#nothing', pages), { message: /its chapters: operating, ring-full, more, next/ });
  t.throws(() => chapter('operating', []), { message: /not built \(npm run build\)/ });
});

t.test('vdcu help prints the commands, or the help of one', async (t) => {
  t.match(await vdcu('help'), { code: 0, stdout: /^Usage: vdcu/ });
  t.match(await vdcu('help', 'arm'), { code: 0, stdout: /^Usage: vdcu arm/ });
  t.match(await vdcu('help', 'no-such-thing'), { code: 2, stderr: /^vdcu: help no-such-thing: / });
});
