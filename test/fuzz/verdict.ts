// What must hold of one process of the service: of each message when it is handed over, of counters after every step,
// of sums, ledgers and answers at the end. Rules: docs/architecture.md; what really came: truth.ts. The world asks, and
// adds what it finds to the problems of its seed.

import type { RefusalReason } from '../../src/contract/refusals.js';
import { refusalStatus } from '../../src/http/refusal-status.js';
import { portCounter, portCounterTable } from '../../src/memory/counters.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import type { PortLedger, SeriesSummary } from '../../src/contract/series.js';
import { readMissing } from '../../simulators/consumer/missing-packets.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import type { FrameVerifier } from '../../simulators/consumer/verify.js';
import { ticksOf } from '../pipeline/packets.js';
import type { PacketMaker } from '../pipeline/packets.js';
import { HandOverCheck } from '../pipeline/stream-verdict.js';
import type { SettingsOf } from '../pipeline/stream-verdict.js';
import { LossTold } from './loss-told.js';
import { Onlooker } from './onlooker.js';
import type { SentRequest } from './operator.js';
import type { Scenario } from './scenario.js';
import { partOf } from './shared-part.js';
import type { SharedPart } from './shared-part.js';
import type { SimulatedDetector } from './simulated-detector.js';
import { classedIn } from './simulated-service.js';
import type { SimulatedService } from './simulated-service.js';
import type { PortTruth } from './truth.js';

/** What an image said, kept for calm worlds. */
export interface SentImage {
  readonly index: number;
  readonly frameNumber: number;
  readonly reason: unknown;
  readonly packets: number;
  /** 65536 × port + packet, counted from the first that the port sends. */
  readonly missing: ReadonlySet<number>;
}

/** Verifiers are slow to make, and worlds share their settings. */
const verifiers = new WeakMap<DetectorSettings, FrameVerifier>();

const heldMost = 3;

export class LifeVerdict {
  readonly problems: string[] = [];
  readonly images: SentImage[] = [];
  /** Of the series that is open on the stream. */
  settings: DetectorSettings;
  readonly #service: SimulatedService;
  readonly #scenario: Scenario;
  readonly #settingsOf: SettingsOf;
  readonly #part: SharedPart | null;
  readonly #check: HandOverCheck;
  readonly #onlooker: Onlooker;
  readonly #lossTold = new LossTold();
  readonly #counters: readonly { readonly port: number; readonly now: Float64Array; readonly before: Float64Array }[];
  readonly #packetsBySeries = new Map<number, number>();
  #headers = 0;
  /** Of the series that is open on the stream: disconnects before its header, and images after a later one. */
  #disconnects = 0;
  #afterLoss = 0;
  #ends = 0;

