// The end of connections to consumers that have everything. Comes in: the consumers; goes out: nothing, their
// descriptors are closed.

import type { Connection } from './connection.js';
import type { TcpSockets } from './tcp-sockets.js';

/** Between looks, in ms. */
const stepMs = 2;

/**
 * Take leave. One that sends heartbeats is waited for until it closes its end, which it does when its program has read
 * everything: a heartbeat that met a closed socket would cost it what it has not read.
 * @param end not longer than that, in ms of `now`
 */
export async function takeLeave(
  sockets: TcpSockets,
  consumers: readonly Connection[],
  end: number,
  now: () => number,
): Promise<void> {
  for (const { descriptor } of consumers) sockets.finish(descriptor);
  let staying = consumers.filter(({ asks }) => asks);
  for (;;) {
    staying = staying.filter((consumer) => !consumer.hasLeft());
    if (staying.length === 0 || now() >= end) break;
    await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
  for (const { descriptor } of consumers) sockets.close(descriptor);
}
