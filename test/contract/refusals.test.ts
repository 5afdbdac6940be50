import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const folder = process.cwd();
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

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
