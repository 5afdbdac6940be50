// What PSI's client has set on the receiver of one module: the detector's settings that came with F_SETUP_RECEIVER, and
// those of the receiver itself, which begin with PSI's defaults. Comes in: the structure of the set-up. Goes out: the
// settings, which setters change from then on. Defaults: slsDetectorPackage 10.0.1, as its receiver told them.

import { detectorTypes } from './functions.js';
import type { DetectorName } from './functions.js';
import { wholeRoi } from './shapes.js';
import type { Roi } from './shapes.js';
import type { Setup } from './setup.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly [infer A, infer B] ? [A, B] : T[K] };

/** The settings of one module. */
export interface ModuleSettings extends Mutable<Omit<Setup, 'detectorType'>> {
  readonly detector: DetectorName;
  /** Told by `fliprows`; null = not told. */
  flipRows: number | null;
  /** Dead times of all modules, ns; only the first module is told. */
  deadTimesNs: readonly bigint[];

  filePath: string;
  fileName: string;
  fileIndex: bigint;
  fileWrite: number;
  /** Words that the user wants beside the frames, in their order. */
  jsonHeader: ReadonlyMap<string, string>;

  // What PSI's receiver does with these this service does not: they are kept and told back.
  masterFileWrite: number;
  overwrite: number;
  fileFormat: number;
  framesPerFile: number;
  fifoDepth: number;
  discardPolicy: number;
  padding: number;
  silent: number;
  arping: number;
  row: number;
  column: number;
  rois: readonly Roi[];
  roiMetadata: readonly Roi[];
  streaming: number;
  streamingFrequency: number;
  streamingTimerMs: number;
  streamingStart: number;
  streamingPort: number;
  streamingHighWaterMark: number;
}

const detectorNames = new Map<number, DetectorName>(
  Object.entries(detectorTypes).map(([name, type]) => [type, name as DetectorName]),
);

/** The detector of PSI's number; null = none that is known. */
export function detectorNamed(type: number): DetectorName | null {
  return detectorNames.get(type) ?? null;
}

/** PSI's depths of the queue of frames, and frames in a file. */
const fifoDepths = { eiger: 1000, jungfrau: 2500, moench: 1000, mythen3: 50_000, gotthard2: 50_000 } as const;
const eigerFifoDepth32Bit = 100;
const framesPerFile = { eiger: 10_000, jungfrau: 10_000, moench: 100_000, mythen3: 10_000, gotthard2: 20_000 } as const;

/** An address that the client has not set. */
export const notSet = '0.0.0.0';
/** Of module 0, as slsDetectorPackage has it (DEFAULT_ZMQ_RX_PORTNO). */
export const firstStreamingPort = 30_001;
const discardPartial = 2;

/** A module that has just been set up: everything that was set before is forgotten. */
export function freshSettings(setup: Setup, detector: DetectorName): ModuleSettings {
  const { detectorType: _, ...told } = setup;
  const portsBeside = detector === 'eiger' ? 2 : 1;
  return {
    ...told,
    udpPorts: [...told.udpPorts],
    udpAddresses: [...told.udpAddresses],
    udpMacs: [...told.udpMacs],
    dataStream: [...told.dataStream],
    detector,
    flipRows: null,
    deadTimesNs: [],
    filePath: '',
    fileName: 'run',
    fileIndex: 0n,
    fileWrite: 0,
    jsonHeader: new Map(),
    masterFileWrite: 1,
    overwrite: 1,
    fileFormat: 0,
    framesPerFile: framesPerFile[detector],
    fifoDepth: detector === 'eiger' && setup.dynamicRange === 32 ? eigerFifoDepth32Bit : fifoDepths[detector],
    discardPolicy: detector === 'moench' ? discardPartial : 0,
    padding: 1,
    silent: 0,
    arping: 0,
    row: 0,
    column: 0,
    rois: wholeRois(detector, setup),
    roiMetadata: [wholeRoi],
    streaming: 0,
    streamingFrequency: 1,
    streamingTimerMs: 500,
    streamingStart: 0,
    streamingPort: firstStreamingPort + setup.moduleIndex * portsBeside,
    streamingHighWaterMark: -1,
  };
}

/** Nothing is cut. Clients before release 10 have one region for each module, later ones one for each UDP port. */
export function wholeRois(
  detector: DetectorName,
  { release, interfaces }: Pick<Setup, 'release' | 'interfaces'>,
): Roi[] {
  return new Array<Roi>(release === 'since 10' ? portCount(detector, interfaces) : 1).fill(wholeRoi);
}

/** UDP ports of a module that carry images; the second interface of a Gotthard2 carries veto packets. */
export function portCount(detector: DetectorName, interfaces: number): number {
  if (detector === 'eiger') return 2;
  return detector === 'jungfrau' || detector === 'moench' ? Math.min(2, Math.max(1, interfaces)) : 1;
}

/** The UDP ports of a module's images, and whether the detector sends there. */
export function imagePorts(settings: ModuleSettings): readonly { readonly udpPort: number; readonly on: boolean }[] {
  const { detector, interfaces, udpPorts, activate, dataStream } = settings;
  const sends = (index: number): boolean => detector !== 'eiger' || (activate !== 0 && dataStream[index] !== 0);
  return udpPorts.slice(0, portCount(detector, interfaces)).map((udpPort, index) => ({ udpPort, on: sends(index) }));
}

const timingAuto = 0;
/** Burst modes 0 and 1; 2 and 3 are continuous. */
const lastBurst = 1;

/** Frames that the client expects of an acquisition. */
export function framesExpected(settings: ModuleSettings): bigint {
  const { detector, frames, triggers, bursts, storageCells, timing, burstMode } = settings;
  if (detector !== 'gotthard2') return frames * triggers * BigInt(1 + storageCells);
  if (timing === timingAuto) return burstMode <= lastBurst ? frames * bursts : frames;
  return burstMode <= lastBurst ? frames * triggers : triggers;
}
