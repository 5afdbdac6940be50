// One port as the control plane sees it: its counters, figures and histograms in shared memory, and its socket as the
// kernel tells of it. Part of the shared view; main thread only.
// Tested by test/view/shared-view.test.ts.

import type { Clock } from '../base/clock.js';
import { portCounter, portCounterTable, portCountersAt } from '../memory/counters.js';
import type { PortCounter } from '../memory/counters.js';
import { histogramsAt, portHistogramTable } from '../memory/histogram.js';
import type { Histogram, HistogramReading, PortHistogram } from '../memory/histogram.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import type { NamedSender } from '../memory/port-words.js';
import { seriesPackets } from '../memory/series-packets.js';
import type { SeriesPackets } from '../memory/series-packets.js';
import { senderText } from '../runtime/socket-address.js';
import { added, addedReading } from './plane-totals.js';
import type { PlaneTotals } from './plane-totals.js';
import type { CurrentPort } from './service-view.js';

/** A socket is asked at most so often, however often its figures are read. */
const figuresMs = 200;

/** What a receiver's socket got. */
export interface OpenedSocket {
  readonly address: string;
  readonly udpPort: number;
  readonly receiveBufferRequestedBytes: number;
  readonly receiveBufferGrantedBytes: number | null;
  /** Which of the machine's sockets it is; null where that is not known. */
  readonly inode: number | null;
}

/** Bytes that wait in a socket, and datagrams that were dropped before it since it was opened, mod 2³². */
export interface SocketFigures {
  readonly queueBytes: number;
  readonly drops: number;
}

export interface PortViewDeps {
  readonly map: MemoryMap;
  readonly buffer: ArrayBufferLike;
  readonly clock: Clock;
  /** What the kernel says of a socket of this process, null = nothing. */
  readSocket(address: string, udpPort: number, inode: number | null): SocketFigures | null;
  /** What data planes before this one have counted; absent = there was none. */
  readonly before?: PlaneTotals;
}

/** NaN, as memory has it, is null outside. */
export const knownFigure = (value: number): number | null => (Number.isFinite(value) ? value : null);

type Counters = Record<PortCounter, number>;

/** Frame numbers are the detector's, 0 = none; times in ms of the service's clock, NaN = never. */
export class PortView {
  readonly udpPort: number;
  readonly off: boolean;
  readonly words: PortWords;
  /** Once it is open. */
  socket: OpenedSocket | null = null;
  readonly #deps: PortViewDeps;
  readonly #counters: Float64Array;
  readonly #seriesBase: Float64Array;
  readonly #histograms: Readonly<Record<PortHistogram, Histogram>>;
  #asked: { at: number; figures: SocketFigures | null } | null = null;

  /** @param index into `udp_ports` */
  constructor(deps: PortViewDeps, index: number, udpPort: number, off: boolean) {
    const { buffer, map } = deps;
    const { now, seriesBase } = portCountersAt(buffer, map.portCounters[index]);
    this.#deps = deps;
    this.udpPort = udpPort;
    this.off = off;
    this.words = new PortWords(buffer, map.portWords[index]);
    this.#counters = now;
    this.#seriesBase = seriesBase;
    this.#histograms = histogramsAt(buffer, map.portHistograms[index], portHistogramTable);
  }

  /** Counters since the start of the process. */
  counters(): Counters {
    return added(this.#named(null), this.#deps.before?.ports.get(this.udpPort)?.counters);
  }

  /** Counters and ledger of the series that is open, of one reading. */
  series(): { readonly counters: Counters; readonly packets: SeriesPackets } {
    const counters = this.#named(this.#seriesBase);
    return { counters, packets: seriesPackets((counter) => counters[counter]) };
  }

  /** The senders to it in the series that is open, as far as they are known. */
  senders(): Pick<CurrentPort, 'sender' | 'second_sender' | 'foreign_sender'> {
    const named = (name: NamedSender): string | null => {
      const address = this.words.sender(name).address;
      return address === null ? null : senderText(address);
    };
    return { sender: named('learned'), second_sender: named('second'), foreign_sender: named('foreign') };
  }

  histogram(id: PortHistogram): HistogramReading {
    return addedReading(this.#histograms[id].read(), this.#deps.before?.ports.get(this.udpPort)?.histograms[id]);
  }

  /** What the kernel says of the socket now; null = nothing. */
  socketFigures(): SocketFigures | null {
    if (this.socket === null) return null;
    const now = this.#deps.clock.now();
    const { address, udpPort, inode } = this.socket;
    if (this.#asked === null || now - this.#asked.at >= figuresMs)
      this.#asked = { at: now, figures: this.#deps.readSocket(address, udpPort, inode) };
    return this.#asked.figures;
  }

  /** The receiver notes kernel drops only now and then: the kernel is asked too. */
  #named(base: Float64Array | null): Counters {
    const before = (index: number): number => (base === null ? 0 : base[index]);
    const counters = Object.fromEntries(
      portCounterTable.map(({ id }, index) => [id, this.#counters[index] - before(index)]),
    ) as Counters;
    const figures = this.socketFigures();
    if (figures === null) return counters;
    const noted = this.#counters[portCounter.socketDropped];
    // The kernel's count is the receiver's mod 2³², and newer or older.
    const drops = Number.isNaN(noted) ? figures.drops : noted + Math.max(0, (figures.drops - noted) | 0);
    return { ...counters, socketDropped: drops - before(portCounter.socketDropped) };
  }
}
