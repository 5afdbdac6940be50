// Reads the UDP payloads of a gzip'ed capture: classic pcap, Ethernet, IPv4, fragments not expected.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** One captured datagram. */
export interface Captured {
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** @throws Error when the file is not what is described above */
export function readCapture(file: string): Captured[] {
  const bytes = gunzipSync(readFileSync(file));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint32(0, true);
  const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  if (!little && view.getUint32(0) !== 0xa1b2c3d4 && view.getUint32(0) !== 0xa1b23c4d)
    throw new Error(`${file}: no pcap file`);
  if (view.getUint32(20, little) !== 1)
    throw new Error(`${file}: link type ${view.getUint32(20, little)}, Ethernet (1) is needed`);
  const captured: Captured[] = [];
  for (let at = 24; at + 16 <= bytes.length;) {
    const length = view.getUint32(at + 8, little);
    const frame = at + 16;
    at = frame + length;
    if (view.getUint16(frame + 12) !== 0x0800 || view.getUint8(frame + 23) !== 17) continue;
    const udp = frame + 14 + (view.getUint8(frame + 14) & 15) * 4;
    const udpBytes = view.getUint16(udp + 4);
    captured.push({ destinationPort: view.getUint16(udp + 2), payload: bytes.subarray(udp + 8, udp + udpBytes) });
  }
  return captured;
}
