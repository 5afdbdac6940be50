// One thread of the stress test: a receiver with a source that makes stamped packets as fast as the ring allows, or the
// streamer with a sink that checks every pixel. The classes are the service's own, on its own shared memory; network
// and zmq are left out, so that hand-overs follow each other as fast as they can.

import { workerData, parentPort } from 'node:worker_threads';
import { compiledPlacement, loadPlacementKernel } from '../../src/assembly/compiled-placement.js';
import { PortAssembler } from '../../src/assembly/port-assembler.js';
import { systemClock } from '../../src/base/clock.js';
import { Random } from '../../src/base/random.js';
import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { ownOf } from '../frame-numbers.js';
import { Landing } from '../../src/memory/landing.js';
import { mapMemory } from '../../src/memory/memory-map.js';
import { SeriesWords, phase } from '../../src/memory/series-words.js';
import { ThreadWords } from '../../src/memory/thread-words.js';
import type { MessageSink, Offer } from '../../src/stream/output/message-sink.js';
import { Streamer } from '../../src/stream/streamer.js';
import type { PacketSource, SourceInfo } from '../../src/udp/packet-source.js';
import { portSetup, streamerSetup } from '../../src/service/wiring.js';
import { PortImageDatagrams, wireFormat } from '../../simulators/detector/packet.js';
import type { WireFormat } from '../../simulators/detector/packet.js';
import { placementOracle } from '../oracle/placement.js';

export interface StressTask {
  readonly memory: WebAssembly.Memory;
  /** Text of the configuration of `det`. */
  readonly yaml: string;
  readonly compiled: boolean;
  readonly seed: number;
  /** Index of the port; null = the streamer. */
  readonly port: number | null;
}

/** What the streamer's thread found. */
export interface StressFindings {
  readonly frames: number;
  readonly complete: number;
  readonly pixels: number;
  readonly problems: readonly string[];
}

/**
 * Value of all pixels of one packet: other for other packets of a frame, and for frames that follow each other in a
 * slot.
 */
const stamp = (frame: number, id: number): number => ((frame * 40503 + id * 1021) % 32768) + 1;

const task = workerData as StressTask;
const config = parseConfig(task.yaml, 'stress.yaml', 'det');
const plan = makePlan(config, 2);
const map = mapMemory(plan.memory);
const { buffer } = task.memory;
const words = new ThreadWords(buffer, map.threadWords, 0);
const series = new SeriesWords(buffer, map.seriesWords);
const wiring = { config, plan, map, buffer, clock: systemClock };
const makePlacement = task.compiled ? compiledPlacement(loadPlacementKernel(task.memory)) : placementOracle;
const format = wireFormat(config.detector);
const random = new Random(task.seed);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Lose the processor: to whoever wants it, for up to two milliseconds. */
function preempted(): void {
  Atomics.wait(sleeper, 0, 0, random.next() * 2);
}

type Pixels = Uint8Array | Uint16Array | Uint32Array;

const pixelsAt = ({ pixelBytes }: WireFormat, memory: ArrayBufferLike, at: number, bytes: number): Pixels =>
  pixelBytes === 1
    ? new Uint8Array(memory, at, bytes)
    : pixelBytes === 2
      ? new Uint16Array(memory, at, bytes / 2)
      : new Uint32Array(memory, at, bytes / 4);

/**
 * Packets of one port, in bursts of any size, some lost, exchanged or doubled; never beyond the ring, as if the
 * detector knew.
 */
class StampedSource implements PacketSource {
  readonly landing: Landing;
  readonly empty = true;
  readonly #port: number;
  readonly #payloads: readonly Pixels[];
  readonly #words: Int32Array;
  readonly #first: number;
  #frame = 1;
  #waiting: number[] = [];

