// A capture as datagrams on their way: those for the detector's ports, each with the time at which it leaves.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import type { Datagram } from '../detector/detector.js';
import { openCapture } from './capture/capture.js';
import type { Capture } from './capture/capture.js';
import { DatagramReader } from './capture/datagrams.js';
import { headerBytes } from '../detector/packet.js';
import { ReplayTruth } from './replay-truth.js';

/** When datagrams leave: as captured, so many times as fast; at a rate of frames; or at once. */
export type ReplayTiming =
  | { readonly kind: 'original'; readonly factor: number }
  | { readonly kind: 'rate'; readonly framesPerSecond: number }
  | { readonly kind: 'asap' };

/** Records that were not sent. */
export interface NotSent {
  /** Other traffic than UDP over IP. */
  other: number;
  /** IP fragments of datagrams of which the capture lacks others. */
  fragment: number;
  /** Datagrams of which the capture has only the beginning. */
  cut: number;
  /** Datagrams for ports that the configuration does not have, by captured port. */
  readonly ports: Map<number, number>;
}

/** Ports listed of those not configured. */
const listedPorts = 64;

/**
 * Read `original`, `asap`, `500` (frames per second) or `x2`, `x0.5` (times the captured speed).
 * @throws OperatorError (usage) for anything else
 */
export function parseTiming(text: string): ReplayTiming {
  if (text === 'original') return { kind: 'original', factor: 1 };
  if (text === 'asap') return { kind: 'asap' };
  const match = /^([x×]?)(\d+(?:\.\d+)?)$/.exec(text);
  const value = Number(match?.[2]);
  if (!(value > 0))
    throw new OperatorError(
      `--timing ${text}: needs original, asap, a number of frames per second, or x2, x0.5: so many times the ` +
        'captured speed',
      exitCode.usage,
    );
  return match?.[1] === '' ? { kind: 'rate', framesPerSecond: value } : { kind: 'original', factor: value };
}

/**
 * Read `50001:51001,50002:51002`: captured port to port of the configuration.
 * @throws OperatorError (usage) for anything else, and for a port that the configuration does not have
 */
export function parsePortMap(text: string, settings: DetectorSettings): Map<number, number> {
  const map = new Map<number, number>();
  for (const entry of text.split(',')) {
    const match = /^(\d{1,5}):(\d{1,5})$/.exec(entry.trim());
    const [from, to] = [Number(match?.[1]), Number(match?.[2])];
    if (!(from > 0 && from < 65536 && to > 0 && to < 65536))
      throw new OperatorError(
        `--map-port ${entry}: needs CAPTURED:CONFIGURED, for example 50001:51001,50002:51002`,
        exitCode.usage,
      );
    if (!settings.udpPorts.includes(to))
      throw new OperatorError(
        `--map-port ${entry}: ${to} is not in udp_ports; use one of ${settings.udpPorts.join(', ')}`,
        exitCode.usage,
      );
    if (map.has(from))
      throw new OperatorError(`--map-port ${text}: names captured port ${from} twice. Name it once`, exitCode.usage);
    map.set(from, to);
  }
  return map;
}

export interface PcapSourceOptions {
  readonly settings: DetectorSettings;
  readonly timing: ReplayTiming;
  /** Captured port → port to send to; ports not named keep their number. */
  readonly ports?: ReadonlyMap<number, number>;
}

/** One replay; `datagrams` may be taken once. */
export class PcapSource {
  readonly truth: ReplayTruth;
  readonly notSent: NotSent = { other: 0, fragment: 0, cut: 0, ports: new Map() };
  /**
   * Captured buffers that held several datagrams, taken together by kernel or card; each was sent as the datagrams that
   * it held.
   */
  coalesced = 0;
  /** Datagrams longer than this detector's, and not several of them: sent as they are. */
  oversized = 0;
  /** Frames begun, over all ports. */
  frames = 0;
  /** Milliseconds from the first to the last datagram sent, as captured. */
  capturedMs = 0;
  readonly #options: PcapSourceOptions;
  readonly #capture: Capture;
  readonly #portIndex: ReadonlyMap<number, number>;
  #stopped = false;

