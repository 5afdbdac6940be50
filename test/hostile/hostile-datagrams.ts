// A detector's packets among datagrams that mean no good: random bytes, and true packets cut, stretched and with bytes
// changed by a mutator. One round = one seed: the whole pipeline in memory, an armed series, then every pixel that was
// sent, every sum and the class of each datagram are compared. Played by datagrams.test.ts and datagrams-command.ts.
// What no receiver could tell is left out: a packet whose header is right and whose pixels were changed, or that names
// another packet or a neighbouring frame. The wire has no checksum (SECURITY.md).

import { Random } from '../../src/base/random.js';
import { largestFrameNumber } from '../../src/detector/packet-header.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { PacketMaker } from '../pipeline/packets.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { headerPosition } from '../../simulators/detector/packet.js';
import { shuffle } from '../pipeline/shuffle.js';

/** What came of a round; no problems = everything held. */
export interface HostileRound {
  readonly seed: number;
  readonly detector: string;
  readonly placement: 'compiled' | 'reference';
  readonly datagrams: number;
  /** Of these the hostile ones. */
  readonly hostile: number;
  readonly frames: number;
  readonly complete: number;
  /** Datagrams by class. */
  readonly classes: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

/** Small frames more often than large ones, whose pixels take long to compare. */
const detectors: readonly string[] = [
  'detector: gotthard2\nudp_ports: [50001]',
  'detector: mythen3\ncounters: 2\nudp_ports: [50001]',
  'detector: mythen3\ncounters: 3\nten_giga: false\nudp_ports: [50001]',
  'detector: gotthard2\nmodules: [1, 2]\nudp_ports: [50001, 50002]',
  'detector: eiger\nquad: true\ndynamic_range: 4\nudp_ports: [50001, 50002]',
  'detector: eiger\nquad: true\ndynamic_range: 12\nudp_ports: [50001, 50002]',
  'detector: eiger\nquad: true\ndynamic_range: 8\nudp_ports: [50001, 50002]\nport_positions: {50001: [1, 0], ' +
    '50002: [0, 0]}',
  'detector: moench\nudp_ports: [50001]',
];

const at = { frameNumber: 0, packetNumber: 12, row: 34, column: 36, detectorType: 46, version: 47, end: 48 } as const;

/** A warning says it once; more than these in a round are a flood. */
const warningLimit = 60;

export type Expected =
  | 'foreignSource'
  | 'headerPacket'
  | 'malformedSize'
  | 'malformedVersion'
  | 'malformedDetectorType'
  | 'malformedPacketNumber'
  | 'malformedPosition'
  | 'malformedFrameNumber'
  | 'stray';

/** Play one round of about `datagrams` datagrams. `memory`: of an earlier round, to use again. */
export function playHostile(
  seed: number,
  datagrams: number,
  memory?: WebAssembly.Memory,
): HostileRound & { readonly memory: WebAssembly.Memory } {
  const random = new Random(seed);
  const compiled = seed % 2 === 1;
  const yaml = detectors[Math.floor(seed / 2) % detectors.length];
  // Packet numbers that do not exist make a port's images doubtful for the rest of the series: in some rounds there are
  // none.
  const calm = random.chance(0.5);
  const pipeline = new Pipeline({
    yaml:
      `${yaml}\nseries: armed\nring_frames: 8\nframe_timeout_ms: 20\nstart_window_ms: 2\ndrain_ms: ` +
      '5\nmax_owed_frames: 1000',
    compiled,
    ...(memory === undefined ? {} : { memory }),
  });
  const { config } = pipeline;
  const mutator = new Mutator(random, new PacketMaker(config.detector), config.detector, calm);
  const ports = [...pipeline.sources.keys()];
  const expected = new Map<string, number>();
  const first = random.pick([1, 77, 2 ** 32 - 3, 2 ** 40]);
  pipeline.sink.connect();
  const armed = pipeline.arm(random.chance(0.5) ? { firstFrameNumber: first } : {});
  const problems: string[] = armed.kind === 'armed' ? [] : [`not armed: ${JSON.stringify(armed)}`];

  let sent = 0;
  let hostile = 0;
  let frames = 0;
  for (let frame = first; sent < datagrams; frame++, frames++) {
    for (const port of ports) {
      const own = shuffle(
        Array.from({ length: mutator.packets }, (_, packet) => packet),
        random.integer(2 ** 31),
      );
      for (const packet of own) {
        while (random.chance(0.4)) {
          const { bytes, foreign, as } = mutator.make(port, frame, frames);
          pipeline.deliver(port, bytes, foreign ? 0 : 1);
          const key = `${port} ${as}`;
          expected.set(key, (expected.get(key) ?? 0) + 1);
          sent++;
          hostile++;
        }
        if (random.chance(0.01)) continue;
        for (let copies = random.chance(0.03) ? 2 : 1; copies > 0; copies--, sent++)
          pipeline.send(port, frame, [packet]);
      }
    }
    pipeline.run(1);
  }
  pipeline.run(60);
  pipeline.stop();
  pipeline.run(20);

  problems.push(...pipeline.verify());
  const classes = new Map<string, number>();
  for (const port of ports) {
    const counters = pipeline.counters(port);
    if (port === 0 || counters.received > 0)
      for (const [name, count] of Object.entries(counters)) classes.set(name, (classes.get(name) ?? 0) + count);
    for (const name of exact) {
      const want = expected.get(`${port} ${name}`) ?? 0;
      if (counters[name] !== want)
        problems.push(`port ${port}: ${want} datagrams are ${name}, ${counters[name]} were counted`);
    }
  }
  const received = ports.reduce((sum, port) => sum + pipeline.counters(port).received, 0);
  if (received !== sent) problems.push(`${sent} datagrams delivered, ${received} received`);
  const warnings = pipeline.events.filter(({ kind }) => kind === 'warning').length;
  if (warnings > warningLimit) problems.push(`${warnings} warnings`);
  const summary = pipeline.summaries[0];
  if (summary === undefined) problems.push('the series has no summary');
  else if (summary.frames > frames) problems.push(`${summary.frames} frames came of ${frames}`);
  return {
    seed,
    detector: config.detector.detector,
    placement: compiled ? 'compiled' : 'reference',
    datagrams: sent,
    hostile,
    frames: summary?.frames ?? 0,
    complete: summary?.complete ?? 0,
    classes,
    problems,
    memory: pipeline.memory,
  };
}

/** Classes that this file and the service must agree on exactly. */
const exact: readonly Exclude<Expected, 'stray'>[] = [
  'foreignSource',
  'headerPacket',
  'malformedSize',
  'malformedVersion',
  'malformedDetectorType',
  'malformedPacketNumber',
  'malformedPosition',
  'malformedFrameNumber',
];

export interface Made {
  readonly bytes: Uint8Array;
  readonly foreign: boolean;
  readonly as: Expected;
}

/** Makes hostile datagrams and says, by its own reading of the rules, what they are. */
export class Mutator {
  readonly packets: number;
  readonly #random: Random;
  readonly #maker: PacketMaker;
  readonly #settings: DetectorSettings;
  readonly #calm: boolean;
  readonly #foreign: number;
  #strays = 0;

