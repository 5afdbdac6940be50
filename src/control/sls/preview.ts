// PSI's preview stream (sls_preview): one PUB socket for each UDP port, on which the client of a callback, PSI's GUI
// and scripts find the images of that port as slsReceiver sends them. Comes in: when an acquisition begins and ends,
// and the frames that were sent, looked at in the ring. Goes out: every n-th frame or one now and then, and one end
// for each socket and acquisition. It copies what lies there and holds nothing: a frame that is gone is skipped, on
// all sockets, so that each has the same number of images.

import type { Clock } from '../../base/clock.js';
import type { DetectorName } from './functions.js';
import { detectorTypes } from './functions.js';
import { framesExpected, imagePorts } from './module-settings.js';
import type { ModuleSettings } from './module-settings.js';
import { endJson, imageJson } from './preview-json.js';

/** How often it is looked for frames, and how long one look may take: the rest of the time is others'. ms. */
const lookMs = 20;
const spendMs = 5;
/** Frames that were sent before the end are looked for so long at most. */
const finishMs = 1000;

/** One port's image of a frame that was sent. */
export interface PreviewImage {
  readonly udpPort: number;
  readonly bytes: Uint8Array;
  /** Columns and rows. */
  readonly shape: readonly [x: number, y: number];
  readonly bitmode: number;
  readonly header: Uint8Array | null;
  readonly place: { readonly row: number; readonly column: number };
  readonly expectedPackets: number;
  readonly missingPackets: number;
}

export interface PreviewFrame {
  readonly frameIndex: number;
  readonly frameNumber: number;
  readonly images: readonly PreviewImage[];
}

/** A PUB socket that is bound. */
export interface PreviewSocket {
  /** A peer that does not take it in time does not get it. */
  send(parts: readonly (string | Uint8Array)[]): void;
  close(): void;
}

export interface PreviewDeps {
  readonly clock: Pick<Clock, 'now'>;
  /** Index of the frame of a series that was sent last; −1 = none. */
  readonly newest: (seriesId: number) => number;
  /** A frame of the series sent last; null = it is gone. */
  frame(index: number): PreviewFrame | null;
  /** @param highWaterMark messages for each peer, −1 = the default @throws Error when it cannot be bound */
  open(port: number, highWaterMark: number): Promise<PreviewSocket>;
  every(milliseconds: number, run: () => void): () => void;
}

interface Showing {
  readonly seriesId: number;
  readonly modules: readonly ModuleSettings[];
  readonly frames: number;
  /** Index that comes next; of a timer the least that is new. */
  next: number;
  /** When one was sent last. */
  at: number;
  readonly endLook: () => void;
}

export class Preview {
  readonly #deps: PreviewDeps;
  /** By port of the stream; of a module's first and second UDP port. */
  readonly #sockets = new Map<
    number,
    {
      readonly socket: PreviewSocket;
      readonly module: number;
      readonly port: number;
      readonly highWaterMark: number;
    }
  >();
  #closed = false;
  #showing: Showing | null = null;
  /** Frames that were wanted and gone. */
  skipped = 0;

  constructor(deps: PreviewDeps) {
    this.#deps = deps;
  }

