// What can look wrong in a series: the code of a warning, as it leaves the process in events and log, alone or with a
// port behind it (`vanished/50001`). The sentence of a warning has the figures of its case; the row says what all of
// its kind mean. Pure.
// Tested by test/contract/closed-lists.test.ts.

import type { Row } from './row.js';

interface WarningRow extends Row {
  /** It says that the settings of its port are in doubt: what the port loses may never have been sent. */
  readonly settings: boolean;
}

const settings = {
  remedy: 'Set the detector and the configuration alike',
  docs: 'docs/operating.md#wrong-settings',
  settings: true,
} as const;
const numbers = {
  remedy: 'Stop the detector, set nextframenumber of all modules to the same value, and begin again',
  docs: 'docs/operating.md#ports-disagree',
  settings: false,
} as const;

/** `says` stands in the table of docs/operating.md. */
export const seriesWarnings = {
  wrong_size: { ...settings, says: 'Datagrams of another size than the configured packets' },
  wrong_version: { ...settings, says: 'Packet headers of another version' },
  wrong_detector: { ...settings, says: 'Packets of another detector type' },
  packet_number: { ...settings, says: 'Packet numbers that an image does not have' },
  wrong_position: { ...settings, says: 'Rows or columns that the configured detector does not have' },
  position_taken: { ...settings, says: 'Two ports name the same row and column' },
  same_missing: { ...settings, says: 'Ten successive images missed the same packets' },
  number_step: {
    ...settings,
    says: 'Frame numbers go in steps, and the frames between never come',
    remedy: 'Let the detector count by one and send every frame here, or set frames_stride (up to 32)',
    docs: 'docs/operating.md#frame-numbers-in-steps',
  },
  second_source: {
    says: 'A second address sends to a port',
    remedy: 'Stop the second sender, or set udp_source',
    docs: 'docs/operating.md#second-source',
    settings: false,
  },
  other_share: {
    says: 'Frames of another instance come to this one',
    remedy: "Bring the detector's list of destinations and frames_offset into the same order",
    docs: 'docs/operating.md#instance-missing',
    settings: true,
  },
  jump_backward: { ...numbers, says: 'Frame numbers went back, or are below the first one of the series' },
  jump_forward: { ...numbers, says: 'Frame numbers jumped further than max_owed_frames' },
  ring_span: { ...numbers, says: 'Frame numbers of a port lie a ring or more above those of others' },
  ports_disagree: { ...numbers, says: 'Frame numbers of the ports lie a ring or more apart, or outside the series' },
  ports_apart: { ...numbers, says: 'A port began frames later than others' },
  frame_number: { ...numbers, says: 'Frame numbers that are not taken: 0, or too large' },
  frame_numbers: {
    ...numbers,
    says: 'Packets were not taken because nothing confirmed their frame numbers',
    remedy: 'Look what else sends to this port (udp_source), and leave nextframenumber alone in a series',
  },
  duplicates: {
    ...numbers,
    says: 'Many packets came twice',
    remedy: 'Leave nextframenumber alone in a series, and send packets once',
  },
  vanished: {
    says: 'Nothing came from a port, or nothing any more',
    remedy: 'Look at power and link of the module',
    docs: 'docs/operating.md#silent-port',
    settings: false,
  },
  lost_before: {
    says: 'The socket buffer had no room while the series before was ended',
    remedy: 'Raise receive_buffer_bytes, or speed the consumer up',
    docs: 'docs/operating.md#receive-buffer',
    settings: false,
  },
  low_rate: {
    says: 'Frames come too slowly for one automatic series',
    remedy: 'Raise series_idle_ms, or arm',
    docs: 'docs/operating.md#the-series-does-not-end',
    settings: false,
  },
  strangers: {
    says: 'More consumers are connected than are expected',
    remedy: 'Stop the stranger, or set consumer_connections',
    docs: 'docs/operating.md#two-consumers',
    settings: false,
  },
  refused_peer: {
    says: 'A peer that may have been meant as a consumer was not let in while the series was open',
    remedy: 'Look which program it is: the series lacks nothing, but that program may miss it',
    docs: 'docs/operating.md#strangers',
    settings: false,
  },
} as const satisfies Readonly<Record<string, WarningRow>>;

/** What `strangers` says of so many consumers, before its remedy. */
export const strangersText = (consumers: number, expected: number): string =>
  `${consumers} consumers are connected, ${expected} expected: zmq shares the images out among them`;

export type SeriesWarning = keyof typeof seriesWarnings;

/** The code of one warning: of the series, or of a port of it. */
export type WarningCode = SeriesWarning | `${SeriesWarning}/${number}`;

/** Ports whose settings these warnings doubt. */
export function doubtedPorts(codes: Iterable<WarningCode>): Set<number> {
  const ports = new Set<number>();
  for (const code of codes) {
    const [warning, port] = code.split('/') as [SeriesWarning, string?];
    if (port !== undefined && seriesWarnings[warning].settings) ports.add(Number(port));
  }
  return ports;
}
