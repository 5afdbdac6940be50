// Several services, each asked once a second for its state. A service that is slow or gone delays no other.

import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { seriesStates } from '../contract/series.js';
import type { SeriesState, SeriesSummary } from '../contract/series.js';
import type { OverviewRow, OverviewSeries } from '../page/overview-messages.js';
import type { ServiceStatus } from '../view/service-view.js';

/** Time from question to question, ms. */
export const askMs = 1000;

/** Ask a service for the JSON at a path. @throws Error that says why there is none */
export type Ask = (url: string, path: string) => Promise<unknown>;

/** A service that has said nothing yet. */
const unheard = (url: string): OverviewRow => ({
  url,
  name: null,
  silent: 'not asked yet',
  state: 'unknown',
  message: '',
  problems: [],
  series: null,
  frames_per_second: null,
});

class Asked {
  readonly #url: string;
  readonly #ask: Ask;
  readonly #clock: Clock;
  #row: OverviewRow;
  #waiting = false;
  /** The name is that of the service that answers now: asked again after each silence. */
  #named = false;
  #answeredAt = 0;

  constructor(url: string, ask: Ask, clock: Clock) {
    this.#url = url;
    this.#ask = ask;
    this.#clock = clock;
    this.#row = unheard(url);
  }

  get row(): OverviewRow {
    return this.#row;
  }

  /** Ask, unless the last question is still open. */
  async look(): Promise<void> {
    if (this.#waiting) return;
    this.#waiting = true;
    try {
      const name = this.#named && this.#row.name !== null ? this.#row.name : await this.#name();
      this.#heard(name, checked(await this.#ask(this.#url, '/api/v1/series')));
      this.#named = true;
    } catch (error) {
      this.#named = false;
      this.#row = { ...this.#row, silent: messageOf(error), state: 'unknown', frames_per_second: null };
    } finally {
      this.#waiting = false;
    }
  }

  async #name(): Promise<string> {
    const config = (await this.#ask(this.#url, '/api/v1/config')) as { readonly name?: unknown } | null;
    if (typeof config?.name !== 'string') throw stranger();
    return config.name;
  }

  #heard(name: string, status: ServiceStatus): void {
    const now = this.#clock.now();
    const series = seriesOf(status);
    const before = this.#row.silent === null ? this.#row.series : null;
    const seconds = (now - this.#answeredAt) / 1000;
    const same = before !== null && series !== null && before.series_id === series.series_id && seconds > 0;
    this.#answeredAt = now;
    this.#row = {
      url: this.#url,
      name,
      silent: null,
      state: status.state,
      message: status.message,
      problems: status.problems,
      series,
      frames_per_second: same ? Math.max(0, series.images_sent - before.images_sent) / seconds : null,
    };
  }
}

const stranger = (): Error => new Error('what answers there is no service of Virtual DCU');

/** @throws Error when this is no state of a service */
function checked(answer: unknown): ServiceStatus {
  const { state, problems } = (answer ?? {}) as { readonly state?: unknown; readonly problems?: unknown };
  if (!seriesStates.includes(state as SeriesState) || !Array.isArray(problems)) throw stranger();
  return answer as ServiceStatus;
}

function seriesOf({ series, last_series: last }: ServiceStatus): OverviewSeries | null {
  if (series !== null) {
    const { series_id, filename, frames, images_sent, marked, discarded } = series;
    return { series_id, open: true, filename, frames, images_sent, incomplete: marked + discarded, aborted: null };
  }
  return last === null ? null : endedSeries(last);
}

const endedSeries = ({ series_id, filename, frames, marked, discarded, aborted }: SeriesSummary): OverviewSeries => ({
  series_id,
  open: false,
  filename,
  frames,
  images_sent: frames,
  incomplete: marked + discarded,
  aborted: aborted ?? null,
});

export class Services {
  readonly #asked: readonly Asked[];
  #timer: NodeJS.Timeout | null = null;

  /** @param urls HTTP interfaces, in the order in which they are shown */
  constructor(urls: readonly string[], ask: Ask, clock: Clock) {
    this.#asked = urls.map((url) => new Asked(url, ask, clock));
  }

  get rows(): OverviewRow[] {
    return this.#asked.map(({ row }) => row);
  }

  /** Ask all at once; resolves when all have answered or failed. */
  async look(): Promise<void> {
    await Promise.all(this.#asked.map((asked) => asked.look()));
  }

  /** Ask from now on. */
  start(): void {
    void this.look();
    this.#timer ??= setInterval(() => void this.look(), askMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
