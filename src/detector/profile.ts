// What a detector type is, as data. A new SLS detector adds one file of values; nothing in udp/, assembly/ or stream/ knows a
// detector's name.

import type { PixelType } from './pixel-type.js';

/** How a wire payload becomes pixels: bytes as they are, or packed pixels widened on the way. */
export type Decode = 'copy';

/** One bit depth of a detector. */
export interface DepthProfile {
  /** Bits of one pixel on the wire. */
  readonly wireBits: number;
  readonly pixelType: PixelType;
  readonly decode: Decode;
}

/** Values only. Sizes in pixels unless the name says bytes. Source of all facts: docs/wire-input.md. */
export interface DetectorProfile {
  readonly name: string;
  /** Byte 46 of the packet header. */
  readonly detectorType: number;
  /** Byte 47 of the packet header. */
  readonly headerVersion: number;
  /** Pixels that one port carries. */
  readonly portImage: { readonly rows: number; readonly columns: number };
  /** Ports of one unit of `modules`, as header rows and columns (Eiger: a half-module is 1 × 2). */
  readonly unitPorts: { readonly rows: number; readonly columns: number };
  /** One quad: ports stacked instead of side by side; null where the detector has none. */
  readonly quadPorts: { readonly rows: number; readonly columns: number } | null;
  /** Pixels of one whole module and of one chip; gap pixels between chips of a module and between modules. */
  readonly module: { readonly rows: number; readonly columns: number };
  readonly chip: { readonly rows: number; readonly columns: number };
  readonly gaps: { readonly chip: number; readonly moduleRows: number; readonly moduleColumns: number };
  /** Bit depths by the value of `dynamic_range`. */
  readonly depths: Readonly<Record<number, DepthProfile>>;
  /** Payload bytes of a packet at 10 GbE and at 1 GbE. */
  readonly payloadBytes: { readonly tenGiga: number; readonly oneGiga: number };
  /** Which header rows are stored upside down unless configured. */
  readonly flippedRows: { readonly normal: 'none' | 'odd'; readonly quad: 'none' | 'even' };
  /** What the packet header's detector-specific fields mean to an analyst: JSON key in image messages → header field. */
  readonly headerFields: Readonly<Record<string, HeaderField>>;
}

/** Fields of the packet header that an image message may carry. */
export type HeaderField = 'timestamp' | 'expLength' | 'detSpec1' | 'detSpec2' | 'detSpec3' | 'detSpec4';
