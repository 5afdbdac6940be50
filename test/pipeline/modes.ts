// Every detector in every mode, one line each: what it is configured by, what its frame looks like, and bytes of one of
// its packets. Frames and pixel values are written down here once more, from docs/geometry.md and docs/simulator.md,
// without code of the service or of the simulator; the bytes of the packets were made by another program. A new mode is
// a new line.

/** Where the pixels of a frame come from. */
export interface FrameSource {
  readonly shape: readonly [rows: number, columns: number];
  readonly ports: number;
  /** Packed port, row and column of the port image as received, or `gap`, or `unread`. */
  at(y: number, x: number): number;
}

export const gap = -1;
/** A pixel that no packet carries. */
export const unread = -2;

export interface Mode {
  readonly name: string;
  /** Keys of the configuration without `udp_ports`. */
  readonly yaml: string;
  readonly source: FrameSource;
  readonly pixelType: 'uint8' | 'uint16' | 'uint32';
  /** Bits that carry a value. */
  readonly bits: number;
  readonly payloadBytes: number;
  /** Packets that each port sends. */
  readonly packets: number;
  /**
   * Header and first payload bytes of one packet of frame number 2^32 + 3, timestamp 0x102030405; its port and number
   * are in it.
   */
  readonly golden: string;
}

function mode(
  name: string,
  yaml: string,
  source: FrameSource,
  pixelType: Mode['pixelType'],
  bits: number,
  payloadBytes: number,
  packets: number,
  golden: string,
): Mode {
  return { name, yaml, source, pixelType, bits, payloadBytes, packets, golden };
}

const pack = (port: number, row: number, column: number): number => (port * 512 + row) * 4096 + column;

/** Port, row and column of a packed place. */
export function placeOf(packed: number): { port: number; row: number; column: number } {
  return { port: Math.floor(packed / 2097152), row: Math.floor(packed / 4096) % 512, column: packed % 4096 };
}

/** One direction of a frame: for each line the block that it belongs to and its number in there; null = a gap. */
type Axis = readonly (readonly [block: number, at: number] | null)[];

const gapOf = (pixels: number): null[] => new Array<null>(pixels).fill(null);
const block = (number: number, pixels: number, from = 0): [number, number][] =>
  Array.from({ length: pixels }, (_, at) => [number, from + at]);

function frame(
  down: Axis,
  across: Axis,
  ports: number,
  packed: (blockRow: number, row: number, blockColumn: number, column: number) => number,
): FrameSource {
  return {
    shape: [down.length, across.length],
    ports,
    at: (y, x) => {
      const [vertical, horizontal] = [down[y], across[x]];
      return vertical == null || horizontal == null
        ? gap
        : packed(vertical[0], vertical[1], horizontal[0], horizontal[1]);
    },
  };
}

/**
 * The port image of the second port upside down above that of the first, a cross of two gap pixels between the chips.
 */
const quad = frame(
  [...block(1, 256).reverse(), ...gapOf(2), ...block(0, 256)],
  [...block(0, 256), ...gapOf(2), ...block(0, 256, 256)],
  2,
  (port, row, _, column) => pack(port, row, column),
);

/** Columns of modules of 1024 pixels: 2 gap pixels between chips, 8 between modules. */
function across1024(modules: number, gaps: boolean): Axis {
  return Array.from({ length: modules }, (_, module) => [
    ...gapOf(gaps && module > 0 ? 8 : 0),
    ...[0, 256, 512, 768].flatMap((from) => [...gapOf(gaps && from > 0 ? 2 : 0), ...block(module, 256, from)]),
  ]).flat();
}

/**
 * Half-modules of 256 x 1024, two ports each; odd ones upside down, 2 gap pixels inside a module, 36 between modules.
 */
