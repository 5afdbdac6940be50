import t from 'tap';
import type { DetectorSettings } from '../../../src/detector/settings.js';
import { SimulatedDetector } from '../../../simulators/detector/detector.js';
import { noFaults } from '../../../simulators/detector/faults.js';
import { pixelValue } from '../../../simulators/detector/pattern.js';
import { toRanges } from '../../../simulators/detector/truth.js';
import { FrameVerifier } from '../../../simulators/consumer/verify.js';
import type { FrameVerdict } from '../../../simulators/consumer/verify.js';
import { gridSettings, quadSettings } from '../detector/settings-examples.js';

const width = 514;

/** The mapping of MAX IV's present quad (514 × 514), written out: A is the first port, B the second. */
function quadFrame(frameNumber: number, row: (r: number) => number = (r) => 255 - r): Uint16Array {
  const frame = new Uint16Array(width * width);
  const g = (c: number): number => (c < 256 ? c : c + 2);
  for (let r = 0; r < 256; r++) {
    for (let c = 0; c < 512; c++) {
      frame[row(r) * width + g(c)] = pixelValue(frameNumber, 1, r, c, 16);
      frame[(258 + r) * width + g(c)] = pixelValue(frameNumber, 0, r, c, 16);
    }
  }
  return frame;
}

function bytesOf(pixels: Uint8Array | Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
}

function fields(frameNumber: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { shape: [width, width], type: 'uint16', compression: 'none', frame_number: frameNumber, ...more };
}

const verifier = new FrameVerifier(quadSettings());

function verdict(result: FrameVerdict | string): FrameVerdict {
  if (typeof result === 'string') throw new Error(result);
  return result;
}

t.test('a quad laid out as at MAX IV is right in every pixel', async (t) => {
  t.same(verifier.verify(fields(77), bytesOf(quadFrame(77))), {
    checked: width * width,
    wrong: 0,
    missing: 0,
    firstWrong: null,
  });
});

t.test('a quad whose upper half is not flipped is wrong', async (t) => {
  const result = verdict(verifier.verify(fields(77), bytesOf(quadFrame(77, (r) => r))));
  t.ok(result.wrong > 0.99 * 256 * 512);
  t.match(result.firstWrong, {
    frameNumber: 77,
    y: 255,
    x: 0,
    seen: pixelValue(77, 1, 255, 0, 16),
    expected: pixelValue(77, 1, 0, 0, 16),
  });
});

t.test('a stale frame, and one stale packet, are wrong', async (t) => {
  t.ok(verdict(verifier.verify(fields(78), bytesOf(quadFrame(77)))).wrong > 0.99 * 2 * 256 * 512);
  const frame = quadFrame(78);
  frame.set(quadFrame(77).subarray(300 * width, 301 * width), 300 * width);
  const result = verdict(verifier.verify(fields(78), bytesOf(frame)));
  t.ok(result.wrong > 500 && result.wrong <= 512);
  t.equal(result.firstWrong?.y, 300);
});

t.test('one wrong pixel and one wrong gap pixel are found', async (t) => {
  const frame = quadFrame(5);
  frame[400 * width + 300] = frame[400 * width + 300] ^ 1;
  t.match(verifier.verify(fields(5), bytesOf(frame)), { wrong: 1, firstWrong: { y: 400, x: 300 } });
  const gap = quadFrame(5);
  gap[256 * width + 3] = 1;
  t.match(verifier.verify(fields(5), bytesOf(gap)), { wrong: 1, firstWrong: { y: 256, x: 3, seen: 1, expected: 0 } });
});

