// One second of the service, as diagnosis and page look at it. Types only.

/** `missing` by port, in the order of the ports that are on. */
export interface Sample {
  readonly frames_per_second: number;
  readonly packets_per_second: number;
  /** Of these: packets that came while no series was open. */
  readonly unarmed_per_second: number;
  /** Packets whose frame numbers are outside the series that is open, and packets placed in a frame. */
  readonly outside_per_second: number;
  readonly placed_per_second: number;
  /** Gb/s of UDP payload and headers in, of zmq messages out. */
  readonly in_gbit_per_second: number;
  readonly out_gbit_per_second: number;
  /** Missing packets by expected ones; null = no port image was closed in this second. */
  readonly missing: readonly (number | null)[];
}
