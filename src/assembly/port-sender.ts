// hot path. The sender of one port's packets in a series: learned from the first ones that were accepted, anew in each
// series, so that no sender is locked out for longer. Comes in: a word for the address of a sender, the same for the
// same address. Goes out: whether it is another sender.

/** Accepted packets of one sender that make it the one that the series began with. */
const witnesses = 3;
/** Senders that are weighed against each other until one of them has so many. */
const candidates = 4;

export class PortSender {
  /** The sender's word, 0 = not known yet. */
  learned = 0;
  readonly #senders = new Int32Array(candidates);
  readonly #packets = new Int32Array(candidates);

  /** The next series may have another one. */
  forget(): void {
    this.learned = 0;
    this.#packets.fill(0);
  }

  /** Is this another one than the series began with? */
  differs(sender: number): boolean {
    return this.learned !== 0 && sender !== this.learned;
  }

  /** A packet of this sender was accepted, and none is learned. True = now one is. */
  accept(sender: number): boolean {
    const packets = this.#packets;
    let at = 0;
    for (let candidate = 0; candidate < candidates; candidate++) {
      if (packets[candidate] !== 0 && this.#senders[candidate] === sender) {
        at = candidate;
        break;
      }
      // A free place, or that of the sender with the fewest.
      if (packets[candidate] < packets[at]) at = candidate;
    }
    if (this.#senders[at] !== sender) packets[at] = 0;
    this.#senders[at] = sender;
    packets[at] = packets[at] + 1;
    if (packets[at] < witnesses) return false;
    this.learned = sender;
    return true;
  }
}
