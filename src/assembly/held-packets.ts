// Packets whose frame number may be an accident, set aside until others of the same port confirm or contradict them:
// three that agree in order and direction are witnesses of each other. All are copied out of the landing buffers.

import { earlierOf, laterOf } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import { heldPackets } from '../memory/landing.js';
import type { Landing } from '../memory/landing.js';

/** Packets that agree with each other, in the order of their arrival; times in ms. */
export class HeldPackets {
  readonly #landing: Landing;
  readonly #frameNumbers = new Float64Array(heldPackets);
  readonly #packets = new Int32Array(heldPackets);
  readonly #positions = new Int32Array(heldPackets);
  readonly #numbers = new Float64Array(heldPackets);
  /** Times: when the latest was held, and the first of all that agreed since. */
  readonly #times = new Float64Array(2);
  /** Bytes of a packet. */
  #bytes = 0;
  #count = 0;

  constructor(landing: Landing) {
    this.#landing = landing;
  }

  get count(): number {
    return this.#count;
  }

  /** When the latest was held. */
  get lastAt(): number {
    return this.#times[0];
  }

  /** Since when packets have come that agree. */
  get since(): number {
    return this.#times[1];
  }

  /** Three are here. */
  get confirmed(): boolean {
    return this.#count === heldPackets;
  }

  get lowest(): OwnNumber {
    let lowest = this.frameNumber(0);
    for (let index = 1; index < this.#count; index++) lowest = earlierOf(lowest, this.frameNumber(index));
    return lowest;
  }

  get highest(): OwnNumber {
    let highest = this.frameNumber(0);
    for (let index = 1; index < this.#count; index++) highest = laterOf(highest, this.frameNumber(index));
    return highest;
  }

  /** Is it a copy of one that is held? Then it is no witness. */
  knows(frameNumber: OwnNumber, packet: number, position: number): boolean {
    for (let index = 0; index < this.#count; index++) {
      if (
        this.#frameNumbers[index] === frameNumber &&
        this.#packets[index] === packet &&
        this.#positions[index] === position
      )
        return true;
    }
    return false;
  }

  /**
   * Would this one agree with all that are held: same position, and a number that follows?
   * @param back how far it may lie before the others, as packets overtake each other
   * @param ahead how far it may lie before the newest
   */
  agrees(frameNumber: OwnNumber, position: number, back: number, ahead: number): boolean {
    for (let index = 0; index < this.#count; index++) {
      const beyond = frameNumber - this.#frameNumbers[index];
      if (this.#positions[index] !== position || beyond < -back) return false;
      if (index === this.#count - 1 && beyond > ahead) return false;
    }
    return true;
  }

  /** Is the first far before the two that follow, which are near each other? Then the first is the accident. */
  strays(near: number): boolean {
    const [first, second, third] = this.#frameNumbers as unknown as [number, number, number];
    return second - first > near && third - second <= near;
  }

  /** Do the numbers go in equal steps? */
  get steps(): boolean {
    const [first, second, third] = this.#frameNumbers as unknown as [number, number, number];
    return third - second === second - first;
  }

  /**
   * Add a packet that agrees with the others; there is room for it.
   * @param packet index among the packets read out
   * @param at position of the datagram in the memory; its first `bytes` bytes are copied
   * @param number of the packet in the flight recorder
   */
  add(
    frameNumber: OwnNumber,
    packet: number,
    position: number,
    at: number,
    bytes: number,
    now: number,
    number: number,
  ): void {
    const index = this.#count++;
    if (index === 0) this.#times[1] = now;
    this.#times[0] = now;
    this.#bytes = bytes;
    const kept = this.#landing.heldAt(index);
    this.#landing.bytes.copyWithin(kept, at, at + bytes);
    this.#frameNumbers[index] = frameNumber;
    this.#packets[index] = packet;
    this.#positions[index] = position;
    this.#numbers[index] = number;
  }

  /** Let the first go. */
  shift(): void {
    this.#count--;
    const { bytes } = this.#landing;
    for (let index = 0; index < this.#count; index++) {
      const from = this.#landing.heldAt(index + 1);
      bytes.copyWithin(this.#landing.heldAt(index), from, from + this.#bytes);
      this.#frameNumbers[index] = this.#frameNumbers[index + 1];
      this.#packets[index] = this.#packets[index + 1];
      this.#positions[index] = this.#positions[index + 1];
      this.#numbers[index] = this.#numbers[index + 1];
    }
  }

  /** Those that were confirmed wait again, as they are: where they lie nothing else has landed. */
  holdAgain(count: number): void {
    this.#count = count;
  }

  clear(): void {
    this.#count = 0;
  }

  /** After `clear`: the last of three is held alone. */
  keepLast(): void {
    this.#count = heldPackets;
    while (this.#count > 1) this.shift();
    this.#times[1] = this.lastAt;
  }

  frameNumber(index: number): OwnNumber {
    return this.#frameNumbers[index] as OwnNumber;
  }

  packet(index: number): number {
    return this.#packets[index];
  }

  position(index: number): number {
    return this.#positions[index];
  }

  /** Its number in the flight recorder. */
  number(index: number): number {
    return this.#numbers[index];
  }

  /** Position of the datagram in the memory; valid until the next packet is held. */
  at(index: number): number {
    return this.#landing.heldAt(index);
  }
}
