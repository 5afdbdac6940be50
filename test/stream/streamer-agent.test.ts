import t from 'tap';
import type { MessageSink } from '../../src/stream/output/message-sink.js';
import type { PreviewSink } from '../../src/stream/output/preview/preview-sink.js';
import type { Streamer } from '../../src/stream/streamer.js';
import { StreamerAgent } from '../../src/stream/streamer-agent.js';

t.test('a preview that cannot be opened leaves no data port open: whoever tries again finds it free', async (t) => {
  const closed: number[] = [];
  const told: unknown[] = [];
  const sink = {
    open: () => Promise.resolve('tcp://127.0.0.1:9999'),
    close: (lingerMs: number) => {
      closed.push(lingerMs);
      return Promise.resolve({ messages: 0, bytes: 0 });
    },
  } as unknown as MessageSink;
  const preview = { open: () => Promise.reject(new Error('port 9997 is taken')) } as unknown as PreviewSink;
  const agent = new StreamerAgent({
    sink,
    streamer: {} as Streamer,
    lingerMs: 10_000,
    report: (event) => void told.push(event),
    now: () => 0,
    preview,
  });
  await t.rejects(agent.start(), /9997 is taken/);
  t.strictSame(closed, [0], 'at once');
  t.strictSame(told, [], 'nothing was sent, so nothing is said of it');
});
