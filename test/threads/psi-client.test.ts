// Tests src/control/sls/ and src/service/receivers.ts with PSI's own programs: its client drives the service and its
// virtual detectors. What these send is known: the pixels of captured frames
// (test/pipeline/captured-detectors.test.ts).

import t from 'tap';
import type { Test } from 'tap';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { callBytes, callOver, i32 } from '../control/sls/client.js';
import { psiTools } from '../programs.js';
import { eachMessage } from './each-message.js';
import { freeUdpPorts } from './free-ports.js';
import { PsiClient, virtualDetector } from './psi.js';
import { parseConfig } from '../../src/config/load.js';
import { makeLogger } from '../../src/runtime/log.js';
import { startService } from '../../src/service/service.js';
import { until } from './waiting.js';

/** Expected pixel at frame coordinates; null = a gap. */
type Pixel = (y: number, x: number, frame: number) => number | null;

/** Coordinates without the two gap pixels between chips of 256; −1 = a gap. */
const ungapped = (at: number): number => (at % 258 >= 256 ? -1 : at - 2 * Math.floor(at / 258));
const over =
  (value: (y: number, x: number) => number): Pixel =>
  (y, x) =>
    ungapped(y) < 0 || ungapped(x) < 0 ? null : value(ungapped(y), ungapped(x));

/** At 4 bit: the virtual detector writes bytes, of which two pixels are made. */
const halvesAt4 = (): Pixel => {
  const value = halves(4);
  return (y, x, frame) => {
    const raster = value(y, x, frame);
    return raster === null ? null : raster & 14;
  };
};

/** At 12 bit pixels are counted, and the count begins again. */
const halvesAt12: Pixel = over((y, x) => (y < 256 ? y * 1024 + x : (511 - y) * 1024 + ((x + 512) % 1024)) & 4095);

/** Two half-modules; the pixels of a packet are its number in the half-module. The lower one is upside down. */
const halves = (bits: number, payload = 4096): Pixel => {
  const raster = (y: number, x: number): number => Math.floor((y * 1024 + x) / (payload / (bits / 8)));
  return over((y, x) => (y < 256 ? raster(y, x) : raster(511 - y, (x + 512) % 1024)));
};

/** Rows that are not read out have the missing value; `isRead` is asked with rows of the frame without gaps. */
const rowsOf =
  (value: Pixel, isRead: (row: number) => boolean): Pixel =>
  (y, x, frame) => {
    const seen = value(y, x, frame);
    return seen === null || isRead(y < 256 ? y : y - 2) ? seen : 65535;
  };
const firstRows = (rows: number) => (row: number) => (row < 256 ? row : 511 - row) < rows;
const middleRows = (rows: number, all: number) => (row: number) => Math.abs(row - (all - 1) / 2) < rows / 2;

const jungfrau: Pixel = over(
  (y, x) => ((((y * 1024 + x) >> 12) + 1) & 0x3fff) | ((x < 300 ? 0 : x < 600 ? 1 : 3) << 14),
);

const moench: Pixel = (y, x) => Math.floor((y * 400 + x) / 3200) + 1;

const mythen3: Pixel = (y, x) => y * 1280 + x;

const quad: Pixel = over((y, x) => (y < 256 ? (255 - y) * 1024 + 512 + x : (y - 256) * 1024 + x) >> 11);

/** Gotthard2's virtual server adds the frame's index and moves the gain bits on before each frame, cumulatively. */
function gotthard2(x: number, frame: number): number {
  const gain = x < 400 ? 1 : x < 800 ? 2 : 3;
  let value = ((x & ~0x3000) | (gain << 12)) & 0xffff;
  for (let k = 0; k <= frame; k++) value = (((value + k) & ~0x3000) | ((gain + k) << 12)) & 0xffff;
  return value;
}

/** One acquisition: what is set before it, and what comes. */
interface Acquisition {
  readonly set?: readonly string[];
  /** As many frames as `frames` says. */
  readonly triggers?: number;
  readonly type: 'uint8' | 'uint16' | 'uint32';
  readonly value: Pixel;
  /** What leaves of the frame, where `set` has a region. */
  readonly cut?: readonly [row: number, column: number, rows: number, columns: number];
}

interface Detector {
  readonly what: string;
  readonly type: string;
  /** Options of the virtual servers. */
  readonly modules: readonly (readonly string[])[];
  /** What a configuration would state. */
  readonly stated: string;
  /** UDP ports of a module. */
  readonly ports: 1 | 2;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly shape: readonly [number, number];
  readonly acquisitions: readonly Acquisition[];
}

