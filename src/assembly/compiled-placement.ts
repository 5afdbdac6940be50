// hot path. Placement compiled to WebAssembly: loads the kernel that scripts/build-kernel.mjs made, and gives it the
// description of a plain packet of the port. In come batches in the landing buffers, out go pixels in the ring and
// marks in the slot records.

import { readFileSync } from 'node:fs';
import { assert } from '../base/assert.js';
import { OperatorError, exitCode } from '../base/errors.js';
import type { FrameNumber, OwnNumber } from '../detector/frame-share.js';
import type { Layout } from '../detector/layout.js';
import { headerBytes, headerOffset } from '../detector/packet-header.js';
import type { PieceTable } from '../detector/piece-table.js';
import { missingByte } from '../detector/pixel-type.js';
import { portCounter } from '../memory/counters.js';
import type { Landing } from '../memory/landing.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PlacementContext } from '../memory/placement-context.js';
import { decode12, decode4HighFirst, decode4LowFirst, decodeCopy } from '../memory/placement-words.js';
import { slotRecordBytes } from '../memory/slot-records.js';
import type { Placement, PlacementMaker } from './placement.js';

/** The compiled code on one shared memory. Contexts, slots and entries as in kernel/place.ts. */
export interface PlacementKernel {
  readonly buffer: ArrayBufferLike;
  run(context: number, from: number, count: number): number;
  place(context: number, slot: number, packet: number, at: number): void;
  fill(context: number, slot: number): void;
  record(context: number, classes: number, from: number, end: number, to: number, time: number, plain: number): void;
}

/**
 * Instantiate the kernel; once per thread.
 * @throws OperatorError (internal) when the build left it out
 */
export function loadPlacementKernel(memory: WebAssembly.Memory): PlacementKernel {
  const { run, place, fill, record } = new WebAssembly.Instance(new WebAssembly.Module(readKernel()), {
    env: { memory },
  }).exports;
  assert(
    run !== undefined && place !== undefined && fill !== undefined && record !== undefined,
    'the placement kernel does not export what it should',
  );
  return {
    buffer: memory.buffer,
    run,
    place,
    fill,
    record,
  };
}

function readKernel(): Uint8Array {
  const file = new URL('kernel/place.wasm', import.meta.url);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OperatorError(
      `the compiled placement is not there: ${file.pathname} cannot be read (${(cause as Error).message}). Build ` +
        'it: npm run build',
      exitCode.internal,
    );
  }
}

/** Placement by the kernel, for `makePlacement` of the ports of one thread. */
export const compiledPlacement =
  (kernel: PlacementKernel): PlacementMaker =>
  (map, port, landing) =>
    new CompiledPlacement(kernel, map, port, landing);

/** One port's side of the kernel. */
export class CompiledPlacement implements Placement {
  readonly #kernel: PlacementKernel;
  readonly #context: PlacementContext;

  constructor(kernel: PlacementKernel, map: MemoryMap, port: number, landing: Landing) {
    const { buffer } = kernel;
    assert(landing.buffer === buffer, 'packets land in another memory than they are placed in');
    const counters = map.portCounters[port];
    this.#kernel = kernel;
    this.#context = new PlacementContext(
      buffer,
      map.placementContexts[port],
      map.sizes.packets,
      map.sizes.pieces ?? 0,
      {
        offsets: landing.offsets.byteOffset,
        lengths: landing.lengths.byteOffset,
        senders: landing.senders.byteOffset,
        records: map.slotRecords[port],
        recordStride: slotRecordBytes(map.sizes.packets),
        received: counters + portCounter.received * 8,
        bytes: counters + portCounter.bytes * 8,
        accepted: counters + portCounter.accepted * 8,
        reordered: counters + portCounter.reordered * 8,
        ring: map.ring,
        slotStride: map.slotStride,
        slots: map.sizes.slots,
      },
    );
  }

  bind(layout: Layout, position: number, fixed: boolean, table: PieceTable): void {
    const { row, column, firstPacket } = layout.positions[position];
    this.#context.bind({
      packetBytes: layout.packetBytes,
      frameNumberAt: headerOffset.frameNumber,
      packetNumberAt: headerOffset.packetNumber,
      payloadAt: headerBytes,
      payloadBytes: layout.payloadBytes,
      decode: decodeWord(layout),
      // Two neighbouring fields at a time: detector type and version are bytes, row and column 16 bits.
      identity: {
        at: headerOffset.detType,
        mask: 0xffff,
        value: layout.profile.detectorType | (layout.profile.headerVersion << 8),
      },
      position: { at: headerOffset.row, mask: fixed ? 0 : -1, value: fixed ? 0 : row | (column << 16) },
      firstPacket,
      expectedPackets: layout.expectedPackets,
      missingByte,
      ...table,
    });
  }

  setWindow(lowest: number, highest: number, newest: number): void {
    this.#context.setWindow(lowest, highest, newest);
  }

  setShare(stride: number, origin: FrameNumber, firstOwn: OwnNumber): void {
    this.#context.setShare(stride, origin, firstOwn);
  }

  setSender(sender: number): void {
    this.#context.setSender(sender);
  }

  run(from: number, count: number): number {
    return this.#kernel.run(this.#context.address, from, count);
  }

  get completed(): OwnNumber {
    return this.#context.completed;
  }

  place(slot: number, packet: number, at: number): void {
    this.#kernel.place(this.#context.address, slot, packet, at);
  }

  record(classes: number, from: number, end: number, to: number, time: number, plain: number): void {
    this.#kernel.record(this.#context.address, classes, from, end, to, time, plain);
  }

  fill(slot: number): void {
    this.#kernel.fill(this.#context.address, slot);
  }
}

function decodeWord({ decode, lowNibbleFirst }: Layout): number {
  switch (decode) {
    case 'copy':
      return decodeCopy;
    case 'unpack4':
      return lowNibbleFirst ? decode4LowFirst : decode4HighFirst;
    case 'unpack12':
      return decode12;
  }
}
