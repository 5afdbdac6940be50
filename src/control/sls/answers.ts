// What each function of PSI's receiver protocol does. Comes in: the client, the module, the argument. Goes out: the
// payload, or a refusal whose sentence the user of PSI's client reads. A setting that this service has no use for is
// kept and told back: a refusal breaks the user's configuration at that line.

import { messageOf } from '../../base/errors.js';
import { Refused } from '../refused.js';
import { regionContradictions } from './agreement.js';
import type { ArgumentOf, FunctionName, PayloadOf } from './functions.js';
import { detectorTypes } from './functions.js';
import { detectorNamed, freshSettings, wholeRois } from './module-settings.js';
import type { ModuleSettings } from './module-settings.js';
import type { Receiver } from './receivers.js';
import { wholeRoi } from './shapes.js';

/** A call: the receiver of the module that it is for, and the client's IPv4 address. */
export interface Caller {
  readonly receiver: Receiver;
  readonly address: string;
}

type Answer<N extends FunctionName> = (caller: Caller, argument: ArgumentOf<N>) => PayloadOf<N> | Promise<PayloadOf<N>>;

/** Functions that refuse everything, since no detector here has them. */
type Board = 'ANALOG' | 'DIGITAL' | 'ADC' | 'DBIT' | 'TRANSCEIVER' | 'READOUT_MODE';
type Answered = Exclude<FunctionName, `${string}_${Board}${string}`>;

/** @throws Refused (invalid) */
function refuse(sentence: string): never {
  throw new Refused('invalid', [sentence]);
}

/** Store a value that is `least` at least. */
const put =
  <K extends keyof ModuleSettings>(name: K, least?: ModuleSettings[K] & (number | bigint)) =>
  ({ receiver }: Caller, value: ModuleSettings[K]): void => {
    if (least !== undefined && (value as number | bigint) < least)
      refuse(`${value as number | bigint} is not possible: needs ${least} or more`);
    receiver.settings[name] = value;
  };

const tell =
  <K extends keyof ModuleSettings>(name: K) =>
  ({ receiver }: Caller): ModuleSettings[K] =>
    receiver.settings[name];

type NumberKey = { [K in keyof ModuleSettings]: ModuleSettings[K] extends number ? K : never }[keyof ModuleSettings];

/** Below 0 only asks; the answer is the value now. */
const putAndTell =
  (name: NumberKey, allowed: (value: number) => string | null = () => null) =>
  ({ receiver: { settings } }: Caller, value: number): number => {
    const problem = value < 0 ? null : allowed(value);
    if (problem !== null) refuse(problem);
    if (value >= 0) (settings as Record<NumberKey, number>)[name] = value;
    return settings[name];
  };

/** Below 0 is nothing; no answer. */
const putUnlessBelow =
  (name: NumberKey) =>
  ({ receiver: { settings } }: Caller, value: number): void => {
    if (value >= 0) (settings as Record<NumberKey, number>)[name] = value;
  };

const depths: Readonly<Record<string, readonly number[]>> = { eiger: [4, 8, 12, 16, 32], mythen3: [8, 16, 32] };

