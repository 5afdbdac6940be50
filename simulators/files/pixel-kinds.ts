// Pixel types that a recording can hold: what they are called in the stream (numpy's names) and in an HDF5 file.
// Tested by test/simulators/record.test.ts.

export type Pixels = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array | Float32Array;

export interface PixelKind {
  /** In the file. */
  readonly dtype: string;
  /** Of one pixel. */
  readonly bytes: number;
  /** A view of bytes that begin at a multiple of 4. */
  of(buffer: ArrayBufferLike, offset: number, pixels: number): Pixels;
}

/** By their name in the stream. */
export const pixelKinds: ReadonlyMap<string, PixelKind> = new Map([
  ['uint8', { dtype: '<B', bytes: 1, of: (buffer, at, pixels) => new Uint8Array(buffer, at, pixels) }],
  ['uint16', { dtype: '<H', bytes: 2, of: (buffer, at, pixels) => new Uint16Array(buffer, at, pixels) }],
  ['uint32', { dtype: '<I', bytes: 4, of: (buffer, at, pixels) => new Uint32Array(buffer, at, pixels) }],
  ['int8', { dtype: '<b', bytes: 1, of: (buffer, at, pixels) => new Int8Array(buffer, at, pixels) }],
  ['int16', { dtype: '<h', bytes: 2, of: (buffer, at, pixels) => new Int16Array(buffer, at, pixels) }],
  ['int32', { dtype: '<i', bytes: 4, of: (buffer, at, pixels) => new Int32Array(buffer, at, pixels) }],
  ['float32', { dtype: '<f', bytes: 4, of: (buffer, at, pixels) => new Float32Array(buffer, at, pixels) }],
] as const satisfies [string, PixelKind][]);

/** Bytes of a message as pixels; copied where they do not lie as a view needs. */
export function pixelsOf(bytes: Uint8Array, kind: PixelKind): Pixels {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return kind.of(buffer, byteOffset, byteLength / kind.bytes);
}
