// The receivers of all modules of a detector, and their join: what PSI's client asks of each becomes one order. Comes
// in: calls, in whatever order the client's threads send them. Goes out: orders to arm and to stop, and the figures of
// the ledger. A start is answered when the series is open, so that the detector starts into open receivers.

import { abortText } from '../../contract/abort-reasons.js';
import type { ServiceConfig } from '../../config/service-config.js';
import type { PsiStatus } from '../../contract/receivers-told.js';
import { makeLayout } from '../../detector/layout.js';
import { armWish } from '../arm-request.js';
import { Refused } from '../refused.js';
import { Acquisition, noFigures } from './acquisition.js';
import type { PortFigures } from './acquisition.js';
import { contradictions, disagreements, lastingContradictions, statedContradictions } from './agreement.js';
import { armWishOf } from './arm-wish.js';
import { Follower } from './follower.js';
import { Gathering } from './gathering.js';
import { framesExpected, imagePorts, notSet } from './module-settings.js';
import type { ModuleSettings } from './module-settings.js';
import type { Preview } from './preview.js';
import type { ReceiversDeps } from './receivers-deps.js';
import type { Release } from './setup.js';

/** PSI's numbers of the status. */
export const runStatus = { idle: 0, transmitting: 4, running: 5 } as const satisfies Record<PsiStatus, number>;
export type RunStatus = (typeof runStatus)[keyof typeof runStatus];

/** What is answered to the question for the version: the client compares the first number with its own. */
const versions = { 8: '8.0.0 0x230525', 9: '9.2.0 0x250527', 10: '10.0.1 0x261005' } as const;

/** Calls of one step come from all modules within this time, or some do not come. */
const gatherMs = 1000;

/** The receiver of one module. */
export class Receiver {
  readonly index: number;
  readonly group: ReceiverGroup;
  /** Address that alone may call; null = any. */
  lockedBy: string | null = null;
  /** Where the call before this one came from. */
  lastClient = '0.0.0.0';
  #settings: ModuleSettings | null = null;

  constructor(group: ReceiverGroup, index: number) {
    this.group = group;
    this.index = index;
  }

  get isSetUp(): boolean {
    return this.#settings !== null;
  }

  /** Only of a receiver that was set up. */
  get settings(): ModuleSettings {
    if (this.#settings === null) throw new Error(`module ${this.index} was not set up`);
    return this.#settings;
  }

  get version(): string {
    return versions[this.group.config.receiverRelease];
  }

  get release(): Release {
    return this.group.config.receiverRelease >= 10 ? 'since 10' : 'before 10';
  }

  setUp(settings: ModuleSettings): void {
    this.#settings = settings;
    // (Streaming is off again, so that nothing can fail.)
    void this.group.preview?.follow(settings);
    this.group.noteSetUp(this);
  }

  figures(): PortFigures[] {
    return imagePorts(this.settings).map(({ udpPort }) => this.group.figures(udpPort));
  }

  /** Percent of the frames of the acquisition, by the newest that was seen. */
  progress(): number {
    return this.group.progress(imagePorts(this.settings).flatMap(({ udpPort, on }) => (on ? [udpPort] : [])));
  }

  /**
   * The MAC address to which the detector must send for an IPv4 address, as a number; 0 = there is nothing to write.
   * @throws Refused (invalid) for an address of another machine
   */
  macOf(address: string): bigint {
    if (address === notSet || address.startsWith('127.')) return 0n;
    const mac = this.group.macOf(address);
    if (mac !== null) return BigInt(`0x0${mac.replaceAll(':', '')}`);
    throw new Refused('invalid', [
      `Failed to get udp ethernet interface from IP ${address}: no interface of the machine on ` +
        'which the service runs has it. Set udp_dstip to one that it has',
    ]);
  }
}

/** All receivers of a detector. */
export class ReceiverGroup {
  readonly receivers: readonly Receiver[];
  /** What has the data plane built; null = the configuration says what the detector is. */
  readonly follower: Follower | null;
  /** PSI's preview stream; null = it is not offered. */
  readonly preview: Preview | null;
  readonly #deps: ReceiversDeps;
  readonly #starts: Gathering;
  readonly #stops: Gathering;
  #status: RunStatus = runStatus.idle;
  #acquisition: Acquisition | null = null;
  /** Modules that have been started. */
  readonly #started = new Set<number>();
  #stoppedByUser = false;

