// The structure with which PSI's client sets a receiver up (F_SETUP_RECEIVER): everything that the detector board
// knows. Comes in: 1272 bytes from clients of release 10, 1284 from those of 8 and 9. Goes out: the fields. Offsets:
// slsDetectorPackage 10.0.1 and 9.2.0, rxParameters.

import { ip, scan, text } from './shapes.js';
import type { Argument, Scan } from './shapes.js';

/** Releases of the client that can be told apart by the structure. */
export type Release = 'since 10' | 'before 10';

/** Fields as they came; names of PSI's commands where there are some. */
export interface Setup {
  readonly release: Release;
  readonly detectorType: number;
  /** Modules beside and above each other. */
  readonly modules: { readonly x: number; readonly y: number };
  readonly moduleIndex: number;
  readonly hostname: string;
  /** 1 or 2; Eiger always says 2. */
  readonly interfaces: number;
  readonly udpPorts: readonly [number, number];
  /** "0.0.0.0" = not set. */
  readonly udpAddresses: readonly [string, string];
  /** What the detector has now, 0 = nothing. */
  readonly udpMacs: readonly [bigint, bigint];
  readonly frames: bigint;
  readonly triggers: bigint;
  readonly bursts: bigint;
  readonly storageCells: number;
  readonly exptimeNs: bigint;
  readonly periodNs: bigint;
  readonly subExptimeNs: bigint;
  readonly subDeadtimeNs: bigint;
  readonly activate: number;
  /** Left and right port send. */
  readonly dataStream: readonly [number, number];
  readonly quad: number;
  readonly readNRows: number;
  readonly thresholdsEv: readonly [number, number, number];
  readonly dynamicRange: number;
  readonly timing: number;
  readonly tenGiga: number;
  readonly counterMask: number;
  readonly burstMode: number;
  readonly exptimesNs: readonly [bigint, bigint, bigint];
  readonly gateDelaysNs: readonly [bigint, bigint, bigint];
  readonly gates: number;
  readonly scan: Scan;
  /** Since release 10; null = not told. */
  readonly readoutSpeed: number | null;
}

/** Bytes by release; those of release 7 have another layout. */
const sizes: Readonly<Record<number, Release>> = { 1272: 'since 10', 1284: 'before 10' };
const mostBytes = 1284;

/** The structure; null = a length that no known release has. */
export const setup: Argument<Setup | null> = {
  // The client sends it in one go, and nothing in it says how long it is.
  quietMs: 100,
  size: (head, quiet) => (quiet && head.length >= 1272 ? head.length : mostBytes),
  read: (bytes) => {
    const release = sizes[bytes.length];
    if (release === undefined) return null;
    // Before release 10 the region of the detector stood at 1172, and three fields of it shift what follows.
    const late = release === 'since 10' ? 0 : 16;
    const i32 = (at: number): number => bytes.readInt32LE(at);
    const i64 = (at: number): bigint => bytes.readBigInt64LE(at);
    const three = (at: number): [bigint, bigint, bigint] => [i64(at), i64(at + 8), i64(at + 16)];
    return {
      release,
      detectorType: i32(0),
      modules: { x: i32(4), y: i32(8) },
      moduleIndex: i32(12),
      hostname: text.read(bytes.subarray(16)),
      interfaces: i32(1016),
      udpPorts: [bytes.readUInt16LE(1020), bytes.readUInt16LE(1034)],
      udpAddresses: [ip.read(bytes.subarray(1022)), ip.read(bytes.subarray(1036))],
      udpMacs: [bytes.readBigUInt64LE(1026), bytes.readBigUInt64LE(1040)],
      frames: i64(1048),
      triggers: i64(1056),
      bursts: i64(1064),
      storageCells: i32(1072),
      exptimeNs: i64(1084),
      periodNs: i64(1092),
      subExptimeNs: i64(1100),
      subDeadtimeNs: i64(1108),
      activate: i32(1116),
      dataStream: [i32(1120), i32(1124)],
      quad: i32(1128),
      readNRows: i32(1132),
      thresholdsEv: [i32(1136), i32(1140), i32(1144)],
      dynamicRange: i32(1148),
      timing: i32(1152),
      tenGiga: i32(1156),
      counterMask: bytes.readUInt32LE(1172 + late),
      burstMode: i32(1176 + late),
      exptimesNs: three(1180 + late),
      gateDelaysNs: three(1204 + late),
      gates: i32(1228 + late),
      scan: scan.read(bytes.subarray(1232 + late)),
      readoutSpeed: release === 'since 10' ? i32(1268) : null,
    };
  },
};
