// A sink in a process of its own, for tests in other network namespaces: `sink-process.js HOST busy|idle TIMEOUT_MS`.
// Busy, it sends as much as is taken. Prints a line of JSON for its endpoint and for each notice.

import { setTimeout as sleep } from 'node:timers/promises';
import { LinuxSockets } from '../../../../src/stream/output/zmtp/linux-sockets.js';
import { ZmtpSink } from '../../../../src/stream/output/zmtp/zmtp-sink.js';

const [host = '', mode = '', timeoutMs = ''] = process.argv.slice(2);
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const sink = new ZmtpSink(new LinuxSockets(), {
  host,
  port: 0,
  connections: 1,
  sendBufferBytes: 1 << 20,
  consumerTimeoutMs: Number(timeoutMs),
  allowed: () => true,
  now: () => performance.now(),
  tell: say,
});
say({ code: 'open', message: await sink.open() });
process.on('disconnect', () => process.exit());
const parts = [new Uint8Array(300), new Uint8Array(100_000)];
for (;;) {
  sink.poll();
  if (mode === 'busy' && sink.peers > 0 && sink.outcome() !== 'pending') sink.offer(parts);
  await sleep(2);
}
