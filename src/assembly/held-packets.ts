// Packets whose frame number may be an accident, set aside until others of the same port confirm or contradict them. Owned by the
// packet intake. Two are copied out of the landing buffers; the third, which decides, is looked at where it lies.

import { heldPackets } from '../memory/landing.js';
import type { Landing } from '../memory/landing.js';

/** Packets that agree with each other, in the order of their arrival; frame numbers are the detector's, times ms. */
export class HeldPackets {
  readonly #landing: Landing;
  readonly #frameNumbers = new Float64Array(heldPackets + 1);
  readonly #packets = new Int32Array(heldPackets + 1);
  readonly #positions = new Int32Array(heldPackets + 1);
  readonly #at = new Float64Array(heldPackets + 1);
  readonly #numbers = new Float64Array(heldPackets + 1);
  #count = 0;
  #lastAt = 0;

  constructor(landing: Landing) {
    this.#landing = landing;
  }

  get count(): number {
    return this.#count;
  }

  /** When the latest was held. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** Three are here: they confirm each other. */
  get confirmed(): boolean {
    return this.#count === heldPackets + 1;
  }

  /** Would this one agree with all that are held: same position, numbers within `distance` of each other? */
  agrees(frameNumber: number, position: number, distance: number): boolean {
    for (let index = 0; index < this.#count; index++) {
      if (this.#positions[index] !== position || Math.abs((this.#frameNumbers[index] as number) - frameNumber) > distance) return false;
    }
    return true;
  }

  /**
   * Add a packet that agrees with the others.
   * @param packet index among the packets read out
   * @param at position of the datagram in the memory; its first `bytes` bytes are copied, unless it is the deciding one
   * @param number of the packet in the flight recorder
   */
  add(frameNumber: number, packet: number, position: number, at: number, bytes: number, now: number, number: number): void {
    const index = this.#count++;
    let kept = at;
    if (index < heldPackets) {
      kept = this.#landing.heldAt(index);
      this.#landing.bytes.copyWithin(kept, at, at + bytes);
    }
    this.#frameNumbers[index] = frameNumber;
    this.#packets[index] = packet;
    this.#positions[index] = position;
    this.#at[index] = kept;
    this.#numbers[index] = number;
    this.#lastAt = now;
  }

  /** Those that were confirmed wait again, as they are: where they lie nothing else has landed. */
  holdAgain(count: number): void {
    this.#count = count;
  }

  clear(): void {
    this.#count = 0;
  }

  frameNumber(index: number): number {
    return this.#frameNumbers[index] as number;
  }

  packet(index: number): number {
    return this.#packets[index] as number;
  }

  position(index: number): number {
    return this.#positions[index] as number;
  }

  /** Its number in the flight recorder. */
  number(index: number): number {
    return this.#numbers[index] as number;
  }

  /** Position of the datagram in the memory; valid until the next packet is held. */
  at(index: number): number {
    return this.#at[index] as number;
  }
}
