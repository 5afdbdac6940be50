import t from 'tap';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationReference } from '../../src/config/reference.js';
import { repository } from '../commands/repository.js';

t.test(
  'docs/reference/configuration.md is what the schema says (else: vdcu reference > docs/reference/configuration.md)',
  async (t) => {
    t.equal(readFileSync(join(repository, 'docs', 'reference', 'configuration.md'), 'utf8'), configurationReference());
  },
);

t.test('an option is one line: key, sentence, range, unit, default', async (t) => {
  const lines = configurationReference().split('\n');
  t.ok(
    lines.includes(
      '| `overtake_frames` | A port image is closed once its port has seen a frame this far ahead; also the jump ' +
        'of frame numbers that needs three witnesses. Less than the ring. | a whole number, 2 to 1000 | frames | ' +
        '`4` |',
    ),
  );
  t.match(
    lines.find((line) => line.startsWith('| `udp_ports`')),
    /\*\*required\*\* \|$/,
  );
});
