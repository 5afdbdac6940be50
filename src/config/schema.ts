// The one list of options: every key of a detector's entry in the configuration file, with unit, default, range and one
// sentence. `load.ts` parses with it key by key, `checks.ts` compares keys with each other, `reference.ts` prints it.

import { isIP } from 'node:net';
import { parseNetwork } from './networks.js';
import { z } from 'zod';
import { destinationsMost } from '../detector/frame-share.js';
import type { DetectorFamily } from '../detector/profile.js';
import { families } from '../detector/profiles.js';
import { isFilenameTemplate } from './auto-filename.js';

/** What the reference prints beside an option and what an error says is allowed. */
export interface OptionNotes {
  /** Unit of the value; null where it has none. */
  readonly unit: string | null;
  /** Allowed values, as the end of "needs …". */
  readonly range: string;
  readonly description: string;
  /** What holds when a key without default is not given. */
  readonly unset?: string;
}

interface Whole {
  readonly unit: string | null;
  readonly from: number;
  readonly to: number;
  readonly says: string;
}

const port = z.int().min(1).max(65535);
const portKey = z.string().regex(/^[1-9][0-9]{0,4}$/);
const cell = z.tuple([z.int().min(0).max(63), z.int().min(0).max(63)]);
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})$/;
const address = z.string().refine((text) => isIP(text) !== 0);

