import t from 'tap';
import { allowed, choices, planned, wayInFacts, wayOutFacts } from '../../src/config/ways.js';
import { networkOptions } from '../../src/config/options-network.js';

t.test('an option takes auto and each way, and nothing else', async (t) => {
  for (const [option, values] of [
    [networkOptions.receive, choices(wayInFacts)],
    [networkOptions.send, choices(wayOutFacts)],
  ] as const) {
    for (const value of values) t.equal(option.parse(value), value);
    t.notOk(option.safeParse('raw').success);
    t.equal(option.parse(undefined), 'auto');
  }
});

t.test('auto tries all ways in order, and the plan counts on the first; a way by name stands alone', async (t) => {
  t.strictSame(allowed(wayOutFacts, 'auto'), ['zmtp', 'libzmq', 'zeromq.js']);
  t.equal(planned(wayOutFacts, 'auto'), wayOutFacts.zmtp);
  t.strictSame(allowed(wayOutFacts, 'libzmq'), ['libzmq']);
  t.equal(planned(wayOutFacts, 'libzmq'), wayOutFacts.libzmq);
  t.equal(planned(wayInFacts, 'auto'), wayInFacts.recvmmsg);
});
