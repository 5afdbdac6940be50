// The page: listens to the service's events and hands them to the parts that show them.
// Tested by test/threads/page.test.ts.

import { LossChart, RateChart, bitsText, drawLossLegend, framesText, shortBitsText } from './charts.js';
import type { Settings, Span } from './address.js';
import { watchArmFields } from './arm-fields.js';
import { cssColour, palette, paletteLength } from './colours.js';
import { explainCommands, showCommands } from './commands.js';
import { Controls } from './controls.js';
import { watchDoctor } from './doctor.js';
import { byId, setText } from './elements.js';
import { FrameAges } from './frame-ages.js';
import { FrameSource } from './frame-source.js';
import { FrameView } from './frame-view.js';
import type { Reading } from './frame-view.js';
import { HistogramView } from './histogram-view.js';
import { Profiles } from './measure.js';
import type { About, Sample, State } from './messages.js';
import { showRateReading, showState, showUnknown } from './panels.js';
import { PastSeries } from './past-series.js';
import { portAt } from './port-at.js';
import type { PreviewBytes } from './preview-bytes.js';
import { showProgress } from './progress.js';
import { valueWords } from './reading.js';
import { watchClient } from './psi-client.js';
import { Region } from './region.js';
import { ShownFrame, rememberReading } from './shown-frame.js';
import { watchTheme } from './theme.js';
import { valueAt } from './value-scale.js';
import type { Range } from './value-scale.js';
import { ageText, valueText } from './words.js';

/** Samples kept: as many as the service keeps. */
const sampleLimit = 600;
/** A connection that brings no event for so long is lost, ms: states come four times a second. */
const silentMs = 3000;

const barCanvas = byId('colour-bar', HTMLCanvasElement);

let about: About | null = null;
let samples: Sample[] = [];
let heardAt = performance.now();
/** Why the service sends this page nothing, in its own words; null = it has not refused. */
let refused: string | null = null;
const ages = new FrameAges();
let lossPorts: readonly number[] = [];

const frameView = new FrameView(byId('frame', HTMLCanvasElement), {
  onReading: showReading,
  onRange: showRange,
  onWant: (query) => source.want(query),
  onDrawn: showDrawn,
});
const source = new FrameSource({
  onPreview: showPreview,
  onError: (text) => {
    const element = byId('frame-error', HTMLElement);
    element.hidden = text === null;
    setText(element, text === null ? '' : `This picture could not be fetched: ${text}`);
  },
});
const histogram = new HistogramView((range) => controls.set({ range }));
const profiles = new Profiles();
const region = new Region();
const past = new PastSeries();
const controls = new Controls(settingsChanged);
const shown = new ShownFrame(source, frameView);

function settingsChanged(settings: Settings): void {
  frameView.settings = settings;
  source.combine(settings.combination, settings.frames);
  const { preview } = frameView;
  if (region.choose(settings.rectangle) && preview !== null) void region.measure(preview.head.frame, source.frozen);
  profiles.show(preview, settings, frameView.cursor);
}

function showRange(range: Range, preview: PreviewBytes): void {
  const { scale, map, inverted } = controls.settings;
  controls.showRange(range);
  histogram.show(preview, range, controls.settings);
  for (const [id, share] of [
    ['bar-low', 0],
    ['bar-middle', 0.5],
    ['bar-high', 1],
  ] as const)
    setText(byId(id, HTMLElement), valueText(Number(valueAt(range, scale, share).toPrecision(share === 0.5 ? 3 : 5))));
  const context = barCanvas.getContext('2d');
  const colours = palette(map, inverted);
  for (let step = 0; step < paletteLength; step++) {
    if (context === null) return;
    context.fillStyle = cssColour(colours, step);
    context.fillRect(step, 0, 1, 1);
  }
}

function showPreview(preview: PreviewBytes, combined: number): void {
  frameView.show(preview);
  shown.show(preview, combined);
  profiles.show(preview, controls.settings, frameView.cursor);
  void region.measure(preview.head.frame, source.frozen);
}

/** Another data plane runs, or another process: what is shown is not of it. */
function startAnew(): void {
  shown.restart();
  ages.clear();
  frameView.clear();
}

function showDrawn(span: Span): void {
  const { tool } = controls.settings;
  if (tool === 'centre') controls.set({ centre: span.to });
  else if (tool === 'line' || tool === 'rectangle') controls.set({ [tool]: span });
}

