// The house style of the dashboard's panels, on the builders of Grafana's Foundation SDK: one function per kind of
// picture, each returns a builder that dashboard.ts may refine and places. Sizes in grid units: a row of panels is 24
// wide.

import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  AxisPlacement,
  BarGaugeDisplayMode,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  CellValuesBuilder,
  FilterValueRangeBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapColorScale,
  HeatmapTooltipBuilder,
  PanelBuilder as HeatMap,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

/** Whichever Prometheus the reader of the dashboard chooses. */
export const datasource: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** One query. `legend` is Grafana's: `{{label}}`; `instant` = the present value only. */
export interface Query {
  readonly expr: string;
  readonly legend?: string;
  readonly instant?: boolean;
  readonly format?: PromQueryFormat;
}

/** What the builders of all kinds of panels have. */
export interface AnyPanel extends Builder<Panel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: DataSourceRef): this;
  targets(targets: Builder<Dataquery>[]): this;
  span(width: number): this;
  height(height: number): this;
}

/** Colours that stay apart for those who see red and green alike (Okabe and Ito). */
export const colours = { good: '#009E73', bad: '#D55E00', doubtful: '#E69F00', neutral: '#0072B2' } as const;

/** What a value means by its size, from small to large. */
export type Steps = readonly (readonly [from: number | null, colour: string])[];

function begun<Kind extends AnyPanel>(
  panel: Kind,
  title: string,
  description: string,
  queries: readonly Query[],
  width: number,
  height: number,
): Kind {
  const targets = queries.map(
    ({ expr, legend = '__auto', instant = false, format = PromQueryFormat.TimeSeries }, index) => {
      const target = new DataqueryBuilder()
        .refId(String.fromCharCode(65 + index))
        .datasource(datasource)
        .editorMode(QueryEditorMode.Code)
        .expr(expr)
        .legendFormat(legend)
        .format(format);
      return instant ? target.instant() : target.range();
    },
  );
  return panel.title(title).description(description).datasource(datasource).targets(targets).span(width).height(height);
}

const newest = (): ReduceDataOptionsBuilder =>
  new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false);
const fixedColour = (colour: string): FieldColorBuilder =>
  new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(colour);

/** One large figure. */
export function stat(title: string, description: string, query: Query, unit: string, steps: Steps): Stat {
  return begun(new Stat(), title, description, [{ instant: true, ...query }], 3, 4)
    .unit(unit)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps(steps.map(([value, color]) => ({ value, color }))),
    )
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Value)
    .reduceOptions(newest());
}

/** The legend of the series that is there, large. */
export function name(title: string, description: string, query: Query): Stat {
  return stat(title, description, query, 'none', [[null, colours.neutral]]).textMode(BigValueTextMode.Name);
}

/** Lines over time. */
export function lines(title: string, description: string, queries: readonly Query[], unit: string): TimeSeries {
  return begun(new TimeSeries(), title, description, queries, 12, 8)
    .unit(unit)
    .min(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .drawStyle(GraphDrawStyle.Line)
    .lineInterpolation(LineInterpolation.StepAfter)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

/** Horizontal bars, one per query, in their order. */
export function bars(title: string, description: string, queries: readonly Query[], unit: string): BarGauge {
  return begun(
    new BarGauge(),
    title,
    description,
    queries.map((query) => ({ instant: true, ...query })),
    12,
    10,
  )
    .unit(unit)
    .min(0)
    .colorScheme(fixedColour(colours.neutral))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .showUnfilled(false)
    .reduceOptions(newest());
}

/**
 * Bars that begin where the one before has come down to. Two queries make it, tables with a label `step` by which bars
 * are sorted: the height of each bar and what lies below it, which is drawn without colour.
 */
export function waterfall(title: string, description: string, below: string, bar: string): BarChart {
  const look = (displayName: string, colour: string, opacity: number): { id: string; value: unknown }[] => [
    { id: 'displayName', value: displayName },
    { id: 'color', value: fixedColour(colour).build() },
    { id: 'custom.fillOpacity', value: opacity },
    { id: 'custom.lineWidth', value: 0 },
  ];
  return begun(
    new BarChart(),
    title,
    description,
    [below, bar].map((expr) => ({ expr, instant: true, format: PromQueryFormat.Table })),
    12,
    10,
  )
    .unit('short')
    .min(0)
    .fillOpacity(90)
    .overrideByName('Value #A', look('below', 'transparent', 0))
    .overrideByName('Value #B', look('packets', colours.neutral, 90))
    .xField('step')
    .stacking(StackingMode.Normal)
    .orientation(VizOrientation.Auto)
    .showValue(VisibilityMode.Auto)
    .barWidth(0.8)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(false)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.None))
    .transformations([
      { id: 'joinByField', options: { byField: 'step', mode: 'outer' } },
      { id: 'filterFieldsByName', options: { include: { pattern: '^(step|Value #[AB])$' } } },
      { id: 'sortBy', options: { sort: [{ field: 'step', desc: false }] } },
    ]);
}

/** Series as rows, time to the right, the value as colour; zero is a colour, too. */
export function heatRows(title: string, description: string, query: Query, unit: string): HeatMap {
  return begun(new HeatMap(), title, description, [query], 12, 10)
    .calculate(false)
    .cellGap(1)
    .yAxis(new YAxisConfigBuilder().axisPlacement(AxisPlacement.Left))
    .cellValues(new CellValuesBuilder().unit(unit))
    .filterValues(new FilterValueRangeBuilder())
    .showLegend()
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .scheme('Cividis')
        .scale(HeatmapColorScale.Exponential)
        .exponent(0.5)
        .steps(64)
        .min(0)
        .reverse(false),
    )
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(false));
}

/** A histogram over time: buckets as rows. */
export function heatBuckets(title: string, description: string, expr: string, unit: string): HeatMap {
  return heatRows(title, description, { expr, legend: '{{le}}', format: PromQueryFormat.Heatmap }, 'short')
    .height(8)
    .yAxis(new YAxisConfigBuilder().axisPlacement(AxisPlacement.Left).unit(unit));
}
