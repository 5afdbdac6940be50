// The page: listens to the service's events and hands them to the parts that show them.
// Tested by test/threads/page.test.ts.

import { LossChart, RateChart, bitsText, drawLossLegend, framesText, shortBitsText } from './charts.js';
import { colourMaps, cssColour, palette, paletteLength } from './colours.js';
import type { ColourMap } from './colours.js';
import { explainCommands, showCommands } from './commands.js';
import { watchDoctor } from './doctor.js';
import { byId, setText } from './elements.js';
import { FrameView } from './frame-view.js';
import type { Reading } from './frame-view.js';
import type { About, Sample, State } from './messages.js';
import { showRateReading, showState, showUnknown } from './panels.js';
import { portAt } from './port-at.js';
import type { FrameFacts } from './preview-bytes.js';
import { valueWords } from './reading.js';
import { ageText, countText, logarithmicLow, middleOf, valueText } from './scale.js';
import type { Range } from './scale.js';

/** Samples kept: as many as the service keeps. */
const sampleLimit = 600;
/** Without an event for so long the connection is lost, ms: states come four times a second. */
const silentMs = 3000;

const scale = byId('scale', HTMLSelectElement);
const map = byId('map', HTMLSelectElement);
const auto = byId('auto', HTMLInputElement);
const low = byId('low', HTMLInputElement);
const high = byId('high', HTMLInputElement);
const barCanvas = byId('colour-bar', HTMLCanvasElement);

let about: About | null = null;
let samples: Sample[] = [];
let heardAt = performance.now();
let age: { ms: number; at: number } | null = null;
let lossPorts: readonly number[] = [];

const frameView = new FrameView(byId('frame', HTMLCanvasElement), {
  onReading: showReading,
  onRange: showRange,
  onFrame: showFrame,
  onError: (text) => {
    const element = byId('frame-error', HTMLElement);
    element.hidden = text === null;
    setText(element, text ?? '');
  },
});

function settingsChanged(): void {
  low.disabled = auto.checked;
  high.disabled = auto.checked;
  const range: Range | null = auto.checked ? null : { low: Number(low.value), high: Number(high.value) };
  frameView.settings = {
    map: map.value as ColourMap,
    logarithmic: scale.value === 'log',
    range: range !== null && range.high > range.low ? range : null,
  };
}

function showRange(range: Range): void {
  const logarithmic = scale.value === 'log';
  if (auto.checked) {
    low.value = String(Number(range.low.toPrecision(5)));
    high.value = String(Number(range.high.toPrecision(5)));
  }
  setText(byId('bar-low', HTMLElement), valueText(logarithmic ? logarithmicLow(range) : range.low));
  setText(byId('bar-middle', HTMLElement), valueText(Number(middleOf(range, logarithmic).toPrecision(3))));
  setText(byId('bar-high', HTMLElement), valueText(range.high));
  const context = barCanvas.getContext('2d');
  const colours = palette(map.value as ColourMap);
  for (let step = 0; step < paletteLength; step++) {
    if (context === null) return;
    context.fillStyle = cssColour(colours, step);
    context.fillRect(step, 0, 1, 1);
  }
}

function showFrame(frame: FrameFacts): void {
  byId('no-frame', HTMLElement).hidden = true;
  setText(byId('frame-number', HTMLElement), `${countText(frame.frame_number)} (index ${countText(frame.frame)})`);
  const verdict = byId('frame-verdict', HTMLElement);
  setText(
    verdict,
    frame.complete
      ? 'complete'
      : frame.missing_packets === 0
        ? 'nothing missing, settings in doubt'
        : `${countText(frame.missing_packets)} ${frame.missing_packets === 1 ? 'packet' : 'packets'} missing`,
  );
  verdict.className = frame.complete || frame.missing_packets === 0 ? '' : 'incomplete';
  setText(byId('frame-shape', HTMLElement), `${frame.shape.join(' × ')} ${frame.type}`);
}

function showReading(reading: Reading | null): void {
  const element = byId('reading', HTMLElement);
  if (reading === null) {
    setText(element, 'Point at the image to read a pixel.');
    return;
  }
  const { row, column, holds, value, of } = reading;
  const port = about === null ? null : portAt(about, row, column);
  const where =
    port === null
      ? ''
      : ` · port ${port.udpPort}${port.off ? ' (off)' : ''}: row ${port.row}, column ` +
        `${port.column}${port.fixed ? '' : ' (usual place)'}`;
  setText(element, `${valueWords(holds, value, of)} · row ${row}, column ${column}${where}`);
}

function showAge(): void {
  const silent = performance.now() - heardAt > silentMs;
  const lost = byId('lost', HTMLElement);
  lost.hidden = !silent;
  document.body.classList.toggle('stale', silent);
  if (silent) {
    setText(
      lost,
      `No word from the service for ${ageText(performance.now() - heardAt)}: everything here is old. Is it ` +
        'running, and is the network there? The page connects again by itself.',
    );
    showUnknown();
    showCommands(null);
  }
  setText(byId('frame-age', HTMLElement), age === null ? '' : `${ageText(age.ms + performance.now() - age.at)} old`);
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
  const source = new EventSource('page/events');
  const on = <Data>(name: string, take: (data: Data) => void): void => {
    source.addEventListener(name, (event) => {
      heardAt = performance.now();
      take(JSON.parse((event as MessageEvent<string>).data) as Data);
    });
  };
  on<About>('about', (data) => {
    about = data;
    lossPorts = data.ports.filter(({ off }) => !off).map(({ udp_port: port }) => port);
    document.title = `${data.name} · Virtual DCU`;
    setText(byId('name', HTMLElement), data.name);
    setText(byId('version', HTMLElement), `Virtual DCU ${data.version}, ${data.detector}`);
    frameView.about(data);
    explainCommands(data.series);
  });
  on<{ samples: Sample[] }>('history', (data) => {
    samples = data.samples;
    drawCharts();
  });
  on<Sample>('sample', (data) => {
    samples.push(data);
    if (samples.length > sampleLimit) samples.shift();
    drawCharts();
  });
  on<State>('state', (data) => {
    showState(data);
    showCommands(data);
    age = data.frame.age_ms === null ? null : { ms: data.frame.age_ms, at: performance.now() };
    frameView.latest(data.frame.count);
    showAge();
  });
  // Refused outright (too many viewers), the browser gives up: ask again.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, silentMs);
  });
}

map.replaceChildren(...colourMaps.map((name) => new Option(name, name)));
barCanvas.width = paletteLength;
barCanvas.height = 1;
for (const control of [scale, map, auto, low, high]) control.addEventListener('change', settingsChanged);
byId('zoom-in', HTMLButtonElement).addEventListener('click', () => frameView.zoomBy(1.5));
byId('zoom-out', HTMLButtonElement).addEventListener('click', () => frameView.zoomBy(1 / 1.5));
byId('zoom-fit', HTMLButtonElement).addEventListener('click', () => frameView.fit());
drawLossLegend(byId('loss-legend', HTMLCanvasElement));
watchDoctor();
setInterval(showAge, 500);
settingsChanged();
listen();
