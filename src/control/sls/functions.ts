// The functions of PSI's receiver protocol, one row each: id, argument, payload, when it is refused. Comes in: nothing.
// Goes out: the rows. What each does: answers.ts. Source: slsDetectorPackage 10.0.1 and 9.2.0, and conversations of its
// client recorded on the wire.

import { f64, i32, i64, ip, key, list, none, oneRoi, rois, row as several, scan, sizedText, text } from './shapes.js';
import { u16, u32, u64 } from './shapes.js';
import type { Argument, Payload } from './shapes.js';
import { setup } from './setup.js';

/** PSI's numbers of the detector types, by the value of the configuration key `detector`. */
export const detectorTypes = { eiger: 1, jungfrau: 3, moench: 5, mythen3: 6, gotthard2: 7 } as const;

export type DetectorName = keyof typeof detectorTypes;

interface Conditions {
  /** Answered while frames are taken or not; `set`: only getters are (a value below 0 only asks). */
  readonly idle?: 'always' | 'set';
  /** Answered before the receiver was set up, too. */
  readonly unset?: true;
  /** Of these detectors only. */
  readonly only?: readonly DetectorName[];
  readonly since?: 10;
  /** Nothing stands before the payload, not even that all went well. */
  readonly bare?: true;
}

/** A function as a release of the client calls it. */
export interface Call<A, R> extends Conditions {
  readonly id: number;
  readonly takes: Argument<A>;
  readonly gives: Payload<R>;
  /** How clients before release 10 call it, where that is different. */
  readonly before10?: Pick<Call<A, R>, 'takes' | 'gives' | 'bare'>;
}

const row = <A, R>(
  id: number,
  takes: Argument<A>,
  gives: Payload<R>,
  conditions: Conditions & Pick<Call<A, R>, 'before10'> = {},
): Call<A, R> => ({ id, takes, gives, ...conditions });

const idle = { idle: 'always' } as const;
const idleToSet = { idle: 'set' } as const;
const eiger = ['eiger'] as const;
const mythen3 = ['mythen3'] as const;
const gotthard2 = ['gotthard2'] as const;
const twoDimensional = ['eiger', 'jungfrau', 'moench'] as const;
const twoInterfaces = ['jungfrau', 'moench', 'gotthard2'] as const;
/** Chip test boards have these; of the detectors here none. */
const board = { only: [] } as const;

