// STEP 2b: frames of the ring → forms. One of K encoders: it takes the own frames n with n mod K = k once every port
// has closed them. It fills in a copy what was never received, cuts, turns, mirrors, masks and compresses as the form
// says, and publishes the result for the streamer. It follows the commands to the receivers, so that no slot is read
// between series. How far it may be ahead: a form slot is free once the frame that lay there is released, as slots of
// the ring are for receivers.

import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { altersPixels } from '../config/encoding.js';
import type { SentForm } from '../config/encoding.js';
import { AbsentImages } from '../detector/absent-images.js';
import { walkOf } from '../detector/frame-form.js';
import type { Walk } from '../detector/frame-form.js';
import { noFrame, ownBehind } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import type { Layout } from '../detector/layout.js';
import { EncoderWords } from '../memory/encoder-words.js';
import { FormSlots, chunkBound } from '../memory/form-slots.js';
import { encoderScratchBytes } from '../memory/memory-map.js';
import type { EncodingMap, MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import { SeriesWords, phase } from '../memory/series-words.js';
import { SlotRecords } from '../memory/slot-records.js';
import type { EncodeKernel } from './encode-kernel.js';

/** Everything that an encoder is made of. */
export interface EncoderSetup {
  readonly buffer: ArrayBufferLike;
  readonly map: MemoryMap;
  /** Index of this encoder. */
  readonly encoder: number;
  /** Indices into `udp_ports` of the ports that receive. */
  readonly activePorts: readonly number[];
  readonly kernel: EncodeKernel;
  readonly form: SentForm;
  readonly clock: Clock;
  readonly dynamicRange: number;
  /** 0 = all rows. */
  readonly readNRows: number;
  layoutFor(dynamicRange: number, readNRows: number): Layout;
}

/** Rests between turns, in ms: nothing open; a series; a wait for a form slot, whose release wakes no thread. */
const idleRestMs = 20;
const openRestMs = 2;
const fullRestMs = 1;

export class FrameEncoder {
  readonly #setup: EncoderSetup;
  readonly #map: EncodingMap;
  readonly #encoders: number;
  readonly #bytes: Uint8Array;
  readonly #series: SeriesWords;
  readonly #words: EncoderWords;
  readonly #forms: FormSlots;
  readonly #ports: readonly { readonly records: SlotRecords; readonly words: PortWords }[];
  /** It has other pixels than the frame, before it is compressed. */
  readonly #alters: boolean;
  #layout: Layout;
  #walk: Walk;
  #absent: AbsentImages;
  /** A frame of which nothing came, as a form: made when the first one goes out. */
  #filler: Uint8Array | null = null;
  #command = 0;
  #answered = 0;
  /** The next frame to encode. */
  #next = noFrame;
  #full = false;

  constructor(setup: EncoderSetup) {
    const { buffer, map, encoder, kernel } = setup;
    const { encoding, sizes } = map;
    assert(encoding !== null, 'there is no memory for encoders');
    assert(encoding.slots.slots % encoding.words.length === 0, 'a form slot would have several writers');
    assert(
      kernel.boundOf(sizes.frameBytes) <= chunkBound(sizes.frameBytes) && kernel.scratchBytes() <= encoderScratchBytes,
      'the compiled encoder needs more memory than there is',
    );
    this.#setup = setup;
    this.#map = encoding;
    this.#encoders = encoding.words.length;
    this.#bytes = new Uint8Array(buffer);
    this.#series = new SeriesWords(buffer, map.seriesWords);
    this.#words = new EncoderWords(buffer, encoding.words[encoder]);
    this.#forms = new FormSlots(buffer, encoding.slots);
    this.#ports = setup.activePorts.map((port) => ({
      records: new SlotRecords(buffer, map.slotRecords[port], sizes.slots, sizes.packets),
      words: new PortWords(buffer, map.portWords[port]),
    }));
    this.#alters = altersPixels(setup.form);
    this.#layout = setup.layoutFor(setup.dynamicRange, setup.readNRows);
    this.#walk = walkOf(setup.form, this.#layout.shape);
    this.#absent = new AbsentImages(this.#layout);
  }

  /** One turn: commands, at most one frame, answers. Returns how many frames were encoded. */
  turn(): number {
    this.#words.pulse.beat(this.#setup.clock.now());
    this.#followCommand();
    const work = this.#answered === this.#command && (this.#command & 7) === phase.finish ? 0 : this.#encodeNext();
    if (this.#answered !== this.#command) this.#carryOut();
    return work;
  }

  /** How long nothing needs to be looked at unless something happens, in ms, after a turn that did nothing. */
  get restMs(): number {
    if (this.#full) return fullRestMs;
    const command = this.#command & 7;
    const open = command === phase.open || command === phase.stop;
    return open || this.#answered !== this.#command ? openRestMs : idleRestMs;
  }

  // --- commands
  // --------------------------------------------------------------------------------------------------------------

  #followCommand(): void {
    const command = this.#series.readCommand();
    if (command === this.#command) return;
    this.#command = command;
    this.#answered = 0;
    if ((command & 7) === phase.prepare) this.#forget();
  }

  /** Commands are obeyed at once, except the end: all frames up to the last must have their forms first. */
  #carryOut(): void {
    if ((this.#command & 7) === phase.finish) {
      if (!this.#finished()) return;
      // Where ports have written in this series does not change any more: they write no more.
      this.#notePositions();
    }
    this.#answered = this.#command;
    this.#words.setAnswer(this.#command);
    this.#series.wake();
  }

  #forget(): void {
    const setup = this.#setup;
    const layout = setup.layoutFor(this.#series.dynamicRange, this.#series.readNRows);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#walk = walkOf(setup.form, layout.shape);
      this.#absent = new AbsentImages(layout);
      this.#filler = null;
    }
    for (let slot = setup.encoder; slot < this.#forms.slots; slot += this.#encoders) this.#forms.forget(slot);
    this.#next = noFrame;
    this.#full = false;
    this.#words.pulse.begin();
  }

  /** Every port has ended the series, and no frame of it still needs a form. */
  #finished(): boolean {
    for (const { words } of this.#ports) if (words.answer !== this.#command) return false;
    const { last, next } = this.#series;
    // Frames that were given up are released.
    return last === 0 || next > last || this.#following() > last;
  }

  // --- frames
  // --------------------------------------------------------------------------------------------------------------

  /** The next frame of this encoder that is not released; `noFrame` = it is not known where the series begins. */
  #following(): OwnNumber {
    const series = this.#series;
    if (series.firstVersion === 0 || series.settledVersion !== series.firstVersion) return noFrame;
    const { next } = series;
    if (this.#next < next) {
      const ahead = (this.#setup.encoder - (next % this.#encoders) + this.#encoders) % this.#encoders;
      this.#next = ownBehind(next, ahead);
    }
    return this.#next;
  }

  #encodeNext(): number {
    this.#full = false;
    const command = this.#command & 7;
    if (command !== phase.open && command !== phase.stop && command !== phase.finish) return 0;
    const own = this.#following();
    if (own === 0) return 0;
    const { last, next } = this.#series;
    if ((last !== 0 && own > last) || !this.#closed(own)) return 0;
    if (own >= next + this.#forms.slots) {
      this.#full = true;
      return 0;
    }
    const begun = this.#setup.clock.now();
    this.#forms.begin(own);
    const bytes = this.#encode(own);
    this.#forms.publish(own, bytes);
    this.#next = ownBehind(own, this.#encoders);
    this.#words.add('frames', 1);
    this.#words.add('bytesIn', this.#layout.frameBytes);
    this.#words.add('bytesOut', bytes);
    this.#words.add('seconds', (this.#setup.clock.now() - begun) / 1000);
    this.#series.wake();
    return 1;
  }

  /** Has every port closed this frame? */
  #closed(own: OwnNumber): boolean {
    const slot = own % this.#setup.map.sizes.slots;
    for (const { records } of this.#ports) if (!records.published(slot, own)) return false;
    return true;
  }

  /** The form of a frame into its slot; returns its bytes. */
  #encode(own: OwnNumber): number {
    const { map, encoder } = this.#setup;
    const { frameBytes } = this.#layout;
    const slot = map.ring + (own % map.sizes.slots) * map.slotStride;
    const to = this.#forms.at(own);
    switch (this.#lacks(own)) {
      case 'nothing':
        return this.#make(slot, to);
      case 'all': {
        this.#filler ??= this.#encodeFiller(to);
        this.#bytes.set(this.#filler, to);
        return this.#filler.length;
      }
      case 'ports': {
        const copy = this.#map.frames[encoder];
        this.#bytes.copyWithin(copy, slot, slot + frameBytes);
        this.#absent.fill(this.#bytes.subarray(copy, copy + frameBytes));
        return this.#make(copy, to);
      }
    }
  }

  /** @param to a slot that may be written to */
  #encodeFiller(to: number): Uint8Array {
    const copy = this.#map.frames[this.#setup.encoder];
    this.#bytes.set(this.#absent.filler, copy);
    return this.#bytes.slice(to, to + this.#make(copy, to));
  }

  /** @param from a whole frame, in place; it is not written to */
  #make(from: number, to: number): number {
    const { kernel, encoder, form } = this.#setup;
    const { pixelBytes } = this.#layout;
    const [rows, columns] = this.#walk.shape;
    const pixels = rows * columns;
    const compresses = form.encoding !== 'none';
    const altered = compresses ? this.#map.altered[encoder] : to;
    if (this.#alters) {
      const { base, down, across } = this.#walk;
      kernel.arrange(from + base * pixelBytes, rows, columns, down, across, pixelBytes, altered);
      const value = form.maskValue ?? 2 ** (8 * pixelBytes) - 1;
      if (form.masked) kernel.cover(altered, pixels, this.#map.mask, pixelBytes, value);
    }
    if (!compresses) return pixels * pixelBytes;
    return kernel.encode(this.#alters ? altered : from, pixels, pixelBytes, to, this.#map.scratch[encoder]);
  }

  #lacks(own: OwnNumber): AbsentImages['lacks'] {
    const slot = own % this.#setup.map.sizes.slots;
    this.#notePositions();
    this.#absent.begin();
    for (const { records, words } of this.#ports) {
      const { position } = words;
      if (position >= 0 && records.accepted(slot) > 0) this.#absent.has(position);
    }
    return this.#absent.lacks;
  }

  #notePositions(): void {
    for (const { words } of this.#ports) if (words.position >= 0) this.#absent.note(words.position);
  }
}
