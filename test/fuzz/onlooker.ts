// Somebody who looks at frames that were sent, while receivers use their slots again: what is shown is what was sent,
// to the last pixel, or nothing; and what is surely still in the ring is shown. Part of the verdict on one process.

import { Random } from '../../src/base/random.js';
import { SentForm } from '../../simulators/consumer/sent-form.js';
import { unpackBslz4 } from '../../simulators/consumer/bslz4.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import type { SimulatedService } from './simulated-service.js';
import { asNumber } from '../frame-numbers.js';

/** Frames that are remembered. */
const keptMost = 64;

export class Onlooker {
  readonly #service: SimulatedService;
  readonly #random: Random;
  #form: SentForm | null = null;
  readonly #images: { readonly message: StreamMessage; readonly left: Uint8Array; readonly series: number }[] = [];

  constructor(service: SimulatedService) {
    this.#service = service;
    this.#random = new Random(service.firstMessageNumber % 4294967296);
  }

  note(message: StreamMessage): void {
    if (message.htype !== 'image') return;
    // What is handed over is unpacked here; what is shown is the frame as it lies in the ring.
    const { shape, type, compression } = message.fields as { shape: number[]; type: string; compression: string };
    const size = Number(type.slice(4)) / 8;
    const parts = message.parts.map((part) =>
      compression === 'none' ? part.slice() : unpackBslz4(part, size, shape[0] * shape[1] * size),
    );
    const series = this.#service.pipeline.words.seriesId;
    this.#images.push({ message: { ...message, parts }, left: message.parts[0].slice(), series });
    if (this.#images.length > keptMost) this.#images.shift();
  }

  /** One look, at one of the frames that were sent lately. */
  look(): string[] {
    if (this.#images.length === 0) return [];
    const { view } = this.#service;
    const { message, series } = this.#images[this.#random.integer(this.#images.length)];
    const number = Number(message.fields['frame_number']);
    const shown = view.sentFrame({ by: 'number', value: asNumber(number) });
    if (typeof shown === 'string')
      return this.#mustBeThere(message, series) ? [`frame ${number} lies in the ring, and is ${shown}`] : [];
    return [...this.#problems(shown.header, shown.pixels, `frame ${number}`), ...this.#asSent(number)];
  }

  /** As it left, unless its form is gone. */
  #asSent(number: number): string[] {
    const shown = this.#service.view.sentFrame({ by: 'number', value: asNumber(number) }, true);
    if (typeof shown === 'string') return shown === 'form_gone' ? [] : [`frame ${number} was there, and is ${shown}`];
    const sent = this.#images.find(({ message }) => message.msgNumber === shown.header['msg_number']);
    if (sent === undefined) return [];
    const same =
      JSON.stringify(sent.message.fields) === JSON.stringify(shown.header) &&
      Buffer.compare(sent.left, shown.pixels) === 0;
    return same ? [] : [`frame ${number} is called sent as it was not`];
  }

  /** When nothing happens any more: viewers see the frame that was sent last. */
  atEnd(): string[] {
    const { view } = this.#service;
    const last = view.lastFrame();
    if (last === null) return [];
    const found = this.#problems(last.header, last.pixels, 'the last frame');
    const latest = this.#images.at(-1);
    // Where its slot was given away before it was copied, an older one is shown.
    if (latest === undefined || !this.#mustBeThere(latest.message, latest.series)) return found;
    const { msgNumber } = latest.message;
    if (last.header['msg_number'] !== msgNumber)
      found.push(`viewers see image ${String(last.header['msg_number'])}, and ${msgNumber} was the last`);
    return found;
  }

  #problems(header: Readonly<Record<string, unknown>>, pixels: Uint8Array, what: string): string[] {
    const sent = this.#images.find(({ message }) => message.msgNumber === header['msg_number']);
    // It may be one that is forgotten here.
    if (sent === undefined)
      return this.#images.length < keptMost
        ? [`${what} is shown as image ${String(header['msg_number'])}, which was not sent`]
        : [];
    const { fields, parts } = sent.message;
    const { shape } = this.#service.pipeline.plan.detector;
    if (JSON.stringify({ ...fields, shape, compression: 'none' }) !== JSON.stringify(header))
      return [`${what} is shown with ${JSON.stringify(header)}`];
    return Buffer.compare(this.#formed(pixels, String(fields['type'])), parts[0]) === 0
      ? []
      : [`${what} is shown with other pixels than were sent`];
  }

  /** What leaves of a frame. */
  #formed(pixels: Uint8Array, type: string): Uint8Array {
    const { formWish, plan } = this.#service.pipeline;
    if (formWish === null) return pixels;
    this.#form ??= new SentForm(formWish, ...plan.detector.shape);
    const { buffer } = pixels.slice();
    const frame =
      type === 'uint8' ? new Uint8Array(buffer) : type === 'uint16' ? new Uint16Array(buffer) : new Uint32Array(buffer);
    const image = this.#form.imageOf(frame, 2 ** (8 * frame.BYTES_PER_ELEMENT) - 1);
    return new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
  }

  /** No port has seen or closed a frame that needs the slot, and the series is the present one. */
  #mustBeThere({ fields }: StreamMessage, series: number): boolean {
    const { pipeline, ports } = this.#service;
    if (series !== pipeline.words.seriesId) return false;
    const { stride, offset } = pipeline.config.share;
    const behind = (own: number): number => own - this.#own(Number(fields['frame']), stride, offset);
    return (
      ports.every((port) => {
        const { newestSeen, closeNext } = pipeline.portWords(port);
        return behind(Math.max(newestSeen, closeNext - 1)) < pipeline.map.sizes.slots;
      }) && behind(pipeline.words.last) < pipeline.map.sizes.slots
    );
  }

  #own(index: number, stride: number, offset: number): number {
    return this.#service.pipeline.words.first + (index - offset) / stride;
  }
}
