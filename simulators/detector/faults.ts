// Faults on purpose: chooses packets to lose, cut short, delay, reorder or send twice, and to send foreign packets
// before. The choice depends on the seed, the fault and the packet alone, so a run can be repeated and does not change
// with the interleaving of ports. The syntax is that of `vdcu simulate` (docs/simulator.md).

import { exitCode, OperatorError } from '../../src/base/errors.js';
import { mix32 } from './pattern.js';

/** What can become of a packet, in order of precedence: the first that chooses a packet has it. */
const packetFaults = ['loss', 'truncate', 'delay', 'reorder', 'duplicate'] as const;
export type PacketFault = (typeof packetFaults)[number];
export type FaultKind = PacketFault | 'foreign';

/** First and last of something, both included; null = all. */
export type Span = readonly [first: number, last: number] | null;

/** Packets named one by one. */
export interface ExactFault {
  readonly udpPort: Span;
  readonly frameNumber: Span;
  readonly packet: Span;
}

/** A share of all packets (0 … 1), or a list of packets. */
export type FaultSelector = number | readonly ExactFault[];

export interface FaultSettings {
  readonly seed: number;
  readonly selectors: Readonly<Partial<Record<FaultKind, FaultSelector>>>;
  /** Places in its port's order by which a reordered packet, or the second copy of a duplicate, moves back. */
  readonly reorderDistance: number;
  /** Frames by which a delayed packet comes later. */
  readonly delayFrames: number;
}

/** A detector on a perfect network. */
export const noFaults: FaultSettings = { seed: 1, selectors: {}, reorderDistance: 3, delayFrames: 8 };

function parseSpan(text: string, wanted: string): Span {
  if (text === '*') return null;
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > last || !Number.isSafeInteger(last)) throw new OperatorError(wanted, exitCode.usage);
  return [first, last];
}

/**
 * Read a ratio (`0.001`) or a list of `port:frame:packet`, each a number, a range `0-5` or `*`, joined by commas.
 * @param option the option's name, for the message
 * @throws OperatorError (usage) for anything else
 */
export function parseFault(option: string, text: string): FaultSelector {
  const wanted =
    `${option} ${text}: needs a ratio from 0 to 1, or a list like 50001:12:3,50002:13:0-5,*:14:* ` +
    '(port:frame:packet)';
  if (!text.includes(':')) {
    const ratio = text.trim() === '' ? NaN : Number(text);
    if (!(ratio >= 0 && ratio <= 1)) throw new OperatorError(wanted, exitCode.usage);
    return ratio;
  }
  return text.split(',').map((entry) => {
    const fields = entry.trim().split(':');
    if (fields.length !== 3) throw new OperatorError(wanted, exitCode.usage);
    const [udpPort, frameNumber, packet] = fields as [string, string, string];
    return {
      udpPort: parseSpan(udpPort, wanted),
      frameNumber: parseSpan(frameNumber, wanted),
      packet: parseSpan(packet, wanted),
    };
  });
}

const kinds: readonly FaultKind[] = [...packetFaults, 'foreign'];

/** Answers for each packet what is to happen to it. */
export class FaultPlan {
  readonly settings: FaultSettings;

  constructor(settings: FaultSettings) {
    this.settings = settings;
  }

  /** The one fault of this packet, or null. */
  faultOf(udpPort: number, frameNumber: number, packet: number): PacketFault | null {
    for (const kind of packetFaults) if (this.#chosen(kind, udpPort, frameNumber, packet)) return kind;
    return null;
  }

  /** True when a stranger's packet is to be sent before this one. */
  foreignBefore(udpPort: number, frameNumber: number, packet: number): boolean {
    return this.#chosen('foreign', udpPort, frameNumber, packet);
  }

  /** A number in [0, below) that belongs to this packet: how short it is cut, what kind of stranger. */
  detail(below: number, udpPort: number, frameNumber: number, packet: number): number {
    return this.#hash(kinds.length, udpPort, frameNumber, packet) % below;
  }

  #chosen(kind: FaultKind, udpPort: number, frameNumber: number, packet: number): boolean {
    const selector = this.settings.selectors[kind];
    if (selector === undefined || selector === 0) return false;
    if (typeof selector === 'number') {
      return this.#hash(kinds.indexOf(kind), udpPort, frameNumber, packet) < selector * 4294967296;
    }
    return selector.some(
      (exact) =>
        within(exact.udpPort, udpPort) && within(exact.frameNumber, frameNumber) && within(exact.packet, packet),
    );
  }

  #hash(salt: number, udpPort: number, frameNumber: number, packet: number): number {
    const high = Math.floor(frameNumber / 4294967296);
    const run = mix32((this.settings.seed + Math.imul(salt + 1, 0x9e3779b1)) | 0);
    return mix32((mix32((mix32(run ^ frameNumber) + high + Math.imul(udpPort, 0x85ebca77)) | 0) + packet) | 0) >>> 0;
  }
}

function within(span: Span, value: number): boolean {
  return span === null || (value >= span[0] && value <= span[1]);
}
