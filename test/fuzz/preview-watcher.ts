// Live viewers of a simulated world, behind the real preview output: they come and go, have room or none, and look at
// what they were handed as late as the seam allows. What they see must be what was handed over to the consumer, under
// its number, each message once and in order, to the last pixel.

import type { Random } from '../../src/base/random.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import type { PreviewSink } from '../../src/stream/output/preview/preview-sink.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';

/** Frames that are remembered. */
const keptMost = 64;

const verifiers = new WeakMap<DetectorSettings, FrameVerifier>();

export class PreviewWatcher implements PreviewSink {
  readonly refused = 0;
  subscribers = 0;
  readonly #random: Random;
  /** In the form of the stream. */
  readonly #asSent: boolean;
  readonly #problems: string[];
  #images: { readonly message: StreamMessage; readonly settings: DetectorSettings }[] = [];
  readonly #others = new Set<number>();
  #newest = -1;
  /** What was handed over and is still on its way. */
  #held: readonly Uint8Array[] | null = null;

  constructor(random: Random, asSent: boolean, problems: string[]) {
    this.#random = random;
    this.#asSent = asSent;
    this.#problems = problems;
  }

  /** A message was handed over to the consumer. */
  note(message: StreamMessage, settings: DetectorSettings): void {
    if (message.htype !== 'image') {
      this.#others.add(message.msgNumber);
      return;
    }
    const parts = this.#asSent ? message.parts.map((part) => part.slice()) : [];
    this.#images.push({ message: { ...message, parts }, settings });
    if (this.#images.length > keptMost) this.#images.shift();
  }

  open(): Promise<string> {
    return Promise.resolve('memory');
  }

  poll(): void {
    if (this.#random.chance(0.02)) this.subscribers = this.#random.integer(3);
    if (this.#held !== null && this.#random.chance(0.4)) this.#look();
  }

  get free(): number {
    return this.#held === null ? this.subscribers : 0;
  }

  send(parts: readonly Uint8Array[], small: boolean): number {
    if (small) {
      this.#check(parts);
      return this.subscribers;
    }
    if (this.#held !== null) this.#problems.push('preview: a frame was handed over to nobody who has room');
    this.#held = parts;
    if (this.#random.chance(0.5)) this.#look();
    return this.subscribers;
  }

  uses(bytes: Uint8Array): boolean {
    return this.#held?.some(({ buffer }) => buffer === bytes.buffer) ?? false;
  }

  close(): void {
    this.subscribers = 0;
  }

  #look(): void {
    const parts = this.#held;
    this.#held = null;
    if (parts !== null) this.#check(parts);
  }

  #check(parts: readonly Uint8Array[]): void {
    const message = parseMessage(parts);
    if (typeof message === 'string') {
      this.#problems.push(`preview: ${message}`);
      return;
    }
    const { msgNumber, htype } = message;
    // A frame may still be on its way while header or end pass it.
    if (htype === 'image') this.#checkImage(message);
    else if (!this.#others.has(msgNumber)) this.#problems.push(`preview: ${htype} ${msgNumber} was not handed over`);
  }

  #checkImage({ msgNumber, fields, parts }: StreamMessage): void {
    if (msgNumber <= this.#newest) this.#problems.push(`preview: image ${msgNumber} comes after ${this.#newest}`);
    this.#newest = msgNumber;
    const sent = this.#images.find(({ message }) => message.msgNumber === msgNumber);
    if (sent === undefined) {
      if (this.#images.length < keptMost) this.#problems.push(`preview: image ${msgNumber} was not handed over`);
      return;
    }
    const { shape, compression } = fields;
    const told = this.#asSent ? sent.message.fields : { ...sent.message.fields, shape, compression };
    if (JSON.stringify(told) !== JSON.stringify(fields))
      this.#problems.push(`preview: image ${msgNumber} is shown with ${JSON.stringify(fields)}`);
    if (this.#asSent) {
      if (Buffer.compare(parts[0], sent.message.parts[0]) !== 0)
        this.#problems.push(`preview: image ${msgNumber} is shown with other bytes than were sent`);
      return;
    }
    let verifier = verifiers.get(sent.settings);
    if (verifier === undefined) verifiers.set(sent.settings, (verifier = new FrameVerifier(sent.settings)));
    const verdict = compression === 'none' ? verifier.verify(fields, parts[0]) : 'it is compressed';
    if (typeof verdict === 'string') this.#problems.push(`preview: image ${msgNumber}: ${verdict}`);
    else if (verdict.wrong > 0) this.#problems.push(`preview: image ${msgNumber} has ${verdict.wrong} wrong pixels`);
  }
}
