// The frames that were sent and still lie in the ring, one by one: looked up by number or index, copied, and whole port
// images of which nothing came filled as they were sent; or in the form in which they left. On the main thread; the
// data path does not notice.

import { formOf } from '../config/encoding.js';
import type { FormConfig, SentForm } from '../config/encoding.js';
import type { ServiceConfig } from '../config/service-config.js';
import { imageKindText } from '../contract/image-text.js';
import type { ImageKind } from '../contract/image-text.js';
import { walkOf } from '../detector/frame-form.js';
import { ownNumberOf } from '../detector/frame-share.js';
import type { FrameIndex, FrameShare } from '../detector/frame-share.js';
import { missingByte, pixelBytes } from '../detector/pixel-type.js';
import type { PixelType } from '../detector/pixel-type.js';
import { PixelStates, pixelState } from '../detector/pixel-states.js';
import type { FramePlaces, MissingByPort } from '../detector/pixel-states.js';
import { FormSlots } from '../memory/form-slots.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { LastFrame } from '../memory/last-frame.js';
import type { LastFrameMemory } from '../memory/last-frame.js';
import { PortWords } from '../memory/port-words.js';
import { SentFrames } from '../memory/sent-frames.js';
import type { SeenFrame, SentFrame } from '../memory/sent-frames.js';
import { SlotRecords } from '../memory/slot-records.js';
import type { FrameWish, LastSent, NoFrame } from './service-view.js';

/** Looks for the latest before its copy is given up: each time the detector was a ring further. */
const looks = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const parsed = (json: Uint8Array): unknown => JSON.parse(decoder.decode(json));

/** What encoders make of frames, and where. */
interface SentForms {
  readonly slots: FormSlots;
  readonly form: SentForm;
}

export class SentFrameView {
  readonly #sent: SentFrames;
  readonly #states: PixelStates;
  readonly #udpPorts: readonly number[];
  readonly #share: FrameShare;
  /** Null = frames leave as they lie. */
  readonly #forms: SentForms | null;
  readonly #last: LastFrame;
  /** Where the copy of the last frame lies, for threads that copy it themselves. */
  readonly lastMemory: LastFrameMemory;

  constructor(
    buffer: ArrayBufferLike,
    map: MemoryMap,
    config: Pick<ServiceConfig, 'detector' | 'share'> & FormConfig,
    masked: Uint8Array | null,
  ) {
    const { detector, share } = config;
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
    const { encoding } = map;
    this.#forms = encoding === null ? null : { slots: new FormSlots(buffer, encoding.slots), form: formOf(config) };
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

  /** @param asSent in the form in which it left */
  find(wish: FrameWish, asSent = false): LastSent | NoFrame {
    const told = this.#sent.told();
    if (told === null) return 'nothing_sent';
    if (wish === 'latest') return this.#latest(asSent);
    const { by, value } = wish;
    const slot = by === 'number' ? this.#sent.findNumber(value) : this.#sent.findIndex(value, told.series);
    // The slot may have been given to another frame since it was found.
    const wanted = (frame: SeenFrame): boolean => (by === 'number' ? frame.frameNumber : frame.frameIndex) === value;
    const shown = slot < 0 ? null : this.#shown(slot, asSent, wanted);
    if (shown !== null) return shown;
    const index = by === 'index' ? value : value - told.frameNumber + told.frameIndex;
    if (index > told.frameIndex) return 'not_sent';
    const { stride, offset } = this.#share;
    return index >= 0 && index % stride !== offset ? 'not_ours' : 'gone';
  }

  #latest(asSent: boolean): LastSent | NoFrame {
    for (let look = 0; look < looks; look++) {
      const shown = this.#shown(this.#sent.latest, asSent, () => true) ?? 'form_gone';
      if (shown !== 'form_gone') return shown;
    }
    return asSent && this.#forms !== null ? 'form_gone' : (this.last() ?? 'gone');
  }

  /** Null = the slot does not hold a wanted frame. */
  #shown(slot: number, asSent: boolean, wanted: (frame: SeenFrame) => boolean): LastSent | NoFrame | null {
    if (asSent && this.#forms !== null) {
      const frame = this.#sent.look(slot);
      return frame === null || !wanted(frame) ? null : this.#formed(slot, frame, this.#forms);
    }
    const frame = this.#sent.read(slot);
    return frame === null || !wanted(frame) ? null : this.#whole(frame);
  }

  /** As it left: there are fewer slots for forms than for frames. */
  #formed(slot: number, frame: SeenFrame, forms: SentForms): LastSent | NoFrame {
    const { slots, form } = forms;
    const pixels = slots.read(ownNumberOf(this.#share, frame.frameNumber, frame.frameIndex));
    // A series begun anew may have the same numbers: then the slot of the ring was opened again, too.
    if (pixels === null || !this.#sent.shows(slot, frame)) return 'form_gone';
    const lying = decoder.decode(frame.json);
    const { shape, type } = JSON.parse(lying) as Pick<ImageKind, 'shape' | 'type'>;
    const json = encoder.encode(
      lying.replace(
        imageKindText({ shape, type, compression: 'none' }),
        imageKindText({ shape: walkOf(form, shape).shape, type, compression: form.encoding }),
      ),
    );
    return { json, header: parsed(json) as LastSent['header'], places: this.#placesOf(frame), pixels };
  }

  #placesOf({ dynamicRange, readNRows, positions }: SeenFrame): FramePlaces {
    const known = positions.flatMap((position, port) => (position === null ? [] : [[this.#udpPorts[port], position]]));
    return { dynamicRange, readNRows, positions: Object.fromEntries(known) as Record<string, number> };
  }

  #whole(frame: SentFrame): LastSent {
    const { json, headers, pixels } = frame;
    const header = parsed(json) as LastSent['header'];
    const places = this.#placesOf(frame);
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
