// Detectors and settings for the tests of both placements, with what is true of one of their ports written down by
// hand.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { gridSettings, quadSettings } from '../simulators/detector/settings-examples.js';
import type { WireFacts } from './wire-image.js';

export interface WireCase {
  readonly name: string;
  readonly settings: DetectorSettings;
  readonly port: number;
  readonly facts: WireFacts;
}

const ports = (count: number): number[] => Array.from({ length: count }, (_, index) => 50001 + index);

/** 4 and 12 bit Eiger: 10 GbE and 1 GbE packets, gaps on and off, a quad and two half-modules above each other. */
export const packedCases: readonly WireCase[] = [4, 12].flatMap((bits) =>
  [true, false].flatMap((tenGiga) =>
    [true, false].flatMap((gapPixels): WireCase[] => {
      const changes = { dynamicRange: bits, tenGiga, gapPixels };
      const facts = {
        detectorType: 1,
        rows: 256,
        columns: 512,
        bits,
        payloadBytes: tenGiga ? 4096 : 1024,
        gaps: gapPixels,
      };
      const quad = { ...facts, column: 0, frameRows: gapPixels ? 514 : 512, frameColumns: gapPixels ? 514 : 512 };
      const module = { ...facts, frameRows: gapPixels ? 514 : 512, frameColumns: gapPixels ? 1030 : 1024 };
      const name = `Eiger ${bits} bit, ${tenGiga ? 10 : 1} GbE, gaps ${gapPixels ? 'on' : 'off'}`;
      return [
        {
          name: `${name}, quad, lower half`,
          settings: quadSettings(changes),
          port: 0,
          facts: { ...quad, row: 1, flipped: false },
        },
        {
          name: `${name}, quad, upper half upside down`,
          settings: quadSettings(changes),
          port: 1,
          facts: { ...quad, row: 0, flipped: true },
        },
        {
          name: `${name}, right port of an upper half-module`,
          settings: gridSettings(2, 1, changes),
          port: 1,
          facts: { ...module, row: 0, column: 1, flipped: false },
        },
        {
          name: `${name}, left port of a lower half-module upside down`,
          settings: gridSettings(2, 1, changes),
          port: 2,
          facts: { ...module, row: 1, column: 0, flipped: true },
        },
        {
          name: `${name}, partial readout, flipped by configuration${bits === 4 ? ', low half first' : ''}`,
          settings: gridSettings(2, 1, {
            ...changes,
            readNRows: 48,
            lowNibbleFirst: bits === 4,
            flipRows: new Map([[50001, true]]),
          }),
          port: 0,
          facts: {
            ...module,
            row: 0,
            column: 0,
            flipped: true,
            lowNibbleFirst: bits === 4,
            packets: (48 * 512 * bits) / 8 / facts.payloadBytes,
          },
        },
      ];
    }),
  ),
);

const jungfrau = (interfaces: number, changes: Partial<DetectorSettings> = {}): DetectorSettings =>
  quadSettings({ detector: 'jungfrau', quad: false, interfaces, udpPorts: ports(interfaces), ...changes });
const jungfrauFacts = {
  detectorType: 3,
  columns: 1024,
  bits: 16,
  payloadBytes: 8192,
  column: 0,
  flipped: false,
  gaps: true,
  frameRows: 514,
  frameColumns: 1030,
};
const moench = (interfaces: number, readNRows: number | null = null): DetectorSettings =>
  quadSettings({ detector: 'moench', quad: false, interfaces, udpPorts: ports(interfaces), readNRows });
const moenchFacts = {
  detectorType: 5,
  columns: 400,
  bits: 16,
  payloadBytes: 6400,
  column: 0,
  flipped: false,
  gaps: false,
  frameRows: 400,
  frameColumns: 400,
};