  constructor(capture: Capture, options: PcapSourceOptions) {
    this.#options = options;
    this.#capture = capture;
    this.truth = new ReplayTruth(options.settings);
    this.#portIndex = new Map(options.settings.udpPorts.map((udpPort, index) => [udpPort, index]));
  }

  /** Why the capture ended early, and at which byte; null: it did not, as far as it was read. */
  get damage(): string | null {
    return this.#capture.damage;
  }

  /** End after the datagram that is being sent. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * All datagrams for configured ports, in the order of the capture, up to the end or the damage of the file.
   * @throws OperatorError (usage) when it is no capture at all
   */
  *datagrams(): Generator<Datagram, void, undefined> {
    const reader = new DatagramReader();
    const framesOfPort = new Map<number, number>();
    const packetsPerFrame = this.truth.format.packetsSent * this.truth.ports.length;
    let startMs: number | null = null;
    let inFrame = 0;
    let dueMs = 0;
    for (const record of this.#capture.records()) {
      if (this.#stopped) return;
      const datagram = reader.read(record);
      this.notSent.fragment = reader.unfinishedFragments;
      if (typeof datagram === 'string') {
        if (datagram !== 'fragment') this.notSent[datagram]++;
        continue;
      }
      const udpPort = this.#options.ports?.get(datagram.port) ?? datagram.port;
      if (!this.truth.has(udpPort)) {
        this.#countPort(datagram.port);
        continue;
      }
      startMs ??= record.timeMs;
      this.capturedMs = Math.max(this.capturedMs, record.timeMs - startMs);
      for (const bytes of this.#apart(datagram.payload)) {
        if (this.truth.note(udpPort, bytes)) {
          const frames = (framesOfPort.get(udpPort) ?? 0) + 1;
          framesOfPort.set(udpPort, frames);
          if (frames > this.frames) {
            this.frames = frames;
            inFrame = 0;
          }
        }
        // A clock that was set back while capturing holds nothing up.
        dueMs = Math.max(dueMs, this.#due(record.timeMs - startMs, Math.min(inFrame / packetsPerFrame, 1)));
        inFrame++;
        yield {
          portIndex: this.#portIndex.get(udpPort) as number,
          udpPort,
          round: Math.max(this.frames - 1, 0),
          dueMs,
          bytes,
        };
      }
    }
  }

  /**
   * The datagrams of one captured buffer: kernel and card take several of one length together, and a capture shows them
   * so.
   */
  #apart(payload: Uint8Array): Uint8Array[] {
    const { datagramBytes, profile } = this.truth.format;
    if (payload.length <= datagramBytes) return [payload];
    const parts = Array.from({ length: Math.ceil(payload.length / datagramBytes) }, (_, index) =>
      payload.subarray(index * datagramBytes, (index + 1) * datagramBytes),
    );
    if (
      !parts.every(
        (part) => part[headerBytes - 2] === profile.detectorType && part[headerBytes - 1] === profile.headerVersion,
      )
    ) {
      this.oversized++;
      return [payload];
    }
    this.coalesced++;
    return parts;
  }

  #due(capturedMs: number, shareOfFrame: number): number {
    const { timing } = this.#options;
    switch (timing.kind) {
      case 'original':
        return capturedMs / timing.factor;
      case 'rate':
        return ((Math.max(this.frames - 1, 0) + shareOfFrame) * 1000) / timing.framesPerSecond;
      case 'asap':
        return 0;
    }
  }

  #countPort(port: number): void {
    const { ports } = this.notSent;
    if (ports.has(port) || ports.size < listedPorts) ports.set(port, (ports.get(port) ?? 0) + 1);
    else this.notSent.other++;
  }
}

/**
 * A replay of a file. @throws OperatorError (usage) when it cannot be opened or unpacked; when datagrams are taken, if
 * it is no capture
 */
export function openPcapSource(file: string, options: PcapSourceOptions): PcapSource {
  return new PcapSource(openCapture(file), options);
}
