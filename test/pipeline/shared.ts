// Several instances that share a detector, each a whole pipeline with virtual time, and the consumer that pulls from
// all of them: what it gets in which order the connections bring it, ordered by number as the real one does.

import { Random } from '../../src/base/random.js';
import type { ArmRequest, SeriesSummary } from '../../src/contract/series.js';
import { OrderedReceive } from '../../simulators/consumer/ordered-receive.js';
import { StreamChecker } from '../../simulators/consumer/stream-check.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';
import type { Pipeline, PipelineOptions } from './pipeline.js';
import { small } from './small.js';

/** What the consumer of all streams saw. */
export interface Union {
  readonly checker: StreamChecker;
  /** Messages that wait for a number that did not come. */
  readonly stuck: number;
  readonly delivered: readonly StreamMessage[];
}

export class SharedDetector {
  readonly instances: readonly Pipeline[];
  firstFrame = 1;

  constructor(
    count: number,
    keys: Readonly<Record<string, unknown>> = {},
    options: (offset: number) => Partial<PipelineOptions> = () => ({}),
  ) {
    this.instances = Array.from({ length: count }, (_, offset) =>
      small(
        { ...keys, frames_stride: count, frames_offset: offset },
        { firstMessageNumber: 1000 + 10 * offset, ...options(offset) },
      ),
    );
  }

  /** The least base that all can take. */
  get base(): number {
    return Math.max(...this.instances.map(({ words }) => words.messageNumber));
  }

  /** Arm all, the first one last: it hands over the header. */
  arm(frames: number, request: Partial<ArmRequest> = {}): void {
    const msgNumberBase = this.base;
    this.firstFrame = request.firstFrameNumber ?? 1;
    for (const instance of [...this.instances].reverse()) {
      const answer = instance.arm({ filename: '', frames, firstFrameNumber: 1, msgNumberBase, ...request });
      if (answer.kind !== 'armed' || answer.msg_number !== msgNumberBase)
        throw new Error(`not armed: ${JSON.stringify(answer)}`);
    }
  }

  /** The instance that frame `index` goes to. */
  instanceOf(index: number): Pipeline {
    return this.instances[index % this.instances.length];
  }

  /** Deliver frames with indices `from` … `to`, packets for which `lost` says so left out. */
  play(from: number, to: number, lost: (index: number, port: number, packet: number) => boolean = () => false): void {
    for (let index = from; index <= to; index++) {
      const instance = this.instanceOf(index);
      for (const port of instance.sources.keys()) {
        instance.send(
          port,
          this.firstFrame + index,
          [0, 1, 2, 3].filter((packet) => !lost(index, port, packet)),
        );
      }
      this.run(1);
    }
  }

  run(milliseconds: number): void {
    for (const instance of this.instances) instance.run(milliseconds);
  }

  /** Stop all: halt, find the common end, finish. Returns the frames of the whole series. */
  stop(): { frames: number; summaries: (SeriesSummary | null)[] } {
    const frames = Math.max(...this.instances.map((instance) => instance.halt()?.frames ?? 0));
    const summaries = this.instances.map((instance) => {
      const id = instance.command({ kind: 'stop', end: { frames, withdraw: false } });
      for (let turn = 0; turn < 20000; turn++) {
        const answer = instance.events.find(
          (event) => (event.kind === 'stopped' || event.kind === 'refused') && event.id === id,
        );
        if (answer?.kind === 'stopped') return answer.summary;
        if (answer?.kind === 'refused') throw new Error(answer.problems.join());
        instance.run(1);
      }
      throw new Error('stopping was not answered');
    });
    return { frames, summaries };
  }

  /** What the consumer gets; each connection keeps its order, `seed` decides which of them is read next. */
  union(seed: number): Union {
    const random = new Random(seed);
    const settings = this.instances[0]?.config.detector;
    if (settings === undefined) throw new Error('no instances');
    const checker = new StreamChecker({ verifier: new FrameVerifier(settings) });
    const order = new OrderedReceive<StreamMessage>();
    const queues = this.instances.map((instance) => instance.messages());
    const delivered: StreamMessage[] = [];
    // The header of a series is read before the next one is armed: series by series, as many as there are headers.
    for (let series = (queues[0] ?? []).filter(({ htype }) => htype === 'header').length; series > 0; series--) {
      const next = (queues[0] ?? []).findIndex(({ htype }, index) => index > 0 && htype === 'header');
      const limit = next < 0 ? Infinity : (queues[0] ?? [])[next].msgNumber;
      const parts = queues.map((queue) => queue.splice(0, queue.filter(({ msgNumber }) => msgNumber < limit).length));
      while (parts.some((part) => part.length > 0)) {
        const part = random.pick(parts);
        const message = part.shift();
        if (message === undefined) continue;
        for (const ordered of order.push(message)) {
          delivered.push(ordered);
          checker.accept(ordered);
        }
      }
    }
    return { checker, stuck: order.cached, delivered };
  }
}
