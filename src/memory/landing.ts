// Where a port's datagrams land before they are checked: buffers, and for the batch at hand the offset, the true length
// and the source verdict of each datagram. Writer: the port's packet source, in its receiver's thread. Three further
// buffers keep packets that are held until others confirm them.
// Either each datagram has a buffer of its own, or (`coalescedBuffers` > 0) there are fewer and larger buffers, in each
// of which the kernel may lay several datagrams of one sender behind each other. An entry is one datagram in both
// cases.
// Tested by test/udp/recvmmsg-source.test.ts.

/** Buffers for held packets. */
export const heldPackets = 3;

/**
 * Coalesced datagrams never exceed an IP packet. What is added keeps the beginnings of the buffers out of the same
 * cache sets.
 */
const coalescedStride = 65536 + 4160;

const align = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

const packetStride = (packetBytes: number): number => align(packetBytes, 64);

/** Bytes of one landing region. */
export const landingBytes = (packets: number, packetBytes: number, coalescedBuffers = 0): number =>
  packets * 12 +
  256 +
  heldPackets * packetStride(packetBytes) +
  (coalescedBuffers > 0 ? coalescedBuffers * coalescedStride : packets * packetStride(packetBytes));

/** A batch of datagrams. Entries 0 … count − 1 are valid until the source receives again. */
export class Landing {
  readonly buffer: ArrayBufferLike;
  /** All memory as bytes: offsets below are positions in it. */
  readonly bytes: Uint8Array;
  /** Position of each datagram in the memory. */
  readonly offsets: Int32Array;
  /** True length of each datagram in bytes, also where it was longer than its buffer. */
  readonly lengths: Int32Array;
  /** A word for the address of each sender, the same for the same one; 0 = not one of those configured. */
  readonly senders: Int32Array;
  /** Datagrams of one batch at most. */
  readonly capacity: number;
  /** Buffers: as many as `capacity`, unless they hold coalesced datagrams. */
  readonly buffers: number;
  /** Bytes from one buffer to the next: nothing beyond is stored of a longer datagram. */
  readonly stride: number;
  /** A buffer may hold several datagrams. */
  readonly coalesced: boolean;
  readonly #buffersAt: number;
  readonly #heldAt: number;
  readonly #heldStride: number;

  /** @param packets datagrams of one batch at most; all three numbers as given to `landingBytes` */
  constructor(buffer: ArrayBufferLike, offset: number, packets: number, packetBytes: number, coalescedBuffers = 0) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.capacity = packets;
    this.coalesced = coalescedBuffers > 0;
    this.buffers = this.coalesced ? coalescedBuffers : packets;
    this.stride = this.coalesced ? coalescedStride : packetStride(packetBytes);
    this.offsets = new Int32Array(buffer, offset, packets);
    this.lengths = new Int32Array(buffer, offset + packets * 4, packets);
    this.senders = new Int32Array(buffer, offset + packets * 8, packets);
    this.#heldStride = packetStride(packetBytes);
    this.#heldAt = align(offset + packets * 12, 128);
    this.#buffersAt = this.#heldAt + heldPackets * this.#heldStride;
  }

  /** Position of buffer `index`. */
  bufferAt(index: number): number {
    return this.#buffersAt + index * this.stride;
  }

  /** The buffer in which position `at` lies. */
  bufferOf(at: number): number {
    return Math.floor((at - this.#buffersAt) / this.stride);
  }

  /** Position of the buffer of held packet `index` (0 to 2). */
  heldAt(index: number): number {
    return this.#heldAt + index * this.#heldStride;
  }
}
