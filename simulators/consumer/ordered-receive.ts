// A model of how streaming-receiver puts messages in order (its `ordered_recv`, collector.py), weaknesses included,
// because tests must see what a mistake in the numbering would do to the real consumer. Comes in: messages as they
// arrive. Goes out: messages as it would deliver them.

/** What ordering looks at. */
export interface Numbered {
  readonly htype: string;
  readonly msgNumber: number;
}

/**
 * A header sets the next number and throws away what is cached below it; the next number is delivered, and what follows
 * it in the cache; everything else is cached, with no time-out.
 */
export class OrderedReceive<Message extends Numbered> {
  #next = -1;
  readonly #cache = new Map<number, Message>();
  readonly #limit: number;
  #dropped = 0;

  /** @param limit messages cached at most; the real consumer has no limit and grows instead */
  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  /** Messages waiting for a number that has not come. */
  get cached(): number {
    return this.#cache.size;
  }

  /** Messages that the limit kept out of the cache. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The number that would be delivered next; −1 before the first header. */
  get next(): number {
    return this.#next;
  }

  /** Take one message as it arrives; gives the messages that are now in order. */
  push(message: Message): Message[] {
    if (message.htype === 'header') {
      this.#next = message.msgNumber;
      for (const number of this.#cache.keys()) if (number < this.#next) this.#cache.delete(number);
    }
    if (message.msgNumber !== this.#next) {
      if (this.#cache.size < this.#limit || this.#cache.has(message.msgNumber))
        this.#cache.set(message.msgNumber, message);
      else this.#dropped++;
      return [];
    }
    const ordered = [message];
    this.#next++;
    for (let waiting = this.#cache.get(this.#next); waiting !== undefined; waiting = this.#cache.get(this.#next)) {
      this.#cache.delete(this.#next);
      ordered.push(waiting);
      this.#next++;
    }
    return ordered;
  }
}
