import t from 'tap';
import { OperatorError } from '../../../src/base/errors.js';
import { FaultPlan, noFaults, parseFault } from '../../../simulators/detector/faults.js';
import type { FaultKind, FaultSelector } from '../../../simulators/detector/faults.js';

function plan(selectors: Partial<Record<FaultKind, FaultSelector>>, seed = 1): FaultPlan {
  return new FaultPlan({ ...noFaults, seed, selectors });
}

function chosen(faults: FaultPlan, frames: number): string[] {
  const list: string[] = [];
  for (let frame = 1; frame <= frames; frame++) {
    for (let packet = 0; packet < 64; packet++) {
      const fault = faults.faultOf(50001, frame, packet);
      if (fault !== null) list.push(`${fault} ${frame} ${packet}`);
    }
  }
  return list;
}

t.test('a ratio from 0 to 1 is read, anything else refused', async (t) => {
  t.equal(parseFault('--loss', '0.001'), 0.001);
  t.equal(parseFault('--loss', '0'), 0);
  t.equal(parseFault('--loss', '1'), 1);
  for (const text of ['1.1', '-0.1', '', 'some', 'NaN', '0.1,0.2'])
    t.throws(() => parseFault('--loss', text), OperatorError, text);
});

t.test('an exact list names port, frame and packets; a malformed one is refused', async (t) => {
  t.same(parseFault('--loss', '50001:12:3, 50002:13-14:0-5,*:14:*'), [
    { udpPort: [50001, 50001], frameNumber: [12, 12], packet: [3, 3] },
    { udpPort: [50002, 50002], frameNumber: [13, 14], packet: [0, 5] },
    { udpPort: null, frameNumber: [14, 14], packet: null },
  ]);
  for (const text of [
    '50001:12',
    '50001:12:3:4',
    '50001:12:5-3',
    '50001:12:',
    'a:1:1',
    '1:1:-1',
    '1:9007199254740993:1',
    '1:1:1,',
  ]) {
    t.throws(() => parseFault('--loss', text), { message: /--loss .*port:frame:packet/, exitCode: 2 }, text);
  }
});

t.test('exactly the packets of a list are chosen', async (t) => {
  const faults = plan({ loss: parseFault('--loss', '50001:2:3,50001:3:0-1,50002:1:1') });
  t.same(chosen(faults, 4), ['loss 2 3', 'loss 3 0', 'loss 3 1']);
  t.equal(faults.faultOf(50002, 1, 1), 'loss');
  t.equal(faults.faultOf(50002, 1, 2), null);
});

t.test('a seed reproduces its choice, another seed chooses others', async (t) => {
  const selectors = { loss: 0.02, reorder: 0.02, duplicate: 0.02, delay: 0.01, truncate: 0.01 };
  const first = chosen(plan(selectors), 50);
  t.same(chosen(plan(selectors), 50), first);
  t.not(chosen(plan(selectors, 2), 50).join(), first.join());
});

t.test('a ratio chooses about its share, frame numbers above 2^32 included', async (t) => {
  const faults = plan({ loss: 0.1 });
  for (const base of [1, 2 ** 32, 2 ** 52]) {
    let count = 0;
    for (let frame = base; frame < base + 200; frame++) {
      for (let packet = 0; packet < 64; packet++) if (faults.faultOf(50001, frame, packet) !== null) count++;
    }
    t.ok(count > 1100 && count < 1460, `${count} of 12800`);
  }
  t.equal(chosen(plan({ loss: 0 }), 20).length, 0);
  t.equal(chosen(plan({ loss: 1 }), 20).length, 20 * 64);
});

t.test('a packet has one fault, the first in the order of precedence', async (t) => {
  t.equal(plan({ loss: 1, truncate: 1, duplicate: 1 }).faultOf(1, 1, 1), 'loss');
  t.equal(plan({ truncate: 1, duplicate: 1 }).faultOf(1, 1, 1), 'truncate');
  t.equal(plan({ duplicate: 1, reorder: 1 }).faultOf(1, 1, 1), 'reorder');
  t.equal(plan({ foreign: 1 }).faultOf(1, 1, 1), null);
  t.equal(plan({ foreign: 1 }).foreignBefore(1, 1, 1), true);
});
