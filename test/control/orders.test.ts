// Orders given by a program to a real streamer on virtual time: no server, no request, no status.

import t from 'tap';
import { parseJson } from '../../src/base/json-text.js';
import { filenameBytesLimit, metadataBytesLimit, plainRequest } from '../../src/contract/series.js';
import { refusals } from '../../src/contract/refusals.js';
import type { RefusalReason } from '../../src/contract/refusals.js';
import type { StreamEvent } from '../../src/contract/series.js';
import { armWish } from '../../src/control/arm-request.js';
import { CommandQueue } from '../../src/control/command-queue.js';
import { SeriesOrders } from '../../src/control/orders.js';
import { Refused } from '../../src/control/refused.js';
import { CommandBox, commandLimitBytes } from '../../src/memory/command-box.js';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline.js';
import { small } from '../pipeline/small.js';

interface Station {
  readonly pipeline: Pipeline;
  readonly orders: SeriesOrders;
  readonly commands: CommandQueue;
  readonly pending: number[];
  hindrance: Refused | null;
  /** Time passes until the order is answered. */
  readonly carryOut: <T>(order: Promise<T>) => Promise<T>;
}

function station(keys: Readonly<Record<string, unknown>> = {}, options: Partial<PipelineOptions> = {}): Station {
  const pipeline = small(keys, options);
  let retry: (() => void) | null = null;
  const commands = new CommandQueue(
    new CommandBox(pipeline.buffer, pipeline.map.commandBox),
    () => undefined,
    (_, run) => {
      retry = run;
      return () => {
        retry = null;
      };
    },
  );
  pipeline.onEvent = (event: StreamEvent) => {
    if ('id' in event) commands.answer(event);
    if (event.kind === 'drained') commands.fail('stopping', 'the service is stopping');
  };
  const pending: number[] = [];
  const made: Station = {
    pipeline,
    commands,
    pending,
    hindrance: null,
    orders: new SeriesOrders({
      config: pipeline.config,
      commands,
      hindrance: () => made.hindrance,
      warnings: ({ filename }) => (filename === '/data/again.h5' ? ['it is there'] : []),
      pending: (id) => pending.push(id),
    }),
    carryOut: async (order) => {
      let answered = false;
      const note = (): void => {
        answered = true;
      };
      order.then(note, note);
      for (let turn = 0; turn < 20_000 && !answered; turn++) {
        retry?.();
        pipeline.run(1);
        await Promise.resolve();
      }
      if (!answered) throw new Error('the order was not answered');
      return order;
    },
  };
  return made;
}

const refusedFor = (why: RefusalReason, problem: RegExp) => ({ name: 'Refused', why, problems: [problem] });

t.test('a program opens a series, frames go out, and it ends the series', async (t) => {
  const { pipeline, orders, carryOut } = station();
  const armed = await carryOut(
    orders.arm(armWish({ filename: '/data/a.h5', frames: 10, first_frame_number: 1, metadata: { exptime: 0.5 } })),
  );
  t.strictSame(armed, {
    series_id: 1,
    msg_number: 1000,
    header_pending: false,
    state: 'open',
    shape: [256, 1030],
    type: 'uint8',
    warnings: [],
  });
  pipeline.play(1, 8);
  t.match(await carryOut(orders.stop()), { series_id: 1, filename: '/data/a.h5', frames: 8, complete: 8 });
  t.equal(await carryOut(orders.stop()), null, 'none is open any more');
  t.strictSame(pipeline.verify(), []);
});

t.test('the answer says what the images of this series are, whatever is configured', async (t) => {
  const { orders, carryOut } = station({ dynamic_range_max: 32 });
  t.match(await carryOut(orders.arm(armWish({ dynamic_range: 32, read_n_rows: 8 }))), {
    shape: [256, 1030],
    type: 'uint32',
  });
  await carryOut(orders.stop());
  t.match(await carryOut(orders.arm(armWish({}))), { type: 'uint8' });
});

t.test('what speaks against a request, and refuses nothing, stands in the answer', async (t) => {
  const { orders, carryOut } = station();
  t.match(await carryOut(orders.arm(armWish({ filename: '/data/again.h5' }))), { warnings: ['it is there'] });
});

t.test('with fill the frames that never came are made up', async (t) => {
  const { pipeline, orders, carryOut } = station();
  await carryOut(orders.arm(armWish({ frames: 10, first_frame_number: 1 })));
  pipeline.play(1, 8);
  t.match(await carryOut(orders.stop({ fill: true })), { frames: 10, complete: 8, marked: 2 });
});

