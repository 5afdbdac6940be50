// Where everything lies in the one shared memory of the service: sizes in, byte offsets out. No other file computes an
// offset. Regions of different writers begin 128 bytes apart, so that their cache lines (and the prefetcher's pairs)
// never meet.
// Tested by test/config/plan.test.ts.

import { commandBoxBytes } from './command-box.js';
import { portCountersBytes, streamCounterTable } from './counters.js';
import { kernelStructuresBytes } from './kernel-structures.js';
import { frameHistogramTable, histogramBytes, portHistogramTable } from './histogram.js';
import { chunkBlockBytes, encoderSlackBytes, encoderTableBits } from './chunk-words.js';
import { encoderWordsBytes } from './encoder-words.js';
import { flightRingBytes } from './flight-ring.js';
import { formRecordsBytes } from './form-slots.js';
import type { FormSlotsMap } from './form-slots.js';
import { landingBytes } from './landing.js';
import { lastFrameBytes, lastTextBytes } from './last-frame.js';
import { placementContextBytes } from './placement-context.js';
import { portWordsBytes } from './port-words.js';
import { previewWordsBytes } from './preview-words.js';
import { messageBytes, sentFramesBytes } from './sent-frames.js';
import { seriesWordsBytes } from './series-words.js';
import { socketWordsBytes } from './socket-words.js';
import { slotRecordBytes } from './slot-records.js';
import { streamWordsBytes } from './stream-words.js';
import { threadWordsBytes } from './thread-words.js';

/** What the map is made from; all from the plan. */
export interface MemorySizes {
  readonly ports: number;
  /** Frames of the ring. */
  readonly slots: number;
  /** Bytes of the largest frame that may be configured. */
  readonly frameBytes: number;
  /** Packets of the port image with the most packets that may be configured. */
  readonly packets: number;
  /** Pieces of the port image with the most that may be configured; absent or 0 = no compiled placement. */
  readonly pieces?: number;
  /** Packet buffers of one port and the bytes of the largest datagram. */
  readonly landingPackets: number;
  readonly packetBytes: number;
  /** Landing buffers of one port for coalesced datagrams; absent or 0 = one buffer per datagram. */
  readonly coalescedBuffers?: number;
  /** Packets of one port that the flight recorder keeps; absent or 0 = none. */
  readonly flightPackets?: number;
  /** Sockets that messages leave by; absent = one. */
  readonly sockets?: number;
  /** Encoders, and slots for their forms; absent = frames leave as they lie. */
  readonly encoding?: EncodingSizes;
}

/** What encoders need; sizes in bytes, of the largest form that a frame may have. */
export interface EncodingSizes {
  readonly encoders: number;
  /** A multiple of the encoders. */
  readonly slots: number;
  readonly slotBytes: number;
  /** A form before it is compressed, of each encoder; 0 = none is needed. */
  readonly alteredBytes: number;
  /** One bit for each pixel that leaves; 0 = none is masked. */
  readonly maskBytes: number;
}

/** Byte offsets; per-port regions as arrays by port index. */
export interface MemoryMap {
  readonly sizes: MemorySizes;
  readonly totalBytes: number;
  readonly commandBox: number;
  readonly seriesWords: number;
  readonly streamWords: number;
  readonly socketWords: number;
  readonly previewWords: number;
  readonly threadWords: number;
  readonly streamCounters: number;
  readonly frameHistograms: number;
  readonly lastFrame: number;
  /** Bytes that are kept there for texts. */
  readonly lastTextBytes: number;
  readonly sentFrames: number;
  readonly portWords: readonly number[];
  /** Counters now; at the opening of the series; at its end. Three equal blocks. */
  readonly portCounters: readonly number[];
  readonly portHistograms: readonly number[];
  readonly slotRecords: readonly number[];
  readonly placementContexts: readonly number[];
  readonly landing: readonly number[];
  /** What the kernel fills the landing buffers through; for `coalescedBuffers`, else `landingPackets`, messages. */
  readonly kernelStructures: readonly number[];
  readonly ring: number;
  readonly flightRings: readonly number[];
  /** Bytes from slot to slot. */
  readonly slotStride: number;
  /** Null = frames leave as they lie. */
  readonly encoding: EncodingMap | null;
}

