// How busy processors will be at a rate: CPU time per packet and per byte, as bench/ measures them, times packets and
// bytes per second. An estimate for choosing cores and threads; nothing is refused by it.

/**
 * CPU seconds, user and kernel, measured on 2 cores of virtual machines, the dearer of an AMD EPYC and an Intel Xeon
 * (docs/performance.md has the measurements; one core of another machine may take half or twice as long) and rounded
 * up. `packet`: each datagram, whatever its size, by how it comes; `…Gigabyte`: each 10⁹ bytes of pixels.
 */
export const processorCost = {
  packet: { single: 2.7e-6, coalesced: 1.7e-6, dgram: 7e-6 },
  /** The kernel's copy into the landing buffer and ours into the frame. */
  receiveGigabyte: 0.2,
  /** The streamer's turns, and TCP where it speaks zmq's protocol itself (240 µs for a frame of an Eiger quad). */
  zmtpGigabyte: 0.5,
  /** The streamer's turns, and its copy into zmq's memory. */
  streamerGigabyte: 0.3,
  /** An encoder, with bitshuffle and LZ4: the dearest images (bench/encode.ts; empty ones cost a third). */
  encodeGigabyte: 0.8,
  /** An encoder that cuts, turns, mirrors or masks: the dearest turn, with a mask (docs/decisions/0058). */
  arrangeGigabyte: 0.1,
  /** zmq's own thread: TCP. */
  zmqGigabyte: 0.3,
} as const;

/** A thread that is busy for more than this share of its core has little left for a burst. */
export const busyLimit = 0.7;

/** How packets come. */
export type Arrival = keyof typeof processorCost.packet;

/** Traffic of a detector. */
export interface Traffic {
  readonly arrival: Arrival;
  /** Which thread writes to the consumer's connection: the streamer, or zmq's. */
  readonly send: 'zmtp' | 'zmq';
  /** Packets per second of each receiver thread. */
  readonly packetsPerSecond: readonly number[];
  /** Bytes of pixels in a packet, and of a frame on its way out times frames per second. */
  readonly payloadBytes: number;
  readonly bytesOutPerSecond: number;
  /** Threads that make forms; 0 = none. */
  readonly encoders: number;
  /** What all of them have to do, in cores. */
  readonly encoding: number;
}

/** Shares of one core: 0.5 = busy half of the time. */
export interface ProcessorLoad {
  readonly receivers: readonly number[];
  /** Those that make forms. */
  readonly encoders: readonly number[];
  readonly streamer: number;
  /** zmq's own thread; null = there is none. */
  readonly zmq: number | null;
  readonly total: number;
  /** Cores that carry the total with `busyLimit`, and each busy thread on one of its own. */
  readonly cores: number;
  /** Threads that one core cannot carry, in words: `receiver 0`, `streamer`, `zmq`. */
  readonly overloaded: readonly string[];
}

/** CPU seconds that a receiver spends on a packet with so many bytes of pixels. */
export function packetCost(arrival: Arrival, payloadBytes: number): number {
  return processorCost.packet[arrival] + (payloadBytes / 1e9) * processorCost.receiveGigabyte;
}

/** The load of this traffic. */
export function processorLoad({
  arrival,
  send,
  packetsPerSecond,
  payloadBytes,
  bytesOutPerSecond,
  encoders: encoderThreads,
  encoding,
}: Traffic): ProcessorLoad {
  const receivers = packetsPerSecond.map((packets) => packets * packetCost(arrival, payloadBytes));
  const gigabytes = bytesOutPerSecond / 1e9;
  const encoders = Array.from({ length: encoderThreads }, () => encoding / encoderThreads);
  const streamer = gigabytes * (send === 'zmtp' ? processorCost.zmtpGigabyte : processorCost.streamerGigabyte);
  const zmq = send === 'zmtp' ? null : gigabytes * processorCost.zmqGigabyte;
  return loadOf({ receivers, encoders, streamer, zmq });
}

/** What threads with these shares come to. */
export function loadOf({
  receivers,
  encoders,
  streamer,
  zmq,
}: Pick<ProcessorLoad, 'receivers' | 'encoders' | 'streamer' | 'zmq'>): ProcessorLoad {
  const threads: [string, number][] = [
    ...receivers.map((share, index): [string, number] => [`receiver ${index}`, share]),
    ...encoders.map((share, index): [string, number] => [`encoder ${index}`, share]),
    ['streamer', streamer],
    ...(zmq === null ? [] : [['zmq', zmq] as [string, number]]),
  ];
  const total = threads.reduce((sum, [, share]) => sum + share, 0);
  // A thread that is busy for most of its time shares its core with no other.
  const alone = threads.filter(([, share]) => share > busyLimit / 2);
  const rest = threads.filter(([, share]) => share <= busyLimit / 2).reduce((sum, [, share]) => sum + share, 0);
  return {
    receivers,
    encoders,
    streamer,
    zmq,
    total,
    cores: alone.length + Math.max(alone.length > 0 ? 0 : 1, Math.ceil(rest / busyLimit)),
    overloaded: threads.filter(([, share]) => share > busyLimit).map(([name]) => name),
  };
}