/** The keys, in the order of the reference. A detector's facts (sizes, gaps, packets) are in its profile, not here. */
export const options = {
  detector: noted(z.enum(Object.keys(families) as [string, ...string[]]), {
    unit: null,
    range: oneOf(Object.keys(families)),
    description: 'The type of detector.',
  }),
  quad: noted(z.boolean().default(false), {
    unit: null,
    range: choiceRange('quad'),
    description: 'Quad hardware: one unit whose two ports lie above each other.',
  }),
  interfaces: noted(z.int().min(1).max(2).default(1), {
    unit: null,
    range: choiceRange('interfaces'),
    description: 'UDP interfaces in use on each module (PSI: numinterfaces); with two each sends one half, through a port of its own.',
  }),
  counters: noted(z.int().min(1).max(3).default(1), {
    unit: null,
    range: choiceRange('counters'),
    description: 'How many counters are read out (PSI: counters lists which); one row of the frame each.',
  }),
  flat: noted(z.boolean().default(false), {
    unit: null,
    range: choiceRange('flat'),
    description: 'All counters in one row, module by module as they are sent, instead of one row for each; the frame keeps two dimensions.',
  }),
  modules: noted(z.tuple([z.int().min(1).max(32), z.int().min(1).max(32)]).default([1, 1]), {
    unit: 'units',
    range: `[rows, columns], each 1 to 32; one row only: ${namesOf((family) => family.values.portImage.rows === 1)}`,
    description: `How many units stand above and beside each other. A unit has ${unitSizes()} pixels.`,
  }),
  gap_pixels: noted(z.boolean().default(true), {
    unit: null,
    range: 'true or false',
    description: 'Leave room in the frame for the pixels between chips and modules, which are 0.',
  }),
  flip_rows: noted(z.union([z.boolean(), z.record(portKey, z.boolean())]).optional(), {
    unit: null,
    range: 'true or false, or a map of UDP ports to true or false',
    description: 'Store the rows of all ports, or of the ports named, upside down (true) or as received (false).',
    unset: `as the detector type has it: odd rows flipped (${namesOf((family) => family.values.flippedRows === 'odd')}; a quad: row 0), none (the others)`,
  }),
  port_positions: noted(z.record(portKey, cell).default({}), {
    unit: null,
    range: 'a map of UDP ports to [row, column], counted in ports from 0',
    description: 'Where these ports lie, whatever their packet headers say.',
  }),
  ports_off: noted(z.array(port).default([]), {
    unit: null,
    range: 'a list of ports of udp_ports, not all of them',
    description: 'Ports that the detector does not send; their pixels are missing and the frame counts as complete.',
  }),
  dynamic_range: noted(z.int().min(1).max(64).default(16), {
    unit: 'bits',
    range: depthRange(),
    description: 'Bits of one pixel; packets do not carry it, so it must equal the detector\'s own setting.',
  }),
  dynamic_range_max: noted(z.int().min(1).max(64).optional(), {
    unit: 'bits',
    range: `${depthRange()}, at least dynamic_range`,
    description: 'Largest bit depth that an arm request may ask for; the ring is sized for it.',
    unset: 'dynamic_range',
  }),
  nibble_order: noted(z.enum(['high_first', 'low_first']).default('high_first'), {
    unit: null,
    range: `high_first or low_first (${namesOf((family) => Object.values(family.values.depths).some((depth) => depth.decode === 'unpack4'))})`,
    description: 'At 4 bit: which half of a byte is the left pixel. PSI\'s viewer takes the high one; switch if neighbours are swapped.',
  }),
  ten_giga: noted(z.boolean().default(true), {
    unit: null,
    range: choiceRange('tenGiga'),
    description: 'Packets of the 10 GbE interface (true) or the smaller ones of the 1 GbE interface.',
  }),
  read_n_rows: noted(z.int().min(1).max(65536).optional(), {
    unit: 'rows',
    range: `1 to all, in whole packets (${namesOf((family) => family.values.partialReadout !== 'none')})`,
    description: `Rows that the detector reads out: the first of each port image (${namesOf((family) => family.values.partialReadout === 'first_of_port')}), or those around the centre of each module (${namesOf((family) => family.values.partialReadout === 'centre_of_unit')}); the others are missing in every frame.`,
    unset: 'all rows',
  }),

  udp_host: noted(z.union([address, z.array(address).min(1).max(256)]).default('127.0.0.1'), {
    unit: null,
    range: 'an IPv4 or IPv6 address of this machine, or a list of them: one for each port of udp_ports, or with interfaces: 2 that of udp_dstip and that of udp_dstip2',
    description: 'Address on which packets are received; several network cards: a list.',
  }),
  udp_ports: noted(z.array(port).min(1).max(256), {
    unit: null,
    range: 'a list of ports, each 1 to 65535: as many as the units have together',
    description: 'UDP ports in the order of udp_dstport and udp_dstport2 of module 0, module 1 and so on.',
  }),
  udp_source: noted(z.string().refine((text) => parseSource(text) !== null).optional(), {
    unit: null,
    range: '"address" or "address:port", an IPv6 address in brackets',
    description: 'Only packets from this address (and port) are the detector\'s; others are counted as foreign.',
    unset: 'any source',
  }),
  receive_buffer_bytes: whole({
    unit: 'bytes', from: 65536, to: 1073741823,
    says: 'Socket buffer asked of the kernel for each port; what was granted is reported.',
  }, 104857600),
  receive: noted(z.enum(['auto', 'recvmmsg', 'dgram']).default('auto'), {
    unit: null,
    range: 'auto, recvmmsg or dgram',
    description: 'How packets are received: batched system calls (Linux), or node:dgram everywhere; auto takes the first that works.',
  }),
  receive_coalesced: noted(z.boolean().default(false), {
    unit: null,
    range: 'true or false',
    description: 'Take datagrams that the kernel has coalesced (UDP_GRO): cheaper for senders with UDP_SEGMENT, but kernel drops become an estimate. Detectors send single datagrams.',
  }),
  receiver_threads: noted(z.int().min(1).max(128).optional(), {
    unit: 'threads',
    range: '1 to 128',
    description: 'Receiver threads that share the ports.',
    unset: 'one per port, at most as many as there are cores and at least 2',
  }),
  pin_cpus: noted(z.array(z.int().min(0).max(1023)).default([]), {
    unit: null,
    range: 'a list of CPU numbers',
    description: 'CPUs for the receiver threads, one after the other, and the last for the streamer; empty = the scheduler decides.',
  }),
  send: noted(z.enum(['auto', 'zmtp', 'libzmq', 'zeromq.js']).default('auto'), {
    unit: null,
    range: 'auto, zmtp, libzmq or zeromq.js',
    description: 'How messages leave: by zmq\'s protocol spoken by the service itself (zmtp), by libzmq called directly, or by zeromq.js; auto takes libzmq, or zeromq.js where that cannot be had.',
  }),

  data_host: noted(address.default('127.0.0.1'), {
    unit: null,
    range: 'an IPv4 or IPv6 address of this machine',
    description: 'Address on which the zmq stream is offered.',
  }),
  data_port: whole({ unit: null, from: 0, to: 65535, says: 'TCP port of the zmq stream; 0 takes any free one.' }, 9999),
  api_host: noted(address.default('127.0.0.1'), {
    unit: null,
    range: 'an IPv4 or IPv6 address of this machine',
    description: 'Address of the HTTP interface.',
  }),
  api_port: whole({ unit: null, from: 0, to: 65535, says: 'TCP port of the HTTP interface; 0 takes any free one.' }, 5000),
  api_token_file: noted(z.string().min(1).optional(), {
    unit: null,
    range: 'the path of a file that holds the token',
    description: 'Requests that change something (arm, stop, downsample, flight recorder) need the token in this file; reading is open to all.',
    unset: 'the token in the file that the environment variable VDCU_API_TOKEN_FILE names, or in VDCU_API_TOKEN itself, or none',
  }),
  api_names: noted(z.array(z.string().regex(hostName)).optional(), {
    unit: null,
    range: 'a list of host names',
    description: 'Names of this service in browsers and proxies, beside addresses, localhost and the name of the machine; others are refused.',
    unset: 'any name, but none when api_host is a loopback address',
  }),

  frame_rate_hz: noted(z.number().gt(0).max(1000000).optional(), {
    unit: 'Hz',
    range: 'more than 0, up to 1000000',
    description: 'Highest frame rate that is expected; limits in frames are checked against it.',
    unset: 'unknown: nothing is checked against it, the ring is sized for 1000 Hz and for 32 MiB, whichever is more, as far as 512 MiB reach',
  }),
  ring_frames: wholeOrUnset({ unit: 'frames', from: 4, to: 1048576, says: 'Length of the frame ring.' },
    'the most of: two frame_timeout_ms at frame_rate_hz, 64 frames, what 32 MiB hold, and a burst of the detector as far as 512 MiB reach'),
  ring_ms: wholeOrUnset({ unit: 'ms', from: 1, to: 600000, says: 'Length of the frame ring at frame_rate_hz, instead of ring_frames.' },
    'see ring_frames'),

  series: noted(z.enum(['armed', 'auto']).default('auto'), {
    unit: null,
    range: 'armed or auto',
    description: 'Whether a series needs an arm request, or begins with the first packet while a consumer is connected.',
  }),
  frames: whole({
    unit: 'frames', from: 0, to: 4294967295,
    says: 'Frames of an auto series; 0 lets it last until the detector falls silent.',
  }, 0),
  auto_filename: noted(z.string().refine(isFilenameTemplate).optional(), {
    unit: null,
    range: 'an absolute path with {date} and {series} once each, if wanted {detector}, and no other braces: /data/staff/{date}_{series}.h5',
    description: 'File that the consumer writes for an auto series: {date} is when its header went out (UTC, to the millisecond: 20261129-081502-123), {series} its number since the start (0001), so that no name comes twice; the folder must exist where the consumer runs.',
    unset: 'none: of auto series the consumer writes no file',
  }),
  frames_stride: whole({
    unit: 'instances', from: 1, to: destinationsMost,
    says: 'How many instances share this detector: it sends its frames to them in turn (PSI: udp_numdst), each frame to one of them.',
  }, 1),
  frames_offset: noted(z.union([z.int().min(0).max(destinationsMost - 1), z.literal('hostname')]).default(0), {
    unit: null,
    range: 'a whole number, 0 to frames_stride − 1, or hostname',
    description: 'Which of them this instance is: it takes the frames with this index in the series and every frames_stride-th after it; hostname: the number after the last hyphen of the host\'s name, which pods of a StatefulSet have.',
  }),
  incomplete_frames: noted(z.enum(['mark', 'discard']).default('mark'), {
    unit: null,
    range: 'mark or discard',
    description: 'Send incomplete frames filled and marked, or as discarded (the writer leaves them out).',
  }),
  overtake_frames: whole({
    unit: 'frames', from: 2, to: 1000,
    says: 'A port image is closed once its port has seen a frame this far ahead; also the jump of frame numbers that needs three witnesses. Less than the ring.',
  }, 4),
  frame_timeout_ms: whole({
    unit: 'ms', from: 1, to: 60000,
    says: 'A port image is closed this long after any port first saw its frame or a later one.',
  }, 500),
  drain_ms: whole({
    unit: 'ms', from: 1, to: 10000,
    says: 'How long a receiver reads on before it obeys a stop or a give-up, when its socket is never found empty. What waited there is read in any case.',
  }, 100),
  start_window_ms: whole({
    unit: 'ms', from: 1, to: 60000,
    says: 'The first frame of a series is the smallest number that arrives within this time of the first packet, unless it was given.',
  }, 20),
  max_owed_frames: wholeOrUnset({
    unit: 'frames', from: 1, to: 1000000000,
    says: 'A series is aborted when the consumer is further behind than the ring and this many frames.',
  }, '10 × the ring'),
  series_idle_ms: whole({ unit: 'ms', from: 1, to: 86400000, says: 'An auto series ends after this time without a packet; after three frame periods where they are longer, at most 10 times this.' }, 2000),
  series_timeout_ms: wholeOrUnset({
    unit: 'ms', from: 1, to: 86400000,
    says: 'An armed series ends after this time without a packet (but not before 5 s).',
  }, 'none, unless the arm request gives a frame period'),
  fill_tail_frames: wholeOrUnset({
    unit: 'frames', from: 0, to: 1000000000,
    says: 'When a series falls silent at most so many missing last frames are made up; with more missing the detector was stopped, and nothing is.',
  }, 'overtake_frames, or 1 s of the frame period if that is more'),
  consumer_timeout_ms: whole({
    unit: 'ms', from: 1000, to: 3600000,
    says: 'A consumer whose machine has acknowledged nothing for this time, although something is on its way or was asked, is lost.',
  }, 10000),
  closing_timeout_ms: whole({
    unit: 'ms', from: 1, to: 3600000,
    says: 'A series that is closing is aborted after this time in which the consumer took nothing.',
  }, 10000),
  flight_recorder_packets: wholeOrUnset({
    unit: 'packets', from: 0, to: 1048576,
    says: 'Headers and arrival times of so many last packets of each port are kept in memory (64 bytes each) for the flight recorder; 0 switches it off.',
  }, '65536, fewer with more than 16 ports: 64 MiB for all'),
  flight_recorder_dir: noted(z.string().min(1).optional(), {
    unit: null,
    range: 'a folder, which is made when it is missing',
    description: 'Where the flight recorder writes when packets begin to be lost, and when asked; the newest 20 recordings are kept, 192 MiB at most.',
    unset: 'nothing is written: POST /api/v1/flight-recorder answers with the recording',
  }),
  consumer_source: noted(z.array(z.string().refine((text) => parseNetwork(text) !== null)).default([]), {
    unit: null,
    range: 'a list of IPv4 or IPv6 addresses or networks, as 192.0.2.7 or 10.1.0.0/16',
    description: 'Who may be a consumer, with send: zmtp; empty = anybody.',
  }),
  consumer_connections: whole({
    unit: 'connections', from: 1, to: 64,
    says: 'Connections of the one consumer (its nworkers); more than these raise an alarm, because the stream is split between them.',
  }, 1),
} as const;

