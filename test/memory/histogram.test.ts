import t from 'tap';
import {
  Histogram,
  frameHistogramTable,
  histogramBytes,
  histogramsAt,
  portHistogramTable,
} from '../../src/memory/histogram.js';

const row = { id: 'x', metric: 'x', labels: {}, help: 'x', bounds: [1, 10] };

t.test('an observation is in the first bucket whose bound it does not exceed', async (t) => {
  const histogram = new Histogram(new SharedArrayBuffer(64), 0, row);
  t.strictSame(histogram.read(), { counts: [0, 0, 0], sum: 0 });
  for (const value of [0, 1, 1.5, 10, 10.5]) histogram.observe(value);
  t.strictSame(histogram.read(), { counts: [2, 2, 1], sum: 23 });
});

t.test('histograms of a table lie behind each other and do not touch', async (t) => {
  const bytes = histogramBytes(frameHistogramTable);
  const buffer = new SharedArrayBuffer(128 + bytes + 8);
  const histograms = histogramsAt(buffer, 128, frameHistogramTable);
  histograms.handover.observe(1000);
  histograms.total.observe(0);
  t.equal(
    histograms.assembly.read().counts.reduce((sum, count) => sum + count),
    0,
  );
  t.equal(histograms.handover.read().counts.at(-1), 1);
  t.equal(histograms.total.read().counts[0], 1);
  t.equal(
    new Float64Array(buffer).filter((value, index) => value !== 0 && (index < 16 || index >= 16 + bytes / 8)).length,
    0,
    'nothing outside',
  );
});

t.test('bounds ascend, as Prometheus wants them', async (t) => {
  for (const { id, bounds } of [...portHistogramTable, ...frameHistogramTable])
    t.strictSame(
      [...bounds],
      [...bounds].sort((a, b) => a - b),
      id,
    );
});
