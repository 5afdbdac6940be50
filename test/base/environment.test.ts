import t from 'tap';
import { logLevel } from '../../src/base/environment.js';

t.test("LOG_LEVEL is info unless set, in any case and in Python's words", async (t) => {
  t.equal(logLevel({}), 'info');
  t.equal(logLevel({ LOG_LEVEL: '' }), 'info');
  t.equal(logLevel({ LOG_LEVEL: 'DEBUG' }), 'debug');
  t.equal(logLevel({ LOG_LEVEL: 'WARNING' }), 'warn');
});

t.test('another word is refused with the words there are', async (t) => {
  t.throws(() => logLevel({ LOG_LEVEL: 'loud' }), {
    message: /LOG_LEVEL is "loud"\. Set one of trace, debug, info, warn, error/,
    exitCode: 2,
  });
});
