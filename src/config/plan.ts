// Every number that follows from a configuration, fixed before anything starts: threads, slots, bytes, and what each
// limit means at the detector's rate. A plan that cannot hold what the limits promise is refused here.

import { availableParallelism } from 'node:os';
import { mebibyte } from '../base/units.js';
import type { FrameShare } from '../detector/frame-share.js';
import { makeLayout, type Layout } from '../detector/layout.js';
import { profileOf } from '../detector/profiles.js';
import { maxPieces } from '../detector/piece-table.js';
import type { PixelType } from '../detector/pixel-type.js';
import { flightEntryBytes } from '../memory/flight-words.js';
import { mapMemory, type MemorySizes } from '../memory/memory-map.js';
import { planEncoding, type EncodingPlan } from './encoding.js';
import { packetCost, processorLoad, type ProcessorLoad } from './processor-load.js';
import { planReceivers } from './receiver-threads.js';
import { planSendQueue, type SendQueuePlan } from './send-queue.js';
import type { ServiceConfig } from './service-config.js';
import { planned, wayInFacts, type WayInFacts } from './ways.js';
import {
  ringLength,
  slotCost,
  ownBurst,
  ownRateHz,
  refuseShortRing,
  refuseFarOvertaking,
  refuseLargeRing,
} from './ring-length.js';

/** Packet buffers of each port: the largest batch that a receiver takes from its socket at once. */
const landingPackets = 256;
/** Landing buffers of each port where the kernel may coalesce datagrams, 64 KiB each. */
const coalescedBuffers = 64;
/** What the flight recorder keeps of each port unless it is told, and what all ports together may take. */
const flightPackets = 65536;
const flightBytes = 64 * mebibyte;
/** An allowance, not a limit: code, heap and stacks of the process, and of each further thread. */
const processBytes = 96 * mebibyte;
const threadBytes = 16 * mebibyte;
/** Around each datagram on the wire: UDP, IPv4 or IPv6, Ethernet with check sum, preamble and gap. */
const udpBytes = 8;
const ipBytes = { 4: 20, 6: 40 } as const;
const ethernetBytes = 38;
/** Linux charges a datagram with its power-of-two buffer and one `sk_buff`, and doubles what SO_RCVBUF asked for: 992
 *  datagrams of 4144 bytes were held by 4 MiB. Other network drivers may charge more. */
const datagramHeadroomBytes = 384;
const socketBufferHeaderBytes = 256;

/** One UDP port of the plan. */
export interface PlannedPort {
  readonly udpPort: number;
  /** The address that it is received on. */
  readonly udpHost: string;
  /** The detector sends nothing here: no socket, no receiver. */
  readonly off: boolean;
  /** Index of the receiver thread; null for a port that is off. */
  readonly thread: number | null;
  /** Packets of one port image as read out; 0 for a port that is off. */
  readonly expectedPackets: number;
}

/** What one port carries at `frameRateHz`. */
export interface PortRate {
  readonly packetsPerSecond: number;
  /** On the wire, with UDP, IP and Ethernet around each packet. */
  readonly gigabitsPerSecond: number;
  /** How long the socket holds what arrives while its receiver does not read, if the kernel grants what is asked. */
  readonly receiveBufferMs: number;
}

/** All derived numbers. Sizes in bytes, times in milliseconds; null = unknown without a frame rate. */
export interface Plan extends SendQueuePlan {
  /** The frames that this instance takes; rates and limits in frames are those of these. */
  readonly share: FrameShare;
  readonly detector: {
    readonly shape: readonly [rows: number, columns: number];
    readonly pixelType: PixelType;
    readonly frameBytes: number;
    readonly packetBytes: number;
    readonly payloadBytes: number;
    /** Of a port image with all rows, and as read out. */
    readonly packetsPerPortImage: number;
    readonly expectedPackets: number;
    /** Packets of one frame over all ports that are on. */
    readonly packetsPerFrame: number;
  };
  readonly ports: readonly PlannedPort[];
  readonly threads: {
    readonly main: 1;
    readonly receivers: number;
    /** Why so many receivers, in words. */
    readonly why: string;
    /** Those that make forms; 0 = none. */
    readonly encoders: number;
    readonly streamer: 1;
    readonly cores: number;
  };
  /** UDP ports of each receiver thread, those switched off left out. */
  readonly portsOfThread: readonly (readonly number[])[];
  readonly ring: {
    readonly frames: number;
    /** Bytes of one slot's pixels: the largest frame that an arm request may ask for, rounded up. */
    readonly slotBytes: number;
    readonly bytes: number;
    readonly milliseconds: number | null;
    /**
     * Frames that the detector may send at once, as fast as the network goes; a ring that is shorter depends on the
     * consumer.
     */
    readonly burstFrames: number;
  };
  /** Which threads make forms, and where; null = frames leave as they are. */
  readonly encoding: EncodingPlan | null;
  /** What the shared memory is made from, for the largest settings that an arm request may ask for. */
  readonly memory: MemorySizes;
  /** Pixels, landing buffers and control words. */
  readonly sharedMemoryBytes: number;
  readonly maxOwedFrames: number;
  readonly maxOwedMs: number | null;
  /** As asked for; the kernel doubles that, and charges `chargedPerPacket` for each datagram that waits. */
  readonly receiveBufferBytes: { readonly perPort: number; readonly total: number; readonly chargedPerPacket: number };
  readonly rate: {
    readonly framesPerSecond: number;
    readonly gigabytesPerSecond: number;
    readonly perPort: PortRate;
    readonly processors: ProcessorLoad;
  } | null;
  readonly limits: {
    readonly overtakeFrames: number;
    readonly overtakeMs: number | null;
    readonly frameTimeoutMs: number;
    readonly frameTimeoutFrames: number | null;
    readonly startWindowMs: number;
    readonly startWindowFrames: number | null;
    readonly drainMs: number;
    readonly seriesIdleMs: number;
    readonly seriesTimeoutMs: number | null;
    readonly closingTimeoutMs: number;
  };
  /**
   * Shared memory, send queue, twice the receive buffers (the kernel doubles them) and an allowance for the process.
   */
  readonly memoryBytes: number;
}