/** What encoders work in; arrays by encoder. */
export interface EncodingMap {
  readonly words: readonly number[];
  /** A frame in which missing port images are filled. */
  readonly frames: readonly number[];
  /** A form before it is compressed. */
  readonly altered: readonly number[];
  readonly scratch: readonly number[];
  /** Which pixels are masked; written before any thread runs. */
  readonly mask: number;
  readonly slots: FormSlotsMap;
}

/** What the compiled encoder works in: its table, a block and a little more (encode/kernel/encode.ts). */
export const encoderScratchBytes = (2 << encoderTableBits) + chunkBlockBytes + encoderSlackBytes;

/** WebAssembly memory, and so one shared memory, ends at 4 GiB. */
export const memoryLimitBytes = 4 * 1024 ** 3 - 65536;

const align = (bytes: number): number => Math.ceil(bytes / 128) * 128;

/** Lay the regions out one after the other. */
export function mapMemory(sizes: MemorySizes): MemoryMap {
  let end = 128;
  const take = (bytes: number): number => {
    const at = end;
    end = at + align(bytes);
    return at;
  };
  const perPort = (bytes: number): number[] => Array.from({ length: sizes.ports }, () => take(bytes));
  const commandBox = take(commandBoxBytes);
  const seriesWords = take(seriesWordsBytes);
  const streamWords = take(streamWordsBytes);
  const socketWords = take(socketWordsBytes(sizes.sockets ?? 1));
  // One per receiver thread at most, per encoder, and the streamer's.
  const threadWords = take(threadWordsBytes(sizes.ports + (sizes.encoding?.encoders ?? 0) + 1));
  const previewWords = take(previewWordsBytes);
  const streamCounters = take(streamCounterTable.length * 8 * 2);
  const frameHistograms = take(histogramBytes(frameHistogramTable));
  const portWords = perPort(portWordsBytes);
  const portCounters = perPort(portCountersBytes);
  const portHistograms = perPort(histogramBytes(portHistogramTable));
  const slotRecords = perPort(slotRecordBytes(sizes.packets) * sizes.slots);
  const placementContexts = perPort(placementContextBytes(sizes.packets, sizes.pieces ?? 0));
  const landing = perPort(landingBytes(sizes.landingPackets, sizes.packetBytes, sizes.coalescedBuffers));
  const kernelStructures = perPort(kernelStructuresBytes(sizes.coalescedBuffers || sizes.landingPackets));
  const textBytes = lastTextBytes(messageBytes(sizes.ports, sizes.packets), sizes.ports);
  const lastFrame = take(lastFrameBytes(sizes.frameBytes, textBytes));
  const sentFrames = take(sentFramesBytes(sizes.slots, sizes.ports, sizes.packets));
  const slotStride = align(sizes.frameBytes);
  const ring = take(slotStride * sizes.slots);
  const flightRings = perPort(flightRingBytes(sizes.flightPackets ?? 0, sizes.landingPackets));
  const encoding = sizes.encoding === undefined ? null : mapEncoding(sizes.encoding, sizes.frameBytes, take);
  return {
    sizes,
    totalBytes: end,
    commandBox,
    seriesWords,
    streamWords,
    socketWords,
    previewWords,
    threadWords,
    streamCounters,
    frameHistograms,
    lastFrame,
    lastTextBytes: textBytes,
    sentFrames,
    portWords,
    portCounters,
    portHistograms,
    slotRecords,
    placementContexts,
    landing,
    kernelStructures,
    ring,
    flightRings,
    slotStride,
    encoding,
  };
}

function mapEncoding(
  { encoders, slots, slotBytes, alteredBytes, maskBytes }: EncodingSizes,
  frameBytes: number,
  take: (bytes: number) => number,
): EncodingMap {
  const each = (bytes: number): number[] => Array.from({ length: encoders }, () => take(bytes));
  const stride = align(slotBytes);
  return {
    words: each(encoderWordsBytes),
    frames: each(frameBytes),
    altered: each(alteredBytes),
    scratch: each(encoderScratchBytes),
    mask: take(maskBytes),
    slots: { slots, records: take(formRecordsBytes(slots)), forms: take(stride * slots), stride },
  };
}

/** The shared memory itself: a WebAssembly memory, so that placement can be compiled; fixed size, zeroed. */
export function allocateMemory(map: MemoryMap): WebAssembly.Memory {
  const pages = Math.ceil(map.totalBytes / 65536);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
