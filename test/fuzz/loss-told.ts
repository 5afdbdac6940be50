// What the service says after a series of the packets that its frames lack is what its image messages said of each.
// Comes in: each image when it is handed over, and the events of the streamer. Goes out: what differs.

import type { StreamEvent } from '../../src/contract/series.js';
import { readMissing } from '../../simulators/consumer/missing-packets.js';
import type { JsonObject } from '../../simulators/consumer/stream-message.js';

export class LossTold {
  readonly #ranges = new Map<number, number[]>();

  /** An image of this series is handed over. @param fields as the service sent them */
  note(seriesId: number, { frame, missing }: JsonObject): void {
    const ranges = this.#ranges.get(seriesId) ?? [];
    this.#ranges.set(seriesId, ranges);
    const read = readMissing(missing ?? {});
    if (typeof read === 'string') return;
    for (const [port, spans] of read) for (const [first, last] of spans) ranges.push(Number(frame), port, first, last);
  }

  problems(events: readonly StreamEvent[]): string[] {
    return events.flatMap((event) => {
      if (event.kind !== 'ended') return [];
      const { summary, loss } = event;
      // JSON has its keys in the order of their numbers.
      const seen = lines(this.#ranges.get(summary.series_id) ?? []);
      const told = lines([...loss.ranges]);
      return loss.unlisted_from === null && seen === told
        ? []
        : [`series ${summary.series_id}: lacks ${told} (unlisted from ${loss.unlisted_from}), its images say ${seen}`];
    });
  }
}

const lines = (ranges: readonly number[]): string =>
  Array.from({ length: ranges.length / 4 }, (_, line) => ranges.slice(4 * line, 4 * line + 4).join(' '))
    .sort()
    .join('; ');
