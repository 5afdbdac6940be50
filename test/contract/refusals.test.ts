import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { refusals } from '../../src/contract/refusals.js';

const folder = process.cwd();
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

t.test('the operating guide has a row for every reason of a refusal, in its words, and for no other', (t) => {
  const [, section] = /\n## Refused orders\n(.*?)\n## /s.exec(read('docs/operating.md')) as unknown as [string, string];
  const rows = [...section.matchAll(/^\| `([a-z_]+)` \| (.*) \| (.*) \|$/gm)]
    .map(([, code, sentence, remedy]) => ({ code, sentence, remedy }))
    .slice(1);
  t.strictSame(
    rows.map(({ code, sentence }) => ({ code, sentence })),
    refusals.map(({ code, sentence }) => ({ code, sentence })),
  );
  for (const [index, { code, remedy, heading }] of refusals.entries()) {
    const said = rows[index]?.remedy ?? '';
    t.ok(said.startsWith(remedy), `${code}: ${said}`);
    if (heading !== 'refused-orders') t.ok(said.endsWith(`(#${heading}).`), `${code} leads to #${heading}`);
  }
  t.end();
});

t.test('every reason leads to a heading that the operating guide has', (t) => {
  const headings = [...read('docs/operating.md').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title.toLowerCase().replaceAll(' ', '-'),
  );
  for (const { code, heading } of refusals) t.ok(headings.includes(heading), `${code}: #${heading}`);
  t.end();
});

t.test('no file that carries orders out knows HTTP: neither its statuses nor its paths', (t) => {
  const rooms = ['src/control', 'src/stream', 'src/contract', 'src/assembly', 'src/memory', 'src/udp'];
  for (const room of rooms) {
    for (const file of readdirSync(join(folder, room), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const known = /\b(?:409|422|503)\b|\/api\/|\b(?:DELETE|POST)\b|\bstatusCode\b/.exec(read(join(room, file)));
      t.equal(known?.[0], undefined, `${room}/${file}`);
    }
  }
  t.end();
});
