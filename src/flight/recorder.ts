// The flight recorder, main's side: copies the rings of all ports (memory/flight-ring.ts) when packets begin to be lost
// or when asked, and has them written as a capture file with a report beside it (flight/folder.ts), or hands them to
// the HTTP interface. The receivers go on meanwhile.
// Tested by test/pipeline/flight.test.ts.

import type { Clock } from '../base/clock.js';
import { diskLimitMs, limited } from '../base/limited.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { hostOfPort } from '../config/udp-hosts.js';
import { portCounter, portCounterTable } from '../memory/counters.js';
import { FlightRing } from '../memory/flight-ring.js';
import type { FlightCopy } from '../memory/flight-ring.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import { FlightFolder, whyNotWritten } from './folder.js';
import { className, pcapBytes, writePcap } from './pcap.js';
import type { FlightPacket } from './pcap.js';
import { isoTime, reportClasses } from './report.js';
import type { FlightReport } from './report.js';
import type { Logger } from '../runtime/log.js';
import { LossWatch } from './loss-watch.js';

const watchMs = 200;
/**
 * Two recordings of losses are so far apart at least, in ms: what came between is in neither ring any more, or in both.
 */
const restMs = 10_000;
/** A loss on the same ports is a warning again after so long, in ms. */
const againAfterMs = 600_000;

export interface FlightRecorderDeps {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly map: MemoryMap;
  readonly buffer: ArrayBufferLike;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The folder, unless the one of the configuration. */
  readonly files?: Pick<FlightFolder, 'clean' | 'write'>;
}

/** A copy of all rings: nothing changes it any more. */
export interface Recording {
  /** Without ending: detector, time, reason. */
  readonly name: string;
  readonly report: FlightReport;
  /** The capture file, in pieces. */
  readonly pcap: () => Generator<Uint8Array, void, undefined>;
}

/** What was written. */
export interface WrittenRecording {
  readonly pcap_file: string;
  readonly report_file: string;
  readonly report: FlightReport;
}

interface RecordedPort {
  readonly udpPort: number;
  readonly ring: FlightRing;
  readonly counters: Float64Array;
  readonly words: PortWords;
}