function eigerModules(halves: number, columns: number, gaps = true): FrameSource {
  const down = Array.from({ length: halves }, (_, half) => [
    ...gapOf(gaps && half > 0 ? (half % 2 === 1 ? 2 : 36) : 0),
    ...(half % 2 === 1 ? block(half, 256).reverse() : block(half, 256)),
  ]).flat();
  return frame(down, across1024(columns, gaps), 2 * halves * columns, (half, row, column, at) =>
    pack(2 * (half + column * halves) + Math.floor(at / 512), row, at % 512),
  );
}

/** Rows of modules of 512 pixels: 2 gap pixels between chips, 36 between modules. */
function down512(modules: number, gaps: boolean): Axis {
  return Array.from({ length: modules }, (_, module) => [
    ...gapOf(gaps && module > 0 ? 36 : 0),
    ...block(module, 256),
    ...gapOf(gaps ? 2 : 0),
    ...block(module, 256, 256),
  ]).flat();
}

const jungfrau1 = (rows: number, columns: number, gaps = true): FrameSource =>
  frame(down512(rows, gaps), across1024(columns, gaps), rows * columns, (module, row, column, at) =>
    pack(module + column * rows, row, at),
  );

const jungfrau2 = (rows: number, columns: number, gaps = true): FrameSource =>
  frame(down512(rows, gaps), across1024(columns, gaps), 2 * rows * columns, (module, row, column, at) =>
    pack(2 * (module + column * rows) + Math.floor(row / 256), row % 256, at),
  );

/** Port images side by side. */
const lines = (ports: number, rows: number, columns: number): FrameSource =>
  frame(
    block(0, rows),
    Array.from({ length: ports }, (_, port) => block(port, columns)).flat(),
    ports,
    (_, row, port, column) => pack(port, row, column),
  );

/** Port images one above the other. */
const stacked = (ports: number, rows: number, columns: number): FrameSource =>
  frame(
    Array.from({ length: ports }, (_, port) => block(port, rows)).flat(),
    block(0, columns),
    ports,
    (port, row, _, column) => pack(port, row, column),
  );

/** Only these places are read out. */
function only(source: FrameSource, reads: (port: number, row: number) => boolean): FrameSource {
  return {
    ...source,
    at: (y, x) => {
      const packed = source.at(y, x);
      if (packed < 0) return packed;
      const { port, row } = placeOf(packed);
      return reads(port, row) ? packed : unread;
    },
  };
}

const rows = (source: FrameSource, from: number, end: number): FrameSource =>
  only(source, (_, row) => row >= from && row < end);
const off = (source: FrameSource, port: number): FrameSource => only(source, (other) => other !== port);
/** The last `count` rows of the first port of each module, the first ones of the second. */
const centre = (source: FrameSource, portRows: number, count: number): FrameSource =>
  only(source, (port, row) => (port % 2 === 0 ? row >= portRows - count : row < count));

