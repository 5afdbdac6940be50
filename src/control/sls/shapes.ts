// Arguments and payloads of PSI's receiver protocol as bytes: little endian, packed, without lengths. Comes in: bytes,
// or values. Goes out: the other. Pure. Layouts: slsDetectorPackage 10.0.1, as seen on the wire.
//
//   text   char[1000], NUL padded          i32, u32, u16, i64, u64, f64   little endian
//   key    char[20], NUL padded            list   i32 n, then n elements
//   ip     u32, bytes a b c d as read      mac    u64 00:aa:bb:cc:dd:ee = 0x000000aabbccddee

/** How an argument is read. */
export interface Argument<T> {
  /**
   * Bytes of the value that begins so; of a list whose count has not come yet the least. More than `bytesLimit` = it
   * cannot be.
   * @param quiet nothing more has come for `quietMs`
   */
  size(head: Buffer, quiet: boolean): number;
  read(bytes: Buffer): T;
  /** Only silence of so many ms tells how long it is. */
  readonly quietMs?: number;
}

/** How a payload is written. */
export interface Payload<T> {
  write(value: T): Buffer;
}

/** A value that travels both ways. */
export interface Shape<T> extends Argument<T>, Payload<T> {}

/** The longest argument: a list of dead times of all modules, or an additional JSON header. */
export const bytesLimit = 65_536;

const fixed = <T>(size: number, read: (bytes: Buffer) => T, write: (bytes: Buffer, value: T) => void): Shape<T> => ({
  size: () => size,
  read,
  write: (value) => {
    const bytes = Buffer.alloc(size);
    write(bytes, value);
    return bytes;
  },
});

export const none: Shape<void> = fixed(
  0,
  () => undefined,
  () => undefined,
);
export const i32: Shape<number> = fixed(
  4,
  (bytes) => bytes.readInt32LE(),
  (bytes, value) => void bytes.writeInt32LE(value),
);
export const u32: Shape<number> = fixed(
  4,
  (bytes) => bytes.readUInt32LE(),
  (bytes, value) => void bytes.writeUInt32LE(value),
);
export const u16: Shape<number> = fixed(
  2,
  (bytes) => bytes.readUInt16LE(),
  (bytes, value) => void bytes.writeUInt16LE(value),
);
export const f64: Shape<number> = fixed(
  8,
  (bytes) => bytes.readDoubleLE(),
  (bytes, value) => void bytes.writeDoubleLE(value),
);
export const i64: Shape<bigint> = fixed(
  8,
  (bytes) => bytes.readBigInt64LE(),
  (bytes, value) => void bytes.writeBigInt64LE(value),
);
export const u64: Shape<bigint> = fixed(
  8,
  (bytes) => bytes.readBigUInt64LE(),
  (bytes, value) => void bytes.writeBigUInt64LE(value),
);

/** An IPv4 address; "0.0.0.0" = not set. */
export const ip: Shape<string> = fixed(
  4,
  (bytes) => bytes.subarray(0, 4).join('.'),
  (bytes, value) => void bytes.set(value.split('.').map(Number)),
);

const chars = (size: number): Shape<string> =>
  fixed(
    size,
    (bytes) => {
      const end = bytes.subarray(0, size).indexOf(0);
      return bytes.toString('utf8', 0, end < 0 ? size : end);
    },
    // The last byte stays NUL. A character is written whole or not at all.
    (bytes, value) => void bytes.subarray(0, size - 1).write(value),
  );

export const text = chars(1000);
export const key = chars(20);

/** `count` values of one shape of fixed size, one after the other. */
export function row<T>(of: Shape<T>, count: number): Shape<readonly T[]> {
  const size = sizeOf(of);
  return {
    size: () => size * count,
    read: (bytes) => Array.from({ length: count }, (_, index) => of.read(bytes.subarray(index * size))),
    write: (values) => Buffer.concat(values.map((value) => of.write(value))),
  };
}

/** Their number, then the values, each of fixed size. A count below 0 is none. */
export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  const size = sizeOf(of);
  const count = (head: Buffer): number => Math.max(0, head.readInt32LE());
  return {
    size: (head) => (head.length < 4 ? 4 : 4 + size * count(head)),
    read: (bytes) => row(of, count(bytes)).read(bytes.subarray(4)),
    write: (values) => Buffer.concat([i32.write(values.length), ...values.map((value) => of.write(value))]),
  };
}

/** Number of bytes, then the text in them. */
export const sizedText: Shape<string> = {
  size: (head) => (head.length < 4 ? 4 : 4 + Math.max(0, head.readInt32LE())),
  read: (bytes) => bytes.toString('utf8', 4, 4 + Math.max(0, bytes.readInt32LE())),
  write: (value) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([i32.write(bytes.length), bytes]);
  },
};

/** A region in pixels, ends included. All −1 = everything, all 0 = nothing of this port. */
export interface Roi {
  readonly xmin: number;
  readonly xmax: number;
  readonly ymin: number;
  readonly ymax: number;
}

export const wholeRoi: Roi = { xmin: -1, xmax: -1, ymin: -1, ymax: -1 };

const roi: Shape<Roi> = fixed(
  16,
  (bytes) => ({
    xmin: bytes.readInt32LE(0),
    xmax: bytes.readInt32LE(4),
    ymin: bytes.readInt32LE(8),
    ymax: bytes.readInt32LE(12),
  }),
  (bytes, { xmin, xmax, ymin, ymax }) =>
    [xmin, xmax, ymin, ymax].forEach((at, index) => bytes.writeInt32LE(at, index * 4)),
);

/** Regions since release 10; before there was one. */
export const rois: Shape<readonly Roi[]> = list(roi);
export const oneRoi: Shape<readonly Roi[]> = row(roi, 1);

/** A threshold scan: a voltage goes from `start` to `stop` (dac units, or mV) in steps. */
export interface Scan {
  readonly enable: number;
  readonly dac: number;
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly settleNs: bigint;
}

export const scan: Shape<Scan> = fixed(
  28,
  (bytes) => ({
    enable: bytes.readInt32LE(0),
    dac: bytes.readInt32LE(4),
    start: bytes.readInt32LE(8),
    stop: bytes.readInt32LE(12),
    step: bytes.readInt32LE(16),
    settleNs: bytes.readBigInt64LE(20),
  }),
  (bytes, { enable, dac, start, stop, step, settleNs }) => {
    [enable, dac, start, stop, step].forEach((value, index) => bytes.writeInt32LE(value, index * 4));
    bytes.writeBigInt64LE(settleNs, 20);
  },
);

function sizeOf<T>(shape: Shape<T>): number {
  return shape.size(Buffer.alloc(0), false);
}
