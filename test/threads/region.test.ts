// Tests src/control/sls/region.ts with a running service: the region of PSI's client (rx_roi) is what leaves of each
// frame. Every pixel is compared with the formula of docs/simulator.md, by where PSI says that a pixel of the region
// lies: nothing here is shared with the service or the simulator.

import t from 'tap';
import { i32, setupBytes } from '../control/sls/client.js';
import type { SetupFields } from '../control/sls/client.js';
import { eachMessage } from './each-message.js';
import { freeUdpPorts } from './free-ports.js';
import { acquire, told } from './told-by-client.js';
import type { Told } from './told-by-client.js';
import { until } from './waiting.js';

type Ends = readonly [xmin: number, xmax: number, ymin: number, ymax: number];
const whole: Ends = [-1, -1, -1, -1];

function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** What the simulated detector sends. */
function sent(frame: number, port: number, row: number, column: number, bits: number): number {
  const line = mix(mix(frame ^ mix(port + 1)) + Math.imul(row, 0x85ebca77));
  const x = line + Math.imul(column, 0x9e3779b1);
  return Math.imul(x ^ (x >>> 15), 0xc2b2ae3d) >>> (32 - bits);
}

/** Port, row and column within what it sends of a pixel of PSI's region. */
type Place = readonly [port: number, row: number, column: number];

interface Detector {
  readonly what: string;
  readonly modules: number;
  readonly ports: 1 | 2;
  readonly fields: SetupFields;
  /** Ends of the region. */
  readonly ends: Ends;
  /** What leaves, and the bits of its pixels. */
  readonly shape: readonly [rows: number, columns: number];
  readonly bits: 16 | 24 | 14;
  /** PSI's coordinates of a pixel of what leaves; null = a gap. */
  readonly seen: (y: number, x: number) => readonly [y: number, x: number] | null;
  readonly place: (y: number, x: number) => Place;
}

/** Without the two gap pixels between chips of 256; −1 = in a gap. */
const chips = (at: number): number => (at % 258 >= 256 ? -1 : at - 2 * Math.floor(at / 258));
const chipped = (top: number, left: number) => (y: number, x: number) => {
  const [row, column] = [chips(y + top), chips(x + left)];
  return row < 0 || column < 0 ? null : ([row, column] as const);
};

const detectors: readonly Detector[] = [
  {
    what: 'Eiger half-modules, across all their gaps, the lower one upside down',
    modules: 2,
    ports: 2,
    fields: { x: 1, y: 2 },
    ends: [200, 800, 100, 300],
    shape: [203, 607],
    bits: 16,
    seen: chipped(100, 200),
    place: (y, x) => [2 * Math.floor(y / 256) + Math.floor(x / 512), y < 256 ? y : 511 - y, x % 512],
  },
  {
    what: 'the right port of an Eiger quad, which lies upside down above the left one',
    modules: 1,
    ports: 2,
    fields: { y: 1, quad: 1, rows: 0 },
    ends: [512 + 250, 512 + 260, 3, 50],
    shape: [48, 13],
    bits: 16,
    // Its row 50 leaves first.
    seen: (y, x) => (chips(x + 250) < 0 ? null : [50 - y, 512 + chips(x + 250)]),
    place: (y, x) => [1, y, x - 512],
  },
  {
    what: 'Jungfrau modules with two interfaces',
    modules: 2,
    ports: 2,
    fields: { type: 3, x: 1, y: 2, interfaces: 2, activate: 0, tenGiga: 0, address2: '127.0.0.1', rows: 512 },
    ends: [100, 600, 200, 700],
    // (36 pixels between modules)
    shape: [501 + 2 + 36, 505],
    bits: 16,
    seen: (y, x) => {
      const frame = y + 200;
      const row = frame < 514 ? chips(frame) : frame < 550 ? -1 : 512 + chips(frame - 550);
      return row < 0 || chips(x + 100) < 0 ? null : [row, chips(x + 100)];
    },
    place: (y, x) => [Math.floor(y / 256), y % 256, x],
  },
  {
    what: 'a Moench',
    modules: 1,
    ports: 1,
    fields: { type: 5, x: 1, y: 1, interfaces: 1, activate: 0, tenGiga: 0, rows: 400 },
    ends: [1, 398, 7, 9],
    shape: [3, 398],
    bits: 16,
    seen: (y, x) => [y + 7, x + 1],
    place: (y, x) => [0, y, x],
  },
  {
    what: 'the second and third counter of the second module of a Mythen3',
    modules: 2,
    ports: 1,
    fields: { type: 6, x: 2, y: 1, interfaces: 1, activate: 0, depth: 32, counterMask: 7, rows: 0 },
    ends: [3840 + 1280, 7679, -1, -1],
    shape: [2, 1280],
    bits: 24,
    seen: (y, x) => [0, 3840 + 1280 * (1 + y) + x],
    // What it sends has a row for each counter.
    place: (_, x) => [Math.floor(x / 3840), Math.floor((x % 3840) / 1280), x % 1280],
  },
  {
    what: 'both modules of a Gotthard2',
    modules: 2,
    ports: 1,
    fields: { type: 7, x: 2, y: 1, interfaces: 1, activate: 0, tenGiga: 0, rows: 0 },
    ends: [1000, 1500, 0, 0],
    shape: [1, 501],
    bits: 14,
    seen: (y, x) => [y, x + 1000],
    place: (_, x) => [Math.floor(x / 1280), 0, x % 1280],
  },
];

