import t from 'tap';
import { Gathering } from '../../../src/control/sls/gathering.js';

/** A gathering of two, its runs, and its timer in the test's hand. */
function gatherTwo(run: () => Promise<void> = () => Promise.resolve()) {
  const timers = new Set<() => void>();
  const state = { runs: 0 };
  const gathering = new Gathering({
    limitMs: 1000,
    wanted: () => 2,
    run: () => {
      state.runs += 1;
      return run();
    },
    after: (_, go) => {
      timers.add(go);
      return () => timers.delete(go);
    },
  });
  return { gathering, state, timers, pass: () => timers.forEach((go) => go()) };
}

t.test('calls of all become one run, and no timer is left', async (t) => {
  const { gathering, state, timers } = gatherTwo();
  const first = gathering.join(1);
  await Promise.resolve();
  t.equal(state.runs, 0, 'one is waited for');
  t.ok(gathering.gathering);
  await Promise.all([first, gathering.join(0)]);
  t.equal(state.runs, 1);
  t.equal(timers.size, 0);
  t.notOk(gathering.gathering);
});

t.test('the same module twice is one; the time runs from the first', async (t) => {
  const { gathering, state, pass } = gatherTwo();
  const calls = [gathering.join(0), gathering.join(0)];
  await Promise.resolve();
  t.equal(state.runs, 0);
  pass();
  await Promise.all(calls);
  t.equal(state.runs, 1);
  t.strictSame([...gathering.joined], [], 'the next round begins anew');
});

t.test('a run that fails fails for each, and the next round is another', async (t) => {
  const { gathering, state } = gatherTwo(() => Promise.reject(new Error('no')));
  const calls = [gathering.join(0), gathering.join(1)];
  for (const call of calls) await t.rejects(call, { message: 'no' });
  await gathering.over();
  t.notOk(gathering.gathering);
  await Promise.allSettled([gathering.join(0), gathering.join(1)]);
  t.equal(state.runs, 2);
});

t.test('closed, nothing runs by itself any more', async (t) => {
  const { gathering, state, timers } = gatherTwo();
  void gathering.join(0);
  gathering.close();
  t.equal(timers.size, 0);
  await Promise.resolve();
  t.equal(state.runs, 0);
});