  constructor(landing: Landing, port: number) {
    this.landing = landing;
    this.#port = port;
    this.#words = new Int32Array(buffer);
    const image = new PortImageDatagrams(config.detector, port);
    image.write(1, 0);
    this.#first = image.firstPacket;
    this.#payloads = Array.from({ length: landing.capacity }, (_, index) => {
      const at = landing.bufferAt(index);
      landing.bytes.set(image.datagrams[0], at);
      landing.offsets[index] = at;
      landing.lengths[index] = format.datagramBytes;
      landing.senders[index] = 1;
      return pixelsAt(format, buffer, at + 48, format.payloadBytes);
    });
  }

  lookAnew(): number {
    return 0;
  }

  receive(): number {
    if ((series.readCommand() & 7) !== phase.open) return 0;
    if (random.chance(0.002)) preempted();
    const most = 1 + random.integer(Math.min(32, this.landing.capacity));
    let count = 0;
    while (count < most) {
      if (this.#waiting.length === 0 && !this.#begin()) break;
      const packet = this.#waiting.shift() as number;
      const at = this.landing.offsets[count] >> 2;
      this.#words[at] = this.#frame;
      this.#words[at + 1] = 0;
      this.#words[at + 3] = this.#first + packet;
      this.#payloads[count].fill(stamp(this.#frame, this.#port * format.packetsSent + packet));
      count++;
    }
    return count;
  }

  /** The packets of the next frame, if the ring has room for it. */
  #begin(): boolean {
    const next = series.next;
    if (next === 0 ? this.#frame > 1 : ownOf(this.#frame) + 1 >= next + map.sizes.slots) return false;
    if (this.#started) this.#frame++;
    this.#started = true;
    for (let packet = 0; packet < format.packetsSent; packet++) {
      if (random.chance(0.002)) continue;
      this.#waiting.push(packet);
      if (random.chance(0.002)) this.#waiting.push(packet);
      const last = this.#waiting.length - 1;
      if (last > 0 && random.chance(0.1))
        [this.#waiting[last - 1], this.#waiting[last]] = [this.#waiting[last], this.#waiting[last - 1]];
    }
    return this.#waiting.length > 0;
  }
  #started = false;

  open(): Promise<SourceInfo> {
    return Promise.resolve({
      address: 'stress',
      udpPort: 0,
      receiveBufferRequestedBytes: 0,
      receiveBufferGrantedBytes: null,
      inode: null,
    });
  }

  kernelDrops(): number | null {
    return 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * Looks at every pixel of every image while the streamer holds its slot, and once more after having lost the processor.
 */
class CheckingSink implements MessageSink {
  readonly peers = 1;
  readonly disconnects = 0;
  readonly underway = null;
  readonly problems: string[] = [];
  frames = 0;
  complete = 0;
  pixels = 0;
  readonly #ids = config.detector.udpPorts.length * format.packetsSent;
  /**
   * By pixel: the packet that carries it, counted over all ports; `#ids` = gap. Learned from the first complete frame.
   */
  #owner: Uint16Array | null = null;
  #next = 0;

  offer(parts: readonly Uint8Array[]): Offer {
    const header = JSON.parse(new TextDecoder().decode(parts[0].slice())) as {
      htype: string;
      frame?: number;
      frame_number: number;
      complete: boolean;
      missing?: Record<string, [number, number][]>;
    };
    if (header.htype !== 'image') return 'sent';
    this.frames++;
    if (header.complete) this.complete++;
    if (header.frame !== this.#next++) this.#problem(`frame ${header.frame} came as number ${this.#next - 1}`);
    const bytes = parts[1];
    const pixels = pixelsAt(format, bytes.buffer, bytes.byteOffset, bytes.length);
    this.pixels += pixels.length;
    this.#check(header, pixels);
    if (random.chance(0.002)) {
      preempted();
      this.#check(header, pixels);
    }
    return 'sent';
  }

  #check(
    {
      frame_number: frame,
      complete,
      missing,
    }: { frame_number: number; complete: boolean; missing?: Record<string, [number, number][]> },
    pixels: Pixels,
  ): void {
    const most = 2 ** (8 * format.pixelBytes) - 1;
    const wanted = new Uint32Array(this.#ids + 1);
    for (let id = 0; id < this.#ids; id++) wanted[id] = stamp(frame, id);
    for (const [udpPort, ranges] of Object.entries(missing ?? {})) {
      const port = config.detector.udpPorts.indexOf(Number(udpPort));
      for (const [first, last] of ranges)
        wanted.fill(most, port * format.packetsSent + first, port * format.packetsSent + last + 1);
    }
    if (complete !== (missing === undefined))
      this.#problem(`frame ${frame}: complete ${complete}, missing ${JSON.stringify(missing)}`);
    if (this.#owner === null) {
      if (!complete) return;
      this.#learn(wanted, pixels);
    }
    const owner = this.#owner as unknown as Uint16Array;
    for (let at = 0; at < pixels.length; at++) {
      if (pixels[at] !== wanted[owner[at]]) {
        this.#problem(
          `frame ${frame}: pixel ${at} is ${pixels[at]}, ${wanted[owner[at]]} belongs there (packet ${owner[at]}); ` +
            `missing ${JSON.stringify(missing)}`,
        );
        return;
      }
    }
  }

  #learn(wanted: Uint32Array, pixels: Pixels): void {
    const owner = Uint16Array.from(pixels, (value) => (value === 0 ? this.#ids : wanted.indexOf(value)));
    const each = format.payloadBytes / format.pixelBytes;
    for (let id = 0; id < this.#ids; id++) {
      const found = owner.reduce((sum, one) => sum + (one === id ? 1 : 0), 0);
      if (found !== each)
        this.#problem(`packet ${id} has ${found} pixels in the first complete frame, ${each} expected`);
    }
    this.#owner = owner;
  }

  #problem(text: string): void {
    if (this.problems.length < 10) this.problems.push(text);
  }

  open(): Promise<string> {
    return Promise.resolve('stress');
  }

  poll(): void {
    // The consumer is always there.
  }

  outcome(): Offer {
    return 'sent';
  }

  takeRefused(): readonly [] {
    return [];
  }

  close(): Promise<null> {
    return Promise.resolve(null);
  }
}

if (task.port === null) {
  const sink = new CheckingSink();
  const streamer = new Streamer(streamerSetup(wiring, sink, 1000, (event) => parentPort?.postMessage({ event })));
  while (!words.stopAsked) {
    const seen = series.wakeCount;
    if (streamer.turn(systemClock.now()) === 0) series.wait(seen, Math.min(1, streamer.restMs));
  }
  parentPort?.postMessage({
    findings: {
      frames: sink.frames,
      complete: sink.complete,
      pixels: sink.pixels,
      problems: sink.problems,
    } satisfies StressFindings,
  });
} else {
  const { landingPackets, packetBytes } = plan.memory;
  const source = new StampedSource(new Landing(buffer, map.landing[task.port], landingPackets, packetBytes), task.port);
  const assembler = new PortAssembler(portSetup(wiring, task.port, source, makePlacement));
  while (!words.stopAsked) {
    if (assembler.turn() === 0) Atomics.wait(sleeper, 0, 0, 0.05);
  }
}
