// Where consumers came from: one that comes from another host than those before it may be the wrong one. In come
// consumers that are let in, and those that are handed messages; out goes what is told of one that is let in.

import type { ConsumerNotice } from '../../../contract/consumer-notices.js';
import type { Connection } from './connection.js';

export class ConsumersBefore {
  /** Addresses of those that were handed messages last, the latest at the end. */
  readonly #addresses: string[] = [];
  readonly #most: number;

  /** @param most consumers at once: so many may come from a host each */
  constructor(most: number) {
    this.#most = most;
  }

  /** Hot: with each message. One that only looks on is no consumer whose place another takes. */
  handed(consumer: Connection): void {
    if (consumer.served) return;
    consumer.served = true;
    if (consumer.onlooker) return;
    const addresses = this.#addresses;
    const known = addresses.indexOf(consumer.address);
    if (known >= 0) addresses.splice(known, 1);
    addresses.push(consumer.address);
    if (addresses.length > this.#most) addresses.shift();
  }

  /** What is told of one that was let in. */
  notice({ name, address, onlooker }: Connection): ConsumerNotice {
    const before = this.#addresses;
    if (onlooker || before.length === 0 || before.includes(address))
      return { code: 'connected', trouble: false, message: `${onlooker ? 'onlooker' : 'consumer'} ${name} connected` };
    const which = before.length === 1 ? 'the one' : 'those';
    return {
      code: 'other_address',
      trouble: true,
      message: `consumer ${name} connected; ${which} before came from ${before.join(', ')}. Is it the right one?`,
    };
  }
}
