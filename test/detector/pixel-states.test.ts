// Compared with the geometry of the checking side, which is worked out on its own (simulators/detector/layout.ts).

import t from 'tap';
import { Random } from '../../src/base/random.js';
import { makeLayout } from '../../src/detector/layout.js';
import { PixelStates, pixelState } from '../../src/detector/pixel-states.js';
import type { FramePlaces } from '../../src/detector/pixel-states.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { frameLayout } from '../../simulators/detector/layout.js';
import { wireFormat } from '../../simulators/detector/packet.js';
import { config } from '../view/hand-made-view.js';

const quad: DetectorSettings = { ...config.detector, flipRows: new Map(), portPositions: new Map() };
const module: DetectorSettings = { ...quad, quad: false, modules: [2, 1], udpPorts: [1, 2, 3, 4] };

/** Where every port of these settings lies, by the packet headers' own word. */
function placesOf(settings: DetectorSettings): FramePlaces {
  const layout = makeLayout(settings);
  const on = layout.ports.filter(({ off }) => !off);
  return {
    dynamicRange: settings.dynamicRange,
    readNRows: settings.readNRows,
    positions: Object.fromEntries(on.map(({ udpPort, expectedPosition }) => [udpPort, expectedPosition])),
  };
}

type Ranges = Record<string, [number, number][]>;

/** The same pixel by pixel. */
function expected(settings: DetectorSettings, missing: Ranges): Uint8Array {
  const layout = frameLayout(settings);
  const { columns, rows, wireBits, payloadBytes, packetsSent } = wireFormat(settings);
  const states = new Uint8Array(layout.rows * layout.columns).fill(pixelState.gap);
  for (const { udpPort, off, firstPacket, y, pieces } of layout.ports) {
    const of = (packet: number): number => {
      if (off || packet < firstPacket || packet >= firstPacket + packetsSent) return pixelState.unread;
      const lost = (missing[udpPort] ?? []).some(([first, last]) => packet >= first && packet <= last);
      return lost ? pixelState.missing : pixelState.value;
    };
    for (let row = 0; row < rows; row++)
      for (const { column, x, length } of pieces)
        for (let at = 0; at < length; at++) {
          const bit = (row * columns + column + at) * wireBits;
          const packets = [bit, bit + wireBits - 1].map((end) => Math.floor(end / (payloadBytes * 8)));
          states[y[row] * layout.columns + x + at] = Math.max(...packets.map(of));
        }
  }
  return states;
}

const sameStates = (seen: Uint8Array, wanted: Uint8Array): number =>
  seen.length === wanted.length ? seen.findIndex((state, pixel) => state !== wanted[pixel]) : -2;

t.test('missing packets are missing pixels, in every layout, and nothing else is', async (t) => {
  const random = new Random(5);
  const cases: Record<string, DetectorSettings> = {
    quad,
    'quad, 12 bit': { ...quad, dynamicRange: 12 },
    'quad, 4 bit': { ...quad, dynamicRange: 4 },
    'quad, 32 bit, 1 GbE': { ...quad, dynamicRange: 32, tenGiga: false },
    'a port off, another upside down': {
      ...module,
      portsOff: [2],
      flipRows: new Map([
        [3, false],
        [4, true],
      ]),
    },
    'rows, 12 bit, 1 GbE': { ...module, dynamicRange: 12, tenGiga: false, readNRows: 64 },
    'no gaps': { ...module, gapPixels: false },
    'rows around the centre': {
      ...quad,
      detector: 'jungfrau',
      quad: false,
      interfaces: 2,
      readNRows: 64,
      udpPorts: [1, 2],
    },
  };
  for (const [name, settings] of Object.entries(cases)) {
    const states = new PixelStates(settings);
    const { packetsSent } = wireFormat(settings);
    const firsts = new Map(frameLayout(settings).ports.map(({ udpPort, firstPacket }) => [udpPort, firstPacket]));
    const whole = states.of(placesOf(settings), {});
    t.equal(sameStates(whole.states, expected(settings, {})), -1, `${name}: complete`);
    t.equal(whole.saturation, 2 ** settings.dynamicRange - 1);
    for (let run = 0; run < 4; run++) {
      const missing: Ranges = {};
      for (const port of settings.udpPorts.filter((udpPort) => !settings.portsOff.includes(udpPort))) {
        const first = random.integer(packetsSent);
        const from = (firsts.get(port) ?? 0) + first;
        if (random.chance(0.7)) missing[port] = [[from, from + random.integer(packetsSent - first)]];
      }
      t.equal(
        sameStates(states.of(placesOf(settings), missing).states, expected(settings, missing)),
        -1,
        `${name}: ${JSON.stringify(missing)}`,
      );
    }
    t.equal(
      sameStates(states.of(placesOf(settings), {}).states, expected(settings, {})),
      -1,
      `${name}: complete again`,
    );
  }
});

t.test('a port lies where its packets say, not where it was expected', async (t) => {
  const swapped = { ...placesOf(quad), positions: { 50001: 0, 50002: 1 } };
  const told = {
    ...quad,
    portPositions: new Map<number, [number, number]>([
      [50001, [0, 0]],
      [50002, [1, 0]],
    ]),
  };
  const missing: Ranges = { 50001: [[0, 3]] };
  t.not(JSON.stringify(placesOf(quad).positions), JSON.stringify(swapped.positions), 'another place than expected');
  t.equal(sameStates(new PixelStates(quad).of(swapped, missing).states, expected(told, missing)), -1);
});

t.test('the place that no port has taken is missing, wherever the port was expected', async (t) => {
  // Port 50002 sends where 50001 was expected; of 50001 nothing ever came.
  const { positions } = placesOf(quad);
  const places = { ...placesOf(quad), positions: { 50002: positions['50001'] } };
  const missing: Ranges = { 50001: [[0, 63]] };
  const { states } = new PixelStates(quad).of(places, missing);
  const other = { ...quad, udpPorts: [50002, 50001] };
  t.equal(sameStates(states, expected(other, missing)), -1);
});

t.test('a series may have other settings than the configuration', async (t) => {
  const { states, saturation } = new PixelStates(quad).of({ ...placesOf(quad), dynamicRange: 8, readNRows: 64 }, {});
  t.equal(saturation, 255);
  t.equal(sameStates(states, expected({ ...quad, dynamicRange: 8, readNRows: 64 }, {})), -1);
  t.ok(states.includes(pixelState.unread));
});