const sixteen = { type: 'uint16' } as const;
const detectors: readonly Detector[] = [
  {
    what: 'two Eiger half-modules, at each bit depth, with 10 and 1 GbE, with two triggers',
    type: 'eiger',
    modules: [
      ['-m', '1', '-t', '1'],
      ['-m', '0', '-t', '0'],
    ],
    stated: 'detector: eiger\nmodules: [2, 1]\ndynamic_range_max: 32',
    ports: 2,
    after: ['1:fliprows 1', 'tengiga 1', 'dr 16'],
    shape: [514, 1030],
    acquisitions: [
      { ...sixteen, value: halves(16) },
      { set: ['dr 32'], type: 'uint32', value: halves(32) },
      { set: ['dr 8'], type: 'uint8', value: halves(8) },
      { set: ['dr 4'], type: 'uint8', value: halvesAt4() },
      { set: ['dr 12'], ...sixteen, value: halvesAt12 },
      { set: ['tengiga 0', 'dr 16'], ...sixteen, value: halves(16, 1024) },
      { set: ['tengiga 1', 'dr 16', 'triggers 2'], ...sixteen, triggers: 2, value: halves(16) },
      { set: ['triggers 1'], ...sixteen, value: halves(16) },
      { set: ['readnrows 128'], ...sixteen, value: rowsOf(halves(16), firstRows(128)) },
      { set: ['readnrows 256'], ...sixteen, value: halves(16) },
      { set: ['rx_roi 200 800 100 300'], ...sixteen, value: halves(16), cut: [100, 200, 203, 607] },
      { set: ['dr 8'], type: 'uint8', value: halves(8), cut: [100, 200, 203, 607] },
      { set: ['rx_clearroi', 'dr 16'], ...sixteen, value: halves(16) },
    ],
  },
  {
    what: 'an Eiger quad',
    type: 'eiger',
    modules: [['-m', '1', '-t', '1']],
    stated: 'detector: eiger\nquad: true',
    ports: 2,
    before: ['tengiga 1', 'dr 16'],
    after: ['quad 1'],
    shape: [514, 514],
    acquisitions: [
      { ...sixteen, value: quad },
      { set: ['rx_roi 762 772 3 50'], ...sixteen, value: quad, cut: [205, 250, 48, 13] },
    ],
  },
  {
    what: 'a Jungfrau with one interface',
    type: 'jungfrau',
    modules: [[]],
    stated: 'detector: jungfrau',
    ports: 1,
    before: ['powerchip 1'],
    shape: [514, 1030],
    acquisitions: [
      { ...sixteen, value: jungfrau },
      { set: ['triggers 2'], ...sixteen, triggers: 2, value: jungfrau },
      { set: ['triggers 1', 'readnrows 128'], ...sixteen, value: rowsOf(jungfrau, middleRows(128, 512)) },
      { set: ['readnrows 512', 'rx_roi 100 600 200 300'], ...sixteen, value: jungfrau, cut: [200, 100, 103, 505] },
    ],
  },
  {
    what: 'a Jungfrau with two interfaces',
    type: 'jungfrau',
    modules: [[]],
    stated: 'detector: jungfrau\ninterfaces: 2',
    ports: 2,
    before: ['powerchip 1', 'udp_dstip2 127.0.0.1', 'udp_srcip2 127.0.0.1', 'numinterfaces 2'],
    shape: [514, 1030],
    acquisitions: [
      { ...sixteen, value: jungfrau },
      { set: ['triggers 2'], ...sixteen, triggers: 2, value: jungfrau },
      { set: ['triggers 1', 'readnrows 128'], ...sixteen, value: rowsOf(jungfrau, middleRows(128, 512)) },
      { set: ['readnrows 512', 'rx_roi 100 600 200 300'], ...sixteen, value: jungfrau, cut: [200, 100, 103, 505] },
    ],
  },
  {
    what: 'a Moench',
    type: 'moench',
    modules: [[]],
    stated: 'detector: moench',
    ports: 1,
    before: ['powerchip 1'],
    shape: [400, 400],
    acquisitions: [
      { ...sixteen, value: moench },
      { set: ['triggers 2'], ...sixteen, triggers: 2, value: moench },
      {
        set: ['triggers 1', 'readnrows 160'],
        ...sixteen,
        value: (y, x, frame) => (middleRows(160, 400)(y) ? moench(y, x, frame) : 65535),
      },
      { set: ['readnrows 400', 'rx_roi 1 398 7 9'], ...sixteen, value: moench, cut: [7, 1, 3, 398] },
    ],
  },
  {
    what: 'a Mythen3',
    type: 'mythen3',
    modules: [['-m', '1']],
    stated: 'detector: mythen3\ncounters: 3\ndynamic_range: 32',
    ports: 1,
    shape: [3, 1280],
    acquisitions: [
      { type: 'uint32', value: mythen3 },
      { set: ['dr 16'], type: 'uint16', value: mythen3 },
      { set: ['dr 8'], type: 'uint8', value: (y, x, frame) => (mythen3(y, x, frame) as number) & 255 },
      { set: ['dr 32', 'triggers 2'], type: 'uint32', triggers: 2, value: mythen3 },
      { set: ['triggers 1', 'rx_roi 1280 3839'], type: 'uint32', value: mythen3, cut: [1, 0, 2, 1280] },
    ],
  },
  {
    what: 'a Gotthard2',
    type: 'gotthard2',
    modules: [['-m', '1']],
    stated: 'detector: gotthard2',
    ports: 1,
    shape: [1, 1280],
    acquisitions: [
      { ...sixteen, value: (_, x, frame) => gotthard2(x, frame) },
      { set: ['rx_roi 700 899'], ...sixteen, value: (_, x, frame) => gotthard2(x, frame), cut: [0, 700, 1, 200] },
    ],
  },
];

