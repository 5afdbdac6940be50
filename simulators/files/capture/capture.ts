// A capture file as tcpdump and Wireshark write it: in goes a file, pcap or pcapng, plain or gzip'ed; out come its
// records, one after the other from front to back, and at the end what was wrong with the file.

import { exitCode, OperatorError } from '../../../src/base/errors.js';
import { MemoryBytes, openBytes, ReadFailed } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { isPcap, readPcapRecords } from './pcap.js';
import { isPcapNg, readPcapNgRecords } from './pcapng.js';
import { WrongFile } from './record.js';
import type { CapturedRecord } from './record.js';

/** Beginnings of files that hold captures once they are unpacked or converted, in hexadecimal, and how to do that. */
const others: readonly (readonly [magic: string, what: string, remedy: string])[] = [
  ['425a68', 'is packed with bzip2', 'Unpack it: bunzip2 FILE'],
  ['fd377a585a00', 'is packed with xz', 'Unpack it: unxz FILE'],
  ['28b52ffd', 'is packed with zstd', 'Unpack it: unzstd FILE'],
  ['04224d18', 'is packed with lz4', 'Unpack it: unlz4 FILE'],
  ['504b0304', 'is a zip archive', 'Unpack it: unzip FILE'],
  ['736e6f6f70000000', 'is a snoop file', 'Convert it: editcap -F pcap IN OUT'],
  ['474d4255', 'is a file of Network Monitor', 'Convert it: editcap -F pcap IN OUT'],
];

/** A capture; its records may be taken once. */
export class Capture {
  readonly #name: string;
  readonly #source: ByteSource;
  #damage: string | null = null;

  /** @param name for messages */
  constructor(name: string, source: ByteSource) {
    this.#name = name;
    this.#source = source;
  }

  /**
   * Why the records ended before the file's own end, and at which byte; null: they did not, as far as they were taken.
   */
  get damage(): string | null {
    return this.#damage === null ? null : `${this.#name}: ${this.#damage}`;
  }

  /**
   * All records up to the first that is not whole; `damage` tells then.
   * @throws OperatorError (usage) when it is no capture at all, or of a link layer that is not known
   */
  *records(): Generator<CapturedRecord, void, undefined> {
    try {
      const damage = yield* this.#read();
      this.#damage = this.#source.damage ?? damage;
    } catch (error) {
      if (error instanceof ReadFailed) this.#damage = `${error.message} at byte ${this.#source.at}`;
      else if (error instanceof WrongFile)
        throw new OperatorError(`${this.#name}: ${error.message}`, exitCode.usage, { cause: error });
      else throw error;
    } finally {
      this.#source.close();
    }
  }

  #read(): Generator<CapturedRecord, string | null, undefined> {
    const start = this.#source.peek(8);
    if (isPcapNg(start)) return readPcapNgRecords(this.#source);
    if (isPcap(start)) return readPcapRecords(this.#source);
    const wanted = "Give a .pcap or .pcapng, plain or gzip'ed, as tcpdump -w writes it";
    if (start.length < 4)
      throw new WrongFile(
        `has ${start.length} bytes, too few for a capture ` +
          `file${this.#source.damage === null ? '' : `; ${this.#source.damage}`}. ${wanted}`,
      );
    const hex = Buffer.from(start).toString('hex');
    const known = others.find(([magic]) => hex.startsWith(magic));
    throw new WrongFile(known === undefined ? `is no capture file. ${wanted}` : `${known[1]}. ${known[2]}`);
  }
}

/** The capture in a file. @throws OperatorError when it cannot be opened or unpacked */
export function openCapture(file: string): Capture {
  return new Capture(file, openBytes(file));
}

/** The same of bytes in memory, not gzip'ed: for tests. @param name for messages */
export function captureOf(name: string, content: Uint8Array): Capture {
  return new Capture(name, new MemoryBytes(content));
}