  constructor(deps: ReceiversDeps) {
    this.#deps = deps;
    this.preview = deps.preview;
    this.receivers = deps.config.receiverPorts.map((_, index) => new Receiver(this, index));
    const after: ReceiversDeps['after'] = (milliseconds, run) => deps.after(milliseconds, run);
    const { config } = deps;
    this.follower =
      config.stated === undefined
        ? null
        : new Follower({
            config: { ...config, stated: config.stated },
            logger: deps.logger,
            modules: () => this.receivers.map((receiver) => (receiver.isSetUp ? receiver.settings : null)),
            build: (complete) => deps.build(complete),
            after,
          });
    this.#starts = new Gathering({
      limitMs: gatherMs,
      wanted: () => this.#settings.length,
      run: () => this.#arm(),
      after,
    });
    this.#stops = new Gathering({ limitMs: gatherMs, wanted: () => this.#started.size, run: () => this.#end(), after });
  }

  /** Of the data plane; before there is one as the file states it. */
  get config(): ServiceConfig {
    return this.follower?.config ?? this.#deps.config;
  }

  /** Of the modules that have been set up, in their order. */
  get #settings(): readonly ModuleSettings[] {
    return this.receivers.flatMap((receiver) => (receiver.isSetUp ? [receiver.settings] : []));
  }

  get status(): RunStatus {
    return this.#status;
  }

  // --- set-up

  /** What stands against a module's set-up, in sentences. */
  setupProblems(receiver: Receiver, settings: ModuleSettings): string[] {
    const { receiverPorts } = this.config;
    const { x, y } = settings.modules;
    const problems = this.#lasting(settings);
    if (problems.length === 0 && x * y !== receiverPorts.length)
      problems.push(
        `the detector has ${x * y} modules, but the service listens on ${receiverPorts.length} ` +
          'receiver_ports. Give it one for each module',
      );
    if (settings.moduleIndex !== receiver.index)
      problems.push(
        `module ${settings.moduleIndex} was sent to port ${receiverPorts[receiver.index]}, ` +
          `which is for module ${receiver.index}. Set rx_hostname to one port for each module, in ` +
          `their order (${receiverPorts.map((port) => `HOST:${port}`).join('+')}+)`,
      );
    return problems;
  }

  noteSetUp({ index, settings: { hostname, detector } }: Receiver): void {
    this.#deps.logger.info(
      { event: 'receiver_set_up', module: index, hostname, detector_type: detector },
      `PSI's client has set up the receiver of module ${index} (${hostname})`,
    );
  }

  /** What cannot change any more after the set-up, and is stated otherwise. */
  #lasting(settings: ModuleSettings): string[] {
    const { config } = this.#deps;
    if (config.stated === undefined) return lastingContradictions(config, settings);
    const { detector, modules } = settings;
    return statedContradictions(config.stated, { detector, modules: [modules.y, modules.x] });
  }

  /** What the client has set and the configuration says otherwise; of modules that were set up. */
  problems(): string[] {
    if (this.follower === null) return contradictions(this.config, this.#settings);
    return [...this.#disagreements(), ...this.follower.problems()];
  }

  /** Modules that would send different frames. */
  #disagreements(): string[] {
    return this.#settings.length < this.receivers.length ? [] : disagreements(this.#settings);
  }

  /** A call was answered: what it has set may ask for another data plane. */
  noteCall(): void {
    if (this.#status === runStatus.idle) this.follower?.look();
  }

  // --- acquisitions

  /**
   * Resolves when the series is open.
   * @throws Refused
   */
  async start({ index }: Receiver): Promise<void> {
    // (Another round may have begun before this call goes on.)
    while (this.#stops.gathering) await this.#stops.over();
    if (this.#status === runStatus.running && !this.#starts.gathering) {
      this.#started.add(index);
      return;
    }
    this.#status = runStatus.running;
    await this.#starts.join(index);
  }

  async #arm(): Promise<void> {
    try {
      const absent = this.receivers.filter(({ isSetUp }) => !isSetUp);
      const problems = [
        ...absent.map(({ index }) => `module ${index} has not been set up: set rx_hostname for all modules`),
        // What could not be built is tried again below.
        ...(this.follower === null ? this.problems() : this.#disagreements()),
      ];
      if (problems.length > 0) throw new Refused('invalid', problems);
      await this.follower?.settle();
      const { settings } = this.receivers[0];
      const { series_id: seriesId } = await this.#deps.orders.arm(armWish(armWishOf(settings, this.config)));
      this.preview?.begin(seriesId, this.#settings);
      this.#started.clear();
      for (const index of this.#starts.joined) this.#started.add(index);
      this.#acquisition = new Acquisition({
        seriesId,
        frames: Number(framesExpected(settings)),
        packets: this.#packetsOf(settings),
        progress: () => this.#deps.progress(seriesId),
      });
    } catch (error) {
      this.#status = runStatus.idle;
      if (error instanceof Refused)
        this.#deps.logger.warn({ event: 'receiver_start_refused', why: error.why }, error.message);
      throw error;
    }
  }

  #packetsOf({ dynamicRange, readNRows }: ModuleSettings): number {
    const rows = this.config.detector.readNRows;
    return makeLayout(this.config.detector, { dynamicRange, readNRows: readNRows === 0 ? rows : readNRows })
      .expectedPackets;
  }

  /**
   * Resolves when the series has ended; one that this call ends, when its consumer has it.
   * @param byUser the user has stopped the detector
   * @throws Refused when it was cut short
   */
  async stop({ index }: Receiver, byUser: boolean): Promise<void> {
    while (this.#starts.gathering) await this.#starts.over();
    if (this.#status === runStatus.idle) return;
    if (!this.#stops.gathering) this.#stoppedByUser = false;
    this.#stoppedByUser ||= byUser;
    await this.#stops.join(index);
  }

  async #end(): Promise<void> {
    const acquisition = this.#acquisition as Acquisition;
    this.#status = runStatus.transmitting;
    try {
      if (!acquisition.ended) await this.#deps.orders.stop({ seriesId: acquisition.seriesId });
    } catch (error) {
      // It had ended by itself, unheard as yet, and another is open.
      if (!acquisition.ended) throw error;
    } finally {
      try {
        await this.preview?.finish();
      } finally {
        acquisition.finished = !this.#stoppedByUser;
        this.#started.clear();
        this.#status = runStatus.idle;
      }
    }
    const aborted = acquisition.progress?.ended?.aborted ?? null;
    if (aborted !== null && !(aborted === 'detector_stopped' && this.#stoppedByUser))
      throw new Refused('failed', [`series ${acquisition.seriesId} was cut short: ${abortText(aborted)}`]);
  }

  /** A port of the last acquisition. */
  figures(udpPort: number): PortFigures {
    return this.#acquisition?.figures(udpPort) ?? noFigures;
  }

  /** Percent of the acquisition that these ports have seen. */
  progress(udpPorts: readonly number[]): number {
    if (udpPorts.length === 0) return 100;
    return this.#acquisition?.percent(udpPorts) ?? 0;
  }

  // --- what receivers tell

  receiveBufferBytes(): number {
    return this.#deps.receiveBufferBytes() ?? this.config.receiveBufferBytes;
  }

  macOf(address: string): string | null {
    return this.#deps.macOf(address);
  }

  close(): void {
    this.#starts.close();
    this.#stops.close();
  }
}
