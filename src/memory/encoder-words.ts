// What one encoder reports about itself: its answer to commands, its heartbeat, what it has done. Writer: that encoder.
// Readers: streamer (answer), main.
// Tested by test/memory/form-slots.test.ts.

import { Pulse } from './pulse.js';

const at = { answer: 0, heartbeat: 1, stallMax: 2 } as const;
const figuresAt = 128;

/** What an encoder counts, of its whole life; 64-bit floats that only increase. */
export const encoderFigures = ['frames', 'bytesIn', 'bytesOut', 'seconds'] as const;
export type EncoderFigure = (typeof encoderFigures)[number];

const figureIndex = Object.fromEntries(encoderFigures.map((name, index) => [name, index])) as Record<
  EncoderFigure,
  number
>;

export const encoderWordsBytes = figuresAt + encoderFigures.length * 8;

export class EncoderWords {
  /** That the thread turns. */
  readonly pulse: Pulse;
  readonly #words: Int32Array;
  readonly #figures: Float64Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, figuresAt / 4);
    this.pulse = new Pulse(this.#words, at.heartbeat, at.stallMax);
    this.#figures = new Float64Array(buffer, offset + figuresAt, encoderFigures.length);
  }

  /** The command word that was obeyed last. A thread that reads it sees everything done for it. */
  get answer(): number {
    return Atomics.load(this.#words, at.answer);
  }

  setAnswer(command: number): void {
    Atomics.store(this.#words, at.answer, command);
  }

  figure(name: EncoderFigure): number {
    return this.#figures[figureIndex[name]];
  }

  add(name: EncoderFigure, value: number): void {
    const index = figureIndex[name];
    this.#figures[index] = this.#figures[index] + value;
  }
}
