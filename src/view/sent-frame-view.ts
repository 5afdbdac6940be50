// The frames that were sent and still lie in the ring, one by one: looked up by number or index, copied, and whole port
// images of which nothing came filled as they were sent. On the main thread; the data path does not notice.

import type { ServiceConfig } from '../config/service-config.js';
import type { FrameIndex, FrameShare } from '../detector/frame-share.js';
import { missingByte, pixelBytes } from '../detector/pixel-type.js';
import type { PixelType } from '../detector/pixel-type.js';
import { PixelStates, pixelState } from '../detector/pixel-states.js';
import type { FramePlaces, MissingByPort } from '../detector/pixel-states.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { LastFrame } from '../memory/last-frame.js';
import type { LastFrameMemory } from '../memory/last-frame.js';
import { PortWords } from '../memory/port-words.js';
import { SentFrames } from '../memory/sent-frames.js';
import type { SentFrame } from '../memory/sent-frames.js';
import { SlotRecords } from '../memory/slot-records.js';
import type { FrameWish, LastSent, NoFrame } from './service-view.js';

/** Looks for the latest before its copy is given up: each time the detector was a ring further. */
const looks = 5;

const decoder = new TextDecoder();
const parsed = (json: Uint8Array): unknown => JSON.parse(decoder.decode(json));

export class SentFrameView {
  readonly #sent: SentFrames;
  readonly #states: PixelStates;
  readonly #udpPorts: readonly number[];
  readonly #share: FrameShare;
  readonly #last: LastFrame;
  /** Where the copy of the last frame lies, for threads that copy it themselves. */
  readonly lastMemory: LastFrameMemory;

  constructor(
    buffer: ArrayBufferLike,
    map: MemoryMap,
    { detector, share }: Pick<ServiceConfig, 'detector' | 'share'>,
    masked: Uint8Array | null,
  ) {
    const { slots, packets } = map.sizes;
    const ports = detector.udpPorts
      .map((udpPort, index) => ({
        udpPort,
        index,
        records: new SlotRecords(buffer, map.slotRecords[index], slots, packets),
        words: new PortWords(buffer, map.portWords[index]),
      }))
      .filter(({ udpPort }) => !detector.portsOff.includes(udpPort));
    this.#sent = new SentFrames({ buffer, map, ports });
    this.#states = new PixelStates(detector);
    this.#udpPorts = detector.udpPorts;
    this.#share = share;
    const { lastTextBytes: textBytes } = map;
    this.lastMemory = { buffer, offset: map.lastFrame, frameBytes: map.sizes.frameBytes, masked, textBytes };
    this.#last = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes, textBytes);
  }

  /** The copy for viewers, which outlives its slot; null = none yet. */
  last(): LastSent | null {
    const last = this.#last.load();
    if (last === null) return null;
    const { json, places, pixels } = last;
    return { json, header: parsed(json) as LastSent['header'], places: parsed(places) as FramePlaces, pixels };
  }

  find(wish: FrameWish): LastSent | NoFrame {
    const told = this.#sent.told();
    if (told === null) return 'nothing_sent';
    if (wish === 'latest') return this.#latest();
    const { by, value } = wish;
    const slot = by === 'number' ? this.#sent.findNumber(value) : this.#sent.findIndex(value, told.series);
    const frame = slot < 0 ? null : this.#sent.read(slot);
    // The slot may have been given to another frame since it was found.
    if (frame !== null && (by === 'number' ? frame.frameNumber : frame.frameIndex) === value) return this.#whole(frame);
    const index = by === 'index' ? value : value - told.frameNumber + told.frameIndex;
    if (index > told.frameIndex) return 'not_sent';
    const { stride, offset } = this.#share;
    return index >= 0 && index % stride !== offset ? 'not_ours' : 'gone';
  }

  #latest(): LastSent | NoFrame {
    for (let look = 0; look < looks; look++) {
      const frame = this.#sent.read(this.#sent.latest);
      if (frame !== null) return this.#whole(frame);
    }
    return this.last() ?? 'gone';
  }

  #whole({ json, dynamicRange, readNRows, positions, headers, pixels }: SentFrame): LastSent {
    const header = parsed(json) as LastSent['header'];
    const known = positions.flatMap((position, port) => (position === null ? [] : [[this.#udpPorts[port], position]]));
    const places: FramePlaces = {
      dynamicRange,
      readNRows,
      positions: Object.fromEntries(known) as Record<string, number>,
    };
    const missing = (header['missing'] ?? {}) as MissingByPort;
    if (Object.keys(missing).length > 0) this.#fill(pixels, header['type'] as PixelType, places, missing);
    const packetHeaders = Object.fromEntries(
      headers.flatMap((bytes, port) => (bytes === null ? [] : [[this.#udpPorts[port], bytes]])),
    ) as Record<string, Uint8Array>;
    return { json, header, places, pixels, packetHeaders };
  }

  /** Series and index of the frame sent last, without a look at it; null = none yet. */
  told(): { readonly series: number; readonly frameIndex: FrameIndex } | null {
    return this.#sent.told();
  }

  /** What was filled in a copy, when it was sent, lies in the ring as it was before. */
  #fill(pixels: Uint8Array, type: PixelType, places: FramePlaces, missing: MissingByPort): void {
    const { states } = this.#states.of(places, missing);
    const bytes = pixelBytes[type];
    for (let pixel = 0; pixel < states.length; pixel++) {
      // Rows that are not read out, too: which ones these are, an absent port has not said.
      if (states[pixel] === pixelState.missing || states[pixel] === pixelState.unread)
        pixels.fill(missingByte, pixel * bytes, (pixel + 1) * bytes);
    }
  }
}
