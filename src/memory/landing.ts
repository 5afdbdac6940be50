// Where a port's datagrams land before they are checked: packet buffers, and for the batch at hand the offset, the true length
// and the source verdict of each packet. Writer: the port's packet source, in its receiver's thread. Two further buffers keep
// packets that are held until others confirm them.

/** Buffers for held packets. */
export const heldPackets = 2;

const bufferStride = (packetBytes: number): number => Math.ceil(packetBytes / 64) * 64;

/** Bytes of one landing region. */
export const landingBytes = (packets: number, packetBytes: number): number => packets * 12 + 128 + (packets + heldPackets) * bufferStride(packetBytes) + 128;

/** A batch of datagrams. Entries 0 … count − 1 are valid until the source receives again. */
export class Landing {
  readonly buffer: ArrayBufferLike;
  /** All memory as bytes: offsets below are positions in it. */
  readonly bytes: Uint8Array;
  /** Position of each datagram in the memory. */
  readonly offsets: Int32Array;
  /** True length of each datagram in bytes, also where it was longer than its buffer. */
  readonly lengths: Int32Array;
  /** 1 = not from the configured source. */
  readonly foreign: Int32Array;
  readonly capacity: number;
  /** Bytes from one packet buffer to the next: nothing beyond is stored of a longer datagram. */
  readonly stride: number;
  readonly #buffersAt: number;

  constructor(buffer: ArrayBufferLike, offset: number, packets: number, packetBytes: number) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.capacity = packets;
    this.stride = bufferStride(packetBytes);
    this.offsets = new Int32Array(buffer, offset, packets);
    this.lengths = new Int32Array(buffer, offset + packets * 4, packets);
    this.foreign = new Int32Array(buffer, offset + packets * 8, packets);
    this.#buffersAt = Math.ceil((offset + packets * 12) / 128) * 128;
  }

  /** Position of packet buffer `index`. */
  bufferAt(index: number): number {
    return this.#buffersAt + index * this.stride;
  }

  /** Position of the buffer of held packet `index` (0 or 1). */
  heldAt(index: number): number {
    return this.bufferAt(this.capacity + index);
  }
}
