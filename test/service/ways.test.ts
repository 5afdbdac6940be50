// Which way is taken. Each way at work: threads/.

import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { choose } from '../../src/service/choose-way.js';
import { makeSink } from '../../src/service/make-sink.js';
import { LibzmqSink } from '../../src/stream/output/libzmq/libzmq-sink.js';
import { waysOut } from '../../src/stream/output/ways-out.js';
import { ZmqSink } from '../../src/stream/output/zmq-sink.js';
import { zmtpUnavailable } from '../../src/stream/output/zmtp/probe.js';
import { ZmtpSink } from '../../src/stream/output/zmtp/zmtp-sink.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { configText, quadYaml } from '../threads/running.js';

interface MadeUp {
  readonly without: string | null;
  readonly missing: string | null;
}

/** Three ways, of which the first ones may be missing. */
const ways = (first: string | null, second: string | null) => ({
  first: { without: 'the first is not used', missing: first },
  second: { without: 'the second is not used', missing: second },
  last: { without: null, missing: null },
});
const make = (way: MadeUp): string | MadeUp => way.missing ?? way;

t.test('auto takes the first way that can be had, and says why it is not the one before', async (t) => {
  t.match(await choose('send', 'auto', ways(null, 'no'), make), { way: 'first', notes: [] });
  const second = await choose('send', 'auto', ways('no library', null), make);
  t.match(second, { way: 'second', made: { without: 'the second is not used' } });
  t.strictSame(second.notes, ['the first is not used: no library']);
  const last = await choose('send', 'auto', ways('no library', 'refused'), make);
  t.equal(last.way, 'last');
  t.strictSame(last.notes, ['the first is not used: no library', 'the second is not used: refused']);
});

t.test('a way by name is taken without a look at the others, or refused with what works', async (t) => {
  t.match(await choose('send', 'second', ways('no library', null), make), { way: 'second', notes: [] });
  await t.rejects(choose('receive', 'first', ways('no library', null), make), {
    name: 'OperatorError',
    message:
      'receive: first cannot be had here: no library. Use receive: last, or auto, which takes what works ' +
      '(docs/operating.md#portable-ways).',
    exitCode: 3,
  });
});

t.test('consumer_source keeps the service from starting where the way lets in every peer', async (t) => {
  const wake = { wake: () => undefined, turnNow: () => undefined };
  const sinkOf = async (yaml: string, missing: string | null) => {
    const config = parseConfig(await configText(`${quadYaml}${yaml}`), 'test.yaml', 'det');
    const prepare = missing === null ? {} : { prepare: () => Promise.resolve(missing) };
    const ways = { ...waysOut, zmtp: { ...waysOut.zmtp, ...prepare } };
    return makeSink({ config, plan: makePlan(config) }, wake, () => undefined, ways);
  };
  const source = '\nconsumer_source: [192.0.2.7]';
  await t.rejects(sinkOf(source, 'no koffi'), {
    name: 'OperatorError',
    message: /^consumer_source cannot be kept here: send: (libzmq|zeromq\.js) lets in every peer, and .*no koffi/,
    exitCode: 3,
  });
  t.match(await sinkOf('', 'no koffi'), { way: /^(libzmq|zeromq\.js)$/, notes: [/no koffi/] });
  if (zmtpUnavailable() === null) t.match(await sinkOf(source, null), { way: 'zmtp', notes: [] });
});

t.test(
  'each way to send makes a socket of its own kind',
  { skip: ffiUnavailable() === null ? false : 'C functions cannot be called here' },
  async (t) => {
    const config = parseConfig(await configText(quadYaml), 'test.yaml', 'det');
    const wake = { wake: () => undefined, turnNow: () => undefined };
    const setup = { config, plan: makePlan(config), wake, report: () => undefined };
    for (const [way, kind] of [
      ['zmtp', ZmtpSink],
      ['libzmq', LibzmqSink],
      ['zeromq.js', ZmqSink],
    ] as const) {
      const make = await waysOut[way].prepare(setup);
      if (typeof make === 'string') {
        t.fail(`${way}: ${make}`);
        continue;
      }
      const sink = make(0);
      t.ok(sink instanceof kind, way);
      t.match(await sink.open(), /^tcp:/);
      await sink.close(0);
    }
  },
);