/** One detector's entry after parsing: snake_case, defaults filled in, not yet compared key with key. */
export type Options = { -readonly [K in keyof typeof options]: z.output<(typeof options)[K]> };

export type OptionKey = keyof typeof options;

/** Settings that decide which values of a detector type hold, and their options. */
export const choiceKeys = { quad: 'quad', tenGiga: 'ten_giga', interfaces: 'interfaces', counters: 'counters', flat: 'flat' } as const satisfies Record<keyof DetectorFamily['choices'], OptionKey>;

export type ChoiceKey = keyof typeof choiceKeys;

/** The notes of one option. */
export function notesOf(key: OptionKey): OptionNotes {
  return options[key].meta() as unknown as OptionNotes;
}

/** "address", "address:port" or "[IPv6]" with or without port; null when the text is none of them. */
export function parseSource(text: string): { address: string; port: number | null } | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, digits] = match;
  const found = bracketed ?? plain ?? '';
  if (isIP(found) !== (bracketed === undefined ? 4 : 6)) return null;
  const number = digits === undefined ? null : Number(digits);
  if (number !== null && (number < 1 || number > 65535)) return null;
  return { address: found, port: number };
}

/** "a, b or c". */
export function oneOf(items: readonly (string | number)[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

function whole(of: Whole, fallback: number) {
  return noted(z.int().min(of.from).max(of.to).default(fallback), notesOfWhole(of));
}

function wholeOrUnset(of: Whole, unset: string) {
  return noted(z.int().min(of.from).max(of.to).optional(), { ...notesOfWhole(of), unset });
}

function notesOfWhole(of: Whole): OptionNotes {
  return { unit: of.unit, range: `a whole number, ${of.from} to ${of.to}`, description: of.says };
}

function noted<S extends z.ZodType>(schema: S, notes: OptionNotes): S {
  return schema.meta({ ...notes });
}

function depthRange(): string {
  return byFamily((family) => oneOf(Object.keys(family.values.depths)));
}

/** Values of a choice by detector type; types that have none keep the default, which need not be said. */
function choiceRange(key: keyof DetectorFamily['choices']): string {
  return byFamily((family) => {
    const values = family.choices[key];
    return values === undefined ? null : oneOf(values.map(String));
  });
}

/** Rows × columns of one unit of `modules`. */
function unitSizes(): string {
  return byFamily(({ values: { portImage, unitPorts } }) => `${portImage.rows * unitPorts.rows} × ${portImage.columns * unitPorts.columns}`);
}

/** "8 or 16 (a, b), 32 (c)": what is said of each detector type, types of which the same is said together. */
function byFamily(say: (family: DetectorFamily) => string | null): string {
  const namesBySaying = new Map<string, string[]>();
  for (const [name, family] of Object.entries(families)) {
    const said = say(family);
    if (said !== null) namesBySaying.set(said, [...(namesBySaying.get(said) ?? []), name]);
  }
  return [...namesBySaying].map(([said, names]) => `${said} (${names.join(', ')})`).join(', ');
}

function namesOf(holds: (family: DetectorFamily) => boolean): string {
  return Object.keys(families).filter((name) => holds(families[name] as DetectorFamily)).join(', ');
}
