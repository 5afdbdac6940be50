// hot path. Where in the frame a port belongs: from the header, by packets that agree, or as configured. Comes in: a
// position. Goes out: the port's words, for other ports to see, and the images that are placed there.
// Tested by test/pipeline/geometry.test.ts.

import type { Layout, PortLayout } from '../detector/layout.js';
import { portEvent } from '../memory/port-words.js';
import type { PortWords } from '../memory/port-words.js';
import type { PortImages } from './port-images.js';

/** Positions are indices into the layout's positions. */
export class PortPlace {
  /** The port's place is known. */
  bound = false;
  readonly #words: PortWords;
  readonly #others: readonly PortWords[];
  readonly #images: PortImages;
  #layout: Layout;
  #port: PortLayout;

  /** @param others words of all other ports that receive, to see which positions are taken */
  constructor(words: PortWords, others: readonly PortWords[], images: PortImages, layout: Layout, port: PortLayout) {
    this.#words = words;
    this.#others = others;
    this.#images = images;
    this.#layout = layout;
    this.#port = port;
  }

  /** Forget the last series; the next one has this layout. @param keep the place stays */
  forget(layout: Layout, port: PortLayout, keep: boolean): void {
    this.#layout = layout;
    this.#port = port;
    if (keep) return;
    this.bound = false;
    if (port.fixed) this.#bind(port.expectedPosition);
  }

  /**
   * Take a position that no other port fills. Two that claim one at the same moment both see it and both stand back.
   */
  claim(position: number): boolean {
    this.#words.setPosition(position);
    for (const other of this.#others) {
      if (other.position !== position) continue;
      this.#words.setPosition(-1);
      this.#words.raise(portEvent.positionTaken);
      return false;
    }
    this.#bind(position);
    return true;
  }

  #bind(position: number): void {
    this.#words.setPosition(position);
    this.#images.setPosition(this.#layout, position, this.#port);
    this.bound = true;
  }
}
