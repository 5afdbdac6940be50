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
  readonly #weigh: (message: Message) => number;
  #weight = 0;
  #dropped = 0;
  #beforeFirst = 0;

  /**
   * @param limit what messages in the cache weigh together, about; the real consumer has no limit and grows instead
   * @param weigh default: each weighs 1
   */
  constructor(limit = Infinity, weigh: (message: Message) => number = () => 1) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  /** Messages waiting for a number that has not come. */
  get cached(): number {
    return this.#cache.size;
  }

  /** Of these: messages below the next number, which came too late. */
  get late(): number {
    let late = 0;
    for (const number of this.#cache.keys()) if (number < this.#next) late++;
    return late;
  }

  /** Messages that the limit kept out of the cache. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Messages that belong before the first header, whenever they came; before any header all of them. */
  get beforeFirst(): number {
    return this.#beforeFirst + (this.#next < 0 ? this.#cache.size : 0);
  }

  /** The number that would be delivered next; −1 before the first header. */
  get next(): number {
    return this.#next;
  }

  /** True when the message would be dropped. */
  refuses({ htype, msgNumber }: Message): boolean {
    return (
      this.#weight >= this.#limit &&
      this.#next >= 0 &&
      htype !== 'header' &&
      msgNumber !== this.#next &&
      !this.#cache.has(msgNumber)
    );
  }

  /** Take one message as it arrives; gives the messages that are now in order. */
  push(message: Message): Message[] {
    if (this.refuses(message)) {
      this.#dropped++;
      return [];
    }
    if (message.htype === 'header') this.#begin(message.msgNumber);
    if (message.msgNumber !== this.#next) {
      this.#keep(message);
      return [];
    }
    const ordered = [message];
    this.#next++;
    for (let waiting = this.#take(this.#next); waiting !== null; waiting = this.#take(this.#next)) {
      ordered.push(waiting);
      this.#next++;
    }
    return ordered;
  }

  #begin(number: number): void {
    const first = this.#next < 0;
    this.#next = number;
    for (const cached of this.#cache.keys()) {
      if (cached >= number) continue;
      this.#take(cached);
      if (first) this.#beforeFirst++;
    }
  }

  #keep(message: Message): void {
    this.#take(message.msgNumber);
    // Before the first header what came first is what the header will throw away.
    const [oldest] = this.#cache.keys();
    if (this.#weight >= this.#limit && this.#next < 0 && oldest !== undefined) {
      this.#take(oldest);
      this.#beforeFirst++;
    }
    this.#cache.set(message.msgNumber, message);
    this.#weight += this.#weigh(message);
  }

  #take(number: number): Message | null {
    const message = this.#cache.get(number);
    if (message === undefined) return null;
    this.#cache.delete(number);
    this.#weight -= this.#weigh(message);
    return message;
  }
}
