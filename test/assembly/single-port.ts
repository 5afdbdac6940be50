// One port assembler on a memory of its own, with the streamer's part played by the test: for tests that compare the
// kernel with its oracle, and for measurements.

import { compiledPlacement, loadPlacementKernel } from '../../src/assembly/compiled-placement.js';
import { ownOf } from '../frame-numbers.js';
import { VirtualClock } from '../../src/base/clock.js';
import type { PlacementKernel } from '../../src/assembly/compiled-placement.js';
import { PortAssembler } from '../../src/assembly/port-assembler.js';
import { makeLayout } from '../../src/detector/layout.js';
import { maxPieces } from '../../src/detector/piece-table.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { portCounterTable } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';
import { Landing } from '../../src/memory/landing.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import type { MemoryMap } from '../../src/memory/memory-map.js';
import { PortWords } from '../../src/memory/port-words.js';
import { SeriesWords, phase } from '../../src/memory/series-words.js';
import { SlotRecords } from '../../src/memory/slot-records.js';
import type { PacketSource } from '../../src/udp/packet-source.js';
import { placementOracle } from '../oracle/placement.js';
import { noFrame } from '../../src/detector/frame-share.js';

export interface SinglePortOptions {
  readonly settings: DetectorSettings;
  readonly port: number;
  readonly slots: number;
  readonly landingPackets: number;
  readonly compiled: boolean;
  /** Largest bit depth of any series. */
  readonly dynamicRangeMax?: number;
  /** Packets that the flight recorder keeps; left out = none. */
  readonly flightPackets?: number;
  makeSource(landing: Landing): PacketSource;
}

export class SinglePort<Source extends PacketSource> {
  readonly map: MemoryMap;
  readonly buffer: ArrayBufferLike;
  readonly source: Source;
  readonly assembler: PortAssembler;
  readonly series: SeriesWords;
  readonly words: PortWords;
  readonly records: SlotRecords;
  /** Packets that the compiled code placed, and images that it filled. */
  placed = 0;
  filled = 0;
  readonly #clock = new VirtualClock(0);
  readonly #port: number;

  constructor(options: Omit<SinglePortOptions, 'makeSource'> & { makeSource(landing: Landing): Source }) {
    const { settings, port, slots, landingPackets } = options;
    const largest = makeLayout(settings, {
      dynamicRange: options.dynamicRangeMax ?? settings.dynamicRange,
      readNRows: null,
    });
    this.#port = port;
    this.map = mapMemory({
      ports: settings.udpPorts.length,
      slots,
      frameBytes: largest.frameBytes,
      packets: largest.packetsPerPortImage,
      pieces: maxPieces(largest),
      landingPackets,
      packetBytes: largest.packetBytes,
      flightPackets: options.flightPackets ?? 0,
    });
    const memory = allocateMemory(this.map);
    this.buffer = memory.buffer;
    this.source = options.makeSource(
      new Landing(this.buffer, this.map.landing[port], landingPackets, largest.packetBytes),
    );
    this.assembler = new PortAssembler({
      port,
      activePorts: [port],
      buffer: this.buffer,
      map: this.map,
      source: this.source,
      clock: this.#clock,
      overtakeFrames: 4,
      startWindowMs: 20,
      drainMs: 100,
      maxOwedFrames: 10 * slots,
      enforceSource: false,
      makePlacement: options.compiled ? compiledPlacement(this.#counted(loadPlacementKernel(memory))) : placementOracle,
      dynamicRange: settings.dynamicRange,
      readNRows: settings.readNRows ?? 0,
      layoutFor: (dynamicRange, readNRows) =>
        makeLayout(settings, { dynamicRange, readNRows: readNRows === 0 ? null : readNRows }),
    });
    this.series = new SeriesWords(this.buffer, this.map.seriesWords);
    this.words = new PortWords(this.buffer, this.map.portWords[port]);
    this.records = new SlotRecords(this.buffer, this.map.slotRecords[port], slots, this.map.sizes.packets);
  }

  /**
   * Forget the last series, open the next. @param first null = not known; @param last null = open-ended; both are the
   * detector's numbers
   */
  open(now: number, first: number | null, last: number | null, dynamicRange: number, readNRows = 0): void {
    const { series } = this;
    series.setParameters(1, true, dynamicRange, readNRows);
    series.reset();
    const prepare = series.command(phase.prepare);
    // As the streamer does: before the answer the words are those of the last series.
    for (let turns = 0; this.words.answer !== prepare; turns++) {
      if (turns === 8) throw new Error('the port does not forget the last series');
      this.turn(now);
    }
    if (first !== null) series.setFirst(ownOf(first), last === null ? noFrame : ownOf(last));
    series.command(phase.open);
    this.turn(now);
    if (first !== null) series.settleFirst();
  }

  /** A turn at a time in ms, the same from its beginning to its end. */
  turn(now: number): number {
    this.#clock.advance(now - this.#clock.now());
    return this.assembler.turn();
  }

  counters(): Record<PortCounter, number> {
    const values = new Float64Array(this.buffer, this.map.portCounters[this.#port], portCounterTable.length);
    return Object.fromEntries(portCounterTable.map((entry, index) => [entry.id, values[index]])) as Record<
      PortCounter,
      number
    >;
  }

  #counted(kernel: PlacementKernel): PlacementKernel {
    return {
      ...kernel,
      run: (context, from, count) => {
        const index = kernel.run(context, from, count);
        this.placed += index - from;
        return index;
      },
      place: (context, slot, packet, at) => {
        this.placed++;
        kernel.place(context, slot, packet, at);
      },
      fill: (context, slot) => {
        this.filled++;
        kernel.fill(context, slot);
      },
    };
  }
}
