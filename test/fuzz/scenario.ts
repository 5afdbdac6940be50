// One seed's world before it begins: a random configuration of any detector, and how bad network, threads, consumer and
// operator are going to be. The world (world.ts) plays it.

import type { Random } from '../../src/base/random.js';
import { parseConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { everyFrame } from '../../src/detector/frame-share.js';
import type { FrameShare } from '../../src/detector/frame-share.js';
import { makeLayout, readOut } from '../../src/detector/layout.js';
import { profileOf } from '../../src/detector/profiles.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { addSmallDetectors } from './small-detectors.js';

/** Probabilities are per packet unless the name says otherwise; times in ms. */
export interface Scenario {
  readonly config: ServiceConfig;
  readonly auto: boolean;
  /** Bit depth and rows that an arm request may ask for; one = they never change. */
  readonly settings: readonly DetectorSettings[];
  /** Nothing but loss, duplicates and mild disorder: then exactly the lost packets may be missing. */
  readonly calm: boolean;
  readonly ring: number;
  readonly framesMost: number;
  /** From frame to frame of this instance. */
  readonly framePeriodMs: number;
  readonly loss: number;
  readonly burst: number;
  readonly duplicate: number;
  /** Every packet comes up to this much later. */
  readonly jitterMs: number;
  readonly delay: number;
  /** Comes up to three frames too soon. */
  readonly early: number;
  readonly lagMs: readonly number[];
  /** A false frame number, everything else intact. */
  readonly corrupt: number;
  readonly garbage: number;
  /** Per acquisition. */
  readonly silentPort: number;
  readonly latePort: number;
  readonly numberJump: number;
  /** Per frame of another instance: that some of it comes here. */
  readonly misrouted: number;
  readonly oldPackets: number;
  /** Somebody else sends packets of due frames, or of frames far ahead. */
  readonly strangers: number;
  readonly socketPackets: number;
  readonly batch: number;
  /** Can the number of datagrams that the socket dropped be read? */
  readonly dropsKnown: boolean;
  /** Per step: that an agent does not run for a while. */
  readonly stall: number;
  /** The same, in the middle of a turn, at each place where that can be seen. */
  readonly stallWithin: number;
  /** For how long at most. */
  readonly stallMs: number;
  readonly turnChance: number;
  /** That a turn is interrupted by one of another agent, at each place where that can be seen. */
  readonly preempt: number;
  readonly lateSink: boolean;
  /** The real ZMTP sink and simulated sockets stand before the consumer; null = messages are handed to it as such. */
  readonly wire: { readonly seed: number; readonly capacity: number; readonly keptBytes: number } | null;
  readonly queueMessages: number;
  /** Per step: that the consumer stops or begins to read, goes or comes. */
  readonly consumerMoods: number;
  readonly consumerLeaves: number;
  readonly readsPerStep: number;
  /** Per step: that the operator does something that nobody asked for. */
  readonly operatorMoods: number;
  /** Per step: that somebody looks at the state. */
  readonly looks: number;
  /** Slots of each encoder, where frames do not leave as they lie. */
  readonly formSlots: number;
  /** What lies in the file that the configuration names as `mask`; null = it names none. */
  readonly mask: Uint8Array | null;
  /** An output for live viewers; null = none. */
  readonly preview: { readonly rateHz: number; readonly asSent: boolean } | null;
  /** Of several sockets, the one whose consumer reads little; −1 = none. */
  readonly slowSocket: number;
  /** How the first process ends before the end of the world, if it does. */
  readonly death: 'none' | 'sigterm' | 'sigkill';
}

/** Datagrams of one acquisition at most, about. */
const datagramsMost = 500;

/** The same object for the same settings, so that what is made for them once serves many worlds. */
const interned = new Map<string, DetectorSettings>();
const internedMost = 300;

function intern(settings: DetectorSettings): DetectorSettings {
  const key = JSON.stringify([settings, [...settings.flipRows], [...settings.portPositions]]);
  const known = interned.get(key);
  if (known !== undefined) return known;
  if (interned.size >= internedMost) interned.clear();
  interned.set(key, settings);
  return settings;
}

let defaults: ServiceConfig | null = null;

/** Everything that a configuration need not say. */
function defaultConfig(): ServiceConfig {
  return (defaults ??= parseConfig(
    'world: {detector: gotthard2, udp_ports: [50001], flight_recorder_packets: 0}',
    'world.yaml',
    'world',
  ));
}

/** Real sizes are slow, and rare. */
function pickDetector(random: Random): string {
  const draw = random.next();
  if (draw < 0.4) return 'small_eiger';
  if (draw < 0.6) return 'small_jungfrau';
  if (draw < 0.72) return 'small_moench';
  if (draw < 0.86) return 'small_mythen3';
  if (draw < 0.94) return 'small_gotthard2';
  return random.pick(['eiger', 'gotthard2', 'gotthard2', 'mythen3', 'mythen3', 'mythen3']);
}

function drawSettings(random: Random): DetectorSettings {
  const detector = pickDetector(random);
  const family = detector.replace('small_', '');
  const small = family !== detector;
  const quad = family === 'eiger' && random.chance(0.3);
  const choice = {
    quad,
    tenGiga: (family !== 'eiger' && family !== 'mythen3') || random.chance(0.6),
    interfaces: family === 'jungfrau' || family === 'moench' ? 1 + random.integer(2) : 1,
    counters: family === 'mythen3' ? 1 + random.integer(3) : 1,
    flat: family === 'mythen3' && random.chance(0.3),
    dynamicRange: random.pick(
      family === 'eiger' ? [4, 8, 8, 12, 12, 16, 16, 32] : family === 'mythen3' ? [8, 16, 32] : [16],
    ),
  };
  const modules: readonly [number, number] =
    quad || !small
      ? [1, 1]
      : random.pick([
          [1, 1],
          [1, 1],
          [2, 1],
          [1, 2],
          [2, 2],
        ] as const);
  const profile = profileOf(detector, choice);
  const { unitPorts } = profile;
  const rows = modules[0] * unitPorts.rows;
  const ports = rows * modules[1] * unitPorts.columns;
  const udpPorts = Array.from({ length: ports }, (_, port) => 50001 + port);
  const fixed = random.chance(0.15);
  const flipped = random.chance(0.2);
  const settings: DetectorSettings = {
    ...defaultConfig().detector,
    ...choice,
    detector,
    modules,
    udpPorts,
    lowNibbleFirst: choice.dynamicRange === 4 && random.chance(0.5),
    gapPixels: random.chance(0.7),
    readNRows: null,
    portsOff: ports >= 2 && random.chance(0.1) ? [random.pick(udpPorts)] : [],
    flipRows: new Map(
      flipped ? udpPorts.filter(() => random.chance(0.5)).map((port) => [port, random.chance(0.5)]) : [],
    ),
    portPositions: new Map(),
  };
  const portPositions = fixed ? positionsOf(settings) : settings.portPositions;
  return {
    ...settings,
    portPositions,
    readNRows: random.chance(0.4) || !small ? pickRows(random, settings, small ? 64 : 8) : null,
  };
}

/** The places that the headers name anyway, as configuration. */
function positionsOf(settings: DetectorSettings): Map<number, readonly [number, number]> {
  const { positions, ports } = makeLayout(settings);
  return new Map(
    ports.map(({ udpPort, expectedPosition }) => {
      const { row, column } = positions[expectedPosition] as { row: number; column: number };
      return [udpPort, [row, column] as const];
    }),
  );
}

/** Rows to read out that make at most `packetsMost` packets; null = all. */
function pickRows(random: Random, settings: DetectorSettings, packetsMost: number): number | null {
  const profile = profileOf(settings.detector, settings);
  if (profile.partialReadout === 'none') return null;
  const { wireBits } = profile.depths[settings.dynamicRange] as { wireBits: number };
  const all = profile.portImage.rows * (profile.partialReadout === 'centre_of_unit' ? profile.unitPorts.rows : 1);
  const possible: number[] = [];
  for (let rows = 1; rows <= all; rows++) {
    try {
      if (readOut(profile, wireBits, rows).expectedPackets <= packetsMost) possible.push(rows);
    } catch {
      // No whole number of packets.
    }
  }
  return possible.length === 0 ? null : random.pick(possible);
}

/** Bit depth and rows that later series may have instead. */
function drawOthers(random: Random, settings: DetectorSettings): DetectorSettings[] {
  const others: DetectorSettings[] = [];
  const depths = Object.keys(profileOf(settings.detector, settings).depths).map(Number);
  for (const dynamicRange of depths) {
    if (dynamicRange === settings.dynamicRange || random.chance(0.6)) continue;
    try {
      makeLayout(settings, { dynamicRange });
      others.push({ ...settings, dynamicRange });
    } catch {
      // These rows are no whole number of packets at this depth.
    }
  }
  const readNRows = pickRows(random, settings, 64);
  if (readNRows !== settings.readNRows) others.push({ ...settings, readNRows });
  return others;
}

/** Now and then the service is one of two to four that share the detector, and sees its frames only. */
function drawShare(random: Random, auto: boolean): FrameShare {
  if (auto || !random.chance(0.25)) return everyFrame;
  const stride = 2 + random.integer(3);
  return { stride, offset: random.pick([0, stride - 1, random.integer(stride)]) };
}

/** Draw a world. */
export function makeScenario(random: Random): Scenario {
  addSmallDetectors();
  const calm = random.chance(0.2);
  const detector = intern(drawSettings(random));
  const { expectedPackets } = makeLayout(detector);
  const ports = detector.udpPorts.length;
  const auto = random.chance(0.35);
  const share = drawShare(random, auto);
  const varied = !calm && !auto && detector.detector.startsWith('small_') && random.chance(0.25);
  const settings = [detector, ...(varied ? drawOthers(random, detector).map(intern) : [])];
  const overtakeFrames = calm ? 4 : random.pick([2, 3, 4]);
  const ring = calm ? 32 : Math.max(4, overtakeFrames + 1 + random.integer(10));
  const framePeriodMs = random.pick([1, 2, 3]);
  const lag = calm
    ? random.pick([0, 1])
    : random.pick([0, 0, 1, framePeriodMs * 2, framePeriodMs * ring * 0.5, framePeriodMs * ring * 1.2]);
  const config: ServiceConfig = {
    ...defaultConfig(),
    detector,
    share,
    dynamicRangeMax: Math.max(...settings.map(({ dynamicRange }) => dynamicRange)),
    series: auto ? 'auto' : 'armed',
    metadataDefaults: {},
    autoFilename: auto ? '/data/auto/{date}_{series}.h5' : null,
    frames: auto && random.chance(0.3) ? 1 + random.integer(12) : 0,
    incompleteFrames: random.pick(['mark', 'mark', 'discard'] as const),
    ring: { frames: ring },
    overtakeFrames,
    frameTimeoutMs: calm ? 12 : random.pick([3, 8, 20, 40]),
    drainMs: random.pick([1, 5, 20]),
    startWindowMs: calm ? 5 : random.pick([1, 4, 10]),
    maxOwedFrames: random.chance(0.6) ? random.pick([1, ring, 3 * ring]) : null,
    seriesIdleMs: random.pick(calm ? [80] : [40, 80]),
    seriesTimeoutMs: random.chance(0.1) ? random.pick([1, 6000]) : null,
    closingTimeoutMs: random.pick(calm ? [400] : [40, 150, 400]),
    enforceSource: random.chance(0.5),
    flightRecorderPackets: random.chance(0.15) ? 64 : 0,
  };
  return {
    config,
    auto,
    settings,
    calm,
    ring,
    framePeriodMs,
    framesMost: Math.max(6, Math.min(30, Math.floor(datagramsMost / ports / expectedPackets))),
    loss: random.pick([0, 0, 0.01, 0.05, calm ? 0.02 : 0.3]),
    burst: calm ? 0 : random.pick([0, 0, 0.005, 0.02]),
    duplicate: random.pick([0, 0.01, 0.1]),
    jitterMs: calm
      ? random.pick([0, framePeriodMs])
      : random.pick([0, 0, 0.5, framePeriodMs, framePeriodMs * 4, framePeriodMs * ring]),
    delay: calm ? 0 : random.pick([0, 0, 0.01, 0.05]),
    early: calm ? 0 : random.pick([0, 0, 0, 0.02]),
    lagMs: detector.udpPorts.map(() => random.next() * lag),
    corrupt: random.pick([0, 0, 0.005, calm ? 0.01 : 0.05]),
    garbage: calm ? 0 : random.pick([0, 0, 0.01, 0.05]),
    silentPort: calm ? 0 : random.pick([0, 0.3]),
    latePort: calm ? 0 : random.pick([0, 0.3]),
    misrouted: share.stride === 1 ? 0 : random.pick([0, 0.02, 0.2]),
    numberJump: calm ? 0 : random.pick([0, 0, 0.4]),
    oldPackets: calm ? 0 : random.pick([0, 0.3]),
    strangers: calm ? 0 : random.pick([0, 0, 0.01, 0.05]),
    socketPackets: calm ? 10_000 : random.pick([10_000, 10_000, 100, 20]),
    batch: random.pick(calm ? [8, 256] : [4, 30, 256]),
    dropsKnown: random.chance(0.9),
    stall: random.pick(calm ? [0, 0.005] : [0, 0.002, 0.01]),
    stallWithin: random.pick(calm ? [0, 0.005] : [0, 0.0005, 0.005]),
    stallMs: calm ? 16 : 60,
    turnChance: calm ? 1 : random.pick([0.3, 0.7, 1]),
    preempt: random.pick([0.05, 0.1, 0.3]),
    ...consumerWay(random.next(), calm),
    queueMessages: random.pick([1, 2, 8]),
    consumerMoods: calm ? 0 : random.pick([0, 0.002, 0.02]),
    consumerLeaves: calm ? 0 : random.pick([0, 0, 0.001, 0.004]),
    readsPerStep: calm ? 100 : random.pick([1, 4, 100]),
    operatorMoods: calm ? 0 : random.pick([0, 0, 0.003, 0.01]),
    looks: random.pick([0, 0, 0.01]),
    formSlots: 1,
    mask: null,
    slowSocket: -1,
    preview: null,
    death: calm || random.chance(0.7) ? 'none' : random.pick(['sigterm', 'sigterm', 'sigkill'] as const),
  };
}

/**
 * How messages reach the consumer, by one draw: in three of ten worlds through the real ZMTP sink, its buffer from some
 * bytes to some frames; in a calm one it never holds anything up.
 */
function consumerWay(draw: number, calm: boolean): Pick<Scenario, 'lateSink' | 'wire'> {
  const seed = Math.floor(draw * 2 ** 32);
  const capacities = [200, 3000, 20_000, 200_000] as const;
  const wire =
    draw < 0.7
      ? null
      : {
          seed,
          capacity: calm ? 2_000_000 : (capacities[seed % 4] as number),
          keptBytes: (seed >>> 2) % 2 === 0 ? 2000 : 100,
        };
  return { lateSink: draw < 0.4, wire };
}
