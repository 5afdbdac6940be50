// A worker that waits for packets which never come, until the stop word says so.

import { parentPort } from 'node:worker_threads';
import { RecvmmsgSource } from '../../src/udp/recvmmsg-source.js';
import { portMemory } from './port-memory.js';

const source = new RecvmmsgSource({
  ...portMemory(8, 64),
  host: '127.0.0.1',
  udpPort: 0,
  sources: [],
  receiveBufferBytes: 65536,
  waitMs: 20,
  coalesce: false,
});
await source.open();
const stop = new Int32Array(new SharedArrayBuffer(4));
parentPort?.postMessage(stop);
while (Atomics.load(stop, 0) === 0) source.receive();
await source.close();