/** In the order of their numbers. */
export const functions = {
  F_LOCK_RECEIVER: row(514, i32, i32, { unset: true }),
  F_GET_LAST_RECEIVER_CLIENT_IP: row(515, none, ip, { unset: true }),
  F_GET_RECEIVER_VERSION: row(516, none, text, { unset: true }),
  F_RECEIVER_SET_NUM_FRAMES: row(518, i64, none, idle),
  F_SET_RECEIVER_NUM_TRIGGERS: row(519, i64, none, idle),
  F_SET_RECEIVER_NUM_BURSTS: row(520, i64, none, idle),
  F_SET_RECEIVER_NUM_ADD_STORAGE_CELLS: row(521, i32, none),
  F_SET_RECEIVER_TIMING_MODE: row(522, i32, none, idle),
  F_SET_RECEIVER_BURST_MODE: row(523, i32, none, { ...idle, only: gotthard2 }),
  F_RECEIVER_SET_NUM_ANALOG_SAMPLES: row(524, i32, none, board),
  F_RECEIVER_SET_NUM_DIGITAL_SAMPLES: row(525, i32, none, board),
  F_RECEIVER_SET_EXPTIME: row(526, several(i64, 2), none),
  F_RECEIVER_SET_PERIOD: row(527, i64, none),
  F_RECEIVER_SET_SUB_EXPTIME: row(528, i64, none),
  F_RECEIVER_SET_SUB_DEADTIME: row(529, i64, none),
  F_SET_RECEIVER_DYNAMIC_RANGE: row(530, i32, i32, idleToSet),
  F_SET_RECEIVER_STREAMING_FREQUENCY: row(531, i32, none, idle),
  F_GET_RECEIVER_STREAMING_FREQUENCY: row(532, none, i32),
  F_GET_RECEIVER_STATUS: row(533, none, i32),
  F_START_RECEIVER: row(534, none, none),
  F_STOP_RECEIVER: row(535, i32, none),
  F_SET_RECEIVER_FILE_PATH: row(536, text, none),
  F_GET_RECEIVER_FILE_PATH: row(537, none, text),
  F_SET_RECEIVER_FILE_NAME: row(538, text, none),
  F_GET_RECEIVER_FILE_NAME: row(539, none, text),
  F_SET_RECEIVER_FILE_INDEX: row(540, i64, none, idle),
  F_GET_RECEIVER_FILE_INDEX: row(541, none, i64),
  F_GET_RECEIVER_FRAME_INDEX: row(542, none, list(i64)),
  F_GET_RECEIVER_FRAMES_CAUGHT: row(543, none, list(i64)),
  F_GET_NUM_MISSING_PACKETS: row(544, none, list(i64)),
  F_SET_RECEIVER_FILE_WRITE: row(545, i32, none, idle),
  F_GET_RECEIVER_FILE_WRITE: row(546, none, i32),
  F_SET_RECEIVER_MASTER_FILE_WRITE: row(547, i32, none, idle),
  F_GET_RECEIVER_MASTER_FILE_WRITE: row(548, none, i32),
  F_SET_RECEIVER_OVERWRITE: row(549, i32, none, idle),
  F_GET_RECEIVER_OVERWRITE: row(550, none, i32),
  F_ENABLE_RECEIVER_TEN_GIGA: row(551, i32, i32, { ...idleToSet, only: ['eiger', 'mythen3'] }),
  F_SET_RECEIVER_FIFO_DEPTH: row(552, i32, i32, idleToSet),
  F_RECEIVER_ACTIVATE: row(553, i32, i32, { ...idleToSet, only: eiger }),
  F_SET_RECEIVER_STREAMING: row(554, i32, none, idle),
  F_GET_RECEIVER_STREAMING: row(555, none, i32),
  F_RECEIVER_STREAMING_TIMER: row(556, i32, i32, idleToSet),
  F_GET_FLIP_ROWS_RECEIVER: row(557, none, i32),
  F_SET_FLIP_ROWS_RECEIVER: row(558, i32, i32, { ...idle, only: eiger }),
  F_SET_RECEIVER_FILE_FORMAT: row(559, i32, none, idle),
  F_GET_RECEIVER_FILE_FORMAT: row(560, none, i32),
  F_SET_RECEIVER_STREAMING_PORT: row(561, u16, none, idle),
  F_GET_RECEIVER_STREAMING_PORT: row(562, none, u16),
  F_SET_RECEIVER_SILENT_MODE: row(565, i32, none, idle),
  F_GET_RECEIVER_SILENT_MODE: row(566, none, i32),
  F_RESTREAM_STOP_FROM_RECEIVER: row(567, none, none, idle),
  F_SET_ADDITIONAL_JSON_HEADER: row(568, sizedText, none),
  F_GET_ADDITIONAL_JSON_HEADER: row(569, none, sizedText),
  F_RECEIVER_UDP_SOCK_BUF_SIZE: row(570, i32, i32, idleToSet),
  F_RECEIVER_REAL_UDP_SOCK_BUF_SIZE: row(571, none, i32),
  F_SET_RECEIVER_FRAMES_PER_FILE: row(572, i32, none, idle),
  F_GET_RECEIVER_FRAMES_PER_FILE: row(573, none, i32),
  F_SET_RECEIVER_DISCARD_POLICY: row(574, i32, none, idle),
  F_GET_RECEIVER_DISCARD_POLICY: row(575, none, i32),
  F_SET_RECEIVER_PADDING: row(576, i32, none, idle),
  F_GET_RECEIVER_PADDING: row(577, none, i32),
  F_RECEIVER_SET_READOUT_MODE: row(578, i32, i32, board),
  F_RECEIVER_SET_ADC_MASK: row(579, u32, u32, board),
  F_SET_RECEIVER_DBIT_LIST: row(580, several(u64, 33), none, board),
  F_GET_RECEIVER_DBIT_LIST: row(581, none, none, board),
  F_SET_RECEIVER_DBIT_OFFSET: row(582, i32, none, board),
  F_GET_RECEIVER_DBIT_OFFSET: row(583, none, i32, board),
  F_SET_RECEIVER_QUAD: row(584, i32, none, { ...idleToSet, only: eiger }),
  F_SET_RECEIVER_READ_N_ROWS: row(585, i32, none, { ...idleToSet, only: twoDimensional }),
  F_SET_RECEIVER_UDP_IP: row(586, ip, u64, idle),
  F_SET_RECEIVER_UDP_IP2: row(587, ip, u64, { ...idle, only: twoInterfaces }),
  F_SET_RECEIVER_UDP_PORT: row(588, u16, none, idle),
  F_SET_RECEIVER_UDP_PORT2: row(589, u16, none, { ...idle, only: ['eiger', ...twoInterfaces] }),
  F_SET_RECEIVER_NUM_INTERFACES: row(590, i32, none, { ...idle, only: twoInterfaces }),
  F_RECEIVER_SET_ADC_MASK_10G: row(591, u32, u32, board),
  F_RECEIVER_SET_COUNTER_MASK: row(592, u32, none, { ...idle, only: mythen3 }),
  F_INCREMENT_FILE_INDEX: row(593, none, none, idle),
  F_SET_ADDITIONAL_JSON_PARAMETER: row(594, several(key, 2), none),
  F_GET_ADDITIONAL_JSON_PARAMETER: row(595, key, key),
  F_GET_RECEIVER_PROGRESS: row(596, none, f64),
  F_SETUP_RECEIVER: row(597, setup, several(u64, 2), { ...idle, unset: true }),
  F_SET_RECEIVER_NUM_GATES: row(598, i32, none, { only: mythen3 }),
  F_SET_RECEIVER_GATE_DELAY: row(599, several(i64, 2), none, { only: mythen3 }),
  F_GET_RECEIVER_THREAD_IDS: row(600, none, several(i32, 9)),
  F_GET_RECEIVER_STREAMING_START_FNUM: row(601, none, i32),
  F_SET_RECEIVER_STREAMING_START_FNUM: row(602, i32, none, idle),
  F_SET_RECEIVER_RATE_CORRECT: row(603, list(i64), none, { ...idle, only: eiger }),
  F_SET_RECEIVER_SCAN: row(604, scan, none, idle),
  F_RECEIVER_SET_THRESHOLD: row(605, i32, none, { ...idle, only: eiger }),
  F_GET_RECEIVER_STREAMING_HWM: row(606, none, i32),
  F_SET_RECEIVER_STREAMING_HWM: row(607, i32, none, idle),
  F_RECEIVER_SET_ALL_THRESHOLD: row(608, several(i32, 3), none, { ...idle, only: mythen3 }),
  F_RECEIVER_SET_DATASTREAM: row(609, several(i32, 2), none, { ...idle, only: eiger }),
  F_GET_RECEIVER_ARPING: row(610, none, i32),
  F_SET_RECEIVER_ARPING: row(611, i32, none, idle),
  F_RECEIVER_GET_RECEIVER_ROI: row(612, none, rois, { bare: true, before10: { takes: none, gives: oneRoi } }),
  F_RECEIVER_SET_RECEIVER_ROI: row(613, rois, none, { ...idle, before10: { takes: oneRoi, gives: none } }),
  F_RECEIVER_SET_RECEIVER_ROI_METADATA: row(614, rois, none, { ...idle, before10: { takes: oneRoi, gives: none } }),
  F_RECEIVER_SET_NUM_TRANSCEIVER_SAMPLES: row(615, i32, none, board),
  F_RECEIVER_SET_TRANSCEIVER_MASK: row(616, u32, u32, board),
  F_RECEIVER_SET_ROW: row(617, i32, none, idle),
  F_RECEIVER_SET_COLUMN: row(618, i32, none, idle),
  F_GET_RECEIVER_DBIT_REORDER: row(619, none, i32, { ...board, since: 10 }),
  F_SET_RECEIVER_DBIT_REORDER: row(620, i32, none, { ...board, since: 10 }),
  F_RECEIVER_GET_ROI_METADATA: row(621, none, rois, { bare: true, since: 10 }),
  F_SET_RECEIVER_READOUT_SPEED: row(622, i32, none, { ...idle, since: 10 }),
} as const;

export type FunctionName = keyof typeof functions;

/** What a function is called with, and what it answers. */
export type ArgumentOf<N extends FunctionName> = (typeof functions)[N] extends Call<infer A, infer _> ? A : never;
export type PayloadOf<N extends FunctionName> = (typeof functions)[N] extends Call<infer _, infer R> ? R : never;

const names = new Map(Object.entries(functions).map(([name, { id }]) => [id, name as FunctionName]));

/** The function of a number; null = none. */
export function functionOf(id: number): FunctionName | null {
  return names.get(id) ?? null;
}
