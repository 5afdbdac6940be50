// The command `vdcu simulate`: a simulated detector, paced onto the network, and its ground truth at the end.
// `simulate` is the same without a word on the terminal.

import { systemClock } from '../src/base/clock.js';
import { exitCode, OperatorError } from '../src/base/errors.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { SimulatedDetector } from './detector/detector.js';
import { noFaults, parseFault } from './detector/faults.js';
import type { FaultKind, FaultSelector, FaultSettings } from './detector/faults.js';
import { framesOfImages, openHdf5Source } from './files/hdf5-source.js';
import type { Hdf5Source } from './files/hdf5-source.js';
import { sendPaced } from './detector/pace.js';
import type { PaceReport } from './detector/pace.js';
import { prepareDatagrams } from './detector/prepare.js';
import { refusedText } from './detector/refused.js';
import type { ImageSource } from './detector/image-source.js';
import { Rings } from './detector/rings.js';
import type { Picture } from './detector/pictures.js';
import { serveSimulatorMetrics } from './detector/metrics.js';
import type { SimulatorMetricsServer } from './detector/metrics.js';
import { ProgressLine } from './terminal.js';
import type { CommandOutput } from './terminal.js';
import type { GroundTruth } from './detector/truth.js';
import { openWays } from './detector/send-ways.js';
import type { SendWay } from './detector/send-ways.js';
import { describeSent, sentToJson } from './sent.js';
import type { SimulateResult } from './sent.js';

/** What is asked of the simulator; faults in the syntax of docs/simulator.md. */
export interface SimulateOptions {
  readonly settings: DetectorSettings;
  /**
   * Where the service listens; a wildcard address means this machine. Several with commas between: frames go to them in
   * turn. A list: one for each port of `settings`.
   */
  readonly udpHost: string | readonly string[];
  /** Default 1000, or all images once; 0 = until stopped. */
  readonly frames?: number;
  /** Images of an HDF5 file instead of the formula's: needs `dataset`, its path in the file. */
  readonly hdf5?: string;
  readonly dataset?: string;
  /** Begin again after the last image; default false. */
  readonly loop?: boolean;
  /** Frames per second, default 100. */
  readonly rate?: number;
  readonly seed?: number;
  readonly firstFrame?: number;
  readonly sourcePort?: number | null;
  /** How datagrams get to the kernel; default auto: many per system call where that is possible. */
  readonly send?: SendWay | 'auto';
  /** Runs of datagrams as one buffer; default false, as detectors send. */
  readonly coalesce?: boolean;
  /** Default true; false: checksum 0, as detectors send. */
  readonly checksum?: boolean;
  /** Make all datagrams before the first leaves, in at most so many megabytes; default: while they are sent. */
  readonly prepare?: number;
  readonly loss?: string;
  readonly reorder?: string;
  readonly duplicate?: string;
  readonly delay?: string;
  readonly truncate?: string;
  readonly foreign?: string;
  /** What to send where no file is given; default: the formula. */
  readonly picture?: Picture;
  readonly reorderDistance?: number;
  readonly delayFrames?: number;
  /** Ends the run after the frame being sent. */
  readonly signal: AbortSignal;
  readonly onProgress?: (report: PaceReport) => void;
  /** Called before the first datagram, with the truth that the run will fill; sending waits for it. */
  readonly onStart?: (truth: GroundTruth) => void | Promise<void>;
}

const faultOptions: readonly FaultKind[] = ['loss', 'reorder', 'duplicate', 'delay', 'truncate', 'foreign'];

/** @throws OperatorError (usage) for a fault that cannot be read */
function faultSettings(options: Omit<SimulateOptions, 'settings' | 'udpHost' | 'signal'>): FaultSettings {
  const selectors: Partial<Record<FaultKind, FaultSelector>> = {};
  for (const kind of faultOptions) {
    const text = options[kind];
    if (text !== undefined) selectors[kind] = parseFault(`--${kind}`, text);
  }
  return {
    seed: options.seed ?? noFaults.seed,
    selectors,
    reorderDistance: options.reorderDistance ?? noFaults.reorderDistance,
    delayFrames: options.delayFrames ?? noFaults.delayFrames,
  };
}

/**
 * Send a whole run.
 * @throws OperatorError for impossible options or unfit images (usage) or an unreachable address (environment)
 */
export async function simulate(options: SimulateOptions): Promise<SimulateResult> {
  const images = await openImages(options);
  try {
    return await send(options, images);
  } finally {
    images?.close();
  }
}

async function openImages({ hdf5, dataset, loop, settings, picture }: SimulateOptions): Promise<Hdf5Source | null> {
  if (hdf5 !== undefined && picture === 'rings')
    throw new OperatorError('--picture rings: does not go with --hdf5, whose images are sent', exitCode.usage);
  if (hdf5 !== undefined && dataset !== undefined) return await openHdf5Source(hdf5, dataset, settings);
  if (hdf5 !== undefined)
    throw new OperatorError(
      '--hdf5: needs --dataset PATH, the images in the file, for example /entry/instrument/eiger/data',
      exitCode.usage,
    );
  if (dataset !== undefined || loop === true)
    throw new OperatorError(`${loop === true ? '--loop' : '--dataset'}: goes only with --hdf5 FILE`, exitCode.usage);
  return null;
}

