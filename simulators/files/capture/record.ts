// One record of a capture, as both kinds of files give it, and what is common to reading them.
// Tested by test/simulators/files/capture/capture.test.ts.

/** What was captured at one moment. Bytes are not reused; they may be kept. */
export interface CapturedRecord {
  /** Milliseconds since 1970, to the resolution of the file; of a record without a time, that of the one before. */
  readonly timeMs: number;
  /** Data link type (tcpdump.org/linktypes.html). */
  readonly linkType: number;
  /** From the link layer on. */
  readonly bytes: Uint8Array;
}

/** Largest record; a length above it is no length. Wireshark and libpcap have the same limit. */
export const recordLimit = 262144;

/** The file is none that can be read, from its beginning on. The message is what follows its name. */
export class WrongFile extends Error {
  override readonly name = 'WrongFile';
}

/** Why reading ended at a record that is not whole. */
export const cutOff = (at: number): string =>
  `ends within a record, at byte ${at}. The file is cut off: copy or capture it again`;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
