// Part 0 of the messages of PSI's preview stream, byte for byte as slsReceiver writes it (version 5). Comes in: what is
// known of one port's image. Goes out: one line of JSON, below 1000 bytes, which is all that PSI's parser reads. Order,
// spacing and types: slsDetectorPackage 10.0.1, as seen on the wire. Pure.

import { headerOffset } from '../../detector/packet-header.js';

/** What PSI's parser reads at most, with its NUL. */
const textLimit = 999;

export interface PreviewFacts {
  readonly bitmode: number;
  readonly fileIndex: bigint;
  /** Port images beside and above each other. */
  readonly detshape: readonly [x: number, y: number];
  /** Columns and rows of this one. */
  readonly shape: readonly [x: number, y: number];
  /** Bytes of part 1. */
  readonly size: number;
  readonly frameIndex: number;
  readonly frameNumber: number;
  /** Frames that the client expects. */
  readonly frames: number;
  readonly fname: string;
  /** Packets that came. */
  readonly packets: number;
  readonly complete: boolean;
  /** The 48 bytes before the first packet that came; null = none did. */
  readonly header: Uint8Array | null;
  /** Where it lies, in port images, where no packet says so. */
  readonly place: { readonly row: number; readonly column: number; readonly detType: number };
  /** First and last column, first and last row of the region: all of it. */
  readonly roi: readonly [number, number, number, number];
  readonly flipRows: boolean;
  readonly quad: boolean;
  readonly jsonHeader: ReadonlyMap<string, string>;
}

/**
 * An image. Words that the user wants beside it are left out from the end where there is no room for all, and then the
 * beginning of the name.
 */
export function imageJson(facts: PreviewFacts): string {
  const words = [...facts.jsonHeader];
  const name = Array.from(facts.fname);
  /** So many steps of leaving out: the words one by one, then the name ten characters at a time. */
  const made = (steps: number): string =>
    written(
      fieldsOf(
        { ...facts, fname: name.slice(10 * Math.max(0, steps - words.length)).join('') },
        words.slice(0, Math.max(0, words.length - steps)),
      ),
    );
  const fits = (steps: number): boolean => Buffer.byteLength(made(steps)) <= textLimit;
  if (fits(0)) return made(0);
  // By halving: what fits does so with more left out, too.
  let [least, most] = [1, words.length + Math.ceil(name.length / 10)];
  while (least < most) {
    const middle = (least + most) >> 1;
    if (fits(middle)) most = middle;
    else least = middle + 1;
  }
  return made(least);
}

/** The end of an acquisition: everything is 0, empty or [0, 0]. */
export const endJson = written([
  ['jsonversion', 5],
  ['bitmode', 0],
  ['fileIndex', 0],
  ['detshape', [0, 0]],
  ['shape', [0, 0]],
  ['size', 0],
  ['acqIndex', 0],
  ['frameIndex', 0],
  ['progress', 0],
  ['fname', ''],
  ['data', 0],
  ['completeImage', 0],
  ['frameNumber', 0],
  ['expLength', 0],
  ['packetNumber', 0],
  ['detSpec1', 0],
  ['timestamp', 0],
  ['modId', 0],
  ['row', 0],
  ['column', 0],
  ['detSpec2', 0],
  ['detSpec3', 0],
  ['detSpec4', 0],
  ['detType', 0],
  ['version', 0],
  ['flipRows', 0],
  ['quad', 0],
  ['rx_roi', [0, 0, 0, 0]],
]);

type Value = number | bigint | string | readonly number[] | readonly (readonly [string, string])[];
type Field = readonly [name: string, value: Value];

function fieldsOf(facts: PreviewFacts, words: readonly (readonly [string, string])[]): Field[] {
  const { header, place } = facts;
  const view = header === null ? null : new DataView(header.buffer, header.byteOffset, header.length);
  const u16 = (at: number, otherwise = 0): number => view?.getUint16(at, true) ?? otherwise;
  const u32 = (at: number): number => view?.getUint32(at, true) ?? 0;
  const u64 = (at: number): bigint => view?.getBigUint64(at, true) ?? 0n;
  const u8 = (at: number, otherwise: number): number => view?.getUint8(at) ?? otherwise;
  return [
    ['jsonversion', 5],
    ['bitmode', facts.bitmode],
    ['fileIndex', facts.fileIndex],
    ['detshape', facts.detshape],
    ['shape', facts.shape],
    ['size', facts.size],
    ['acqIndex', facts.frameNumber],
    ['frameIndex', facts.frameIndex],
    ['progress', facts.frames === 0 ? 0 : (100 * (facts.frameIndex + 1)) / facts.frames],
    ['fname', facts.fname],
    ['data', 1],
    ['completeImage', facts.complete ? 1 : 0],
    ['frameNumber', facts.frameNumber],
    ['expLength', u32(headerOffset.expLength)],
    ['packetNumber', facts.packets],
    ['detSpec1', u64(headerOffset.detSpec1)],
    ['timestamp', u64(headerOffset.timestamp)],
    ['modId', u16(headerOffset.modId)],
    ['row', u16(headerOffset.row, place.row)],
    ['column', u16(headerOffset.column, place.column)],
    ['detSpec2', u16(headerOffset.detSpec2)],
    ['detSpec3', u32(headerOffset.detSpec3)],
    ['detSpec4', u16(headerOffset.detSpec4)],
    ['detType', u8(headerOffset.detType, place.detType)],
    ['version', u8(headerOffset.version, 2)],
    ['flipRows', facts.flipRows ? 1 : 0],
    ['quad', facts.quad ? 1 : 0],
    ...(words.length === 0 ? [] : [['addJsonHeader', words] as const]),
    ['rx_roi', facts.roi],
  ];
}

function written(fields: readonly Field[]): string {
  return `{${fields.map(([name, value]) => `"${name}":${valueText(value)}`).join(', ')}}\n`;
}

function valueText(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  const items = value.map((item) =>
    typeof item === 'number' ? String(item) : item.map((word) => JSON.stringify(word)).join(':'),
  );
  const isWords = typeof value[0] === 'object';
  return isWords ? `{${items.join(', ')}}` : `[${items.join(', ')}]`;
}
