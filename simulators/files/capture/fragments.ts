// Puts IP fragments together: in go pieces of IP packets in any order, out comes the content of a packet when its last
// piece is there. What never becomes whole is counted. Bounded: packets that are long overtaken are given up. Source:
// RFC 791, RFC 8200 4.5, RFC 5722 (overlaps).
// Tested by test/simulators/files/capture/datagrams.test.ts.

/** One piece of the content of an IP packet. */
export interface Fragment {
  /** What all pieces of a packet share: addresses, identification, protocol. */
  readonly key: string;
  /** In bytes from the beginning of the content. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

interface Pieces {
  readonly parts: Map<number, Uint8Array>;
  /** Length of the content; null: the last piece has not come. */
  total: number | null;
  held: number;
  /** Packets begun before this one. */
  readonly serial: number;
}

/** Packets begun after one that is still waited for: of more, its identification soon comes again. */
const overtakenBy = 256;
/** Whole packets remembered: a mirror may show their pieces once more. */
const remembered = 64;
/** Pieces of one packet at most. */
const partLimit = 2048;
/** Largest content of an IP packet. */
const contentLimit = 65535;

export class Fragments {
  /** Pieces whose packet was given up. */
  #lost = 0;
  #begun = 0;
  readonly #waiting = new Map<string, Pieces>();
  readonly #whole = new Map<string, Uint8Array>();

  /** Pieces of packets that did not become whole, those that still wait included. */
  get unfinished(): number {
    return [...this.#waiting.values()].reduce((sum, { parts }) => sum + parts.size, this.#lost);
  }

  /** Take a piece. @returns the whole content, or null while pieces are missing */
  put({ key, offset, bytes, last }: Fragment): Uint8Array | null {
    if (bytes.length === 0 || offset + bytes.length > contentLimit || (!last && bytes.length % 8 !== 0)) {
      this.#lost++;
      return null;
    }
    let pieces = this.#waiting.get(key);
    const known = pieces?.parts.get(offset);
    // A mirror may show each piece twice.
    if (known !== undefined && sameBytes(known, bytes)) return null;
    const before = pieces === undefined ? this.#whole.get(key) : undefined;
    if (before !== undefined && sameBytes(before.subarray(offset, offset + bytes.length), bytes)) return null;
    if (pieces !== undefined && (pieces.parts.size === partLimit || disagrees(pieces, offset, bytes.length, last))) {
      this.#giveUp(key, pieces);
      pieces = undefined;
    }
    if (pieces === undefined) {
      pieces = { parts: new Map(), total: null, held: 0, serial: this.#begun++ };
      this.#waiting.set(key, pieces);
      this.#dropOvertaken();
    }
    // A piece must not hold the whole chunk of the file that it was read with.
    pieces.parts.set(offset, bytes.slice());
    pieces.held += bytes.length;
    if (last) pieces.total = offset + bytes.length;
    if (pieces.held !== pieces.total) return null;
    this.#waiting.delete(key);
    const whole = new Uint8Array(pieces.total);
    for (const [at, part] of pieces.parts) whole.set(part, at);
    this.#remember(key, whole);
    return whole;
  }

  #remember(key: string, whole: Uint8Array): void {
    this.#whole.delete(key);
    this.#whole.set(key, whole);
    if (this.#whole.size > remembered) this.#whole.delete(this.#whole.keys().next().value as string);
  }

  #dropOvertaken(): void {
    for (const [key, pieces] of this.#waiting) {
      if (this.#begun - pieces.serial <= overtakenBy) return;
      this.#giveUp(key, pieces);
    }
  }

  #giveUp(key: string, pieces: Pieces): void {
    this.#lost += pieces.parts.size;
    this.#waiting.delete(key);
  }
}

/** A piece that overlaps others, or lies behind the end, belongs to another packet with the same identification. */
function disagrees({ parts, total }: Pieces, offset: number, length: number, last: boolean): boolean {
  const end = offset + length;
  if (total !== null && (last ? end !== total : end > total)) return true;
  for (const [at, part] of parts) {
    if (offset < at + part.length && at < end) return true;
    if (last && at + part.length > end) return true;
  }
  return false;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}
