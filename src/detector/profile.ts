// What a detector type is, as data. A new SLS detector adds one file of values; nothing in udp/, assembly/ or stream/
// knows a detector's name. A family is written once; `profileOf` (profiles.ts) picks the values that hold for given
// settings.

import type { PixelType } from './pixel-type.js';

/** How a wire payload becomes pixels: bytes as they are, or packed pixels widened (4 bit to 8, 12 bit to 16). */
export type Decode = 'copy' | 'unpack4' | 'unpack12';

/** One bit depth of a detector. */
export interface DepthProfile {
  /** Bits of one pixel on the wire. */
  readonly wireBits: number;
  readonly pixelType: PixelType;
  readonly decode: Decode;
}

/** Rows and columns of something. */
export interface Extent {
  readonly rows: number;
  readonly columns: number;
}

/** Values only. Sizes in pixels unless the name says bytes. Source of all facts: docs/wire-input.md. */
export interface DetectorProfile {
  readonly name: string;
  /** Byte 46 of the packet header. */
  readonly detectorType: number;
  /** Byte 47 of the packet header. */
  readonly headerVersion: number;
  /** Pixels that one port carries. */
  readonly portImage: Extent;
  /** Ports of one unit of `modules`, as header rows and columns (Eiger: a half-module is 1 × 2). */
  readonly unitPorts: Extent;
  /** The first port of a unit has its lowest header row, or its highest. */
  readonly firstPort: 'lowest_row' | 'highest_row';
  /** Pixels of one whole module and of one chip; gap pixels between chips of a module and between modules. */
  readonly module: Extent;
  readonly chip: Extent;
  readonly gaps: { readonly chip: number; readonly moduleRows: number; readonly moduleColumns: number };
  /** Distance from pixel to pixel along rows (x) and columns, in metres; null = strips, with no other above them. */
  readonly pixelPitch: { readonly x: number; readonly y: number | null };
  /** Bit depths by the value of `dynamic_range`. */
  readonly depths: Readonly<Record<number, DepthProfile>>;
  /** Payload bytes of a packet. */
  readonly payloadBytes: number;
  /**
   * Rows that `read_n_rows` keeps: the first of each port image, those around the centre of each unit, or it cannot be
   * set.
   */
  readonly partialReadout: 'first_of_port' | 'centre_of_unit' | 'none';
  /**
   * Frames that the detector takes one after the other into its own memory and then sends as fast as the network goes;
   * 1 = it does not.
   */
  readonly burstFrames: number;
  /** Which header rows are stored upside down unless configured. */
  readonly flippedRows: 'none' | 'odd' | 'even';
  /**
   * What the packet header's detector-specific fields mean to an analyst: JSON key in image messages → header field.
   */
  readonly headerFields: Readonly<Record<string, HeaderField>>;
  /** Datagrams of the same detector that carry no image: bytes → what they are. */
  readonly otherDatagrams: Readonly<Record<number, string>>;
}

/** Fields of the packet header that an image message may carry. */
export type HeaderField = 'timestamp' | 'expLength' | 'detSpec1' | 'detSpec2' | 'detSpec3' | 'detSpec4';

/** Settings that decide which values of a family hold. */
export interface ProfileChoice {
  readonly quad: boolean;
  readonly tenGiga: boolean;
  readonly interfaces: number;
  readonly counters: number;
  readonly flat: boolean;
  readonly dynamicRange: number;
}

/** One detector type in all its forms. */
export interface DetectorFamily {
  /** Values that each setting may have; of a setting that is not named here only the default is allowed. */
  readonly choices: Readonly<
    Partial<{ [Key in keyof Omit<ProfileChoice, 'dynamicRange'>]: readonly ProfileChoice[Key][] }>
  >;
  readonly values: DetectorProfile;
  /** Where the settings fit `when`, `then` replaces values; later entries over earlier ones. */
  readonly variants: readonly { readonly when: Partial<ProfileChoice>; readonly then: Partial<DetectorProfile> }[];
}
