// Where the packets of a series went, over all ports: the steps of the waterfall. Pure.
// Tested by test/page/values.test.ts.

import { lossCauses } from '../contract/loss-causes.js';
import type { LossCause } from '../contract/loss-causes.js';
import { codesOf } from '../contract/row.js';
import type { PortLoss } from './messages.js';

export interface LossStep {
  readonly name: string;
  readonly explanation: string;
  /** Packets; null = cannot be known here. */
  readonly packets: number | null;
  readonly kind: 'whole' | 'loss' | 'rest';
  /**
   * Of what was expected; what lies in frames: of that and of what came and was refused. Null = of nothing, or not
   * known.
   */
  readonly share: number | null;
}

/** From what the frames should have had to what was placed: expected − losses = accepted. */
export function waterfall(ports: readonly PortLoss[]): LossStep[] {
  const sum = (key: 'expected' | 'accepted'): number => ports.reduce((total, port) => total + port[key], 0);
  // One port of which the kernel tells nothing makes the sum unknown.
  const cause = (key: LossCause): number | null =>
    ports.reduce<number | null>((total, port) => {
      const packets = port[key];
      return total === null || packets === null ? null : total + packets;
    }, 0);
  const expected = sum('expected');
  const refused = ports.reduce((total, { foreign, malformed }) => total + foreign + malformed, 0);
  const shareOf = (packets: number | null, whole: number): number | null =>
    packets === null || whole === 0 ? null : packets / whole;
  return [
    { name: 'expected', explanation: 'packets of all frames so far', packets: expected, kind: 'whole', share: null },
    ...[...codesOf(lossCauses)].reverse().map((name): LossStep => ({
      name,
      explanation: lossCauses[name].short,
      packets: cause(name),
      kind: 'loss',
      share: shareOf(cause(name), expected),
    })),
    {
      name: 'in frames',
      explanation: 'placed; its share is of what was expected, and of what came and was refused',
      packets: sum('accepted'),
      kind: 'rest',
      share: shareOf(sum('accepted'), expected + refused),
    },
  ];
}

/** Length of a bar, 0 … 1: logarithmic, because one packet in a million must be seen. */
export function barLength(packets: number, expected: number): number {
  return expected <= 0 || packets <= 0 ? 0 : Math.log10(1 + packets) / Math.log10(1 + expected);
}
