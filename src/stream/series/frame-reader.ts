// STEP 3, first half: frames out of the ring. Is the next frame closed on every port, what is missing in it, and which
// bytes go out for it. Runs in the streamer's thread; reads port images only after they were handed over, writes only
// its own frames.
// Tested by test/pipeline/closing.test.ts.

import type { FrameReason } from '../../contract/frame-reasons.js';
import { AbsentImages } from '../../detector/absent-images.js';
import type { FrameIndex, FrameNumber, OwnNumber } from '../../detector/frame-share.js';
import type { Layout } from '../../detector/layout.js';
import type { FramePlaces } from '../../detector/pixel-states.js';
import { headerOffset } from '../../detector/packet-header.js';
import type { HeaderField } from '../../detector/profile.js';
import type { MemoryMap } from '../../memory/memory-map.js';
import type { PortWords } from '../../memory/port-words.js';
import { outcome, recordWord } from '../../memory/slot-records.js';
import type { SentFrames } from '../../memory/sent-frames.js';
import type { SlotRecords } from '../../memory/slot-records.js';
import type { ImageFacts, MissingPackets } from '../output/output.js';

/** A port as the streamer knows it. */
export interface ReadPort {
  readonly index: number;
  readonly udpPort: number;
  readonly records: SlotRecords;
  readonly words: PortWords;
}