/**
 * The plan of a configuration.
 * @param cores processors that this process may use
 * @throws OperatorError (exit code usage) when the ring is too short for the limits, or does not fit into shared memory
 */
export function makePlan(config: ServiceConfig, cores: number = availableParallelism()): Plan {
  const layout = makeLayout(config.detector);
  const largest = largestOf(config);
  const on = layout.ports.filter((port) => !port.off);
  const rateHz = ownRateHz(config);
  const wayIn: WayInFacts = planned(wayInFacts, config.receive);
  const coalesced = config.receiveCoalesced ? wayIn.coalesced : null;
  const arrival = coalesced ?? wayIn.arrival;
  const portLoad = rateHz === null ? null : rateHz * layout.expectedPackets * packetCost(arrival, layout.payloadBytes);
  const receivers = planReceivers(config.receiverThreads, on.length, portLoad, cores);
  const portsOfThread = shareOut(
    on.map((port) => port.udpPort),
    receivers.threads,
  );

  const { shape, pixelBytes } = layout;
  const frame = { shape, pixelBytes, pixelBytesMost: largest.pixelBytes };
  const encoding = planEncoding(config, frame, rateHz, cores);
  const encoders = encoding?.plan.threads ?? 0;
  const sentShape = encoding?.plan.shape ?? shape;
  const sentBytes = sentShape[0] * sentShape[1] * pixelBytes;

  const sizes = {
    ports: layout.ports.length,
    frameBytes: largest.frameBytes,
    packets: largest.packets,
    pieces: largest.pieces,
    landingPackets,
    ...(coalesced === null ? {} : { coalescedBuffers }),
    packetBytes: largest.packetBytes,
    sockets: config.dataPorts.length,
    ...(encoding === null ? {} : { encoding: encoding.sizes }),
    flightPackets:
      config.flightRecorderPackets ??
      Math.min(flightPackets, Math.floor(flightBytes / flightEntryBytes / layout.ports.length)),
  };
  const ringFrames = ringLength(config, ownBurst(config, layout), slotCost(sizes));
  refuseShortRing(config, ringFrames);
  refuseFarOvertaking(config, ringFrames);
  const memory: MemorySizes = { ...sizes, slots: ringFrames };
  const { totalBytes: sharedMemoryBytes, slotStride: slotBytes } = mapMemory(memory);
  refuseLargeRing(config, memory, sharedMemoryBytes);
  const maxOwedFrames = config.maxOwedFrames ?? 10 * ringFrames;
  const sending = planSendQueue(config, largest.frameBytes, rateHz);
  const bufferTotal = config.receiveBufferBytes * on.length;

  return {
    share: config.share,
    detector: {
      shape: layout.shape,
      pixelType: layout.pixelType,
      frameBytes: layout.frameBytes,
      packetBytes: layout.packetBytes,
      payloadBytes: layout.payloadBytes,
      packetsPerPortImage: layout.packetsPerPortImage,
      expectedPackets: layout.expectedPackets,
      packetsPerFrame: layout.expectedPackets * on.length,
    },
    ports: layout.ports.map((port, index) => {
      const thread = portsOfThread.findIndex((ports) => ports.includes(port.udpPort));
      return {
        udpPort: port.udpPort,
        udpHost: config.udpHosts[index],
        off: port.off,
        thread: port.off ? null : thread,
        expectedPackets: port.off ? 0 : layout.expectedPackets,
      };
    }),
    threads: { main: 1, receivers: receivers.threads, why: receivers.why, encoders, streamer: 1, cores },
    portsOfThread,
    ring: {
      frames: ringFrames,
      slotBytes,
      bytes: ringFrames * slotBytes,
      milliseconds: inMilliseconds(ringFrames, rateHz),
      burstFrames: ownBurst(config, layout),
    },
    encoding: encoding?.plan ?? null,
    memory,
    sharedMemoryBytes,
    maxOwedFrames,
    maxOwedMs: inMilliseconds(maxOwedFrames, rateHz),
    ...sending,
    receiveBufferBytes: {
      perPort: config.receiveBufferBytes,
      total: bufferTotal,
      chargedPerPacket: chargedBytes(layout),
    },
    rate:
      rateHz === null
        ? null
        : {
            framesPerSecond: rateHz,
            gigabytesPerSecond: (rateHz * layout.frameBytes) / 1e9,
            perPort: portRate(config, layout, rateHz),
            processors: processorLoad({
              arrival,
              packetsPerSecond: portsOfThread.map((ports) => ports.length * layout.expectedPackets * rateHz),
              payloadBytes: layout.payloadBytes,
              bytesOutPerSecond: sentBytes * rateHz,
              encoders,
              encoding: encoding?.plan.load ?? 0,
              send: sending.sendQueue.of === 'kernel' ? 'zmtp' : 'zmq',
            }),
          },
    limits: {
      overtakeFrames: config.overtakeFrames,
      overtakeMs: inMilliseconds(config.overtakeFrames, rateHz),
      frameTimeoutMs: config.frameTimeoutMs,
      frameTimeoutFrames: inFrames(config.frameTimeoutMs, rateHz),
      startWindowMs: config.startWindowMs,
      startWindowFrames: inFrames(config.startWindowMs, rateHz),
      drainMs: config.drainMs,
      seriesIdleMs: config.seriesIdleMs,
      seriesTimeoutMs: config.seriesTimeoutMs,
      closingTimeoutMs: config.closingTimeoutMs,
    },
    memoryBytes:
      sharedMemoryBytes +
      sending.sendQueue.bytes +
      sending.previewBytes +
      2 * bufferTotal +
      processBytes +
      (receivers.threads + encoders + 1) * threadBytes,
  };
}

