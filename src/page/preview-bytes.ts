// A preview as it goes over the wire: values of blocks and what they hold, and which part of which frame they are.
// Pure.
// Tested by test/page/values.test.ts.

/**
 * What a block has among its pixels, added up; 0 = nothing but gaps. A saturated pixel is a value, too; a masked one is
 * none.
 */
export const blockHolds = { value: 1, missing: 2, saturated: 4, unread: 8, masked: 16 } as const;

/** What the image message said about the frame. */
export interface FrameFacts {
  /** Of its message. */
  readonly msg_number: number;
  readonly frame: number;
  readonly frame_number: number;
  readonly shape: readonly [rows: number, columns: number];
  readonly type: string;
  readonly complete: boolean;
  readonly missing_packets: number;
  readonly reason?: string;
}

/** The same for all frames of a series, another one for each series: the number that a message of frame 0 has. */
export const seriesOf = ({ msg_number, frame }: FrameFacts): number => msg_number - frame;

/** Query for this frame, and for no other of the same index. */
export const frameQuery = ({ msg_number, frame }: Pick<FrameFacts, 'msg_number' | 'frame'>): string =>
  `frame=index-${frame}&msg_number=${msg_number}`;

export interface PreviewHead {
  readonly count: number;
  readonly frame: FrameFacts;
  /** The part of the frame that is shown, pixels. */
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
  /** Pixels along the side of a block; blocks at the lower and right edges may be smaller. */
  readonly factor: number;
  /** Blocks. */
  readonly height: number;
  readonly width: number;
  readonly values: 'float32' | 'uint8' | 'uint16' | 'uint32';
  readonly total: PartTotal;
}

/** Where the blocks of a preview lie. */
export type PreviewPart = Pick<PreviewHead, 'top' | 'left' | 'rows' | 'columns' | 'factor' | 'width'>;

/** What the pixels of the part come to, each of them counted, however large the blocks are. */
export interface PartTotal {
  /** Pixels with a value; their sum and the largest of them, null = there is none. Saturated ones are among them. */
  readonly values: number;
  readonly sum: number;
  readonly largest: number | null;
  readonly saturated: number;
  /** Pixels that were not received. */
  readonly missing: number;
}

export interface PreviewBytes {
  readonly head: PreviewHead;
  readonly values: Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array;
  /** `blockHolds` of each block. */
  readonly holds: Uint8Array;
}

const arrays = { float32: Float32Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;

/** @throws Error when these are not the bytes of a preview */
export function readPreview(buffer: ArrayBuffer): PreviewBytes {
  const jsonBytes = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, jsonBytes))) as PreviewHead;
  const blocks = head.width * head.height;
  const values = new arrays[head.values](buffer, 4 + jsonBytes, blocks);
  const holds = new Uint8Array(buffer, 4 + jsonBytes + values.byteLength, blocks);
  return { head, values, holds };
}

/** Block that holds a pixel of the frame; null = it is not in this preview. */
export function blockAt(
  { top, left, rows, columns, factor, width }: PreviewPart,
  row: number,
  column: number,
): number | null {
  if (row < top || column < left || row >= top + rows || column >= left + columns) return null;
  return Math.floor((row - top) / factor) * width + Math.floor((column - left) / factor);
}

/** Rows and columns of the block that holds a pixel: those at the lower and right edges may be smaller than others. */
export function blockSize(
  { top, left, rows, columns, factor }: PreviewPart,
  row: number,
  column: number,
): readonly [rows: number, columns: number] {
  const along = (at: number, length: number): number => Math.min(factor, length - Math.floor(at / factor) * factor);
  return [along(row - top, rows), along(column - left, columns)];
}