/** Reads the ring of one memory. Positions are indices into the layout's positions. */
export class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #map: MemoryMap;
  readonly #ports: readonly ReadPort[];
  readonly #ring: number;
  readonly #sent: SentFrames;
  #layout: Layout | null = null;
  #absent: AbsentImages | null = null;
  #patched = new Uint8Array(0);
  readonly #view: DataView;
  #headerFields: readonly HeaderField[] = [];

  constructor(buffer: ArrayBufferLike, map: MemoryMap, ports: readonly ReadPort[], sent: SentFrames) {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#map = map;
    this.#ports = ports;
    this.#ring = map.sizes.slots;
    this.#sent = sent;
  }

  /**
   * Make every slot ready for frames of this layout: gaps 0, all pixels missing. Only while no receiver writes. Does
   * nothing when the slots already are of this layout.
   */
  prepare(layout: Layout): void {
    if (this.#layout === layout) return;
    this.#sent.forget();
    this.#layout = layout;
    this.#absent = new AbsentImages(layout);
    this.#headerFields = Object.values(layout.profile.headerFields);
    this.#patched = new Uint8Array(layout.frameBytes);
    const { filler } = this.#absent;
    for (let slot = 0; slot < this.#ring; slot++) this.#bytes.set(filler, this.#map.ring + slot * this.#map.slotStride);
  }

  /** Has every port closed this frame? */
  ready(frameNumber: OwnNumber): boolean {
    const slot = frameNumber % this.#ring;
    for (const port of this.#ports) {
      if (!port.records.published(slot, frameNumber)) return false;
    }
    return true;
  }

  /** Facts of a frame that is ready. */
  facts(
    ownNumber: OwnNumber,
    frameIndex: FrameIndex,
    frameNumber: FrameNumber,
    discardIncomplete: boolean,
  ): ImageFacts {
    const slot = ownNumber % this.#ring;
    const expected = this.#expected();
    const missing: MissingPackets[] = [];
    let missingPackets = 0;
    const seen = { refused: false, ended: false, absent: false, timedOut: false, suspect: false };
    for (const port of this.#ports) {
      const { udpPort, records } = port;
      const accepted = records.accepted(slot);
      const how = records.outcome(slot);
      if (how === outcome.suspect) seen.suspect = true;
      if (accepted === expected) continue;
      missingPackets += expected - accepted;
      missing.push({ udpPort, ranges: this.#missingRanges(port, slot) });
      if (how === outcome.refused) seen.refused = true;
      else if (how === outcome.ended) seen.ended = true;
      else if (accepted === 0) seen.absent = true;
      else if (how === outcome.timedOut) seen.timedOut = true;
    }
    const reason: FrameReason | null =
      missingPackets === 0
        ? seen.suspect
          ? 'settings'
          : null
        : seen.refused
          ? 'ring_full'
          : seen.ended
            ? 'stop'
            : seen.absent
              ? 'port_absent'
              : seen.timedOut
                ? 'timeout'
                : 'packet_loss';
    return {
      frameIndex,
      frameNumber,
      missingPackets,
      missing,
      reason,
      discard: reason !== null && discardIncomplete,
      headerValues: this.#headerValues(slot),
    };
  }

  /**
   * The bytes of a frame that is ready: the slot itself, or a copy where whole port images are missing. Valid until
   * released.
   */
  pixels(frameNumber: OwnNumber): Uint8Array {
    const from = this.#map.ring + (frameNumber % this.#ring) * this.#map.slotStride;
    const pixels = this.#bytes.subarray(from, from + (this.#layout as Layout).frameBytes);
    switch (this.#lacks(frameNumber)) {
      case 'nothing':
        return pixels;
      case 'all':
        return (this.#absent as AbsentImages).filler;
      case 'ports':
        this.#patched.set(pixels);
        this.#absent?.fill(this.#patched);
        return this.#patched;
    }
  }

  /** The same, copied: of a frame of this series, also after its release, as long as no receiver has written there. */
  copy(frameNumber: OwnNumber, into: Uint8Array): void {
    const from = this.#map.ring + (frameNumber % this.#ring) * this.#map.slotStride;
    const lacks = this.#lacks(frameNumber);
    const absent = this.#absent as AbsentImages;
    into.set(lacks === 'all' ? absent.filler : this.#bytes.subarray(from, from + into.length));
    if (lacks === 'ports') absent.fill(into);
  }

  /** Of which port images, of those that were ever written in these slots, did no packet come? */
  #lacks(frameNumber: OwnNumber): AbsentImages['lacks'] {
    const slot = frameNumber % this.#ring;
    const absent = this.#absent as AbsentImages;
    this.notePositions();
    absent.begin();
    for (const { records, words } of this.#ports) {
      const position = words.position;
      if (position >= 0 && records.accepted(slot) > 0) absent.has(position);
    }
    return absent.lacks;
  }

  /** Under which settings frames are read out. */
  get settings(): Layout['settings'] {
    return (this.#layout as Layout).settings;
  }

  /** Bytes of a frame. */
  get frameBytes(): number {
    return (this.#layout as Layout).frameBytes;
  }

  /** Where the ports have their places, and under which settings. */
  places(): FramePlaces {
    const { dynamicRange, readNRows } = (this.#layout as Layout).settings;
    const known = this.#ports.filter(({ words }) => words.position >= 0);
    const positions = Object.fromEntries(known.map(({ udpPort, words }) => [udpPort, words.position]));
    return { dynamicRange, readNRows, positions };
  }

  /** Remember where the ports write to: also in a series that sends nothing, before its positions are forgotten. */
  notePositions(): void {
    for (const { words } of this.#ports) if (words.position >= 0) this.#absent?.note(words.position);
  }

  /**
   * When the first packet of the frame was placed (Infinity = none) and when its last port image was closed, in ms of
   * the service's clock.
   */
  times(frameNumber: OwnNumber): { first: number; closed: number } {
    const slot = frameNumber % this.#ring;
    let first = Infinity;
    let closed = 0;
    for (const { records } of this.#ports) {
      if (records.accepted(slot) > 0) first = Math.min(first, records.firstPacketAt(slot));
      closed = Math.max(closed, records.closedAt(slot));
    }
    return { first, closed };
  }

  #expected(): number {
    return (this.#layout as Layout).expectedPackets;
  }

  #missingRanges(port: ReadPort, slot: number): [number, number][] {
    const { positions, ports, expectedPackets } = this.#layout as Layout;
    const position = port.words.position >= 0 ? port.words.position : ports[port.index].expectedPosition;
    const { firstPacket } = positions[position];
    const ranges: [number, number][] = [];
    for (let packet = 0; packet < expectedPackets; packet++) {
      if (port.records.has(slot, packet)) continue;
      const last = ranges[ranges.length - 1];
      if (last !== undefined && last[1] === firstPacket + packet - 1) last[1]++;
      else ranges.push([firstPacket + packet, firstPacket + packet]);
    }
    return ranges;
  }

  /** What the packet header knows, from the first port that has it. */
  #headerValues(slot: number): (number | bigint)[] {
    for (const { records } of this.#ports) {
      if (records.accepted(slot) === 0) continue;
      const header = records.words.byteOffset + (records.base(slot) + recordWord.header) * 4;
      return this.#headerFields.map((field) => headerValue(this.#view, header, field));
    }
    return [];
  }
}

/** One field of the packet header at `at`, exact also beyond 2⁵³. */
function headerValue(view: DataView, at: number, field: HeaderField): number | bigint {
  const from = at + headerOffset[field];
  switch (field) {
    case 'timestamp':
    case 'detSpec1': {
      const low = view.getUint32(from, true);
      const high = view.getUint32(from + 4, true);
      return high < 0x200000 ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);
    }
    case 'expLength':
    case 'detSpec3':
      return view.getUint32(from, true);
    case 'detSpec2':
    case 'detSpec4':
      return view.getUint16(from, true);
  }
}