export const modes: readonly Mode[] = [
  mode(
    'Eiger quad, 4 bit, 10 GbE',
    'detector: eiger, quad: true, dynamic_range: 4',
    quad,
    'uint8',
    4,
    4096,
    16,
    '0300000001000000000000000f0000000000000000000000050403020100000001000000000000004ae100000000010246870baa7fb1b655',
  ),
  mode(
    'Eiger quad, 8 bit, 10 GbE',
    'detector: eiger, quad: true, dynamic_range: 8',
    quad,
    'uint8',
    8,
    4096,
    32,
    '0300000001000000000000001f0000000000000000000000050403020100000001000000000000004ae10000000001020a65b0431c3c0bcc',
  ),
  mode(
    'Eiger quad, 12 bit, 10 GbE',
    'detector: eiger, quad: true, dynamic_range: 12',
    quad,
    'uint16',
    12,
    4096,
    48,
    '0300000001000000000000002f0000000000000000000000050403020100000001000000000000004ae1000000000102d1b97cfbbd7accab',
  ),
  mode(
    'Eiger quad, 16 bit, 10 GbE',
    'detector: eiger, quad: true, dynamic_range: 16',
    quad,
    'uint16',
    16,
    4096,
    64,
    '0300000001000000000000003f0000000000000000000000050403020100000001000000000000004ae100000000010247886553274ac7c6',
  ),
  mode(
    'Eiger quad, 32 bit, 10 GbE',
    'detector: eiger, quad: true, dynamic_range: 32',
    quad,
    'uint32',
    32,
    4096,
    128,
    '03000000010000002c0100007f0000000000000000000000050403020100000001000000000000004ae1000000000102d8dc9f5c6edcab53',
  ),
  mode(
    'Eiger quad, 4 bit, 1 GbE',
    'detector: eiger, quad: true, dynamic_range: 4, ten_giga: false',
    quad,
    'uint8',
    4,
    1024,
    64,
    '0300000001000000000000003f0000000000000000000000050403020100000001000000000000004ae1000000000102854c57ea3e3707e1',
  ),
  mode(
    'Eiger quad, 8 bit, 1 GbE',
    'detector: eiger, quad: true, dynamic_range: 8, ten_giga: false',
    quad,
    'uint8',
    8,
    1024,
    128,
    '0300000001000000000000007f0000000000000000000000050403020100000001000000000000004ae10000000001025c53e53dc2967ba1',
  ),
  mode(
    'Eiger quad, 12 bit, 1 GbE',
    'detector: eiger, quad: true, dynamic_range: 12, ten_giga: false',
    quad,
    'uint16',
    12,
    1024,
    192,
    '030000000100000000000000bf0000000000000000000000050403020100000001000000000000004ae10000000001025ad3a896ab215bd4',
  ),
  mode(
    'Eiger quad, 16 bit, 1 GbE',
    'detector: eiger, quad: true, dynamic_range: 16, ten_giga: false',
    quad,
    'uint16',
    16,
    1024,
    256,
    '030000000100000000000000ff0000000000000000000000050403020100000001000000000000004ae1000000000102524774d035e8ff3b',
  ),
  mode(
    'Eiger quad, 32 bit, 1 GbE',
    'detector: eiger, quad: true, dynamic_range: 32, ten_giga: false',
    quad,
    'uint32',
    32,
    1024,
    512,
    '03000000010000002c010000ff0100000000000000000000050403020100000001000000000000004ae10000000001022b4e75eaebdd42a9',
  ),
  mode(
    'Eiger quad, 4 bit, low half first',
    'detector: eiger, quad: true, dynamic_range: 4, nibble_order: low_first',
    quad,
    'uint8',
    4,
    4096,
    16,
    '030000000100000000000000030000000000000000000000050403020100000000000100000000004ae100000000010290a02e6bf4c544b3',
  ),
  mode(
    'Eiger half-module, 12 bit, 1 GbE',
    'detector: eiger, dynamic_range: 12, ten_giga: false',
    eigerModules(1, 1),
    'uint16',
    12,
    1024,
    192,
    '030000000100000000000000010000000000000000000000050403020100000001000000010000004ae1000000000102b8006425d66013ae',
  ),
  mode(
    'Eiger module, 16 bit',
    'detector: eiger, modules: [2, 1]',
    eigerModules(2, 1),
    'uint16',
    16,
    4096,
    64,
    '0300000001000000000000003f0000000000000000000000050403020100000003000100010000004ae1000000000102ad3645708304fed7',
  ),
  mode(
    'Eiger, four modules, 12 bit',
    'detector: eiger, modules: [4, 2], dynamic_range: 12',
    eigerModules(4, 2),
    'uint16',
    12,
    4096,
    48,
    '03000000010000000000000001000000000000000000000005040302010000000f000300030000004ae1000000000102fb5ba3ed86ceac25',
  ),
  mode(
    'Eiger module without gaps, 4 bit',
    'detector: eiger, modules: [2, 1], gap_pixels: false, dynamic_range: 4',
    eigerModules(2, 1, false),
    'uint8',
    4,
    4096,
    16,
    '030000000100000000000000010000000000000000000000050403020100000002000100000000004ae10000000001024887677aa5a3e910',
  ),
  mode(
    'Eiger quad, one port off, 12 bit',
    'detector: eiger, quad: true, dynamic_range: 12, ports_off: [50001]',
    off(quad, 0),
    'uint16',
    12,
    4096,
    48,
    '030000000100000000000000020000000000000000000000050403020100000001000000000000004ae10000000001023d6fed015abea544',
  ),
  mode(
    'Eiger quad, 48 rows of 12 bit',
    'detector: eiger, quad: true, dynamic_range: 12, read_n_rows: 48',
    rows(quad, 0, 48),
    'uint16',
    12,
    4096,
    9,
    '030000000100000000000000080000000000000000000000050403020100000001000000000000004ae10000000001023916107d3d330f1e',
  ),
  mode(
    'Eiger quad, 8 rows of 4 bit, 1 GbE',
    'detector: eiger, quad: true, dynamic_range: 4, ten_giga: false, read_n_rows: 8',
    rows(quad, 0, 8),
    'uint8',
    4,
    1024,
    2,
    '030000000100000000000000010000000000000000000000050403020100000001000000000000004ae10000000001027ac501dd3208974e',
  ),
  mode(
    'Jungfrau, one interface',
    'detector: jungfrau',
    jungfrau1(1, 1),
    'uint16',
    16,
    8192,
    128,
    '03000000010000002c0100007f000000030000002b010000050403020100000000000000000000000003008000000302ec7b832b6c39f39d',
  ),
  mode(
    'Jungfrau, two interfaces',
    'detector: jungfrau, interfaces: 2',
    jungfrau2(1, 1),
    'uint16',
    16,
    8192,
    64,
    '03000000010000002c0100003f000000030000002b01000005040302010000000100010000000000000300800000030247886553274ac7c6',
  ),
  mode(
    'Jungfrau, one interface, 64 rows',
    'detector: jungfrau, read_n_rows: 64',
    rows(jungfrau1(1, 1), 224, 288),
    'uint16',
    16,
    8192,
    16,
    '03000000010000002c01000039000000030000002b0100000504030201000000000000000000000000030080000003020e74fe7343e5d9f4',
  ),
  mode(
    'Jungfrau, two interfaces, 64 rows',
    'detector: jungfrau, interfaces: 2, read_n_rows: 64',
    centre(jungfrau2(1, 1), 256, 32),
    'uint16',
    16,
    8192,
    8,
    '03000000010000002c01000039000000030000002b0100000504030201000000000000000000000000030080000003020e74fe7343e5d9f4',
  ),
  mode(
    'Jungfrau, two modules stacked, two interfaces',
    'detector: jungfrau, interfaces: 2, modules: [2, 1]',
    jungfrau2(2, 1),
    'uint16',
    16,
    8192,
    64,
    '03000000010000002c01000001000000030000002b010000050403020100000003000300000000000003008000000302b5a0a77944471379',
  ),
  mode(
    'Jungfrau, two modules side by side',
    'detector: jungfrau, modules: [1, 2]',
    jungfrau1(1, 2),
    'uint16',
    16,
    8192,
    128,
    '03000000010000002c01000001000000030000002b010000050403020100000001000000010000000003008000000302307cfda3f0ceac5d',
  ),
  mode(
    'Jungfrau, four modules without gaps, two interfaces',
    'detector: jungfrau, interfaces: 2, modules: [2, 2], gap_pixels: false',
    jungfrau2(2, 2, false),
    'uint16',
    16,
    8192,
    64,
    '03000000010000002c01000001000000030000002b010000050403020100000006000200010000000003008000000302e7b90d21a433e6de',
  ),
  mode(
    'Moench, one interface',
    'detector: moench',
    lines(1, 400, 400),
    'uint16',
    16,
    6400,
    50,
    '03000000010000002c010000310000000000000000000000050403020100000000000000000000000000000000000502ac3df217739ae221',
  ),
  mode(
    'Moench, two interfaces',
    'detector: moench, interfaces: 2',
    stacked(2, 200, 400),
    'uint16',
    16,
    6400,
    25,
    '03000000010000002c010000180000000000000000000000050403020100000001000100000000000000000000000502faec21f1d5dfbf73',
  ),
  mode(
    'Moench, one interface, 80 rows',
    'detector: moench, read_n_rows: 80',
    rows(lines(1, 400, 400), 160, 240),
    'uint16',
    16,
    6400,
    10,
    '03000000010000002c0100001500000000000000000000000504030201000000000000000000000000000000000005025d43c20aedf794c4',
  ),
  mode(
    'Moench, two interfaces, 80 rows',
    'detector: moench, interfaces: 2, read_n_rows: 80',
    centre(stacked(2, 200, 400), 200, 40),
    'uint16',
    16,
    6400,
    5,
    '03000000010000002c0100001500000000000000000000000504030201000000000000000000000000000000000005025d43c20aedf794c4',
  ),
  mode(
    'Mythen3, 1 counter, 8 bit, 10 GbE',
    'detector: mythen3, counters: 1, dynamic_range: 8',
    lines(1, 1, 1280),
    'uint8',
    8,
    1280,
    1,
    '03000000010000002c01000000000000000000000000000005040302010000000000000000000000000000000000060251e15488f0550bed',
  ),
  mode(
    'Mythen3, 1 counter, 16 bit, 10 GbE',
    'detector: mythen3, counters: 1, dynamic_range: 16',
    lines(1, 1, 1280),
    'uint16',
    16,
    2560,
    1,
    '03000000010000002c0100000000000000000000000000000504030201000000000000000000000000000000000006026c5172e1cc546988',
  ),
  mode(
    'Mythen3, 1 counter, 32 bit, 10 GbE',
    'detector: mythen3, counters: 1, dynamic_range: 32',
    lines(1, 1, 1280),
    'uint32',
    24,
    5120,
    1,
    '03000000010000002c010000000000000000000000000000050403020100000000000000000000000000000000000602296c5100d372e100',
  ),
  mode(
    'Mythen3, 2 counters, 8 bit, 10 GbE',
    'detector: mythen3, counters: 2, dynamic_range: 8',
    lines(1, 2, 1280),
    'uint8',
    8,
    2560,
    1,
    '03000000010000002c01000000000000000000000000000005040302010000000000000000000000000000000000060251e15488f0550bed',
  ),
  mode(
    'Mythen3, 2 counters, 16 bit, 10 GbE',
    'detector: mythen3, counters: 2, dynamic_range: 16',
    lines(1, 2, 1280),
    'uint16',
    16,
    5120,
    1,
    '03000000010000002c0100000000000000000000000000000504030201000000000000000000000000000000000006026c5172e1cc546988',
  ),
  mode(
    'Mythen3, 2 counters, 32 bit, 10 GbE',
    'detector: mythen3, counters: 2, dynamic_range: 32',
    lines(1, 2, 1280),
    'uint32',
    24,
    5120,
    2,
    '03000000010000002c01000001000000000000000000000005040302010000000000000000000000000000000000060212a85100fb0c6400',
  ),
  mode(
    'Mythen3, 3 counters, 8 bit, 10 GbE',
    'detector: mythen3, counters: 3, dynamic_range: 8',
    lines(1, 3, 1280),
    'uint8',
    8,
    3840,
    1,
    '03000000010000002c01000000000000000000000000000005040302010000000000000000000000000000000000060251e15488f0550bed',
  ),
  mode(
    'Mythen3, 3 counters, 16 bit, 10 GbE',
    'detector: mythen3, counters: 3, dynamic_range: 16',
    lines(1, 3, 1280),
    'uint16',
    16,
    7680,
    1,
    '03000000010000002c0100000000000000000000000000000504030201000000000000000000000000000000000006026c5172e1cc546988',
  ),
  mode(
    'Mythen3, 3 counters, 32 bit, 10 GbE',
    'detector: mythen3, counters: 3, dynamic_range: 32',
    lines(1, 3, 1280),
    'uint32',
    24,
    7680,
    2,
    '03000000010000002c0100000100000000000000000000000504030201000000000000000000000000000000000006026768d7005a565500',
  ),
  mode(
    'Mythen3, 1 counter, 8 bit, 1 GbE',
    'detector: mythen3, counters: 1, dynamic_range: 8, ten_giga: false',
    lines(1, 1, 1280),
    'uint8',
    8,
    1280,
    1,
    '03000000010000002c01000000000000000000000000000005040302010000000000000000000000000000000000060251e15488f0550bed',
  ),
  mode(
    'Mythen3, 1 counter, 16 bit, 1 GbE',
    'detector: mythen3, counters: 1, dynamic_range: 16, ten_giga: false',
    lines(1, 1, 1280),
    'uint16',
    16,
    1280,
    2,
    '03000000010000002c010000010000000000000000000000050403020100000000000000000000000000000000000602bad618f30364b764',
  ),
  mode(
    'Mythen3, 1 counter, 32 bit, 1 GbE',
    'detector: mythen3, counters: 1, dynamic_range: 32, ten_giga: false',
    lines(1, 1, 1280),
    'uint32',
    24,
    1280,
    4,
    '03000000010000002c010000030000000000000000000000050403020100000000000000000000000000000000000602d511d100e9f33a00',
  ),
  mode(
    'Mythen3, 2 counters, 8 bit, 1 GbE',
    'detector: mythen3, counters: 2, dynamic_range: 8, ten_giga: false',
    lines(1, 2, 1280),
    'uint8',
    8,
    1280,
    2,
    '03000000010000002c0100000100000000000000000000000504030201000000000000000000000000000000000006025164e8a004e38316',
  ),
  mode(
    'Mythen3, 2 counters, 16 bit, 1 GbE',
    'detector: mythen3, counters: 2, dynamic_range: 16, ten_giga: false',
    lines(1, 2, 1280),
    'uint16',
    16,
    1280,
    4,
    '03000000010000002c01000003000000000000000000000005040302010000000000000000000000000000000000060268d756550952fe50',
  ),
  mode(
    'Mythen3, 2 counters, 32 bit, 1 GbE',
    'detector: mythen3, counters: 2, dynamic_range: 32, ten_giga: false',
    lines(1, 2, 1280),
    'uint32',
    24,
    1280,
    8,
    '03000000010000002c010000070000000000000000000000050403020100000000000000000000000000000000000602d3370400e03b2400',
  ),
  mode(
    'Mythen3, 3 counters, 8 bit, 1 GbE',
    'detector: mythen3, counters: 3, dynamic_range: 8, ten_giga: false',
    lines(1, 3, 1280),
    'uint8',
    8,
    768,
    5,
    '03000000010000002c01000004000000000000000000000005040302010000000000000000000000000000000000060238b4530623b5ecb0',
  ),
  mode(
    'Mythen3, 3 counters, 16 bit, 1 GbE',
    'detector: mythen3, counters: 3, dynamic_range: 16, ten_giga: false',
    lines(1, 3, 1280),
    'uint16',
    16,
    768,
    10,
    '03000000010000002c010000090000000000000000000000050403020100000000000000000000000000000000000602911234efeadcda72',
  ),
  mode(
    'Mythen3, 3 counters, 32 bit, 1 GbE',
    'detector: mythen3, counters: 3, dynamic_range: 32, ten_giga: false',
    lines(1, 3, 1280),
    'uint32',
    24,
    768,
    20,
    '03000000010000002c0100001300000000000000000000000504030201000000000000000000000000000000000006028d698600d99c1d00',
  ),
  mode(
    'Mythen3, 3 counters, 32 bit, flat',
    'detector: mythen3, counters: 3, dynamic_range: 32, flat: true',
    lines(1, 1, 3840),
    'uint32',
    24,
    7680,
    2,
    '03000000010000002c0100000100000000000000000000000504030201000000000000000000000000000000000006022c68b1006cdcdf00',
  ),
  mode(
    'Mythen3, three modules, 2 counters, 16 bit',
    'detector: mythen3, counters: 2, modules: [1, 3]',
    lines(3, 2, 1280),
    'uint16',
    16,
    5120,
    1,
    '03000000010000002c0100000000000000000000000000000504030201000000020000000200000000000000000006025dd4ec62aac64c87',
  ),
  mode(
    'Gotthard2',
    'detector: gotthard2',
    lines(1, 1, 1280),
    'uint16',
    14,
    2560,
    1,
    '03000000010000002c01000000000000030000002b0100000504030201000000000000000000030100000000000007025b145c3833151a22',
  ),
  mode(
    'Gotthard2, three modules',
    'detector: gotthard2, modules: [1, 3]',
    lines(3, 1, 1280),
    'uint16',
    14,
    2560,
    1,
    '03000000010000002c01000000000000030000002b0100000504030201000000020000000200030100000000000007021735bb18aa31d321',
  ),
];