t.test('a stop that names its series ends that one and no other', async (t) => {
  const { orders, carryOut } = station();
  t.equal(await carryOut(orders.stop({ seriesId: 1 })), null, 'none is open');
  await carryOut(orders.arm(armWish({})));
  await t.rejects(
    carryOut(orders.stop({ seriesId: 2, fill: true })),
    refusedFor('busy', /^the series that is open is 1, not 2: it was not ended$/),
  );
  t.match(await carryOut(orders.stop({ seriesId: 1 })), { series_id: 1 }, 'it was open all the time');
  await carryOut(orders.arm(armWish({})));
  await t.rejects(carryOut(orders.stop({ seriesId: 1 })), refusedFor('busy', /is 2, not 1/));
  t.match(await carryOut(orders.stop({})), { series_id: 2 });
  t.equal(await carryOut(orders.stop({ seriesId: 2 })), null);
  for (const seriesId of [-1, 1.5, NaN])
    await t.rejects(carryOut(orders.stop({ seriesId })), refusedFor('invalid', /^series_id: .*needs a whole number$/));
});

t.test('a stop of a series that is over leaves the arm request of the next one alone', async (t) => {
  const { pipeline, orders, carryOut } = station({ series: 'auto' });
  pipeline.play(1, 3);
  pipeline.run(1);
  const next = orders.arm(armWish({ frames: 2 }));
  t.match(
    await Promise.allSettled([carryOut(orders.stop({ seriesId: 99 })), carryOut(next)]),
    [{ reason: { why: 'busy' } }, { value: { state: 'open' } }],
    'the automatic series gives way to the request, not to the stop',
  );
});

t.test('a header that waits for a consumer is told as such', async (t) => {
  const { pipeline, orders, pending, carryOut } = station();
  pipeline.sink.disconnect();
  pipeline.run(1);
  t.match(await carryOut(orders.arm(armWish({ force: true }))), {
    series_id: 1,
    msg_number: null,
    header_pending: true,
  });
  t.strictSame(pending, [1]);
});

t.test('an instance of a shared series is halted and ended at the frames of all', async (t) => {
  const { pipeline, orders, carryOut } = station({ frames_stride: 2, frames_offset: 0 });
  await carryOut(orders.arm(armWish({ frames: 10, first_frame_number: 1, msg_number_base: 1000 })));
  for (const frame of [1, 3, 5]) pipeline.play(frame, frame);
  t.match(await carryOut(orders.halt()), { msg_number_base: 1000, frames: 5, ended: false });
  t.match(await carryOut(orders.stop({ frames: 6, withdraw: false })), { frames: 3, shared: { stride: 2, frames: 6 } });
});

t.test('every reason of a refusal is met, and nothing is opened by an order that is refused', async (t) => {
  const met = new Set<RefusalReason>();
  const refuses = async (order: Promise<unknown>, why: RefusalReason, problem: RegExp): Promise<void> => {
    await t.rejects(order, refusedFor(why, problem));
    met.add(why);
  };
  const alone = station();
  const { orders, pipeline, carryOut } = alone;
  await refuses(carryOut(orders.arm(null)), 'invalid', /^body: is empty/);
  await refuses(carryOut(orders.arm(parseJson('{"frame":1}'))), 'invalid', /did you mean frames/);
  await refuses(
    carryOut(orders.arm(armWish({ frames: 1, msg_number_base: 999 }))),
    'invalid',
    /999 was used already: needs 1000/,
  );
  await refuses(carryOut(orders.halt()), 'invalid', /shares its detector with no other/);
  await refuses(
    carryOut(orders.stop({ frames: 5 })),
    'invalid',
    /^frames, withdraw: go only with a series that several/,
  );
  alone.hindrance = new Refused('unsafe', ['rp_filter is 1']);
  await refuses(carryOut(orders.arm(armWish({}))), 'unsafe', /rp_filter/);
  alone.hindrance = new Refused('starting', ['the service is starting']);
  await refuses(carryOut(orders.arm(armWish({}))), 'starting', /starting/);
  alone.hindrance = null;
  pipeline.sink.disconnect();
  pipeline.run(1);
  await refuses(carryOut(orders.arm(armWish({}))), 'no_consumer', /no consumer is connected/);
  pipeline.sink.connect();
  t.equal(pipeline.words.seriesId, 0, 'no series was opened by any of these');
  await carryOut(orders.arm(armWish({})));
  await refuses(carryOut(orders.arm(armWish({}))), 'busy', /series 1 is open: end it first/);
  await carryOut(orders.stop());
  alone.commands.tell((id) => ({ kind: 'shutdown', id }));
  pipeline.run(50);
  await refuses(carryOut(orders.arm(armWish({}))), 'stopping', /stopping/);
  const broken = station();
  const waiting = broken.orders.arm(armWish({}));
  broken.commands.fail('failed', 'streamer: the thread ended with code 1');
  await refuses(waiting, 'failed', /^streamer: the thread ended/);
  t.strictSame([...met].sort(), Object.keys(refusals).sort());
});

