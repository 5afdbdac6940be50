// What the configuration says about a detector, checked and resolved: the input of the layout and of the simulators.

/** Ports are named by their UDP port number everywhere outside the hot path. */
export interface DetectorSettings {
  /** Key of `profiles`. */
  readonly detector: string;
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