  /** @param part what the messages mean to a consumer of this instance alone, where several share the detector */
  constructor(service: SimulatedService, scenario: Scenario, settingsOf: SettingsOf, part: SharedPart | null) {
    const { buffer, map } = service.pipeline;
    this.#service = service;
    this.#scenario = scenario;
    this.#settingsOf = settingsOf;
    this.#part = part;
    this.settings = settingsOf('');
    const { formWish } = service.pipeline;
    this.#check = new HandOverCheck(settingsOf, formWish === null ? verifiers : new Map(), formWish);
    this.#onlooker = new Onlooker(service);
    const size = portCounterTable.length;
    this.#counters = service.ports.map((port) => ({
      port,
      now: new Float64Array(buffer, map.portCounters[port], size),
      before: new Float64Array(size),
    }));
  }

  /**
   * A message is handed over: every rule of the stream, every pixel, and no packet that never came.
   * @param sent as it was sent, where several instances share the detector
   */
  accept(message: StreamMessage, sent: StreamMessage, maker: PacketMaker): void {
    if (message.htype === 'header') {
      this.#headers++;
      this.#disconnects = this.#service.pipeline.sink.disconnects;
      this.#afterLoss = 0;
      this.settings = this.#settingsOf(String(message.fields['filename']));
    } else if (message.htype === 'series_end') this.#ends++;
    this.#check.accept(message, sent);
    this.#onlooker.note(sent);
    this.#service.watcher?.note(sent, this.settings);
    if (message.htype === 'image') this.#image(sent, Number(message.fields['frame']), maker);
    const { dataPorts, consumerConnections } = this.#scenario.config;
    // A consumer that left has lost what it pleases: the rest of its series is of no use. One image may be under way.
    if (
      message.htype === 'image' &&
      this.#service.pipeline.sink.disconnects !== this.#disconnects &&
      ++this.#afterLoss > (this.#scenario.lateSink || dataPorts.length > 1 || consumerConnections > 1 ? 1 : 0)
    ) {
      this.problems.push(`image ${message.msgNumber} belongs to a series that a consumer left`);
    }
    if (this.#check.checker.problems.length > 0) this.problems.push(...this.#check.problems(false));
  }

  #image({ fields }: StreamMessage, index: number, maker: PacketMaker): void {
    const { seriesId } = this.#service.pipeline.words;
    const frameNumber = Number(fields['frame_number']);
    this.#lossTold.note(seriesId, fields);
    const ranges = readMissing(fields['missing'] ?? {});
    if (typeof ranges === 'string') return;
    const missing = new Set<number>();
    const { udpPorts } = this.#scenario.config.detector;
    for (const [udpPort, named] of ranges) {
      const port = udpPorts.indexOf(udpPort);
      const first = maker.number(port, 0);
      for (const [from, to] of named)
        for (let number = from; number <= to; number++) missing.add(port * 65536 + number - first);
    }
    for (const port of this.#service.ports) {
      const truth = this.#service.truth.get(port) as PortTruth;
      const refused = truth.hasRefused(seriesId, frameNumber);
      if (refused && fields['reason'] !== 'ring_full')
        this.problems.push(
          `frame ${frameNumber}: port ${port} refused a part of it, and its reason is ${String(fields['reason'])}`,
        );
      for (let packet = 0; packet < maker.packets; packet++) {
        if (refused && !missing.has(port * 65536 + packet)) {
          this.problems.push(`frame ${frameNumber}: port ${port} has a part of it, and refused another`);
          return;
        }
        if (missing.has(port * 65536 + packet) || truth.had(seriesId, frameNumber, packet)) continue;
        this.problems.push(
          `frame ${frameNumber}: packet ${packet} of port ${port} is not called missing, but never came in series ` +
            `${seriesId}`,
        );
        return;
      }
    }
    const first = this.#service.ports.find((port) =>
      Array.from({ length: maker.packets }, (_, packet) => packet).some(
        (packet) => !missing.has(port * 65536 + packet),
      ),
    );
    const ticks = fields['timestamp'];
    if (first !== undefined && ticks !== undefined && ticks !== ticksOf(frameNumber, first))
      this.problems.push(
        `frame ${frameNumber}: timestamp ${JSON.stringify(ticks)}, the first port that has a packet (${first}) says ` +
          `${ticksOf(frameNumber, first)}`,
      );
    this.#packetsBySeries.set(seriesId, maker.packets);
    if (this.#scenario.calm)
      this.images.push({ index, frameNumber, reason: fields['reason'], packets: maker.packets, missing });
  }

  /** Counters only increase, each datagram has one class, and message numbers are as many as there were messages. */
  afterStep(): string[] {
    const wrong: string[] = [...this.#service.deaf.splice(0), ...this.#onlooker.look()];
    for (const { port, now, before } of this.#counters) {
      const classed = classedIn(now);
      const unclassed = now[portCounter.received] - classed;
      if (unclassed < 0 || unclassed > heldMost)
        wrong.push(`port ${port}: ${now[portCounter.received]} received, ${classed} classed`);
      for (let index = 0; index < now.length; index++) {
        if (now[index] < before[index])
          wrong.push(`port ${port}: ${portCounterTable[index]?.id} went from ${before[index]} to ${now[index]}`);
        before[index] = now[index];
      }
    }
    const { pipeline, firstMessageNumber } = this.#service;
    const { messageNumber } = pipeline.words;
    const next = firstMessageNumber + pipeline.sink.taken.length;
    const part = this.#part;
    if (part !== null)
      wrong.push(...part.problems.splice(0), ...[part.numberProblem(messageNumber)].filter((text) => text !== null));
    else if (messageNumber !== next)
      wrong.push(
        `the next message number is ${messageNumber}, and ${pipeline.sink.taken.length} messages were handed over ` +
          `from ${firstMessageNumber} on`,
      );
    return wrong;
  }

  /** @param orderly the process has ended its series and said that nothing is left to do */
  atEnd(orderly: boolean): string[] {
    const { pipeline, ports, truth } = this.#service;
    const wrong = [
      ...this.problems,
      ...(this.#part?.problems ?? []),
      ...this.#check.problems(orderly && !pipeline.words.endPending),
      ...(orderly ? this.#onlooker.atEnd() : []),
      ...this.#lossTold.problems(pipeline.events),
      ...pipeline.verifyCounts(heldMost),
    ];
    const varied = this.#scenario.settings.length > 1;
    const owed = pipeline.words.endPending ? 1 : 0;
    if (orderly && this.#headers !== this.#ends + owed)
      wrong.push(`${this.#headers} headers, ${this.#ends} ends, ${owed} pending`);
    if (orderly && pipeline.words.step !== seriesStep.idle)
      wrong.push(`ended in order with a series in step ${pipeline.words.step}`);
    for (const port of ports) {
      for (const text of (truth.get(port) as PortTruth).counterProblems(
        pipeline.counters(port),
        varied,
        pipeline.assemblers.get(port)?.left ?? 0,
      ))
        wrong.push(`port ${port}: ${text}`);
    }
    for (const port of ports) {
      const { secondSource, foreignSecondSource } = pipeline.counters(port);
      if (foreignSecondSource !== (pipeline.config.enforceSource ? secondSource : 0))
        wrong.push(`port ${port}: ${foreignSecondSource} packets of ${secondSource} of a second source were refused`);
    }
    for (const summary of pipeline.summaries)
      for (const text of this.#seriesProblems(summary)) wrong.push(`series ${summary.series_id}: ${text}`);
    return wrong;
  }

  #seriesProblems(summary: SeriesSummary): string[] {
    const wrong: string[] = [];
    const { pipeline, truth } = this.#service;
    const opened = pipeline.events.find((event) => event.kind === 'opened' && event.series_id === summary.series_id);
    const asked = opened?.kind === 'opened' ? opened.frames : 0;
    const { share } = pipeline.config;
    if (asked > 0 && summary.frames > partOf(share, asked))
      wrong.push(`${summary.frames} frames sent, ${partOf(share, asked)} were asked for`);
    if (summary.aborted === undefined && summary.unsent > 0)
      wrong.push(`not aborted, and ${summary.unsent} frames unsent`);
    if (summary.aborted === 'detector_stopped') {
      const highest = Math.max(...[...truth.values()].map((port) => port.highest(summary.series_id)));
      const last = (summary.first_frame_number ?? 0) + summary.frames + summary.unsent - 1;
      if (last > highest) wrong.push(`frame ${last} was made up, the last of which anything came is ${highest}`);
    }
    const packets = this.#packetsBySeries.get(summary.series_id);
    const count = summary.frames + summary.unsent;
    const inOrder =
      packets !== undefined && summary.first_frame_number !== null && summary.aborted !== 'ports_disagree' && count > 0;
    const { udpPorts } = this.#scenario.config.detector;
    const highest = (ledgers: readonly PortLedger[]): number =>
      Math.max(
        -1,
        ...ledgers.map(({ udp_port: port }) => truth.get(udpPorts.indexOf(port))?.highest(summary.series_id) ?? -1),
      );
    const begun = highest(summary.ledger);
    const refusedNothing = summary.ledger.filter((one) => one.foreign + one.late_unknown === 0);
    const begunForSure = highest(refusedNothing);
    for (const ledger of summary.ledger) {
      const port = udpPorts.indexOf(ledger.udp_port);
      const first = (summary.first_frame_number ?? 0) + share.offset;
      const frames = inOrder
        ? { first, last: first + (count - 1) * share.stride, count, packets, beyond: asked > 0, begun, begunForSure }
        : null;
      for (const text of (truth.get(port) as PortTruth).ledgerProblems(
        summary.series_id,
        ledger,
        this.#service.ringFull(summary.series_id, port),
        frames,
      ))
        wrong.push(`port ${ledger.udp_port}: ${text}`);
    }
    return wrong;
  }
}

/** What clients were told: each answer one that is possible, and what 201 promised came. */
export function requestProblems(
  requests: readonly SentRequest[],
  last: SentRequest,
  { pipeline }: SimulatedService,
): string[] {
  const wrong: string[] = [];
  for (const { method, url, payload, status, body, cut } of requests) {
    const what = `${method} ${url} ${JSON.stringify(payload ?? null)}`;
    if (status === null && !cut) wrong.push(`${what} was not answered`);
    const { stride } = pipeline.config.share;
    const possible = url.endsWith('/halt')
      ? [200, 503]
      : method === 'DELETE' && stride > 1
        ? [200, 409, 422, 503]
        : method === 'POST'
          ? [201, 409, 422, 503]
          : [200, 503];
    if (status !== null && !possible.includes(status))
      wrong.push(`${what} was answered with ${status}: ${JSON.stringify(body)}`);
    if (status === null || status < 400) continue;
    const { why, problems } = (body ?? {}) as { why?: RefusalReason; problems?: unknown };
    if (!Array.isArray(problems)) wrong.push(`${what} was refused with ${status} and no list of problems`);
    if (why === undefined || refusalStatus[why] !== status) {
      wrong.push(`${what} was refused with ${status}, for the reason ${String(why)}`);
    }
  }
  const state = last.body as { state?: unknown; last_series?: { series_id?: unknown; frames?: unknown } | null };
  const { auto } = pipeline.words;
  if (last.status !== 200 || (state.state !== 'idle' && !auto))
    wrong.push(`the state at the end: ${last.status} ${JSON.stringify(state.state)}`);
  const summary = pipeline.summaries.at(-1);
  if (
    summary !== undefined &&
    (state.last_series?.series_id !== summary.series_id || state.last_series.frames !== summary.frames)
  ) {
    wrong.push(
      `the last series is ${summary.series_id} with ${summary.frames} frames, the state says ` +
        `${JSON.stringify(state.last_series)}`,
    );
  }
  return wrong;
}

/** Where nobody arms, an automatic service delivers each frame as often as it was sent. The first that it did not. */
export function deliveredProblems(images: readonly SentImage[], sent: ReadonlyMap<number, number>): string[] {
  for (const [frameNumber, times] of sent) {
    const delivered = images.filter((image) => image.frameNumber === frameNumber).length;
    if (delivered < times) return [`frame ${frameNumber} was sent ${times} times, and delivered ${delivered} times`];
  }
  return [];
}

/** In a calm world exactly what the network lost is missing. The first that is not. */
export function calmProblems(
  images: readonly SentImage[],
  { auto, corrupt }: Scenario,
  detector: SimulatedDetector,
): string[] {
  for (const { index, frameNumber, reason, packets, missing } of images) {
    for (const port of detector.ports) {
      for (let packet = 0; packet < packets; packet++) {
        const named = missing.has(port * 65536 + packet);
        // An auto series may be stopped or begin in the middle of a frame, or begin with a second copy of an older
        // packet. A false number at the very beginning of a series disagrees with the packets that are held then, which
        // are lost to it.
        if (auto && reason === 'stop') continue;
        if (named && index < (auto ? 8 : corrupt > 0 ? 2 : 0)) continue;
        if (named === detector.hasLost(port, frameNumber, packet)) continue;
        return [
          `frame ${frameNumber}, port ${port}, packet ${packet}: ` +
            `${named ? 'called missing, but it came' : 'lost, but not called missing'}`,
        ];
      }
    }
  }
  return [];
}