function showReading(reading: Reading | null): void {
  const element = byId('reading', HTMLElement);
  if (reading === null) {
    setText(element, 'Point at the image to read a pixel.');
    return;
  }
  if (controls.settings.profiles) profiles.show(frameView.preview, controls.settings, reading);
  const { row, column, holds, value, of } = reading;
  const port = about === null ? null : portAt(about, row, column);
  const where =
    port === null
      ? ''
      : ` · port ${port.udpPort}${port.off ? ' (off)' : ''}: row ${port.row}, column ` +
        `${port.column}${port.fixed ? '' : ' (usual place)'}`;
  const words = `${valueWords(holds, value, of)} · row ${row}, column ${column}${where}`;
  setText(element, words);
  rememberReading(words);
}

function showAge(): void {
  const silent = refused !== null || performance.now() - heardAt > silentMs;
  const lost = byId('lost', HTMLElement);
  lost.hidden = !silent;
  document.body.classList.toggle('stale', silent);
  if (silent) {
    setText(
      lost,
      refused ??
        `No word from the service for ${ageText(performance.now() - heardAt)}: everything here is old. Is it ` +
          'running, and is the network there? The page connects again by itself.',
    );
    showUnknown();
    showCommands(null);
  }
  const age = ages.of(frameView.preview?.head.count ?? 0);
  setText(byId('frame-age', HTMLElement), age === null ? '' : `${ageText(age)} old`);
}

const said =
  (id: string, otherwise: string) =>
  (text: string | null): void =>
    setText(byId(id, HTMLElement), text ?? otherwise);
const frameRates = new RateChart(
  byId('frame-rate-line', HTMLElement),
  'Frames per second',
  (sample) => sample.frames_per_second,
  framesText,
  valueText,
  (text) => showRateReading(text),
);
const dataRates = new RateChart(
  byId('data-rate-line', HTMLElement),
  'Data received',
  (sample) => sample.in_gbit_per_second,
  bitsText,
  shortBitsText,
  (text) => showRateReading(text),
);
const losses = new LossChart(byId('loss', HTMLElement), said('loss-reading', 'last five minutes'));

function drawCharts(): void {
  losses.show(lossPorts, samples);
  frameRates.show(samples);
  dataRates.show(samples);
}

function listen(): void {
  const events = new EventSource('page/events');
  const on = <Data>(name: string, take: (data: Data) => void): void => {
    events.addEventListener(name, (event) => {
      heardAt = performance.now();
      refused = null;
      take(JSON.parse((event as MessageEvent<string>).data) as Data);
    });
  };
  on<About>('about', (data) => {
    if (about !== null && about.plane !== data.plane) startAnew();
    about = data;
    shown.about(data);
    lossPorts = data.ports.filter(({ off }) => !off).map(({ udp_port: port }) => port);
    document.title = `${data.name} · Virtual DCU`;
    setText(byId('name', HTMLElement), data.name);
    setText(byId('version', HTMLElement), `Virtual DCU ${data.version}, ${data.detector}`);
    frameView.about(data);
    explainCommands(data.series);
    watchClient(data);
  });
  on<{ samples: Sample[] }>('history', (data) => {
    samples = data.samples;
    drawCharts();
  });
  on<Sample>('sample', (data) => {
    samples.push(data);
    if (samples.length > sampleLimit) samples.shift();
    drawCharts();
    shown.losses(samples);
  });
  on<State>('state', (data) => {
    showState(data);
    showCommands(data);
    showProgress(data);
    past.look(data.series);
    ages.told(data.frame);
    source.latest(data.frame.count);
    showAge();
  });
  on<State['frame']>('frame', (data) => {
    ages.told(data);
    source.latest(data.count);
  });
  // Refused outright (too many viewers), the browser gives up: ask again.
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) void listenAgain();
  });
}

async function listenAgain(): Promise<void> {
  refused = await whyRefused();
  showAge();
  setTimeout(listen, silentMs);
}

/** A browser does not say what was answered to its EventSource. @returns null = not refused, or no answer */
async function whyRefused(): Promise<string | null> {
  const leaving = new AbortController();
  try {
    const answer = await fetch('page/events', { signal: leaving.signal });
    if (answer.ok) return null;
    const { problems } = (await answer.json()) as { problems?: readonly string[] };
    return problems?.join(' ') ?? null;
  } catch {
    return null;
  } finally {
    leaving.abort();
  }
}

barCanvas.width = paletteLength;
barCanvas.height = 1;
byId('zoom-in', HTMLButtonElement).addEventListener('click', () => frameView.zoomBy(1.5));
byId('zoom-out', HTMLButtonElement).addEventListener('click', () => frameView.zoomBy(1 / 1.5));
byId('zoom-fit', HTMLButtonElement).addEventListener('click', () => frameView.fit());
watchTheme(() => {
  drawLossLegend(byId('loss-legend', HTMLCanvasElement));
  drawCharts();
});
watchDoctor();
watchArmFields();
setInterval(showAge, 500);
listen();