const frames = 5;

/** An older client is another set-up and other calls: one detector shows it. */
const [first] = detectors as [Detector];
const tries = [
  ...detectors.map((detector) => ({ ...detector, release: '10.0.1', how: 'one line of configuration', keys: '' })),
  { ...first, release: '10.0.1', how: 'a detector that is stated', keys: `${first.stated}\nseries: armed` },
  { ...first, release: '9.2.1', how: 'one line of configuration', keys: 'receiver_release: 9' },
];

for (const { release, what, how, keys, type, modules, ports, before = [], after = [], shape, acquisitions } of tries) {
  const tools = psiTools(release);
  const skip = typeof tools === 'string' ? tools : false;
  t.test(`PSI's client ${release} sets up and acquires: ${what}; ${how}`, { skip, timeout: 180_000 }, async (t) => {
    if (typeof tools === 'string') return;
    const hostname = await virtualDetector(t, tools, type, modules);
    const udpPorts = await freeUdpPorts(modules.length * ports);
    const receivers = `[${modules.map(() => '0').join(', ')}]`;
    const stated = keys.includes('detector') ? `${keys}\nudp_ports: [${udpPorts.join(', ')}]` : keys;
    const lines = `receiver_ports: ${receivers}\ndata_port: 0\napi_port: 0\nring_frames: 100\n${stated}`
      .trim()
      .split('\n');
    const text = `det:\n${lines.map((line) => `  ${line}\n`).join('')}`;
    const service = await startService(parseConfig(text, 'test.yaml', 'det'), {
      logger: makeLogger('error', 'det', { write: () => undefined }),
    });
    t.teardown(() => service.stop('the test is over'));
    const { receiverPorts, view } = service;
    if (stated === keys) t.match(view.readiness(), { ready: false, reasons: [/^waiting for the client to set up/] });
    const client = new PsiClient(t, tools);
    await client.config([
      `hostname ${hostname}`,
      ...modules.flatMap((_, module) =>
        udpPorts
          .slice(module * ports, (module + 1) * ports)
          .map((port, index) => `${module}:udp_dstport${index === 0 ? '' : '2'} ${port}`),
      ),
      'udp_dstip 127.0.0.1',
      'udp_srcip 127.0.0.1',
      ...before,
      `rx_hostname ${receiverPorts.map((port) => `127.0.0.1:${port}`).join('+')}${modules.length > 1 ? '+' : ''}`,
      ...after,
      'fpath /data/x',
      'fwrite 1',
      `frames ${frames}`,
      'exptime 0.001',
      'period 0.05',
    ]);
    await until(() => view.plane !== null, 'the data plane');
    await t.rejects(client.run('d.acquire()'), { message: /no consumer is connected/ }, 'the user sees why');
    const messages: StreamMessage[] = [];
    eachMessage(t, service.dataEndpoint, (message) => messages.push(message));
    await until(() => view.status().consumers > 0, 'the consumer');
    // What the file states of the detector, the client may not change.
    const allowed = acquisitions.filter(
      ({ set = [], cut }) => stated === keys || !(set.includes('tengiga 0') || cut !== undefined),
    );
    let lastNumber: number | null = null;
    for (const [index, { set = [], triggers = 1, type: pixelType, value, cut }] of allowed.entries()) {
      messages.length = 0;
      const wanted = frames * triggers;
      const got = await client.run(
        [
          ...set.map((line) => `d.parameters = [${JSON.stringify(line)}]`),
          'd.acquire()',
          'result = [str(d.rx_status), d.rx_framescaught, d.rx_missingpackets]',
        ].join('\n'),
      );
      t.comment(JSON.stringify(got));
      t.equal((got as unknown[])[0], 'runStatus.IDLE');
      // One row for all modules where they agree, one for each otherwise.
      const ofPorts = (index: number): unknown[] => [...new Set([(got as unknown[])[index]].flat(3))];
      t.strictSame(ofPorts(1), [wanted], 'frames caught, by each port');
      t.strictSame(ofPorts(2), [0], 'missing packets');
      t.match(view.history()[0], {
        filename: `/data/x/run_${index}.h5`,
        frames: wanted,
        complete: wanted,
        warnings: [],
      });
      await until(() => messages.at(-1)?.htype === 'series_end', 'the end of the series');
      const images = messages.filter(({ htype }) => htype === 'image');
      t.equal(images.length, wanted);
      everyPixel(t, images, pixelType, cut ?? [0, 0, ...shape], value);
      t.match(messages[0], { htype: 'header' });
      for (const { msgNumber } of messages) {
        if (lastNumber !== null && msgNumber !== lastNumber + 1) t.fail(`message ${msgNumber} behind ${lastNumber}`);
        lastNumber = msgNumber;
      }
    }

    let cleared = false;
    // What no frame can leave as is refused, and the next acquisition with it, until the user has cleared it.
    if (stated === keys && release === '10.0.1' && type === 'eiger' && modules.length > 1) {
      const say = (line: string): Promise<unknown> => client.run(`d.parameters = [${JSON.stringify(line)}]`);
      // (The Python of this release cannot show a region.)
      const told = (): Promise<Buffer> => callOver(receiverPorts[0] ?? 0, callBytes('F_RECEIVER_GET_ROI_METADATA'));
      await say('rx_roi 200 800 100 300');
      t.strictSame(await told(), i32(1, 200, 800, 100, 300), 'told back');
      await t.rejects(say('rx_roi [0,9,0,9] [600,700,300,310]'), { message: /2 regions, but a frame leaves as one/ });
      await t.rejects(client.run('d.acquire()'), { message: /Say rx_roi once more; rx_clearroi takes the whole/ });
      await say('rx_clearroi');
      t.strictSame(await told(), i32(1, -1, -1, -1, -1));
      cleared = true;
    }

    // The user stops the detector in the middle of an acquisition, from elsewhere.
    messages.length = 0;
    const stopped = await client.run(
      [
        'import time',
        'd.frames = 1000',
        'd.startReceiver()',
        'd.startDetector()',
        'time.sleep(1)',
        'd.stop()',
        'd.stopReceiver()',
        'result = [str(d.rx_status), d.rx_framescaught, d.rx_missingpackets]',
      ].join('\n'),
    );
    const [summary] = view.history();
    await until(() => messages.at(-1)?.htype === 'series_end', 'its end');
    const images = messages.filter(({ htype }) => htype === 'image');
    t.equal(images.length, summary.frames);
    const { type: pixelType, cut, value } = allowed.at(-1) as Acquisition;
    // (Virtual detectors stop one after the other: the last frames are of one module only.)
    const whole = images.filter(({ fields }) => fields['complete'] === true);
    t.ok(whole.length > images.length / 2, `${whole.length} of ${images.length} complete`);
    everyPixel(t, whole, pixelType, cleared || cut === undefined ? [0, 0, ...shape] : cut, value);
    t.ok(summary.frames > 0 && summary.frames < 1000, `stopped after ${summary.frames} frames`);
    t.notOk('aborted' in summary, 'what was asked for by the user is no failure');
    t.comment(JSON.stringify(stopped));
    t.equal((stopped as unknown[])[0], 'runStatus.IDLE');
    t.ok(
      [(stopped as unknown[])[2]].flat(3).every((missing) => (missing as number) >= 0),
      'never negative',
    );
  });
}

function everyPixel(
  t: Test,
  images: readonly StreamMessage[],
  type: Acquisition['type'],
  cut: readonly [number, number, number, number],
  value: Pixel,
): void {
  for (const [frame, { parts }] of images.entries())
    t.equal(wrongPixels(parts[0], type, cut, value, frame), 0, `frame ${frame}: every pixel is right`);
}

function wrongPixels(
  bytes: Uint8Array,
  type: 'uint8' | 'uint16' | 'uint32',
  [row, column, rows, columns]: readonly [number, number, number, number],
  value: Pixel,
  frame: number,
): number {
  const copy = bytes.slice();
  const pixels =
    type === 'uint8' ? copy : type === 'uint16' ? new Uint16Array(copy.buffer) : new Uint32Array(copy.buffer);
  let wrong = Math.abs(pixels.length - rows * columns);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) if (pixels[y * columns + x] !== (value(row + y, column + x, frame) ?? 0)) wrong++;
  return wrong;
}
