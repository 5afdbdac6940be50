import t from 'tap';
import { camelCase, snakeCase, snakeKeys } from '../../src/base/snake-case.js';

t.test('names leave in snake_case, and stay as they are when they are', (t) => {
  t.equal(snakeCase('frameTimeoutMs'), 'frame_timeout_ms');
  t.equal(snakeCase('accepted'), 'accepted');
  t.equal(camelCase('frame_timeout_ms'), 'frameTimeoutMs');
  t.equal(camelCase('accepted'), 'accepted');
  t.strictSame(snakeKeys({ readNRows: { aB: 1 } }), { read_n_rows: { aB: 1 } });
  t.end();
});
