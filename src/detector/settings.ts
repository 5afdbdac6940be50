// What the configuration says about a detector, checked and resolved: the input of the layout and of the simulators.
// Tested by test/simulators/files/pixel-mask.test.ts.

/** Units above or beside each other, at most. */
export const mostUnits = 32;

/** Ports are named by their UDP port number everywhere outside the hot path. */
export interface DetectorSettings {
  /** Key of `families`. */
  readonly detector: string;
  /** UDP interfaces of each module in use (Jungfrau, Moench): 1 or 2. */
  readonly interfaces: number;
  /** Counters that are read out (Mythen3): 1 to 3. */
  readonly counters: number;
  /** One row of all counters instead of one row per counter (Mythen3). */
  readonly flat: boolean;
  /** 4 bit: the left pixel of a byte is its low half. */
  readonly lowNibbleFirst: boolean;
  readonly quad: boolean;
  /** Rows and columns of units (Eiger: half-modules); [1, 1] for a quad. */
  readonly modules: readonly [rows: number, columns: number];
  /** Leave room for the pixels between chips and modules. */
  readonly gapPixels: boolean;
  /** Bits per pixel on the wire; a key of the profile's `depths`. */
  readonly dynamicRange: number;
  /** 10 GbE packets (true) or 1 GbE packets. */
  readonly tenGiga: boolean;
  /** Rows read out of each port image; null = all. */
  readonly readNRows: number | null;
  /** UDP port numbers in the order of PSI's `udp_dstport`, `udp_dstport2` of module 0, module 1, … */
  readonly udpPorts: readonly number[];
  /** Subset of `udpPorts` that the detector does not send (`datastream` off, deactivated half-modules). */
  readonly portsOff: readonly number[];
  /** Store the rows of these ports upside down (true) or as received (false); ports not named follow the profile. */
  readonly flipRows: ReadonlyMap<number, boolean>;
  /** Ports placed here whatever their packet header says: UDP port → header row, column. */
  readonly portPositions: ReadonlyMap<number, readonly [row: number, column: number]>;
}
