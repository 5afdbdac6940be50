import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { askReceiver } from '../../src/receiver/ask.js';
import { freeTcpPort } from '../threads/free-ports.js';

/** A receiver that answers with these texts, by path. */
async function answering(t: Test, texts: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer((request, response) => {
    const text = texts[request.url ?? ''];
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const count = '{"value":12}';

t.test('state, reason and count come as the receiver has them', async (t) => {
  const url = (status: string) => answering(t, { '/status': status, '/received_frames': count });
  t.strictSame(await askReceiver(await url('{"state":"running"}')), { state: 'running', error: null, received: 12 });
  t.strictSame(await askReceiver(await url('{"state":"error","error":"no folder"}')), {
    state: 'error',
    error: 'no folder',
    received: 12,
  });
  t.match(await askReceiver(await url('{"state":"error"}')), { error: 'without a reason' });
});

t.test('what answers otherwise is no receiver', async (t) => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{}, /status 404/],
    [{ '/status': '<html>' }, /JSON/],
    [{ '/status': '[]', '/received_frames': count }, /\/status says undefined/],
    [{ '/status': '{"state":"busy"}', '/received_frames': count }, /\/status says "busy"/],
    [{ '/status': '{"state":"idle"}', '/received_frames': '{"value":null}' }, /no whole number/],
    [{ '/status': `{"state":"idle","x":"${'x'.repeat(70_000)}"}`, '/received_frames': count }, /more than 65536 bytes/],
  ];
  for (const [texts, problem] of wrong) await t.rejects(askReceiver(await answering(t, texts)), { message: problem });
  await t.rejects(askReceiver(`http://127.0.0.1:${await freeTcpPort()}`));
});
