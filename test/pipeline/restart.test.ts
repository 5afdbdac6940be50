// Why numbers are larger after a restart: the consumer's ordering, fed with two processes of which the first was cut
// off anywhere and lost anything on the way.

import t from 'tap';
import { Random } from '../../src/base/random.js';
import { OrderedReceive } from '../../simulators/consumer/ordered-receive.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { MemorySink } from './memory-sink.js';
import { small } from './small.js';

/** Messages of a process that was killed after about `turns` frames; those in `lost` never arrived. */
function killed(firstMessageNumber: number, frames: number, random: Random): StreamMessage[] {
  const sink = new MemorySink(4);
  sink.connect();
  const pipeline = small({}, { sink, firstMessageNumber });
  pipeline.arm({ filename: 'old', firstFrameNumber: 1 });
  pipeline.play(1, frames);
  // What was queued dies with the process, and the network has its share.
  return pipeline.messages().filter(({ htype }) => htype === 'header' || !random.chance(0.15));
}

/** Messages of the process after it, which joins a detector that has come to `frame`. */
function started(
  firstMessageNumber: number,
  frame: number,
  partly: readonly number[],
): { messages: StreamMessage[]; problems: string[] } {
  const pipeline = small({}, { firstMessageNumber });
  pipeline.arm({ filename: 'new' });
  for (const port of pipeline.sources.keys()) pipeline.send(port, frame, partly);
  pipeline.run(1);
  pipeline.play(frame + 1, frame + 9);
  pipeline.stop();
  return { messages: pipeline.messages(), problems: pipeline.verify() };
}

/** What the consumer's ordering lets through of all of it, by the series' file name at that moment. */
function deliveredBy(messages: readonly StreamMessage[]): { readonly file: string; readonly message: StreamMessage }[] {
  const ordered = new OrderedReceive<StreamMessage>();
  let file = '';
  return messages
    .flatMap((arriving) => ordered.push(arriving))
    .map((message) => {
      if (message.htype === 'header') file = String(message.fields['filename']);
      return { file, message };
    });
}

t.test(
  "whatever of the old series waits in the consumer's cache, the new one is delivered whole and alone",
  async (t) => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const old = killed(1_700_000_000_000_000 + random.integer(1e6), 1 + random.integer(20), random);
      const frame = 40 + random.integer(1000);
      // At least three, or there is nothing to agree on where the series begins.
      const { messages, problems } = started(
        1_700_000_001_000_000 + random.integer(1e6) + 1e6,
        frame,
        [0, 1, 2, 3].slice(random.integer(2)),
      );
      t.strictSame(problems, [], `seed ${seed}`);
      const seen = deliveredBy([...old, ...messages])
        .filter(({ file }) => file === 'new')
        .map(({ message }) => message);
      t.strictSame(seen, messages, `seed ${seed}: all of the new series, nothing else`);
    }
  },
);

t.test(
  'the same with numbers that begin again at the old ones mixes two series: this is what larger numbers prevent',
  async (t) => {
    const random = new Random(3);
    const old = killed(1000, 30, random);
    const { messages } = started(1000, 100, [0, 1, 2, 3]);
    const seen = deliveredBy([...old, ...messages])
      .filter(({ file }) => file === 'new')
      .map(({ message }) => message);
    t.ok(
      seen.some((message) => old.includes(message)),
      'images of the old series were delivered in the new one',
    );
  },
);

t.test('a frame that was joined half-way is marked, not complete', async (t) => {
  const { messages, problems } = started(5000, 77, [2, 3]);
  t.strictSame(problems, []);
  const images = messages.filter(({ htype }) => htype === 'image').map(({ fields }) => fields);
  t.match(images[0], { frame: 0, frame_number: 77, complete: false, missing: { 50001: [[0, 1]], 50002: [[0, 1]] } });
  t.ok(
    images.slice(1).every(({ complete }) => complete === true),
    'all behind it are complete',
  );
  t.equal(images.length, 10);
});
