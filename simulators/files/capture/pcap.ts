// Records of a pcap file: microseconds, nanoseconds, or modified (with eight more bytes in each record's header), of
// either byte order. Files that were written one behind the other (cat) go on with the header of the next. Source:
// draft-ietf-opsawg-pcap; wiki.wireshark.org/Development/LibpcapFileFormat (modified).
// Tested by test/simulators/files/capture/capture.test.ts.

import type { ByteSource } from './byte-source.js';
import { checkLinkType } from './link-layers.js';
import { cutOff, recordLimit, viewOf, WrongFile } from './record.js';
import type { CapturedRecord } from './record.js';

const fileHeaderBytes = 24;
const version = 2;

interface Format {
  readonly unitsPerMs: number;
  readonly recordHeaderBytes: number;
}

/** The first four bytes, as they are read in the byte order of the file. */
const formats: ReadonlyMap<number, Format> = new Map([
  [0xa1b2c3d4, { unitsPerMs: 1e3, recordHeaderBytes: 16 }],
  [0xa1b23c4d, { unitsPerMs: 1e6, recordHeaderBytes: 16 }],
  [0xa1b2cd34, { unitsPerMs: 1e3, recordHeaderBytes: 24 }],
]);

interface Header extends Format {
  readonly little: boolean;
  readonly linkType: number;
}

export function isPcap(start: Uint8Array): boolean {
  return start.length >= 4 && [true, false].some((little) => formats.has(viewOf(start).getUint32(0, little)));
}

/** @returns why it ended early, or null. @throws WrongFile for a header that cannot be */
export function* readPcapRecords(source: ByteSource): Generator<CapturedRecord, string | null, undefined> {
  let header = readHeader(source.take(fileHeaderBytes));
  for (;;) {
    const next = source.peek(fileHeaderBytes);
    if (next.length === 0) return null;
    if (isNextFile(next)) {
      const { at } = source;
      try {
        header = readHeader(source.take(fileHeaderBytes));
      } catch (error) {
        if (error instanceof WrongFile) return `the file that begins at byte ${at}: ${error.message}`;
        throw error;
      }
      continue;
    }
    const { little, unitsPerMs, recordHeaderBytes, linkType } = header;
    const start = source.at;
    const head = source.take(recordHeaderBytes);
    if (head.length < recordHeaderBytes) return cutOff(source.at);
    const fields = viewOf(head);
    const captured = fields.getUint32(8, little);
    if (captured > recordLimit)
      return (
        `the record at byte ${start} claims ${captured} bytes, more than the ${recordLimit} that a record can have. ` +
        'The file is damaged from there on'
      );
    const bytes = source.take(captured);
    if (bytes.length < captured) return cutOff(source.at);
    yield { timeMs: fields.getUint32(0, little) * 1000 + fields.getUint32(4, little) / unitsPerMs, linkType, bytes };
  }
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < fileHeaderBytes)
    throw new WrongFile(`has ${bytes.length} bytes, too few for a capture file. Copy or capture it again`);
  const view = viewOf(bytes);
  const little = formats.has(view.getUint32(0, true));
  const linkType = view.getUint32(20, little) & 0xffff;
  checkLinkType(linkType);
  return { ...(formats.get(view.getUint32(0, little)) as Format), little, linkType };
}

/** A file header where a record is expected: its time, length and zone would be no record's. */
function isNextFile(bytes: Uint8Array): boolean {
  if (bytes.length < fileHeaderBytes || !isPcap(bytes)) return false;
  const view = viewOf(bytes);
  const little = formats.has(view.getUint32(0, true));
  return view.getUint16(4, little) === version && view.getUint32(8, little) === 0 && view.getUint32(12, little) === 0;
}
