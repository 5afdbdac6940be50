// How many pictures per second does a viewer of the page get? A real browser without a screen (Debian's
// chromium, which draws with the processor) shows an Eiger quad and a detector of 4 million pixels, while the whole
// service, the sender and a consumer share the machine with it. A picture counts when the page has drawn it. Images are
// counts by Poisson's law with hot pixels.
//
//   node dist/bench/pictures.js [--runs 3] [--seconds 10] [--json]

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser, noBrowser } from '../test/threads/browser.js';
import { until } from '../test/threads/waiting.js';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { payloadsOf } from './compressed.js';
import { grid, quad } from './detector.js';
import type { BenchDetector, ConfigKeys } from './detector.js';
import { delay } from './programs.js';
import { ServiceProcess } from './service-process.js';
import { spreadOf, table, withSpread } from './statistics.js';

export interface PicturesOptions {
  readonly runs: number;
  readonly seconds: number;
}

export const picturesDefaults: PicturesOptions = { runs: 3, seconds: 10 };

interface Subject {
  readonly what: string;
  readonly make: (keys: ConfigKeys) => Promise<BenchDetector>;
  /** Frames per second that are sent. */
  readonly rate: number;
  /** Pictures per second that are wanted. */
  readonly wanted: number;
}

const subjects: readonly Subject[] = [
  { what: 'Eiger quad', make: quad, rate: 100, wanted: 10 },
  { what: '4M: 8 × 2 half-modules', make: (keys) => grid(8, 2, keys), rate: 20, wanted: 5 },
];
const screen = [1440, 900] as const;

export interface PicturesRow {
  readonly what: string;
  readonly shape: readonly [number, number];
  readonly rate: number;
  readonly wanted: number;
  /** Pictures per second, run by run. */
  readonly pictures: readonly number[];
  readonly missing: number;
}

export interface PicturesResult {
  /** Why nothing was measured; null = it was. */
  readonly skipped: string | null;
  readonly rows: readonly PicturesRow[];
}

/** Pictures that the page draws in so many ms. */
const countDrawn = (ms: number): string => `new Promise((resolve) => {
  let drawn = 0;
  const observer = new MutationObserver(() => drawn++);
  observer.observe(document.getElementById('frame-number'), { childList: true, characterData: true, subtree: true });
  setTimeout(() => { observer.disconnect(); resolve(drawn); }, ${ms});
})`;

/** About 2 × (runs × (seconds + 15) + 10) seconds. */
export async function measurePictures({ runs, seconds }: PicturesOptions): Promise<PicturesResult> {
  if (noBrowser !== null) return { skipped: noBrowser, rows: [] };
  const programs = await compilePrograms();
  const pixels = join(programs.folder, 'pixels');
  const browser = await Browser.start(...screen);
  const rows: PicturesRow[] = [];
  try {
    for (const { what, make, rate, wanted } of subjects) {
      const detector = await make({ frame_rate_hz: rate });
      writeFileSync(pixels, payloadsOf(detector, 'mean 5'));
      const service = await ServiceProcess.start(programs, detector);
      const pictures: number[] = [];
      let missing = 0;
      try {
        await browser.open(`${service.apiUrl}/`);
        for (let run = 0; run < runs; run++) {
          const before = await numberOf(browser);
          const series = service.series({ coalesced: false, rate, frames: rate * (seconds + 4), pixels });
          await until(async () => (await numberOf(browser)) !== before, 'a first picture');
          await delay(1000);
          pictures.push((await browser.evaluate<number>(countDrawn(seconds * 1000))) / seconds);
          missing += (await series).missing;
        }
      } finally {
        await service.stop();
      }
      rows.push({ what, shape: detector.layout.shape, rate, wanted, pictures, missing });
    }
  } finally {
    await browser.close();
    rmSync(pixels, { force: true });
  }
  return { skipped: null, rows };
}

const numberOf = (browser: Browser): Promise<string> =>
  browser.evaluate<string>("document.getElementById('frame-number')?.textContent ?? ''");

/** Tables for people. */
export function picturesTables({ skipped, rows }: PicturesResult): string {
  if (skipped !== null) return `Not measured: ${skipped}.`;
  return table(
    ['detector', 'pixels', 'frames/s sent', 'pictures/s', 'wanted', 'packets missing'],
    rows.map(({ what, shape, rate, wanted, pictures, missing }) => [
      what,
      shape.join(' × '),
      String(rate),
      withSpread(spreadOf(pictures), 1),
      `≥ ${wanted}: ${spreadOf(pictures).median >= wanted ? 'reached' : 'missed'}`,
      String(missing),
    ]),
  );
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(picturesDefaults);
  print(await measurePictures(options), picturesTables, json);
}
