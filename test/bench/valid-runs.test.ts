import t from 'tap';
import { paceProblem, runsText, validRuns } from '../../bench/valid-runs.js';

t.test('a run without a figure is tried again, and told', async (t) => {
  let tries = 0;
  const { runs, refused } = await validRuns(3, async () => (++tries % 2 === 0 ? { tries } : `${tries} packets lost`));
  t.strictSame(runs, [{ tries: 2 }, { tries: 4 }, { tries: 6 }]);
  t.strictSame(refused, ['1 packets lost', '3 packets lost', '5 packets lost']);
  t.equal(runsText(runs.length, refused), '3, 3 refused: 1 packets lost; …');
  t.equal(runsText(5, []), '5');
});

t.test('without end nothing is tried: twice as often as was wanted', async (t) => {
  let tries = 0;
  const { runs, refused } = await validRuns(5, async () => {
    tries++;
    return 'C: it was never warm';
  });
  t.strictSame(runs, []);
  t.equal(refused.length, 10);
  t.equal(tries, 10);
});

t.test('a sender that did not keep the rate makes no comparison', async (t) => {
  t.equal(paceProblem(991, 1000), null);
  t.equal(paceProblem(811.4, 1000), 'the sender reached 811 of 1000 frames/s');
});