function mythen3(bits: number, counters: number, tenGiga: boolean, payloadBytes: number, flat = false): WireCase {
  const [rows, columns] = flat ? [1, 1280 * counters] : [counters, 1280];
  return {
    name: `Mythen3 ${bits} bit, ${counters} counters${flat ? ' in one row' : ''}, ${tenGiga ? 10 : 1} GbE`,
    port: 1,
    settings: quadSettings({
      detector: 'mythen3',
      quad: false,
      modules: [1, 2],
      udpPorts: ports(2),
      dynamicRange: bits,
      counters,
      tenGiga,
      flat,
    }),
    facts: {
      detectorType: 6,
      rows,
      columns,
      bits,
      payloadBytes,
      row: 0,
      column: 1,
      flipped: false,
      gaps: false,
      frameRows: rows,
      frameColumns: 2 * columns,
    },
  };
}

/** The detectors whose pixels are placed as they come. */
export const plainCases: readonly WireCase[] = [
  { name: 'Jungfrau, one interface', settings: jungfrau(1), port: 0, facts: { ...jungfrauFacts, rows: 512, row: 0 } },
  {
    name: 'Jungfrau, one interface, rows around the centre',
    settings: jungfrau(1, { readNRows: 128 }),
    port: 0,
    facts: { ...jungfrauFacts, rows: 512, row: 0, firstPacket: 48, packets: 32 },
  },
  {
    name: 'Jungfrau, two interfaces, second port',
    settings: jungfrau(2),
    port: 1,
    facts: { ...jungfrauFacts, rows: 256, row: 1 },
  },
  {
    name: 'Jungfrau, two interfaces, rows around the centre, first port',
    settings: jungfrau(2, { readNRows: 256 }),
    port: 0,
    facts: { ...jungfrauFacts, rows: 256, row: 0, firstPacket: 32, packets: 32 },
  },
  {
    name: 'Jungfrau, two interfaces, rows around the centre, second port',
    settings: jungfrau(2, { readNRows: 256 }),
    port: 1,
    facts: { ...jungfrauFacts, rows: 256, row: 1, packets: 32 },
  },
  {
    name: 'Jungfrau, two interfaces, rows around the centre, a port placed by configuration whatever its header says',
    port: 1,
    settings: jungfrau(2, {
      readNRows: 320,
      portPositions: new Map([
        [50001, [1, 0]],
        [50002, [0, 0]],
      ]),
    }),
    facts: { ...jungfrauFacts, rows: 256, row: 0, headerRow: 1, firstPacket: 24, packets: 40 },
  },
  {
    name: 'Jungfrau, four modules of two interfaces',
    port: 7,
    settings: jungfrau(2, { modules: [2, 2], udpPorts: ports(8), readNRows: 64 }),
    facts: { ...jungfrauFacts, rows: 256, row: 3, column: 1, packets: 8, frameRows: 1064, frameColumns: 2068 },
  },
  { name: 'Moench, one interface', settings: moench(1), port: 0, facts: { ...moenchFacts, rows: 400, row: 0 } },
  {
    name: 'Moench, one interface, rows around the centre',
    settings: moench(1, 160),
    port: 0,
    facts: { ...moenchFacts, rows: 400, row: 0, firstPacket: 15, packets: 20 },
  },
  {
    name: 'Moench, two interfaces, rows around the centre, first port',
    settings: moench(2, 80),
    port: 0,
    facts: { ...moenchFacts, rows: 200, row: 0, firstPacket: 20, packets: 5 },
  },
  mythen3(8, 1, true, 1280),
  mythen3(16, 3, true, 7680),
  mythen3(32, 2, true, 5120),
  mythen3(32, 3, true, 7680),
  mythen3(32, 3, true, 7680, true),
  mythen3(32, 3, false, 768),
  mythen3(32, 2, false, 1280),
  {
    name: 'Gotthard2',
    port: 1,
    settings: quadSettings({ detector: 'gotthard2', quad: false, modules: [1, 2], udpPorts: ports(2) }),
    facts: {
      detectorType: 7,
      rows: 1,
      columns: 1280,
      bits: 16,
      payloadBytes: 2560,
      row: 0,
      column: 1,
      flipped: false,
      gaps: false,
      frameRows: 1,
      frameColumns: 2560,
    },
  },
];
