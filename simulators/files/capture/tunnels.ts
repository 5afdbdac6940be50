// What switches and virtual networks wrap packets up in: in goes the content of IP or UDP, out what is inside, or null
// where it is none. Mirrors of a port arrive so: as GRE, ERSPAN (types I to III), VXLAN or Geneve. Source: RFC 2784,
// 2890 (GRE); draft-foschiano-erspan; RFC 7348 (VXLAN); RFC 8926 (Geneve).
// Tested by test/simulators/files/capture/datagrams.test.ts.

import { viewOf } from './record.js';

export interface Inside {
  readonly kind: 'ip' | 'ethernet';
  /** At least one byte. */
  readonly bytes: Uint8Array;
}

const greType = { ipv4: 0x0800, ipv6: 0x86dd, ethernet: 0x6558, erspan: 0x88be, erspan3: 0x22eb } as const;
const greFlag = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, version: 0x0007 } as const;

/** Inside of GRE. */
export function insideGre(bytes: Uint8Array): Inside | null {
  if (bytes.length < 4) return null;
  const view = viewOf(bytes);
  const flags = view.getUint16(0);
  // Routing has not been used since 1994; version 1 is that of PPTP.
  if ((flags & (greFlag.routing | greFlag.version)) !== 0) return null;
  const words = [greFlag.checksum, greFlag.key, greFlag.sequence].filter((flag) => (flags & flag) !== 0).length;
  const at = 4 + 4 * words;
  switch (view.getUint16(2)) {
    case greType.ipv4:
    case greType.ipv6:
      return inside('ip', bytes, at);
    case greType.ethernet:
      return inside('ethernet', bytes, at);
    // Type I is plain; type II has a sequence number, and a header of its own.
    case greType.erspan:
      return inside('ethernet', bytes, (flags & greFlag.sequence) === 0 ? at : at + 8);
    case greType.erspan3:
      return insideErspan3(bytes, at);
    default:
      return null;
  }
}

/**
 * Its last word tells what kind of frame follows (bits 14 to 10), and whether eight bytes more of the platform do (bit
 * 0).
 */
function insideErspan3(bytes: Uint8Array, at: number): Inside | null {
  if (at + 12 > bytes.length) return null;
  const last = viewOf(bytes).getUint16(at + 10);
  const kind = (last >> 10) & 31;
  const begin = at + 12 + ((last & 1) === 1 ? 8 : 0);
  return kind === 0 ? inside('ethernet', bytes, begin) : kind === 2 ? inside('ip', bytes, begin) : null;
}

/** The registered port of VXLAN, and the one that Linux had before. */
const vxlanPorts: readonly number[] = [4789, 8472];
const genevePort = 6081;

/**
 * Inside of UDP to the ports of VXLAN and Geneve; a detector may use these ports as well, whose packets do not look
 * like it.
 */
export function insideUdp(port: number, payload: Uint8Array): Inside | null {
  if (payload.length < 8) return null;
  const view = viewOf(payload);
  if (vxlanPorts.includes(port)) {
    const isVxlan = view.getUint32(0) === 0x08000000 && payload[7] === 0;
    return isVxlan ? inside('ethernet', payload, 8) : null;
  }
  if (port !== genevePort || payload[0] >> 6 !== 0) return null;
  const begin = 8 + (payload[0] & 0x3f) * 4;
  switch (view.getUint16(2)) {
    case greType.ethernet:
      return inside('ethernet', payload, begin);
    case greType.ipv4:
    case greType.ipv6:
      return inside('ip', payload, begin);
    default:
      return null;
  }
}

function inside(kind: Inside['kind'], bytes: Uint8Array, at: number): Inside | null {
  return bytes.length > at ? { kind, bytes: bytes.subarray(at) } : null;
}
