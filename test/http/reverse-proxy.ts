// A reverse proxy that shows a service under a path, as nginx does with
// location /vdcu/ { proxy_pass http://127.0.0.1:PORT/; proxy_set_header Host $http_host; }.

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

const prefix = '/vdcu/';

/** A service behind a proxy. */
export interface Proxied {
  /** The page's address at the proxy. */
  readonly home: string;
  /** What was asked of the proxy outside the path. */
  readonly strays: readonly string[];
}

/** Show the service at `url` under a path of another port, until the test ends. */
export async function underPath(t: Test, url: string): Promise<Proxied> {
  const strays: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '';
    if (!path.startsWith(prefix)) {
      strays.push(path);
      outgoing.writeHead(404).end();
      return;
    }
    const onward = request(
      new URL(path.slice(prefix.length - 1), url),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
    outgoing.on('close', () => {
      onward.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(
    () =>
      new Promise((resolve) => {
        proxy.close(resolve);
        proxy.closeAllConnections();
      }),
  );
  return { home: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}`, strays };
}
