// Building blocks of the dashboard: panels of Grafana's JSON model (schema 39, Grafana 10 and later), as far as they are used. Sizes in
// grid units: a row of panels is 24 wide.

/** One query. `legend` is Grafana's: `{{label}}`; `instant` = the present value only. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
  readonly instant?: boolean;
  readonly format?: 'time_series' | 'table' | 'heatmap';
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly queries: readonly Query[];
  readonly fieldConfig?: object;
  readonly options?: object;
  readonly transformations?: readonly object[];
}

interface Size {
  readonly width?: number;
  readonly height?: number;
}

/** Colours that stay apart for those who see red and green alike (Okabe and Ito). */
export const colours = { good: '#009E73', bad: '#D55E00', doubtful: '#E69F00', neutral: '#0072B2' } as const;

/** What a value means by its size, from small to large. */
export type Steps = readonly (readonly [from: number | null, colour: string])[];

const thresholds = (steps: Steps): object => ({ mode: 'absolute', steps: steps.map(([value, color]) => ({ value, color })) });

/** One large figure, or with `show: 'name'` the legend of the series that is there. */
export function stat(title: string, description: string, query: Query, unit: string, steps: Steps, { width = 4, height = 4, show = 'value' }: Size & { readonly show?: 'value' | 'name' } = {}): Panel {
  return {
    type: 'stat', title, description, width, height, queries: [{ instant: true, ...query }],
    fieldConfig: { defaults: { unit, color: { mode: 'thresholds' }, thresholds: thresholds(steps) }, overrides: [] },
    options: { colorMode: 'background', graphMode: 'none', textMode: show, reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
  };
}

/** Lines over time. */
export function lines(title: string, description: string, queries: readonly Query[], unit: string, { width = 12, height = 8 }: Size = {}): Panel {
  return {
    type: 'timeseries', title, description, width, height, queries,
    fieldConfig: { defaults: { unit, min: 0, color: { mode: 'palette-classic' }, custom: { drawStyle: 'line', lineInterpolation: 'stepAfter', fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
    options: { legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } },
  };
}

/** Horizontal bars, one per query, in their order. */
export function bars(title: string, description: string, queries: readonly Query[], unit: string, { width = 12, height = 10 }: Size = {}): Panel {
  return {
    type: 'bargauge', title, description, width, height, queries: queries.map((query) => ({ instant: true, ...query })),
    fieldConfig: { defaults: { unit, min: 0, color: { mode: 'fixed', fixedColor: colours.neutral } }, overrides: [] },
    options: { orientation: 'horizontal', displayMode: 'basic', valueMode: 'text', showUnfilled: false, reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
  };
}

/**
 * Bars that begin where the one before has come down to. Two queries make it, tables with a label `step` by which bars are sorted: the
 * height of each bar and what lies below it, which is drawn without colour.
 */
export function waterfall(title: string, description: string, below: string, bar: string, { width = 12, height = 10 }: Size = {}): Panel {
  const named = (refId: string, displayName: string, color: string, opacity: number): object => ({
    matcher: { id: 'byName', options: `Value #${refId}` },
    properties: [{ id: 'displayName', value: displayName }, { id: 'color', value: { mode: 'fixed', fixedColor: color } }, { id: 'custom.fillOpacity', value: opacity }, { id: 'custom.lineWidth', value: 0 }],
  });
  return {
    type: 'barchart', title, description, width, height,
    queries: [{ expr: below, instant: true, format: 'table' }, { expr: bar, instant: true, format: 'table' }],
    fieldConfig: { defaults: { unit: 'short', min: 0, custom: { fillOpacity: 90 } }, overrides: [named('A', 'below', 'transparent', 0), named('B', 'packets', colours.neutral, 90)] },
    options: { xField: 'step', stacking: 'normal', orientation: 'auto', showValue: 'auto', barWidth: 0.8, legend: { showLegend: false }, tooltip: { mode: 'multi' } },
    transformations: [
      { id: 'joinByField', options: { byField: 'step', mode: 'outer' } },
      { id: 'filterFieldsByName', options: { include: { pattern: '^(step|Value #[AB])$' } } },
      { id: 'sortBy', options: { sort: [{ field: 'step', desc: false }] } },
    ],
  };
}

/** Series as rows, time to the right, the value as colour. */
export function heatRows(title: string, description: string, query: Query, unit: string, { width = 12, height = 10 }: Size = {}): Panel {
  return {
    type: 'heatmap', title, description, width, height, queries: [query],
    options: {
      calculate: false, rowsFrame: { layout: 'auto', value: '' }, cellGap: 1, yAxis: { axisPlacement: 'left' }, cellValues: { unit }, filterValues: {}, legend: { show: true },
      color: { mode: 'scheme', scheme: 'Cividis', steps: 64, min: 0, exponent: 0.5, reverse: false }, tooltip: { mode: 'single', yHistogram: false },
    },
  };
}

/** A histogram over time: buckets as rows. */
export function heatBuckets(title: string, description: string, expr: string, unit: string, { width = 12, height = 8 }: Size = {}): Panel {
  const panel = heatRows(title, description, { expr, legend: '{{le}}', format: 'heatmap' }, 'short', { width, height });
  return { ...panel, options: { ...panel.options, yAxis: { axisPlacement: 'left', unit } } };
}

/** Everything that Grafana needs of the panels, placed from left to right and from top to bottom. */
export function placed(panels: readonly Panel[], datasource: object): object[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return panels.map(({ width, height, queries, ...panel }, index) => {
    if (x + width > 24) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { x, y, w: width, h: height };
    x += width;
    rowHeight = Math.max(rowHeight, height);
    const targets = queries.map(({ expr, legend, instant = false, format = 'time_series' }, query) => ({
      refId: String.fromCharCode(65 + query), datasource, editorMode: 'code', expr, legendFormat: legend ?? '__auto', instant, range: !instant, format,
    }));
    return { id: index + 1, datasource, gridPos, targets, ...panel };
  });
}