export const answers: { readonly [N in Answered]: Answer<N> } = {
  // --- the receiver itself
  F_LOCK_RECEIVER: ({ receiver, address }, value) => {
    if (value >= 0) receiver.lockedBy = value === 0 ? null : address;
    return receiver.lockedBy === null ? 0 : 1;
  },
  F_GET_LAST_RECEIVER_CLIENT_IP: ({ receiver }) => receiver.lastClient,
  F_GET_RECEIVER_VERSION: ({ receiver }) => receiver.version,
  F_GET_RECEIVER_THREAD_IDS: () => [process.pid, process.pid, 0, 0, 0, 0, 0, 0, 0],
  F_SETUP_RECEIVER: ({ receiver }, setup) => {
    if (setup === null)
      return refuse(
        'Could not setup receiver [the structure has the length of another release: this ' +
          'service knows clients of releases 8, 9 and 10]',
      );
    if (setup.release !== receiver.release)
      return refuse(
        `Could not setup receiver [this client is of a release ${setup.release}, and the ` +
          `service answered as release ${receiver.version}. Set receiver_release in its ` +
          'configuration]',
      );
    const detector = detectorNamed(setup.detectorType);
    if (detector === null)
      return refuse(
        `Could not setup receiver [detector type ${setup.detectorType} is not known here, only ${Object.entries(
          detectorTypes,
        )
          .map(([name, type]) => `${name} (${type})`)
          .join(', ')}]`,
      );
    const settings = freshSettings(setup, detector);
    const problems = receiver.group.setupProblems(receiver, settings);
    if (problems.length > 0) return refuse(`Could not setup receiver [${problems.join('; ')}]`);
    // The client writes what is not 0 into the detector.
    const macs = setup.udpAddresses.map((address, index) => {
      const mac = index < setup.interfaces ? receiver.macOf(address) : 0n;
      return mac === setup.udpMacs[index] ? 0n : mac;
    });
    receiver.setUp(settings);
    return macs;
  },

  // --- the acquisition
  F_GET_RECEIVER_STATUS: ({ receiver }) => receiver.group.status,
  F_START_RECEIVER: ({ receiver }) => receiver.group.start(receiver),
  F_STOP_RECEIVER: ({ receiver }, stopped) => receiver.group.stop(receiver, stopped !== 0),
  F_GET_RECEIVER_FRAMES_CAUGHT: ({ receiver }) => receiver.figures().map(({ caught }) => BigInt(caught)),
  F_GET_NUM_MISSING_PACKETS: ({ receiver }) => receiver.figures().map(({ missing }) => BigInt(missing)),
  F_GET_RECEIVER_FRAME_INDEX: ({ receiver }) => receiver.figures().map(({ newest }) => BigInt(newest)),
  F_GET_RECEIVER_PROGRESS: ({ receiver }) => receiver.progress(),

  // --- what the detector does
  F_RECEIVER_SET_NUM_FRAMES: put('frames', 1n),
  F_SET_RECEIVER_NUM_TRIGGERS: put('triggers', 1n),
  F_SET_RECEIVER_NUM_BURSTS: put('bursts', 1n),
  F_SET_RECEIVER_NUM_ADD_STORAGE_CELLS: put('storageCells', 0),
  F_SET_RECEIVER_TIMING_MODE: (caller, mode) =>
    mode >= 0 && mode <= 4 ? put('timing')(caller, mode) : refuse(`Invalid timing mode ${mode}: needs 0 to 4`),
  F_SET_RECEIVER_BURST_MODE: (caller, mode) =>
    mode >= 0 && mode <= 3 ? put('burstMode')(caller, mode) : refuse(`Invalid burst mode ${mode}: needs 0 to 3`),
  F_RECEIVER_SET_EXPTIME: ({ receiver: { settings } }, [gate = -1n, ns = 0n]) => {
    if (settings.detector !== 'mythen3') settings.exptimeNs = ns;
    else settings.exptimesNs = atGate(settings.exptimesNs, gate, ns);
  },
  F_RECEIVER_SET_PERIOD: put('periodNs', 0n),
  F_RECEIVER_SET_SUB_EXPTIME: put('subExptimeNs', 0n),
  F_RECEIVER_SET_SUB_DEADTIME: put('subDeadtimeNs', 0n),
  F_SET_RECEIVER_DYNAMIC_RANGE: (caller, bits) => {
    const { detector } = caller.receiver.settings;
    const possible = depths[detector] ?? [16];
    return putAndTell('dynamicRange', (value) =>
      possible.includes(value)
        ? null
        : `Dynamic range (${value}) is not implemented for this detector (${detector}). Set dr to ` +
          possible.join(' or '),
    )(caller, bits);
  },
  F_ENABLE_RECEIVER_TEN_GIGA: putAndTell('tenGiga'),
  F_RECEIVER_ACTIVATE: putAndTell('activate'),
  F_GET_FLIP_ROWS_RECEIVER: ({ receiver }) => receiver.settings.flipRows ?? 0,
  F_SET_FLIP_ROWS_RECEIVER: ({ receiver }, flip) => (receiver.settings.flipRows = flip === 0 ? 0 : 1),
  F_SET_RECEIVER_QUAD: putUnlessBelow('quad'),
  F_SET_RECEIVER_READ_N_ROWS: putUnlessBelow('readNRows'),
  F_RECEIVER_SET_COUNTER_MASK: put('counterMask', 0),
  F_SET_RECEIVER_NUM_GATES: put('gates', 0),
  F_SET_RECEIVER_GATE_DELAY: ({ receiver: { settings } }, [gate = -1n, ns = 0n]) => {
    settings.gateDelaysNs = atGate(settings.gateDelaysNs, gate, ns);
  },
  F_SET_RECEIVER_RATE_CORRECT: put('deadTimesNs'),
  F_SET_RECEIVER_SCAN: put('scan'),
  F_RECEIVER_SET_THRESHOLD: ({ receiver: { settings } }, ev) => {
    settings.thresholdsEv = [ev, settings.thresholdsEv[1], settings.thresholdsEv[2]];
  },
  F_RECEIVER_SET_ALL_THRESHOLD: ({ receiver: { settings } }, [first = 0, second = 0, third = 0]) => {
    settings.thresholdsEv = [first, second, third];
  },
  F_SET_RECEIVER_READOUT_SPEED: put('readoutSpeed'),
  F_RECEIVER_SET_DATASTREAM: ({ receiver: { settings } }, [port = 0, enable = 0]) => {
    if (port !== 0 && port !== 1) refuse(`Invalid port type ${port}: needs 0 (left) or 1 (right)`);
    settings.dataStream[port] = enable;
  },

  // --- where packets go
  F_SET_RECEIVER_UDP_IP: ({ receiver }, address) => setAddress(receiver, 0, address),
  F_SET_RECEIVER_UDP_IP2: ({ receiver }, address) => setAddress(receiver, 1, address),
  F_SET_RECEIVER_UDP_PORT: ({ receiver: { settings } }, port) => void (settings.udpPorts[0] = port),
  F_SET_RECEIVER_UDP_PORT2: ({ receiver: { settings } }, port) => void (settings.udpPorts[1] = port),
  F_SET_RECEIVER_NUM_INTERFACES: ({ receiver: { settings } }, count) => {
    settings.interfaces = count > 1 ? 2 : 1;
    // A client since release 10 takes it that the region is gone; those before keep it.
    if (settings.release !== 'since 10') return;
    settings.rois = wholeRois(settings.detector, settings);
    settings.roiMetadata = [wholeRoi];
  },
  F_RECEIVER_UDP_SOCK_BUF_SIZE: ({ receiver }, bytes) => {
    const granted = receiver.group.receiveBufferBytes();
    if (bytes >= 0 && bytes !== granted)
      refuse(
        `Could not set udp socket buffer size. Set ${bytes}, but read ${granted}: the service ` +
          'has its own, set receive_buffer_bytes in its configuration',
      );
    return granted;
  },
  F_RECEIVER_REAL_UDP_SOCK_BUF_SIZE: ({ receiver }) => Math.min(2 * receiver.group.receiveBufferBytes(), 2 ** 31 - 1),

  // --- files and words
  F_SET_RECEIVER_FILE_PATH: ({ receiver }, path) => {
    if (path === '') refuse('Cannot set empty file path');
    if (!path.startsWith('/')) refuse('Receiver path needs to be absolute path');
    receiver.settings.filePath = path;
  },
  F_GET_RECEIVER_FILE_PATH: tell('filePath'),
  F_SET_RECEIVER_FILE_NAME: ({ receiver }, name) => {
    if (name === '') refuse('Cannot set empty file name');
    receiver.settings.fileName = name;
  },
  F_GET_RECEIVER_FILE_NAME: tell('fileName'),
  F_SET_RECEIVER_FILE_INDEX: put('fileIndex', 0n),
  F_GET_RECEIVER_FILE_INDEX: tell('fileIndex'),
  F_INCREMENT_FILE_INDEX: ({ receiver: { settings } }) => {
    if (settings.fileWrite !== 0) settings.fileIndex += 1n;
  },
  F_SET_RECEIVER_FILE_WRITE: put('fileWrite', 0),
  F_GET_RECEIVER_FILE_WRITE: tell('fileWrite'),
  F_SET_ADDITIONAL_JSON_HEADER: ({ receiver }, words) => {
    const all = words.split(/\s+/).filter((word) => word !== '');
    if (all.length >= 2 * (jsonWordsLimit + 1))
      refuse(
        `Could not set additional json header: ${Math.floor(all.length / 2)} words, the most are ${jsonWordsLimit}`,
      );
    receiver.settings.jsonHeader = new Map(
      Array.from({ length: Math.floor(all.length / 2) }, (_, index) => [
        all[2 * index] ?? '',
        all[2 * index + 1] ?? '',
      ]),
    );
  },
  F_GET_ADDITIONAL_JSON_HEADER: ({ receiver }) =>
    [...receiver.settings.jsonHeader].map(([word, value]) => `${word} ${value} `).join(''),
  F_SET_ADDITIONAL_JSON_PARAMETER: ({ receiver }, [word = '', value = '']) => {
    if (word === '') refuse('Could not set additional json parameter: the key is empty');
    const words = new Map(receiver.settings.jsonHeader);
    if (value === '') words.delete(word);
    else if (!words.has(word) && words.size >= jsonWordsLimit)
      refuse(`Could not set additional json parameter: there are ${jsonWordsLimit}, which is the most`);
    else words.set(word, value);
    receiver.settings.jsonHeader = words;
  },
  F_GET_ADDITIONAL_JSON_PARAMETER: ({ receiver }, word) =>
    receiver.settings.jsonHeader.get(word) ?? refuse(`No key ${word} found in additional json header`),

  // --- the region of interest: for each module, then for the detector, which tells the first one alone
  F_RECEIVER_SET_RECEIVER_ROI: ({ receiver: { index, release, settings } }, rois) => {
    if (release === 'since 10' && rois.length !== settings.rois.length)
      refuse(`Invalid number of ROIs received: ${rois.length}. Expected: ${settings.rois.length}`);
    settings.rois = rois;
    // A client before release 10 that clears it says nothing more.
    if (index === 0) settings.roiMetadata = [wholeRoi];
  },
  F_RECEIVER_SET_RECEIVER_ROI_METADATA: ({ receiver: { group, settings } }, regions) => {
    if (regions.length === 0) refuse('Invalid number of ROIs received: 0. Min: 1');
    settings.roiMetadata = regions;
    const modules = group.receivers.flatMap((each) => (each.isSetUp ? [each.settings] : []));
    const problems = modules.length < group.receivers.length ? [] : regionContradictions(group.config, modules);
    if (problems.length === 0) return;
    // What the modules were told stays, so that no client takes whole frames for cut ones.
    settings.roiMetadata = [wholeRoi];
    refuse(`Could not set Receiver ROI [${problems.join('; ')}]`);
  },

  // --- kept and told back
  F_SET_RECEIVER_MASTER_FILE_WRITE: put('masterFileWrite', 0),
  F_GET_RECEIVER_MASTER_FILE_WRITE: tell('masterFileWrite'),
  F_SET_RECEIVER_OVERWRITE: put('overwrite', 0),
  F_GET_RECEIVER_OVERWRITE: tell('overwrite'),
  F_SET_RECEIVER_FILE_FORMAT: put('fileFormat', 0),
  F_GET_RECEIVER_FILE_FORMAT: tell('fileFormat'),
  F_SET_RECEIVER_FRAMES_PER_FILE: put('framesPerFile', 0),
  F_GET_RECEIVER_FRAMES_PER_FILE: tell('framesPerFile'),
  F_SET_RECEIVER_FIFO_DEPTH: putAndTell('fifoDepth'),
  F_SET_RECEIVER_DISCARD_POLICY: put('discardPolicy', 0),
  F_GET_RECEIVER_DISCARD_POLICY: tell('discardPolicy'),
  F_SET_RECEIVER_PADDING: put('padding', 0),
  F_GET_RECEIVER_PADDING: tell('padding'),
  F_SET_RECEIVER_SILENT_MODE: put('silent', 0),
  F_GET_RECEIVER_SILENT_MODE: tell('silent'),
  F_SET_RECEIVER_ARPING: put('arping', 0),
  F_GET_RECEIVER_ARPING: tell('arping'),
  F_RECEIVER_SET_ROW: put('row', 0),
  F_RECEIVER_SET_COLUMN: put('column', 0),
  F_RECEIVER_GET_RECEIVER_ROI: tell('rois'),
  F_RECEIVER_GET_ROI_METADATA: tell('roiMetadata'),
  F_SET_RECEIVER_STREAMING: async (caller, streaming) => {
    put('streaming', 0)(caller, streaming);
    const { settings, group } = caller.receiver;
    try {
      await group.preview?.follow(settings);
    } catch (error) {
      settings.streaming = 0;
      refuse(`Could not set data stream enable to ${streaming} [${messageOf(error)}]`);
    }
  },
  F_GET_RECEIVER_STREAMING: tell('streaming'),
  F_SET_RECEIVER_STREAMING_FREQUENCY: put('streamingFrequency', 0),
  F_GET_RECEIVER_STREAMING_FREQUENCY: tell('streamingFrequency'),
  F_RECEIVER_STREAMING_TIMER: putAndTell('streamingTimerMs'),
  F_SET_RECEIVER_STREAMING_PORT: put('streamingPort', 1),
  F_GET_RECEIVER_STREAMING_PORT: tell('streamingPort'),
  F_SET_RECEIVER_STREAMING_START_FNUM: put('streamingStart', 0),
  F_GET_RECEIVER_STREAMING_START_FNUM: tell('streamingStart'),
  F_SET_RECEIVER_STREAMING_HWM: put('streamingHighWaterMark', -1),
  F_GET_RECEIVER_STREAMING_HWM: tell('streamingHighWaterMark'),
  F_RESTREAM_STOP_FROM_RECEIVER: ({ receiver }) => {
    if (receiver.settings.streaming === 0)
      refuse('Could not restream stop packet as data Streaming is disabled. Say rx_zmqstream 1 first');
    receiver.group.preview?.end(receiver.index);
  },
};

/** Words of the additional JSON header that are kept. */
const jsonWordsLimit = 100;

/** Times of the three gates with that of one changed; −1 = of all. */
function atGate(times: readonly [bigint, bigint, bigint], gate: bigint, ns: bigint): [bigint, bigint, bigint] {
  if (gate < -1n || gate > 2n) refuse(`Gate index ${gate} is not possible: needs -1 (all) to 2`);
  const [first, second, third] = times.map((time, index) => (gate === -1n || BigInt(index) === gate ? ns : time));
  return [first, second, third];
}

/** The client writes the answer into the detector whatever that has. */
function setAddress(receiver: Receiver, index: 0 | 1, address: string): bigint {
  const mac = receiver.macOf(address);
  receiver.settings.udpAddresses[index] = address;
  return mac;
}
