import t from 'tap';
import { limited } from '../../src/base/limited.js';

t.test('what comes in time is taken, an error too; what does not is late', async (t) => {
  const never = new Promise<string>(() => undefined);
  t.equal(await limited(Promise.resolve('here'), 'late', 5000), 'here');
  t.equal(await limited(never, 'late', 10), 'late');
  await t.rejects(limited(Promise.reject(new Error('no disk')), 'late', 5000), { message: 'no disk' });
});