/** Pixels of the picture that was asked for; nothing = those of the formula. */
function pictureOf({ picture, settings, firstFrame = 1 }: SimulateOptions): { images?: ImageSource } {
  if (picture !== 'rings') return {};
  const rings = new Rings(settings);
  return { images: { portImage: (port, round) => rings.portImage(port, firstFrame + round) } };
}

async function send(options: SimulateOptions, images: Hdf5Source | null): Promise<SimulateResult> {
  const rateAsked = options.rate ?? 100;
  const framesAsked = options.frames ?? 1000;
  const detector = new SimulatedDetector({
    settings: options.settings,
    frames: images === null ? framesAsked : framesOfImages(images.images, options.frames, options.loop === true),
    firstFrame: options.firstFrame ?? 1,
    rate: rateAsked,
    faults: faultSettings(options),
    ...(images === null ? pictureOf(options) : { images }),
  });
  await options.onStart?.(detector.truth);
  const { sender, sentWith, fallback } = await openWays(options, detector.format.datagramBytes);
  const stop = (): void => {
    detector.stop();
  };
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  try {
    const ports = detector.truth.ports.filter((port) => !port.off).length;
    const datagrams =
      options.prepare === undefined
        ? detector.datagrams()
        : prepareDatagrams(detector, framesAsked, ports, options.prepare * 1e6);
    const pace = await sendPaced(datagrams, sender, {
      clock: systemClock,
      signal: options.signal,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    const frames = Math.max(0, ...detector.truth.ports.map((port) => port.frames));
    const rateAchieved = pace.elapsedMs > 0 ? Math.min(frames / (pace.elapsedMs / 1000), rateAsked) : 0;
    return {
      truth: detector.truth,
      pace,
      rateAsked,
      rateAchieved,
      rateKept: options.signal.aborted || pace.elapsedMs < 100 || rateAchieved >= 0.97 * rateAsked,
      sentWith,
      fallback,
      sendErrors: sender.errors,
      lastSendError: sender.lastError,
      images: images === null ? null : { count: images.images, clippedPixels: images.clipped },
    };
  } finally {
    options.signal.removeEventListener('abort', stop);
    await sender.close();
  }
}

/** Prometheus asks every few seconds. */
const lastScrapeMs = 15_000;

export interface RunSimulateOptions extends Omit<SimulateOptions, 'onProgress' | 'onStart'> {
  /** Name of the detector in metrics. */
  readonly name?: string;
  /** Serve the truth for Prometheus while it runs, on this port of loopback. */
  readonly metricsPort?: number;
  readonly json?: boolean;
  readonly out: CommandOutput;
}

/**
 * The command.
 * @returns its exit code: ok, or environment when datagrams could not be sent; a rate not kept is said, and no failure
 */
export async function runSimulate(options: RunSimulateOptions): Promise<number> {
  const progress = new ProgressLine(options.out);
  let metrics: SimulatorMetricsServer | null = null;
  try {
    const result = await simulate({
      ...options,
      onStart: async (truth) => {
        if (options.metricsPort === undefined) return;
        metrics = await serveSimulatorMetrics(truth, options.name ?? 'simulator', { port: options.metricsPort });
        options.out.stderr.write(`metrics of the simulator: ${metrics.url}\n`);
      },
      onProgress: ({ frames, elapsedMs, bytes, datagrams }) => {
        const seconds = elapsedMs / 1000;
        progress.show(
          `frame ${frames}  ${(frames / seconds).toFixed(0)} frames/s  ${(datagrams / seconds).toFixed(0)} ` +
            `packets/s  ${(bytes / seconds / 1e6).toFixed(1)} MB/s`,
        );
      },
    });
    progress.end();
    const code = report(result, options);
    await lastScrape(metrics, options);
    return code;
  } finally {
    progress.end();
    await (metrics as SimulatorMetricsServer | null)?.close();
  }
}

/** Without one more scrape the last counts would be lost: wait for it. */
async function lastScrape(metrics: SimulatorMetricsServer | null, { signal, out }: RunSimulateOptions): Promise<void> {
  if (metrics === null || signal.aborted) return;
  out.stderr.write(`waiting up to ${lastScrapeMs / 1000} s for a last scrape of ${metrics.url}; Ctrl-C ends it\n`);
  await metrics.scraped(lastScrapeMs, signal);
}

/** Say what was sent. @returns exit code */
function report(result: SimulateResult, options: RunSimulateOptions): number {
  if (options.json === true) options.out.stdout.write(`${JSON.stringify(sentToJson(result))}\n`);
  else options.out.stdout.write(describeSent(result));
  if (result.fallback !== null) options.out.stderr.write(`datagrams went one per system call: ${result.fallback}\n`);
  if (!result.rateKept) {
    options.out.stderr.write(
      `asked for ${result.rateAsked} frames/s, reached ${result.rateAchieved.toFixed(1)}: ` +
        'this sender cannot go faster here\n',
    );
  }
  if (result.sendErrors > 0) {
    options.out.stderr.write(refusedText(result.sendErrors, result.lastSendError));
    return exitCode.environment;
  }
  return exitCode.ok;
}
