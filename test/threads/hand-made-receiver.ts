// The HTTP answers of a streaming-receiver, as a test wants them.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

export interface Receiver {
  readonly url: string;
  status: { state: string; error?: string };
  received: number;
}

/** Listens until the end of the test. */
export async function receiverOf(t: Test): Promise<Receiver> {
  const server = createServer((request, response) => {
    response.end(JSON.stringify(request.url === '/status' ? receiver.status : { value: receiver.received }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const receiver: Receiver = { url, status: { state: 'idle' }, received: 0 };
  return receiver;
}