  /**
   * @param calm no packet numbers that do not exist
   * @param foreign how many come from elsewhere, 0 to 1
   */
  constructor(random: Random, maker: PacketMaker, settings: DetectorSettings, calm: boolean, foreign = 0.05) {
    this.#random = random;
    this.#maker = maker;
    this.#settings = settings;
    this.#calm = calm;
    this.#foreign = foreign;
    this.packets = maker.packets;
  }

  /** One that is told from a packet of `frame`; `age`: frames sent before. */
  make(port: number, frame: number, age: number): Made {
    for (;;) {
      const foreign = this.#random.chance(this.#foreign);
      const packet = this.#maker.packet(port, frame, this.#random.integer(this.packets));
      const bytes = this.#mutate(packet);
      if (foreign) return { bytes, foreign, as: 'foreignSource' };
      const as = this.#judge(bytes, port, frame, age);
      if (as !== null) return { bytes, foreign, as };
    }
  }

  #mutate(packet: Uint8Array): Uint8Array {
    const random = this.#random;
    const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.integer(256));
    switch (random.integer(7)) {
      case 0:
        return noise(
          random.pick([
            0,
            1,
            39,
            40,
            41,
            47,
            48,
            49,
            random.integer(200),
            packet.length - 1,
            packet.length,
            packet.length + 1,
          ]),
        );
      case 1:
        return packet.slice(0, random.integer(packet.length));
      case 2:
        return Uint8Array.from([...packet.subarray(0, 60), ...noise(packet.length - 60 + 1 + random.integer(2000))]);
      default:
        break;
    }
    const copy = packet.slice();
    const view = new DataView(copy.buffer);
    for (let changes = 1 + random.integer(3); changes > 0; changes--) {
      switch (random.integer(8)) {
        case 0:
          copy[random.integer(at.end)] = random.integer(256);
          break;
        case 1: {
          const where = random.integer(at.end);
          copy[where] = copy[where] ^ (1 << random.integer(8));
          break;
        }
        case 2:
          view.setUint32(
            at.packetNumber,
            random.pick([
              this.packets,
              this.packets + 1,
              2 ** 31 - 1,
              2 ** 31,
              2 ** 32 - 1,
              0xff00 + random.integer(256),
            ]),
            true,
          );
          break;
        case 3:
          view.setUint16(random.pick([at.row, at.column]), random.pick([1, 2, 255, 256, 32768, 65535]), true);
          break;
        case 4:
          view.setBigUint64(
            at.frameNumber,
            random.pick([0n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 53n + BigInt(random.integer(1000))]),
            true,
          );
          break;
        case 5:
          copy.fill(random.pick([0, 255]), 0, random.integer(at.end));
          break;
        case 6:
          copy.copyWithin(random.integer(at.end), random.integer(at.end), at.end);
          break;
        default:
          copy[random.pick([at.detectorType, at.version])] = random.pick([0, 1, 2, 3, 4, 5, 6, 255]);
      }
    }
    return copy;
  }

  /**
   * The class by the rules of the table, in its order; null = could be a true packet, or its frame number is too near
   * to one.
   */
  #judge(bytes: Uint8Array, port: number, frame: number, age: number): Expected | null {
    const { profile, datagramBytes } = this.#maker.format;
    if (bytes.length === 40) return 'headerPacket';
    if (bytes.length !== datagramBytes) return 'malformedSize';
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (bytes[at.version] !== profile.headerVersion) return 'malformedVersion';
    if (bytes[at.detectorType] !== profile.detectorType) return 'malformedDetectorType';
    if (view.getUint32(at.packetNumber, true) >= this.packets) return this.#calm ? null : 'malformedPacketNumber';
    if (!this.#settings.portPositions.has(this.#settings.udpPorts[port])) {
      const { row, column } = headerPosition(this.#settings, port);
      const [seenRow, seenColumn] = [view.getUint16(at.row, true), view.getUint16(at.column, true)];
      // Before a port's place is settled another place inside the detector is only held.
      if (seenRow !== row || seenColumn !== column)
        return age > 3 || seenRow > 99 || seenColumn > 99 ? 'malformedPosition' : null;
    }
    const number = view.getBigUint64(at.frameNumber, true);
    if (number > BigInt(largestFrameNumber)) return 'malformedFrameNumber';
    if (number === BigInt(frame)) return null;
    // A number that no other datagram is near to: nothing confirms it.
    view.setBigUint64(at.frameNumber, BigInt(2 ** 45 + ++this.#strays * 2 ** 20), true);
    return 'stray';
  }
}