export class FlightRecorder {
  readonly #deps: FlightRecorderDeps;
  readonly #ports: readonly RecordedPort[];
  readonly #losses: LossWatch;
  readonly #files: Pick<FlightFolder, 'clean' | 'write'>;
  #timer: NodeJS.Timeout | null = null;
  /** Ports of a loss → when it was last a warning. */
  readonly #told = new Map<string, number>();
  #restUntil = -Infinity;
  /** Recordings are written one after the other. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(deps: FlightRecorderDeps) {
    const { config, plan, map, buffer } = deps;
    const { flightPackets = 0, landingPackets } = plan.memory;
    this.#deps = deps;
    this.#ports = config.detector.udpPorts
      .map((udpPort, index): RecordedPort => ({
        udpPort,
        ring: new FlightRing(buffer, map.flightRings[index], flightPackets, landingPackets),
        counters: new Float64Array(buffer, map.portCounters[index], portCounterTable.length),
        words: new PortWords(buffer, map.portWords[index]),
      }))
      .filter(({ udpPort }) => !config.detector.portsOff.includes(udpPort));
    this.#losses = new LossWatch(this.#ports.length);
    this.#files = deps.files ?? new FlightFolder(config.flightRecorderDir ?? '.', fileName(config.name));
  }

  /** Anything recorded at all? */
  get on(): boolean {
    return (this.#deps.plan.memory.flightPackets ?? 0) > 0;
  }

  /** Where recordings are written; null = nowhere. */
  get folder(): string | null {
    return this.#deps.config.flightRecorderDir;
  }

  /** Look for losses from now on. */
  start(): void {
    if (!this.on) return;
    if (this.folder !== null) this.#writing = this.#files.clean(this.#deps.clock.wall());
    this.watch();
    this.#timer ??= setInterval(() => this.watch(), watchMs).unref();
  }

  /** Look no more; resolves when what is being written is written, or the disk has not answered for so long, ms. */
  async close(limitMs = diskLimitMs): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const late = Symbol('late');
    if ((await limited(this.#writing, late, limitMs)) === late)
      this.#deps.logger.warn(
        { event: 'recorder_given_up', folder: this.folder },
        `flight_recorder_dir: ${this.folder ?? ''} does not answer; a recording that was being written may be cut off`,
      );
  }

  /** Do losses begin? Then record. Called by `start` again and again. */
  watch(): void {
    const { clock, logger } = this.#deps;
    const now = clock.now();
    const begun = this.#losses.look(now, this.#ports.map(lost));
    if (begun.length === 0 || now < this.#restUntil) return;
    this.#restUntil = now + restMs;
    const udpPorts = begun.map((index) => this.#ports[index].udpPort);
    const what = `packets are being lost on port ${udpPorts.join(', ')}`;
    const level = this.#levelOf(udpPorts.join(), now);
    if (this.folder === null) {
      logger[level](
        { event: 'loss_begins', udp_ports: udpPorts },
        `${what}; a recording made now tells which (docs/operating.md#flight-recorder)`,
      );
      return;
    }
    void this.#written(udpPorts).then(
      ({ pcap_file: file }) =>
        logger[level]({ event: 'loss_begins', udp_ports: udpPorts, file }, `${what}; vdcu explain ${file} tells which`),
      (error: unknown) =>
        logger.error(
          { event: 'flight_recorder', udp_ports: udpPorts },
          `${what}, and the recording cannot be written: ${whyNotWritten(error).text} ` +
            '(docs/operating.md#flight-recorder)',
        ),
    );
  }

  /**
   * A loss that comes and goes on the same ports is a warning once in a while; in between its recordings are told as
   * details.
   */
  #levelOf(ports: string, now: number): 'warn' | 'debug' {
    const told = this.#told.get(ports);
    if (told !== undefined && now - told < againAfterMs) return 'debug';
    for (const [others, at] of this.#told) if (now - at >= againAfterMs) this.#told.delete(others);
    this.#told.set(ports, now);
    return 'warn';
  }

  /** (Memory for the copies may be short as well: that is told like a full disk.) */
  async #written(losing: readonly number[]): Promise<WrittenRecording> {
    return this.write(this.take('loss', losing));
  }

  /** Copy all rings now. @param losing UDP ports on which losses begin */
  take(reason: FlightReport['reason'], losing: readonly number[] = []): Recording {
    const { config, clock } = this.#deps;
    const now = clock.wall();
    const offset = now - clock.now();
    const copies = this.#ports.map(({ ring }) => ring.copy());
    const packets = (): Generator<FlightPacket> => merged(this.#ports, copies, offset);
    const times = copies
      .flatMap((copy) => (copy.count === 0 ? [] : [copy.time(0), copy.time(copy.count - 1)]))
      .map((time) => time + offset);
    return {
      name: `${fileName(config.name)}-${new Date(now).toISOString().replace(/[-:]/g, '')}-${reason}`,
      report: {
        detector: config.name,
        reason,
        recorded_at: isoTime(now),
        first_at: times.length === 0 ? null : isoTime(Math.min(...times)),
        last_at: times.length === 0 ? null : isoTime(Math.max(...times)),
        packets: copies.reduce((sum, { count }) => sum + count, 0),
        ports: this.#ports.map(({ udpPort, counters }, index) => {
          const copy = copies[index];
          return {
            udp_port: udpPort,
            packets: copy.count,
            missing_packets: counters[portCounter.missing],
            loss_began: losing.includes(udpPort),
            classes: reportClasses(packetsOf(udpPort, copy, offset)),
          };
        }),
      },
      pcap: () => writePcap((udpPort) => hostOfPort(config, udpPort), packets()),
    };
  }

  /**
   * Write a recording into the folder, the oldest make room.
   * @throws Error of the file system; nothing is left behind then
   */
  write(recording: Recording): Promise<WrittenRecording> {
    const { report, name, pcap } = recording;
    const bytes = pcapBytes(report.packets);
    const written = this.#writing.then(async () => ({
      ...(await this.#files.write({ name, report, pcap, bytes })),
      report,
    }));
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

/** The detector's name as part of a file name. */
function fileName(detector: string): string {
  return detector.replace(/[^\w.-]/g, '_');
}

/** Packets that were lost; not those of an image that the end of its series cut off. */
function lost({ counters }: RecordedPort): number {
  const missing = counters[portCounter.missing];
  return missing - counters[portCounter.cutOff];
}

function packetAt(udpPort: number, copy: FlightCopy, index: number, offset: number): FlightPacket {
  return {
    udpPort,
    timeMs: copy.time(index) + offset,
    length: copy.length(index),
    class: className(copy.class(index)),
    header: copy.header(index),
  };
}

function* packetsOf(udpPort: number, copy: FlightCopy, offset: number): Generator<FlightPacket> {
  for (let index = 0; index < copy.count; index++) yield packetAt(udpPort, copy, index, offset);
}

/** All ports' packets in the order of time; of one port in the order of arrival. */
function* merged(
  ports: readonly RecordedPort[],
  copies: readonly FlightCopy[],
  offset: number,
): Generator<FlightPacket> {
  const next = copies.map(() => 0);
  for (;;) {
    let port = -1;
    let earliest = Infinity;
    for (const [index, copy] of copies.entries()) {
      const at = next[index];
      if (at >= copy.count || copy.time(at) >= earliest) continue;
      port = index;
      earliest = copy.time(at);
    }
    if (port < 0) return;
    yield packetAt(ports[port].udpPort, copies[port], next[port], offset);
    next[port] = next[port] + 1;
  }
}
