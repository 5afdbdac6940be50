// One seed's world: a random configuration, and how bad network, threads, consumer and operator are going to be. The fuzz runner
// plays it.

import type { Random } from '../../src/base/random.js';

/** Probabilities are per packet unless the name says otherwise; times in ms. */
export interface Scenario {
  readonly yaml: string;
  readonly auto: boolean;
  readonly rowsPerPacket: number;
  /** Bit depths that an arm request may ask for. */
  readonly depths: readonly number[];
  /** Nothing but loss, duplicates and mild disorder: then exactly the lost packets may be missing. */
  readonly calm: boolean;
  readonly ring: number;
  readonly overtake: number;
  readonly framePeriodMs: number;
  readonly loss: number;
  readonly burst: number;
  readonly duplicate: number;
  /** Every packet comes up to this much later. */
  readonly jitterMs: number;
  readonly delay: number;
  readonly lagMs: readonly number[];
  readonly corrupt: number;
  readonly garbage: number;
  /** Per acquisition. */
  readonly silentPort: number;
  readonly numberJump: number;
  readonly socketPackets: number;
  readonly batch: number;
  /** Per step: that an agent does not run for a while. */
  readonly stall: number;
  readonly turnChance: number;
  readonly lateSink: boolean;
  readonly queueMessages: number;
  /** Per step: that the consumer stops or begins to read, goes or comes. */
  readonly consumerMoods: number;
  readonly consumerLeaves: number;
  readonly readsPerStep: number;
  /** Per step: that the operator does something that nobody asked for. */
  readonly operatorMoods: number;
}

const share = (random: Random, ...values: readonly number[]): number => random.pick(values);

/** Draw a world. */
export function makeScenario(random: Random): Scenario {
  const calm = random.chance(0.2);
  const geometry = random.pick(['quad', '1x1', '1x1', '2x1'] as const);
  const ports = geometry === '2x1' ? 4 : 2;
  const depth = random.pick([8, 8, 8, 16, 32]);
  const tenGiga = random.chance(0.7);
  const rowsPerPacket = (tenGiga ? 4096 : 1024) / (512 * (depth / 8));
  const packets = calm ? random.pick([4, 8]) : random.pick([1, 2, 3, 4, 8, 16]);
  const rows = rowsPerPacket >= 1 ? packets * rowsPerPacket : 8;
  const overtake = calm ? 4 : random.pick([2, 3, 4]);
  const ring = calm ? 16 : Math.max(4, overtake + random.integer(12));
  const framePeriodMs = random.pick([1, 2, 3]);
  const auto = random.chance(0.4);
  const lag = calm ? random.pick([0, 1]) : random.pick([0, 0, 1, framePeriodMs * 2, framePeriodMs * ring * 0.5, framePeriodMs * ring * 1.2]);
  const varied = !calm && !auto && depth === 8 && random.chance(0.3);
  const fixed = random.chance(0.15);
  const positions = geometry === 'quad' ? [[1, 0], [0, 0]] : Array.from({ length: ports }, (_, port) => [port >> 1, port & 1]);
  const udpPorts = Array.from({ length: ports }, (_, port) => 50001 + port);
  const lines = [
    'detector: eiger',
    geometry === 'quad' ? 'quad: true' : `modules: [${geometry === '2x1' ? 2 : 1}, 1]`,
    `gap_pixels: ${random.chance(0.7)}`,
    `dynamic_range: ${depth}`,
    ...(varied ? ['dynamic_range_max: 16'] : []),
    `ten_giga: ${tenGiga}`,
    ...(random.chance(0.06) && !calm ? [] : [`read_n_rows: ${Math.min(256, rows)}`]),
    `udp_ports: [${udpPorts.join(', ')}]`,
    ...(fixed ? [`port_positions: {${udpPorts.map((port, index) => `${port}: [${positions[index]?.join(', ')}]`).join(', ')}}`] : []),
    ...(ports === 4 && random.chance(0.3) ? [`ports_off: [${50001 + random.integer(4)}]`] : []),
    `series: ${auto ? 'auto' : 'armed'}`,
    `frames: ${auto && random.chance(0.3) ? 1 + random.integer(12) : 0}`,
    `incomplete_frames: ${random.pick(['mark', 'mark', 'discard'])}`,
    `ring_frames: ${ring}`,
    `overtake_frames: ${overtake}`,
    `frame_timeout_ms: ${calm ? 60 : random.pick([3, 8, 20, 40])}`,
    `drain_ms: ${random.pick([1, 5, 20])}`,
    `start_window_ms: ${calm ? 5 : random.pick([1, 4, 10])}`,
    ...(random.chance(0.6) ? [`max_owed_frames: ${random.pick([1, ring, 3 * ring])}`] : []),
    `series_idle_ms: ${random.pick([40, 80])}`,
    `closing_timeout_ms: ${random.pick([40, 150, 400])}`,
  ];
  return {
    yaml: lines.join('\n'), auto, rowsPerPacket, depths: varied ? [8, 16] : [depth], calm, ring, overtake, framePeriodMs,
    loss: share(random, 0, 0, 0.01, 0.05, calm ? 0.02 : 0.3),
    burst: calm ? 0 : share(random, 0, 0, 0.005, 0.02),
    duplicate: share(random, 0, 0.01, 0.1),
    jitterMs: calm ? share(random, 0, framePeriodMs) : share(random, 0, 0, 0.5, framePeriodMs, framePeriodMs * 4, framePeriodMs * ring),
    delay: calm ? 0 : share(random, 0, 0, 0.01, 0.05),
    lagMs: udpPorts.map(() => random.next() * lag),
    corrupt: share(random, 0, 0, 0.005, calm ? 0.01 : 0.05),
    garbage: calm ? 0 : share(random, 0, 0, 0.01, 0.05),
    silentPort: calm ? 0 : share(random, 0, 0.3),
    numberJump: calm ? 0 : share(random, 0, 0, 0.4),
    socketPackets: calm ? 10_000 : random.pick([10_000, 10_000, 200, 30]),
    batch: calm ? 256 : random.pick([4, 30, 256]),
    stall: calm ? 0 : share(random, 0, 0.002, 0.01),
    turnChance: calm ? 1 : share(random, 0.3, 0.7, 1),
    lateSink: random.chance(0.4),
    queueMessages: random.pick([1, 2, 8]),
    consumerMoods: calm ? 0 : share(random, 0, 0.002, 0.02),
    consumerLeaves: calm ? 0 : share(random, 0, 0, 0.001, 0.004),
    readsPerStep: calm ? 100 : share(random, 1, 4, 100),
    operatorMoods: calm ? 0 : share(random, 0, 0, 0.003, 0.01),
  };
}