const mix = (value: number): number => {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
};

/** Values of the simulated detector, as docs/simulator.md has them. */
export function valueOf(frameNumber: number, port: number, row: number, column: number, bits: number): number {
  const image = mix(
    (frameNumber % 4294967296) ^ mix(Math.imul(Math.floor(frameNumber / 4294967296), 0x9e3779b1) + port + 1),
  );
  const x = (mix(image + Math.imul(row, 0x85ebca77)) + Math.imul(column, 0x9e3779b1)) | 0;
  return Math.imul(x ^ (x >>> 15), 0xc2b2ae3d) >>> (32 - bits);
}

/** Bits of a pixel on the wire. */
export function wireBits({ pixelType, bits }: Mode): number {
  if (bits === 24) return 32;
  return bits === 14 ? 16 : Math.min(bits, { uint8: 8, uint16: 16, uint32: 32 }[pixelType]);
}

/**
 * The frame as it must come out.
 * @param lost packets that did not come, by port: numbers as on the wire
 */
export function expectedFrame(
  mode: Mode,
  frameNumber: number,
  lost: ReadonlyMap<number, ReadonlySet<number>> = new Map(),
): Uint8Array | Uint16Array | Uint32Array {
  const { source, bits, payloadBytes } = mode;
  const [height, width] = source.shape;
  const types = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;
  const pixels = new types[mode.pixelType](height * width);
  const missingValue = { uint8: 0xff, uint16: 0xffff, uint32: 0xffffffff }[mode.pixelType];
  const wire = wireBits(mode);
  const columns = portColumns(mode);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const packed = source.at(y, x);
      if (packed === gap) continue;
      if (packed === unread) {
        pixels[y * width + x] = missingValue;
        continue;
      }
      const { port, row, column } = placeOf(packed);
      const gone = lost.get(port);
      const from = (row * columns + column) * wire;
      const isLost =
        gone !== undefined &&
        (gone.has(Math.floor(from / 8 / payloadBytes)) || gone.has(Math.floor((from + wire - 1) / 8 / payloadBytes)));
      pixels[y * width + x] = isLost ? missingValue : valueOf(frameNumber, port, row, column, bits);
    }
  }
  return pixels;
}

/** Columns of a port image: one more than the highest that a row of the frame has. */
function portColumns({ source }: Mode): number {
  const [height, width] = source.shape;
  for (let y = 0; y < height; y++) {
    const columns = Array.from({ length: width }, (_, x) => source.at(y, x))
      .filter((packed) => packed >= 0)
      .map((packed) => placeOf(packed).column);
    if (columns.length > 0) return Math.max(...columns) + 1;
  }
  throw new Error(`${source.shape.join(' x ')}: nothing is read out`);
}
