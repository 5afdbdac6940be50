// Entry of a worker thread. Each thread loads what it does, and nothing of the others: code that it never runs would
// cost it a megabyte.
// Tested by test/service/service.test.ts.

import { fail, port, post, task } from './this-thread.js';

async function run(): Promise<void> {
  const { does } = task;
  switch (does.what) {
    case 'receive':
      return (await import('./receiver-thread.js')).runReceiver(does.ports);
    case 'encode':
      return (await import('./encoder-thread.js')).runEncoder(does.encoder);
    case 'stream':
      return (await import('./streamer-thread.js')).runStreamer();
  }
}

process.on('uncaughtException', fail);
run().then(() => {
  post({ kind: 'closed' });
  port.close();
}, fail);
