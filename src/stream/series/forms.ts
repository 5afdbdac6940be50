// Frames in the form that an output wants, where encoders make it: is that of the next frame there, and which bytes are
// it. Comes in: what encoders published. Goes out: bytes for the output, and whether encoders have obeyed a command.
// Tested by test/encode/frame-encoder.test.ts.

import type { OwnNumber } from '../../detector/frame-share.js';
import { EncoderWords } from '../../memory/encoder-words.js';
import { FormSlots } from '../../memory/form-slots.js';
import type { EncodingMap } from '../../memory/memory-map.js';

export class Forms {
  readonly #slots: FormSlots;
  readonly #encoders: readonly EncoderWords[];

  constructor(buffer: ArrayBufferLike, map: EncodingMap) {
    this.#slots = new FormSlots(buffer, map.slots);
    this.#encoders = map.words.map((at) => new EncoderWords(buffer, at));
  }

  /** Is the form of this frame there? */
  ready(own: OwnNumber): boolean {
    return this.#slots.published(own);
  }

  /** The form of a frame that is ready; valid until the frame is released. */
  bytes(own: OwnNumber): Uint8Array {
    return this.#slots.bytes(own);
  }

  /** The same, copied, also after it was released; false = its slot was given to another. */
  copy(own: OwnNumber, into: Uint8Array): boolean {
    return this.#slots.copy(own, into);
  }

  /** Have all encoders obeyed this command? */
  answered(command: number): boolean {
    for (const { answer } of this.#encoders) if (answer !== command) return false;
    return true;
  }
}
