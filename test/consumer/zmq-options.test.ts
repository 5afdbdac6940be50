// What the contract asks of our zmq socket, read back from the kernel: the options of the connection that a consumer
// made.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import type { Test } from 'tap';
import { ffiUnavailable, libc } from '../../src/runtime/ffi.js';
import { quadYaml, start } from '../threads/running.js';
import { ways } from '../threads/ways.js';

/** Linux: levels and options of getsockopt. */
const option = { keepalive: [1, 9], idle: [6, 4], interval: [6, 5], count: [6, 6] } as const;
const established = '01';

/** Descriptors of this process that are established connections at this local port, and not their other ends. */
function connectionsAt(port: number): number[] {
  const rows = readFileSync('/proc/self/net/tcp', 'latin1')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
  const inodes = rows
    .filter(([, local, , state]) => state === established && parseInt(local.split(':')[1], 16) === port)
    .map((row) => row[9]);
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => {
      try {
        return inodes.includes(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? '');
      } catch {
        return false;
      }
    });
}

function read(t: Test, descriptor: number, [level, name]: readonly [number, number]): number {
  const value = new Int32Array(1);
  t.equal(libc().getsockopt(descriptor, level, name, value, Int32Array.of(4)), 0, 'getsockopt');
  return value[0];
}

for (const { send } of ways) {
  t.test(`the keep-alive that the fabric needs (${send})`, { skip: ffiUnavailable() ?? false }, async (t) => {
    const running = await start(t, `${quadYaml}\nsend: ${send}`);
    const consumer = await running.consume();
    const port = Number(/:(\d+)$/.exec(running.service.dataEndpoint)?.[1]);
    const descriptors = connectionsAt(port);
    // libzmq's sink keeps a second descriptor of it, for a last look at what the peer has.
    t.equal(descriptors.length, send === 'libzmq' ? 2 : 1, 'one connection');
    const of = (name: keyof typeof option): number => read(t, descriptors[0], option[name]);
    t.match({ keepalive: of('keepalive'), interval: of('interval') }, { keepalive: 1, interval: 1 });
    t.ok(of('idle') <= 60, `an idle flow has traffic at least each minute (idle ${of('idle')} s)`);
    t.ok(of('count') <= 10, `no more than 10 probes (${of('count')})`);
    // Where keep-alive is what notices a silent machine's death: docs/decisions/0019-consumers-that-are-gone.md.
    if (send !== 'zmtp')
      t.ok(
        (of('idle') + of('count') * of('interval')) * 1000 <= running.config.consumerTimeoutMs,
        'and is given up within consumer_timeout_ms',
      );
    await consumer.vanish();
  });
}
