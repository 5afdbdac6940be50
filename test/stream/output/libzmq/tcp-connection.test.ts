// A connection as the kernel knows it, with both ends in this process.

import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import type { Test } from 'tap';
import { ffiUnavailable } from '../../../../src/runtime/ffi.js';
import { TcpConnection } from '../../../../src/stream/output/libzmq/tcp-connection.js';
import { until } from '../../../threads/waiting.js';

const skip = ffiUnavailable() ?? false;
const descriptorOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

async function pair(t: Test): Promise<{ here: Socket; there: Socket; connection: TcpConnection }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const there = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [here] = (await once(server, 'connection')) as [Socket];
  for (const socket of [here, there]) socket.on('error', () => undefined);
  t.teardown(() => {
    here.destroy();
    there.destroy();
    server.close();
  });
  return { here, there, connection: new TcpConnection(descriptorOf(here), here.remotePort as number) };
}

t.test('bytes that the other machine has acknowledged, and bytes that it sent, are exact', { skip }, async (t) => {
  const { here, there, connection } = await pair(t);
  here.write(Buffer.alloc(100_000));
  there.write(Buffer.alloc(777));
  there.resume();
  await until(() => connection.look() && connection.acknowledged >= 100_000 && connection.received >= 777, 'all of it');
  t.strictSame([connection.acknowledged, connection.received, connection.open], [100_000, 777, true]);
  t.notOk(connection.gone(0), 'nothing is unanswered');
});

t.test('of one that does not read, what lies here is not acknowledged, and it is not gone', { skip }, async (t) => {
  const { here, there, connection } = await pair(t);
  there.pause();
  here.write(Buffer.alloc(64 << 20));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  t.ok(connection.look() && connection.acknowledged < 64 << 20);
  t.notOk(connection.gone(1000), 'its machine answers each probe');
});

t.test(
  "a connection that was cut is closed at both ends, and a descriptor that is another's is left alone",
  { skip },
  async (t) => {
    const { there, connection } = await pair(t);
    const other = await pair(t);
    const stale = new TcpConnection(descriptorOf(other.here), 1);
    stale.cut();
    t.notOk(stale.look());
    t.notOk(stale.open);
    t.ok(other.connection.look() && other.connection.open, 'it goes on');
    const closed = once(there, 'close');
    there.resume();
    connection.cut();
    await closed;
    connection.look();
    t.notOk(connection.open);
  },
);

t.test('one that is held tells what was acknowledged after its owner has closed it', { skip }, async (t) => {
  const { here, there, connection } = await pair(t);
  connection.hold();
  const all = new Promise<void>((resolve) => {
    let bytes = 0;
    there.on('data', (chunk: Buffer) => {
      if ((bytes += chunk.length) === 100_000) resolve();
    });
  });
  here.write(Buffer.alloc(100_000));
  await all;
  here.destroy();
  await once(here, 'close');
  await until(() => connection.look() && connection.acknowledged === 100_000, 'the last acknowledgement');
  const closed = once(there, 'close');
  connection.release();
  there.end();
  await closed;
  t.notOk(connection.look(), 'it is not ours any more');
});
