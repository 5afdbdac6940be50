// What is said about the picture that is shown, and what can be done with it: freeze it, go back and forth, save it,
// copy a value; and which ports lie where with how much loss.
// Tested by test/threads/page-data.test.ts.

import { cssColour, lossPalette } from './colours.js';
import { byId, setText } from './elements.js';
import type { FrameSource } from './frame-source.js';
import type { FrameView } from './frame-view.js';
import type { About, Sample } from './messages.js';
import type { PreviewBytes } from './preview-bytes.js';
import { countText, lossStep, sentAsText } from './words.js';

/** Seconds whose loss is painted. */
const lossSeconds = 10;

export class ShownFrame {
  readonly #source: FrameSource;
  readonly #view: FrameView;
  readonly #freeze = byId('freeze', HTMLButtonElement);
  #about: About | null = null;
  #name = 'frame';

  constructor(source: FrameSource, view: FrameView) {
    this.#source = source;
    this.#view = view;
    this.#freeze.addEventListener('click', () => this.#frozen(() => source.freeze(!source.frozen)));
    byId('frame-back', HTMLButtonElement).addEventListener('click', () => this.#frozen(() => source.step(-1)));
    byId('frame-on', HTMLButtonElement).addEventListener('click', () => this.#frozen(() => source.step(1)));
    byId('save-png', HTMLButtonElement).addEventListener('click', () => this.#savePicture());
    byId('copy', HTMLButtonElement).addEventListener('click', () => void copyReading());
  }

  about(about: About): void {
    this.#about = about;
    const sent = sentAsText(about.sent_as);
    const element = byId('sent-as', HTMLElement);
    element.hidden = sent === null;
    setText(element, sent ?? '');
    this.losses([]);
  }

  /** Ports and how much each has lost in the last seconds. */
  losses(samples: readonly Sample[]): void {
    if (this.#about === null) return;
    const recent = samples.slice(-lossSeconds);
    const colours = lossPalette(true);
    let index = 0;
    this.#view.ports = this.#about.ports.map((port) => {
      // Ports that are off have no column in the samples.
      const column = port.off ? null : index++;
      const worst = Math.max(0, ...recent.map(({ missing }) => (column === null ? 0 : (missing[column] ?? 0))));
      return { ...port, loss: worst === 0 ? null : cssColour(colours, lossStep(worst)) };
    });
  }

  /** @param combined how many frames the picture is made of */
  show({ head: { frame } }: PreviewBytes, combined: number): void {
    byId('no-frame', HTMLElement).hidden = true;
    setText(byId('frame-title', HTMLElement), this.#source.frozen ? 'Frame' : 'Last frame');
    setText(byId('frame-number', HTMLElement), `${countText(frame.frame_number)} (index ${countText(frame.frame)})`);
    const verdict = byId('frame-verdict', HTMLElement);
    setText(
      verdict,
      frame.complete
        ? 'complete'
        : frame.missing_packets === 0
          ? 'nothing missing, settings in doubt'
          : `${countText(frame.missing_packets)} ${frame.missing_packets === 1 ? 'packet' : 'packets'} missing`,
    );
    verdict.className = frame.complete || frame.missing_packets === 0 ? '' : 'incomplete';
    setText(byId('frame-shape', HTMLElement), `${frame.shape.join(' × ')} ${frame.type}`);
    setText(byId('combined', HTMLElement), combined > 1 ? `${combined} so far` : '');
    this.#name = `frame_${frame.frame_number}`;
    const npy = byId('save-npy', HTMLAnchorElement);
    npy.href = `api/v1/frames/index-${frame.frame}?msg_number=${frame.msg_number}`;
    npy.download = `${this.#name}.npy`;
  }

  /** Frames are counted anew. */
  restart(): void {
    this.#frozen(() => this.#source.restart());
  }

  #frozen(change: () => void): void {
    change();
    const { frozen } = this.#source;
    this.#freeze.setAttribute('aria-pressed', String(frozen));
    setText(this.#freeze, frozen ? 'Go on' : 'Freeze');
    byId('frozen', HTMLElement).hidden = !frozen;
    byId('frame-age', HTMLElement).hidden = frozen;
  }

  /** The picture as it is on the canvas. */
  #savePicture(): void {
    byId('frame', HTMLCanvasElement).toBlob((blob) => {
      if (blob === null) return;
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `${this.#name}.png`;
      link.click();
      URL.revokeObjectURL(link.href);
    }, 'image/png');
  }
}

/** What the page says of the pixel under the cursor, last. */
async function copyReading(): Promise<void> {
  const button = byId('copy', HTMLButtonElement);
  try {
    await navigator.clipboard.writeText(lastReading);
    setText(button, 'Copied');
  } catch {
    // Browsers give the clipboard to pages from https and localhost only.
    setText(button, 'Not allowed here');
  }
  setTimeout(() => setText(button, 'Copy'), 1500);
}

let lastReading = '';

/** Remember what was read of a pixel, for it is gone when the cursor goes to the button. */
export function rememberReading(text: string): void {
  lastReading = text;
}