function wrongPixels({ parts, frame }: Image, { shape: [rows, columns], bits, seen, place }: Detector): number {
  const bytes = parts[0].slice();
  const pixels = bits === 24 ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  let wrong = Math.abs(pixels.length - rows * columns);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const at = seen(y, x);
      const value = at === null ? 0 : sent(frame, ...place(...at), bits);
      if (pixels[y * columns + x] !== value) wrong++;
    }
  return wrong;
}

interface Image {
  readonly parts: readonly Uint8Array[];
  /** The detector's number. */
  readonly frame: number;
  readonly shape: unknown;
}

/** As the client says it since release 10: to each module for its ports, then to the first one for the detector. */
async function setRegion({ done }: Told, { modules, ports, ends }: Pick<Detector, 'modules' | 'ports' | 'ends'>) {
  const ofPorts = Array.from({ length: ports }, () => ends).flat();
  for (let module = 0; module < modules; module++)
    await done(module, 'F_RECEIVER_SET_RECEIVER_ROI', i32(ports, ...ofPorts));
  await done(0, 'F_RECEIVER_SET_RECEIVER_ROI_METADATA', i32(1, ...ends));
}

for (const detector of detectors)
  t.test(`the region of the client is what leaves, every pixel of it: ${detector.what}`, async (t) => {
    const { modules, ports, fields, shape } = detector;
    const anyPorts = new Array(modules).fill(0).join(', ');
    const one = await told(t, `receiver_ports: [${anyPorts}]\n  receiver_threads: 1\n  encoder_threads: 1`);
    const { service } = one.running;
    const udpPorts = await freeUdpPorts(2 * modules);
    for (let index = 0; index < modules; index++) {
      const [first = 0, second = 0] = udpPorts.slice(2 * index);
      const bytes = setupBytes({ ...fields, index, ports: [first, second], frames: 3n });
      await one.done(index, 'F_SETUP_RECEIVER', bytes);
    }
    await until(one.ready, 'the data plane');
    const images: Image[] = [];
    let ends = 0;
    eachMessage(t, service.dataEndpoint, (message) => {
      const { htype, fields, parts } = message;
      if (htype === 'image') images.push({ parts, frame: Number(fields['frame_number']), shape: fields['shape'] });
      else if (htype === 'series_end') ends++;
    });
    await until(() => one.running.status().consumers === 1, 'the consumer');
    await setRegion(one, detector);
    const all = Array.from({ length: modules }, (_, index) => index);
    await acquire(one, all, 3);
    await until(() => ends === 1, 'the end of the series');
    t.equal(images.length, 3);
    for (const image of images) t.equal(wrongPixels(image, detector), 0, `frame ${image.frame}: every pixel is right`);
    t.strictSame(images[0]?.shape, shape);

    // Without the region all of it leaves again; how that is seen does not go by the detector.
    if (detector !== detectors[0]) return;
    await setRegion(one, { modules, ports, ends: whole });
    await acquire(one, all, 3);
    await until(() => ends === 2, 'the end of the second series');
    t.equal(images.length, 6);
    t.equal(service.view.config.roi, null);
    const uncut = { ...detector, shape: [514, 1030], seen: chipped(0, 0) } as const;
    for (const image of images.slice(3)) t.equal(wrongPixels(image, uncut), 0, `frame ${image.frame}, whole`);
    t.strictSame(images[5]?.shape, uncut.shape);
  });
