// Do viewers and the flight recorder slow an acquisition? Two services of the same detector (Eiger quad, 16 bit), one
// with the recorder and one without, take the same packets in turns while 0, 1 or 4 viewers look: each listens to the
// page's events and fetches a preview of the whole frame whenever there is a newer one, as a browser does. CPU time of
// receivers and streamer per packet, of all the service, and what was lost. The viewers run on this machine too, and
// their own work takes processor time from all.
//
//   node dist/bench/viewers.js [--runs 3] [--seconds 2] [--rate 500] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import { warmService } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';

export interface ViewersOptions {
  readonly runs: number;
  readonly seconds: number;
  /** Frames per second. */
  readonly rate: number;
}

export const viewersDefaults: ViewersOptions = { runs: 3, seconds: 2, rate: 500 };

/** One combination, run by run. CPU in ns per packet. */
export interface ViewersRow {
  readonly recorder: boolean;
  readonly viewers: number;
  /** Receivers and streamer. */
  readonly dataPath: readonly number[];
  /** All threads but that of the previews. */
  readonly service: readonly number[];
  /** The thread of the previews, as a share of one core. */
  readonly previewShare: readonly number[];
  /** Previews per second that all viewers got together. */
  readonly previews: readonly number[];
  /** Packets missing, over all runs. */
  readonly missing: number;
}

export interface ViewersResult {
  readonly rate: number;
  readonly rows: readonly ViewersRow[];
}

const viewerCounts = [0, 1, 4];
const ringFrames = 500;

/** About runs × 6 × (seconds + 1.5) + 20 seconds. */
export async function measureViewers({ runs, seconds, rate }: ViewersOptions): Promise<ViewersResult> {
  const programs = await compilePrograms();
  const services: { recorder: boolean; service: ServiceProcess }[] = [];
  const rows: (ViewersRow & {
    dataPath: number[];
    service: number[];
    previewShare: number[];
    previews: number[];
    missing: number;
  })[] = [];
  try {
    for (const recorder of [false, true]) {
      services.push({
        recorder,
        service: await warmService(
          programs,
          await quad({ ring_frames: ringFrames, ...(recorder ? {} : { flight_recorder_packets: 0 }) }),
          false,
        ),
      });
      for (const viewers of viewerCounts)
        rows.push({ recorder, viewers, dataPath: [], service: [], previewShare: [], previews: [], missing: 0 });
    }
    for (let run = 0; run < runs; run++) {
      for (const viewers of viewerCounts) {
        for (const { recorder, service } of services) {
          const row = rows.find((one) => one.recorder === recorder && one.viewers === viewers) as (typeof rows)[number];
          const looking = Array.from({ length: viewers }, () => new Viewer(service.apiUrl));
          const began = performance.now();
          const { cpu, missing, sender } = await service.series({
            coalesced: false,
            rate,
            frames: Math.round(rate * seconds),
          });
          const lasted = (performance.now() - began) / 1000;
          for (const viewer of looking) await viewer.close();
          const spent = (name: RegExp): number =>
            Object.entries(cpu).reduce((sum, [thread, time]) => (name.test(thread) ? sum + time : sum), 0);
          row.dataPath.push(spent(/^vdcu-(rx|streamer)/) / sender.packets);
          row.service.push((spent(/./) - spent(/^vdcu-preview/)) / sender.packets);
          row.previewShare.push(spent(/^vdcu-preview/) / 1e9 / sender.seconds);
          row.previews.push(looking.reduce((sum, { previews }) => sum + previews, 0) / lasted);
          row.missing += missing;
        }
      }
    }
  } finally {
    for (const { service } of services) await service.stop();
  }
  return { rate, rows };
}

/** Looks at the page as a browser does, without drawing it. */
class Viewer {
  previews = 0;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #apiUrl: string;
  #latest = 0;
  #seen = 0;

  constructor(apiUrl: string) {
    this.#apiUrl = apiUrl;
    this.#done = this.#look().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #look(): Promise<void> {
    const { signal } = this.#stop;
    const response = await fetch(`${this.#apiUrl}/page/events`, { signal });
    const decoder = new TextDecoder();
    let text = '';
    let fetching: Promise<void> | null = null;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() as string;
      for (const event of events) {
        const [, data] = /^event: frame\ndata: (.*)$/s.exec(event) ?? [];
        if (data !== undefined) this.#latest = (JSON.parse(data) as { count: number }).count;
      }
      fetching ??= this.#fetch(signal).finally(() => (fetching = null));
      fetching.catch(() => undefined);
    }
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    while (this.#seen < this.#latest) {
      this.#seen = this.#latest;
      const answer = await fetch(`${this.#apiUrl}/api/v1/preview?size=1024`, { signal });
      await answer.arrayBuffer();
      if (answer.ok) this.previews++;
    }
  }
}

/** Tables for people. */
export function viewersTables({ rate, rows }: ViewersResult): string {
  const alone = rows.find(({ recorder, viewers }) => !recorder && viewers === 0) as ViewersRow;
  const body = rows.map((row) => [
    row.recorder ? 'on' : 'off',
    String(row.viewers),
    withSpread(spreadOf(row.dataPath), 0),
    row === alone ? '' : withSpread(ratioOf(row.dataPath, alone.dataPath), 2),
    withSpread(spreadOf(row.service), 0),
    withSpread(spreadOf(row.previewShare.map((share) => share * 100)), 1),
    withSpread(spreadOf(row.previews), 1),
    String(row.missing),
  ]);
  const head = [
    'recorder',
    'viewers',
    'receivers + streamer, ns per packet',
    '× neither',
    'service without previews, ns per packet',
    'preview thread, % of a core',
    'previews/s',
    'missing',
  ];
  return `${rate} frames/s, single datagrams.\n\n${table(head, body)}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(viewersDefaults);
  print(await measureViewers(options), viewersTables, json);
}