  /**
   * Open the sockets of a module, or close them, as its settings say. Those that are open as they should be stay:
   * "on" said twice takes nothing from viewers.
   * @throws Error that names the port which cannot be bound
   */
  async follow(settings: ModuleSettings): Promise<void> {
    const { moduleIndex: module, streaming, streamingPort, streamingHighWaterMark: highWaterMark } = settings;
    const wanted = streaming === 0 ? [] : imagePorts(settings).map((_, port) => streamingPort + port);
    const open = [...this.#sockets].filter(([, { module: of }]) => of === module);
    const stays = open.every(([at, one]) => wanted[one.port] === at && one.highWaterMark === highWaterMark);
    if (stays && open.length === wanted.length) return;
    this.#close(module);
    try {
      for (const [port, at] of wanted.entries()) {
        const socket = await this.#deps.open(at, highWaterMark);
        if (this.#closed) return socket.close();
        this.#sockets.set(at, { socket, module, port, highWaterMark });
      }
    } catch (error) {
      this.#close(module);
      throw error;
    }
  }

  /** A series was opened for what these modules were set to. */
  begin(seriesId: number, modules: readonly ModuleSettings[]): void {
    this.#showing?.endLook();
    const [first] = modules;
    if (this.#sockets.size === 0 || first === undefined) return void (this.#showing = null);
    this.#showing = {
      seriesId,
      modules: modules.map((settings) => ({ ...settings })),
      frames: Number(framesExpected(first)),
      next: first.streamingStart,
      at: -Infinity,
      endLook: this.#deps.every(lookMs, () => this.#look()),
    };
  }

  /** The series is over: what was sent of it and is wanted, then one end on each socket. */
  async finish(): Promise<void> {
    const showing = this.#showing;
    showing?.endLook();
    const { clock } = this.#deps;
    const until = clock.now() + finishMs;
    // Others have their turn between two looks.
    while (showing !== null && clock.now() < until && this.#look()) await new Promise(setImmediate);
    if (this.#showing === showing) this.#showing = null;
    this.end();
  }

  /** The end message on each socket; of one module where it asks for it again. */
  end(module: number | null = null): void {
    for (const { socket, module: of } of this.#sockets.values())
      if (module === null || of === module) socket.send([endJson]);
  }

  close(): void {
    this.#closed = true;
    this.#showing?.endLook();
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #close(module: number): void {
    for (const [at, { socket, module: of }] of this.#sockets) {
      if (of !== module) continue;
      socket.close();
      this.#sockets.delete(at);
    }
  }

  /** @returns whether there may be more just now */
  #look(): boolean {
    const showing = this.#showing;
    if (showing === null) return false;
    const { clock, newest: newestOf } = this.#deps;
    const begun = clock.now();
    const [{ streamingFrequency: every, streamingTimerMs: timerMs }] = showing.modules as [ModuleSettings];
    const newest = newestOf(showing.seriesId);
    if (every === 0) {
      if (newest < showing.next || begun - showing.at < timerMs) return false;
      this.#show(showing, newest);
      showing.next = newest + 1;
      return false;
    }
    while (showing.next <= newest) {
      const shown = this.#show(showing, showing.next);
      // The ring has gone on: go on with the newest that is wanted.
      const ahead = Math.floor((newest - showing.next) / every);
      if (!shown) this.skipped += Math.max(1, ahead);
      showing.next += every * (shown ? 1 : Math.max(1, ahead));
      if (clock.now() - begun >= spendMs) return showing.next <= newest;
    }
    return false;
  }

  #show(showing: Showing, index: number): boolean {
    const frame = this.#deps.frame(index);
    if (frame === null) return false;
    showing.at = this.#deps.clock.now();
    const [first] = showing.modules as [ModuleSettings];
    for (const { socket, module, port } of this.#sockets.values()) {
      const settings = showing.modules.find(({ moduleIndex }) => moduleIndex === module);
      const udpPort = settings === undefined ? undefined : imagePorts(settings)[port]?.udpPort;
      const image = frame.images.find((one) => one.udpPort === udpPort);
      if (settings === undefined || image === undefined) continue;
      const { detector } = settings;
      const [columns, rows] = image.shape;
      // Strips are lines, with one counter behind the other.
      const line = detector === 'mythen3' || detector === 'gotthard2';
      const quad = detector === 'eiger' && settings.quad !== 0;
      const text = imageJson({
        bitmode: image.bitmode,
        fileIndex: first.fileIndex,
        detshape: detectorShape(settings, detector, quad),
        shape: line ? [columns * rows, 1] : image.shape,
        roi: [0, columns - 1, 0, line ? 0 : rows - 1],
        size: image.bytes.length,
        frameIndex: frame.frameIndex,
        frameNumber: frame.frameNumber,
        frames: showing.frames,
        fname: `${first.filePath}/${first.fileName}`,
        packets: image.expectedPackets - image.missingPackets,
        complete: image.missingPackets === 0,
        header: image.header,
        place: { ...image.place, detType: detectorTypes[detector] },
        flipRows: quad ? port === 1 : detector === 'eiger' && (settings.flipRows ?? 0) !== 0,
        quad,
        jsonHeader: first.jsonHeader,
      });
      socket.send([text, image.bytes]);
    }
    return true;
  }
}

/** Port images beside and above each other. */
function detectorShape(
  { modules: { x, y }, interfaces }: ModuleSettings,
  detector: DetectorName,
  quad: boolean,
): readonly [number, number] {
  if (quad) return [1, 2];
  if (detector === 'eiger') return [2 * x, y];
  return (detector === 'jungfrau' || detector === 'moench') && interfaces > 1 ? [x, 2 * y] : [x, y];
}