t.test('missing pixels are exactly those of the packets that the message names', async (t) => {
  const frame = quadFrame(9);
  // Packet 2 of port 50002 holds its rows 8 to 11, stored upside down in rows 247 to 244.
  for (let y = 244; y <= 247; y++) {
    frame.fill(0xffff, y * width, y * width + 256);
    frame.fill(0xffff, y * width + 258, (y + 1) * width);
  }
  t.match(verifier.verify(fields(9, { missing: { 50002: [[2, 2]] } }), bytesOf(frame)), { wrong: 0, missing: 2048 });
  t.ok(
    verdict(verifier.verify(fields(9, { missing: { 50002: [[3, 3]] } }), bytesOf(frame))).wrong > 4000,
    'the neighbour',
  );
  t.ok(
    verdict(verifier.verify(fields(9, { missing: { 50001: [[2, 2]] } }), bytesOf(frame))).wrong > 4000,
    'the other port',
  );
  t.ok(verdict(verifier.verify(fields(9), bytesOf(frame))).wrong > 2000, 'not named');
  t.ok(
    verdict(verifier.verify(fields(9, { missing: { 50002: [[2, 2]] } }), bytesOf(quadFrame(9)))).wrong > 2000,
    'named, but there',
  );
});

t.test('a frame of which nothing arrived may be the missing value everywhere, but not partly', async (t) => {
  const missing = { 50001: [[0, 63]], 50002: [[0, 63]] };
  const frame = new Uint16Array(width * width).fill(0xffff);
  t.match(verifier.verify(fields(9, { missing }), bytesOf(frame)), { wrong: 0, missing: 2 * 256 * 512 });
  frame[256 * width + 9] = 0;
  t.match(verifier.verify(fields(9, { missing }), bytesOf(frame)), { wrong: 1 });
  frame.fill(0xffff);
  t.ok(
    verdict(verifier.verify(fields(9, { missing: { 50001: [[0, 63]], 50002: [[0, 62]] } }), bytesOf(frame))).wrong >
      2000,
  );
});

t.test('messages that do not fit the configuration are refused with the reason', async (t) => {
  const blob = bytesOf(quadFrame(9));
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ shape: [514, 1030] }, /shape/],
    [{ type: 'uint32' }, /type/],
    [{ compression: 'cbf' }, /compression "cbf", neither none nor bslz4/],
    [{ compression: 'bslz4' }, /a bslz4 chunk says it unpacks to \d+ bytes/],
    [{ frame_number: undefined }, /frame_number/],
    [{ missing: { 50003: [[0, 0]] } }, /50003/],
    [{ missing: { 50001: [[64, 64]] } }, /packets 64 to 64 of port 50001, which sends 0 to 63/],
    [{ missing: { 50001: [[3, 1]] } }, /no range/],
  ];
  for (const [more, reason] of refused) t.match(verifier.verify(fields(9, more), blob), reason);
  t.match(verifier.verify(fields(9), blob.subarray(2)), /bytes/);
  t.match(verifier.verify(fields(9, { missing: { 50001: [] } }), blob), { wrong: 0 }, 'an empty list is no loss');
});

t.test('an unaligned blob is read as well', async (t) => {
  const shifted = new Uint8Array(width * width * 2 + 1);
  shifted.set(bytesOf(quadFrame(4)), 1);
  t.match(verifier.verify(fields(4), shifted.subarray(1)), { wrong: 0 });
});

/** A frame from the layout of PSI, spelled out for one full module of two half-modules: 514 × 1030. */
function moduleFrame(settings: DetectorSettings, flipLower: boolean): Uint16Array {
  const gap = settings.gapPixels;
  const columns = gap ? 1030 : 1024;
  const frame = new Uint16Array((gap ? 514 : 512) * columns);
  for (let port = 0; port < 4; port++) {
    const lower = port >= 2;
    for (let r = 0; r < 256; r++) {
      for (let c = 0; c < 512; c++) {
        const across = (port % 2) * 512 + c;
        const x = gap ? across + 2 * Math.floor(across / 256) : across;
        const down = lower ? (flipLower ? 511 - r : 256 + r) : r;
        const y = gap && lower ? down + 2 : down;
        frame[y * columns + x] = pixelValue(3, port, r, c, 16);
      }
    }
  }
  return frame;
}

