// A consumer's connection for tests, until the test ends: each message that comes, parsed, in the order of arrival.

import type { Test } from 'tap';
import { pullMessages } from '../../simulators/consumer/pull.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';

/** @throws Error, unhandled, so that the test fails, for a message that is none of the stream's */
export function eachMessage(t: Test, endpoint: string, take: (message: StreamMessage) => void): void {
  const end = new AbortController();
  t.teardown(() => end.abort());
  void (async () => {
    for await (const parts of pullMessages({ endpoint, signal: end.signal })) {
      const message = parseMessage(parts);
      if (typeof message === 'string') throw new Error(message);
      take(message);
    }
  })();
}