/**
 * The largest of everything over the bit depths that may be armed: packets of a depth may be larger, or more, than
 * those of a deeper one.
 */
function largestOf({ detector, dynamicRangeMax }: ServiceConfig): Required<
  Pick<MemorySizes, 'frameBytes' | 'packets' | 'pieces' | 'packetBytes'>
> & {
  readonly pixelBytes: number;
} {
  const depths = Object.keys(profileOf(detector.detector, detector).depths)
    .map(Number)
    .filter((bits) => bits <= dynamicRangeMax);
  const layouts = depths.map((dynamicRange) => makeLayout(detector, { dynamicRange, readNRows: null }));
  const most = (of: (layout: Layout) => number): number => Math.max(...layouts.map(of));
  return {
    frameBytes: most((layout) => layout.frameBytes),
    pixelBytes: most((layout) => layout.pixelBytes),
    packets: most((layout) => layout.packetsPerPortImage),
    pieces: most(maxPieces),
    packetBytes: most((layout) => layout.packetBytes),
  };
}

/** What is allowed, and may lose data all the same, in sentences. */
export function planWarnings({ ring }: Plan): string[] {
  if (ring.frames >= ring.burstFrames) return [];
  return [
    `ring_frames: ${ring.frames} is shorter than a burst of this detector, ${ring.burstFrames} frames: unless the ` +
      'consumer keeps up with the network, the rest of a burst is lost (ring_full). Raise ring_frames to ' +
      `${ring.burstFrames} or more (docs/operating.md#ring-full)`,
  ];
}

function portRate(config: ServiceConfig, layout: Layout, rateHz: number): PortRate {
  const packetsPerSecond = rateHz * layout.expectedPackets;
  const wireBytes =
    layout.packetBytes + udpBytes + ipBytes[config.udpHosts.some((host) => host.includes(':')) ? 6 : 4] + ethernetBytes;
  return {
    packetsPerSecond,
    gigabitsPerSecond: (packetsPerSecond * wireBytes * 8) / 1e9,
    receiveBufferMs: ((2 * config.receiveBufferBytes) / chargedBytes(layout) / packetsPerSecond) * 1000,
  };
}

/** What the kernel charges for one datagram that waits in a socket. */
function chargedBytes({ packetBytes }: Layout): number {
  return 2 ** Math.ceil(Math.log2(packetBytes + datagramHeadroomBytes)) + socketBufferHeaderBytes;
}

/** Ports in order, as evenly as they go, neighbours together. */
function shareOut(ports: readonly number[], threads: number): number[][] {
  return Array.from({ length: threads }, (_, thread) =>
    ports.filter((_port, index) => Math.floor((index * threads) / ports.length) === thread),
  );
}

function inMilliseconds(frames: number, rateHz: number | null): number | null {
  return rateHz === null ? null : (frames * 1000) / rateHz;
}

function inFrames(milliseconds: number, rateHz: number | null): number | null {
  return rateHz === null ? null : (milliseconds * rateHz) / 1000;
}