t.test('a full module has gaps between its chips and its lower half flipped', async (t) => {
  const settings = gridSettings(2, 1);
  const shape = { shape: [514, 1030] };
  const check = (configured: DetectorSettings, frame: Uint16Array, more: Record<string, unknown>): number =>
    verdict(new FrameVerifier(configured).verify(fields(3, more), bytesOf(frame))).wrong;
  t.equal(check(settings, moduleFrame(settings, true), shape), 0);
  t.ok(check(settings, moduleFrame(settings, false), shape) > 100_000);
  const unflipped = gridSettings(2, 1, {
    flipRows: new Map([
      [50003, false],
      [50004, false],
    ]),
  });
  t.equal(check(unflipped, moduleFrame(unflipped, false), shape), 0, 'flip_rows decides');
  t.ok(check(unflipped, moduleFrame(unflipped, true), shape) > 100_000);
  const tight = gridSettings(2, 1, { gapPixels: false });
  t.equal(check(tight, moduleFrame(tight, true), { shape: [512, 1024] }), 0, 'without gaps');
});

t.test('positions of ports can be overridden', async (t) => {
  const settings = gridSettings(1, 1, {
    portPositions: new Map([
      [50001, [0, 1]],
      [50002, [0, 0]],
    ]),
  });
  const ports = new FrameVerifier(settings).layout.ports;
  t.same(
    ports.map((port) => port.pieces[0]?.x),
    [516, 0],
  );
});

t.test('frames have the shape of PSI for several modules', async (t) => {
  const shape = (rows: number, columns: number): number[] => {
    const { layout } = new FrameVerifier(gridSettings(rows, columns));
    return [layout.rows, layout.columns];
  };
  t.same(shape(1, 1), [256, 1030]);
  t.same(shape(2, 1), [514, 1030]);
  t.same(shape(4, 2), [2 * 512 + 2 * 2 + 36, 2 * 1024 + 2 * 6 + 8]);
});

t.test('ports that are off and rows not read out hold the missing value, and are not called missing', async (t) => {
  const off = new FrameVerifier(quadSettings({ portsOff: [50001] }));
  const frame = quadFrame(6);
  for (let y = 258; y < 514; y++) {
    frame.fill(0xffff, y * width, y * width + 256);
    frame.fill(0xffff, y * width + 258, (y + 1) * width);
  }
  t.match(off.verify(fields(6), bytesOf(frame)), { wrong: 0, missing: 0 });
  t.ok(verdict(off.verify(fields(6), bytesOf(quadFrame(6)))).wrong > 100_000);
  t.match(off.verify(fields(6, { missing: { 50001: [[0, 0]] } }), bytesOf(frame)), /switched off/);

  const partly = new FrameVerifier(quadSettings({ readNRows: 16 }));
  const rows = quadFrame(6);
  for (let y = 0; y < 514; y++) {
    if ((y >= 240 && y < 256) || (y >= 258 && y < 274)) continue;
    if (y === 256 || y === 257) continue;
    rows.fill(0xffff, y * width, y * width + 256);
    rows.fill(0xffff, y * width + 258, (y + 1) * width);
  }
  t.match(partly.verify(fields(6), bytesOf(rows)), { wrong: 0 });
  t.match(partly.verify(fields(6, { missing: { 50001: [[4, 4]] } }), bytesOf(rows)), /sends 0 to 3/);
});

t.test('8 and 32 bit are verified as 16 bit is', async (t) => {
  for (const bits of [8, 32] as const) {
    const frame = bits === 8 ? new Uint8Array(256 * 1030) : new Uint32Array(256 * 1030);
    for (let port = 0; port < 2; port++) {
      for (let r = 0; r < 256; r++) {
        for (let c = 0; c < 512; c++)
          frame[r * 1030 + port * 516 + c + (c < 256 ? 0 : 2)] = pixelValue(8, port, r, c, bits);
      }
    }
    const small = new FrameVerifier(gridSettings(1, 1, { dynamicRange: bits, tenGiga: bits === 8 }));
    const header = fields(8, { shape: [256, 1030], type: `uint${bits}` });
    t.match(small.verify(header, bytesOf(frame)), { wrong: 0 });
    frame[5] = frame[5] ^ 1;
    t.match(small.verify(header, bytesOf(frame)), { wrong: 1, firstWrong: { y: 0, x: 5 } });
  }
});