t.test('an instance of a shared series needs its frames to end, as a halt before it', async (t) => {
  const { orders, carryOut } = station({ frames_stride: 2, frames_offset: 1 });
  await carryOut(orders.arm(armWish({ frames: 10, first_frame_number: 1, msg_number_base: 1000 })));
  await t.rejects(carryOut(orders.stop()), refusedFor('invalid', /where it ends all of them must know/));
  await t.rejects(
    carryOut(orders.stop({ fill: true })),
    refusedFor('invalid', /^fill: goes only with a series of one instance/),
  );
  await t.rejects(carryOut(orders.stop({ withdraw: true })), refusedFor('invalid', /^frames: is missing/));
  await t.rejects(carryOut(orders.stop({ frames: -1 })), refusedFor('invalid', /^frames: -1, needs a whole number/));
  await t.rejects(carryOut(orders.stop({ frames: 'all' })), refusedFor('invalid', /^frames: "all", needs a whole/));
  await t.rejects(carryOut(orders.stop({ frames: 4 })), refusedFor('busy', /not halted/));
});

t.test('the longest request that is accepted opens its series, and orders after it are carried out', async (t) => {
  const { pipeline, orders, carryOut } = station();
  const longest = armWish({
    filename: `/${'\u0001'.repeat(filenameBytesLimit - 1)}`,
    metadata: { a: '"'.repeat((metadataBytesLimit - '{"a":""}'.length) / 2) },
  });
  for (const id of [1, 2]) {
    // The second meets a box that is full: it is posted when the streamer has taken what lies there.
    const before = id === 1 ? null : orders.stop();
    t.match(await carryOut(orders.arm(longest)), { series_id: id });
    await before;
    t.match(await carryOut(orders.stop()), { series_id: id });
  }
  await carryOut(orders.arm(armWish({})));
  pipeline.play(1, 3);
  t.match(await carryOut(orders.stop()), { series_id: 3, complete: 3 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a command that does not fit is refused before it waits, and stands in the way of none', async (t) => {
  const { pipeline, orders, commands, carryOut } = station();
  const metadata = 'x'.repeat(commandLimitBytes);
  for (const full of [false, true]) {
    const before = full ? orders.stop() : null;
    t.match(await carryOut(commands.command((id) => ({ kind: 'arm', id, request: { ...plainRequest, metadata } }))), {
      kind: 'refused',
      why: 'invalid',
      problems: [/^the request is too long: a command of \d+ bytes; at most \d+ fit/],
    });
    if (before !== null) t.equal(await carryOut(before), null);
  }
  t.match(await carryOut(orders.arm(armWish({}))), { series_id: 1 });
  pipeline.play(1, 3);
  commands.tell((id) => ({ kind: 'shutdown', id }));
  await t.rejects(carryOut(orders.arm(armWish({}))), refusedFor('stopping', /stopping/));
  t.match(
    pipeline.events.find(({ kind }) => kind === 'ended'),
    { summary: { series_id: 1, complete: 3 } },
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('a value of a program that is no number is refused, not taken for one that was not given', async (t) => {
  const { orders, carryOut } = station();
  await t.rejects(
    carryOut(orders.arm(armWish({ frame_period_ms: Infinity }))),
    refusedFor('invalid', /^frame_period_ms: Infinity is not a number of milliseconds/),
  );
  await t.rejects(
    carryOut(orders.arm(armWish({ first_frame_number: NaN }))),
    refusedFor('invalid', /^first_frame_number: NaN is not a whole number/),
  );
  await t.rejects(
    carryOut(orders.arm(armWish({ frames: 9007199254740993n }))),
    refusedFor('invalid', /^frames: 9007199254740993 is not a whole number/),
  );
  t.match(await carryOut(orders.arm(armWish({ frames: 7n }))), { series_id: 1 });
});
