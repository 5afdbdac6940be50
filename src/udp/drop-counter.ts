// The kernel's count of dropped datagrams, 32 bits wide and wrapping, made into one that never wraps and never goes
// back.

/** A counter of one socket. */
export class DropCounter {
  #last = 0;
  #total = 0;

  /** Datagrams dropped so far. */
  get total(): number {
    return this.#total;
  }

  /**
   * Take a reading. Readings come by two ways, one older than the other: less than half a turn back is an old one, and
   * changes nothing.
   */
  read(count: number): void {
    const more = (count - this.#last) | 0;
    if (more <= 0) return;
    this.#last = count;
    this.#total += more;
  }
}