t.test(
  'frames put together from a lossy run of the detector are right, with what the truth calls never intact missing',
  async (t) => {
    const settings = quadSettings();
    const selectors = { loss: 0.02, truncate: 0.01, reorder: 0.05, duplicate: 0.05, foreign: 0.02 };
    const detector = new SimulatedDetector({
      settings,
      frames: 6,
      firstFrame: 2 ** 33,
      rate: 10,
      faults: { ...noFaults, seed: 4, selectors },
    });
    const frames = new Map<number, Uint16Array>();
    for (const { bytes } of detector.datagrams()) {
      if (bytes.length !== 4144 || bytes[46] !== 1 || bytes[47] !== 2) continue;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const number = Number(view.getBigUint64(0, true));
      const upper = view.getUint16(34, true) === 0;
      let frame = frames.get(number);
      if (frame === undefined) frames.set(number, (frame = new Uint16Array(width * width).fill(0xffff)));
      for (let at = 0; at < 2048; at++) {
        const r = view.getUint32(12, true) * 4 + Math.floor(at / 512);
        const c = at % 512;
        frame[(upper ? 255 - r : 258 + r) * width + (c < 256 ? c : c + 2)] = view.getUint16(48 + 2 * at, true);
      }
    }
    t.equal(frames.size, 6);
    let missingPixels = 0;
    for (const [number, frame] of frames) {
      frame.fill(0, 256 * width, 258 * width);
      for (let y = 0; y < width; y++) frame.fill(0, y * width + 256, y * width + 258);
      const never = detector.truth.frames.get(number)?.neverIntact ?? new Map<number, number[]>();
      const missing = Object.fromEntries([...never].map(([port, packets]) => [port, toRanges(packets)]));
      const result = verdict(verifier.verify(fields(number, { missing }), bytesOf(frame)));
      t.equal(result.wrong, 0, `frame number ${number}`);
      missingPixels += result.missing;
    }
    t.equal(missingPixels, 2048 * detector.truth.ports.reduce((sum, port) => sum + port.lost + port.truncated, 0));
    t.ok(missingPixels > 0);
  },
);

t.test('a lost packet of 12 bit takes the pixels along that it shares with its neighbours', async (t) => {
  // Packet 1 of 1 GbE holds bits 8192 to 16383: pixels 682 (the last third of it) to 1365 (its first third).
  const twelve = new FrameVerifier(gridSettings(1, 1, { dynamicRange: 12, tenGiga: false, gapPixels: false }));
  const frame = new Uint16Array(256 * 1024);
  for (let port = 0; port < 2; port++) {
    for (let r = 0; r < 256; r++)
      for (let c = 0; c < 512; c++) frame[r * 1024 + port * 512 + c] = pixelValue(8, port, r, c, 12);
  }
  const header = (missing: unknown): Record<string, unknown> => fields(8, { shape: [256, 1024], missing });
  const at = (pixel: number): number => Math.floor(pixel / 512) * 1024 + 512 + (pixel % 512);
  t.match(twelve.verify(header({}), bytesOf(frame)), { wrong: 0, missing: 0 });
  for (let pixel = 682; pixel <= 1365; pixel++) frame[at(pixel)] = 0xffff;
  t.match(twelve.verify(header({ 50002: [[1, 1]] }), bytesOf(frame)), { wrong: 0, missing: 684 });
  frame[at(682)] = pixelValue(8, 1, 1, 170, 12);
  t.match(twelve.verify(header({ 50002: [[1, 1]] }), bytesOf(frame)), {
    wrong: 1,
    firstWrong: { y: 1, x: 512 + 170, expected: 0xffff },
  });
});

t.test('packets that a partial readout around the centre does not send cannot be missing', async (t) => {
  const jungfrau = new FrameVerifier(quadSettings({ detector: 'jungfrau', quad: false, interfaces: 2, readNRows: 64 }));
  const blob = new Uint8Array(514 * 1030 * 2);
  const header = (port: number, packet: number): Record<string, unknown> =>
    fields(8, { shape: [514, 1030], missing: { [port]: [[packet, packet]] } });
  t.match(jungfrau.verify(header(50001, 55), blob), /packets 55 to 55 of port 50001, which sends 56 to 63/);
  t.match(jungfrau.verify(header(50002, 8), blob), /packets 8 to 8 of port 50002, which sends 0 to 7/);
  t.equal(typeof jungfrau.verify(header(50001, 56), blob), 'object');
  t.equal(typeof jungfrau.verify(header(50002, 7), blob), 'object');
});
